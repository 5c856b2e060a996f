//! Tokens of many users: from memory, with few and with many grants in the store, and from the store after a start.

mod crowd;

use std::hint::black_box;

use innkeeper_auth::Auth;
use innkeeper_store::{ConnectionRecord, GrantOwner};
use serde::Serialize;
use url::Url;

use self::crowd::Crowd;
use super::Effort;
use crate::bench_host::head;
use crate::failure::Failure;
use crate::sample::{Sample, Spread, Stopwatch, hundredths, median};

/// Users whose tokens are asked for, whatever the size of the store.
const ASKED: u16 = 1000;

/// Tokens of many users.
#[derive(Debug, Serialize)]
pub(crate) struct Grants {
    pub(crate) few: Held,
    pub(crate) many: Held,
    /// A live token with many grants in the store, as a multiple of the same with few.
    pub(crate) ratio: f64,
}

/// The number of grants in the store.
#[derive(Debug, Serialize)]
pub(crate) struct Held {
    pub(crate) stored: usize,
    /// Asked for by connection and user, from memory, and made ready to be put on a request, in the middle.
    pub(crate) live_ns: f64,
    /// The first token of each user after a start: read, opened, stored in memory.
    pub(crate) cold: Spread,
}

pub(super) async fn measure(service: &Url, effort: Effort) -> Result<Grants, Failure> {
    let (mut few, mut many) = (Asked::of(service, ASKED.into()).await?, Asked::of(service, effort.grants).await?);
    let mut rounds = Vec::new();
    for round in 0..=effort.rounds {
        let times = (few.live(effort).await?, many.live(effort).await?);
        // The first round only warms up.
        if round > 0 {
            rounds.push(times);
        }
    }
    // Of each round by itself: what else the machine does then concerns both.
    let ratio = hundredths(median(rounds.iter().map(|(few, many)| many / few).collect()));
    let (few_ns, many_ns) = rounds.into_iter().unzip();
    Ok(Grants { few: few.held(few_ns), many: many.held(many_ns), ratio })
}

/// Users of a crowd, and how long their tokens take.
struct Asked {
    crowd: Crowd,
    auth: Auth,
    owners: Vec<GrantOwner>,
    cold: Sample,
}

impl Asked {
    /// Asks each of them for the first time.
    async fn of(service: &Url, stored: usize) -> Result<Self, Failure> {
        let asked = usize::from(ASKED);
        let crowd = Crowd::gather(service, stored).await?;
        let auth = crowd.auth().await?;
        let owners: Vec<_> = (0..asked).map(|number| crowd::owner(number * (stored / asked))).collect();
        let mut cold = Sample::default();
        for owner in &owners {
            let watch = Stopwatch::start();
            token(&auth, &crowd.connection, owner).await?;
            cold.push(watch.elapsed());
        }
        Ok(Self { crowd, auth, owners, cold })
    }

    /// Nanoseconds for each, in the middle.
    async fn live(&self, effort: Effort) -> Result<f64, Failure> {
        let mut each = Vec::new();
        let watch = Stopwatch::start();
        while watch.elapsed() < effort.turn {
            let batch = Stopwatch::start();
            for owner in &self.owners {
                token(&self.auth, &self.crowd.connection, owner).await?;
            }
            each.push(batch.elapsed().as_secs_f64() * 1e9 / f64::from(ASKED));
        }
        Ok(median(each))
    }

    fn held(&mut self, live_ns: Vec<f64>) -> Held {
        Held { stored: self.crowd.stored, live_ns: median(live_ns).round(), cold: self.cold.spread() }
    }
}

async fn token(auth: &Auth, connection: &ConnectionRecord, owner: &GrantOwner) -> Result<(), Failure> {
    black_box(auth.credential_source(connection, owner)?.attachment(&head(), None).await?);
    Ok(())
}

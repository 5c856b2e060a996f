//! An action that fetches 1 KB of JSON over loopback with a bearer token, compared with the same work in plain reqwest.

use std::sync::Arc;
use std::time::Duration;

use futures::future::try_join_all;
use innkeeper_auth::ConnectionCredential;
use reqwest::Client;
use serde::Serialize;
use serde_json::{Value, json};
use url::Url;

use super::Effort;
use crate::bench_host::BenchHost;
use crate::failure::Failure;
use crate::plain;
use crate::sample::{Sample, Stopwatch, hundredths, median, tenths};

/// Concurrent callers when calls are counted.
const CALLERS: usize = 64;

/// Both views of a fetch.
#[derive(Debug, Serialize)]
pub(crate) struct Fetch {
    pub(crate) one_caller: OneCaller,
    pub(crate) many_callers: Throughput,
}

/// How long one fetch takes when nothing else runs, median.
#[derive(Debug, Serialize)]
pub(crate) struct OneCaller {
    #[serde(flatten)]
    pub(crate) p50_us: Trio,
    /// By a call, as a multiple of plain reqwest.
    pub(crate) ratio: f64,
}

/// Fetches in a second by many callers at once.
#[derive(Debug, Serialize)]
pub(crate) struct Throughput {
    pub(crate) callers: usize,
    #[serde(flatten)]
    pub(crate) per_second: Trio,
    /// By calls, as a fraction of plain reqwest.
    pub(crate) ratio: f64,
}

/// A figure for each way.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Trio {
    /// Plain reqwest.
    pub(crate) plain: f64,
    /// Only egress, without a guest.
    pub(crate) egress: f64,
    /// A call of an action.
    pub(crate) call: f64,
}

/// How to fetch.
#[derive(Clone, Copy, Debug)]
pub(super) enum Way {
    Plain,
    Egress,
    Call,
}

const WAYS: [Way; 3] = [Way::Plain, Way::Egress, Way::Call];

pub(super) async fn measure(stage: &Arc<BenchHost>, effort: Effort) -> Result<Fetch, Failure> {
    Ok(Fetch { one_caller: one(stage, effort).await?, many_callers: many(stage, effort).await? })
}

async fn one(stage: &Arc<BenchHost>, effort: Effort) -> Result<OneCaller, Failure> {
    let fetcher = Fetcher::new(stage)?;
    let mut samples = [Sample::default(), Sample::default(), Sample::default()];
    for round in 0..=effort.rounds {
        for (way, sample) in WAYS.into_iter().zip(&mut samples) {
            let watch = Stopwatch::start();
            while watch.elapsed() < effort.turn {
                let fetch = Stopwatch::start();
                fetcher.fetch(way).await?;
                // The first round only warms up.
                if round > 0 {
                    sample.push(fetch.elapsed());
                }
            }
        }
    }
    let [plain, egress, call] = samples.map(|mut sample| tenths(sample.percentile(50)));
    Ok(OneCaller { p50_us: Trio { plain, egress, call }, ratio: hundredths(call / plain) })
}

async fn many(stage: &Arc<BenchHost>, effort: Effort) -> Result<Throughput, Failure> {
    let mut rounds = Vec::new();
    for round in 0..=effort.rounds {
        let mut rates = [0.0; 3];
        for (way, rate) in WAYS.into_iter().zip(&mut rates) {
            *rate = busy(stage, way, effort.turn).await?;
        }
        if round > 0 {
            rounds.push(rates);
        }
    }
    let middle = |way: usize| median(rounds.iter().map(|rates| rates[way]).collect()).round();
    // Of each round by itself: what else the machine does then concerns both.
    let ratio = hundredths(median(rounds.iter().map(|[plain, _, call]| call / plain).collect()));
    let per_second = Trio { plain: middle(0), egress: middle(1), call: middle(2) };
    Ok(Throughput { callers: CALLERS, per_second, ratio })
}

/// How often only one of the ways fetches.
#[derive(Debug, Serialize)]
pub(super) struct Rate {
    callers: usize,
    per_second: f64,
}

pub(super) async fn rate(stage: &Arc<BenchHost>, way: Way, time: Duration) -> Result<Rate, Failure> {
    Ok(Rate { callers: CALLERS, per_second: busy(stage, way, time).await?.round() })
}

/// Fetches in a second by [`CALLERS`] tasks.
async fn busy(stage: &Arc<BenchHost>, way: Way, time: Duration) -> Result<f64, Failure> {
    let fetcher = Fetcher::new(stage)?;
    // Connections are made before the time begins.
    try_join_all((0..CALLERS).map(|_| fetcher.fetch(way))).await?;
    let watch = Stopwatch::start();
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            let fetcher = fetcher.clone();
            tokio::spawn(async move {
                let mut count = 0_u32;
                while watch.elapsed() < time {
                    fetcher.fetch(way).await?;
                    count += 1;
                }
                Ok::<_, Failure>(count)
            })
        })
        .collect();
    let mut total = 0;
    for caller in callers {
        total += caller.await.map_err(|_| Failure::Child { role: "a caller" })??;
    }
    Ok(f64::from(total) / watch.elapsed().as_secs_f64())
}

/// All that the ways need.
#[derive(Clone)]
struct Fetcher {
    stage: Arc<BenchHost>,
    client: Client,
    credential: Arc<ConnectionCredential>,
    url: Url,
}

impl Fetcher {
    fn new(stage: &Arc<BenchHost>) -> Result<Self, Failure> {
        let credential = Arc::new(stage.credential()?);
        Ok(Self { stage: stage.clone(), client: plain::client()?, credential, url: stage.url("document") })
    }

    async fn fetch(&self, way: Way) -> Result<Value, Failure> {
        match way {
            Way::Plain => plain::fetch(&self.client, &self.url).await,
            Way::Egress => self.stage.fetch_egress(&self.url, &*self.credential).await,
            Way::Call => self.stage.call("fetch", json!({ "url": self.url.as_str() })).await,
        }
    }
}

//! Those who do no harm, beside the attacks.

use std::time::{Duration, Instant};

use futures::StreamExt as _;
use serde_json::json;

use crate::rig::{HONEST_TOKEN, Rig};

/// Calls of honest users under way at once.
const AT_ONCE: usize = 2;

/// What became of honest calls.
#[derive(Debug, Default)]
pub(crate) struct Honest {
    /// What went wrong.
    pub(crate) wrong: Vec<String>,
    /// How long each took, the shortest first.
    times: Vec<Duration>,
}

impl Honest {
    /// The time within which 99 of 100 calls were answered.
    pub(crate) fn p99(&self) -> Duration {
        self.times.get(self.times.len() * 99 / 100).copied().unwrap_or_default()
    }
}

/// Calls, each with an answer of its own: the service must get the token, and the guest the answer.
pub(crate) async fn calls(rig: &Rig, count: usize) -> Honest {
    let connection = rig.honest().await;
    let call = |number: usize| {
        let (rig, connection) = (rig.clone(), connection.clone());
        async move {
            let path = format!("/honest/{}/{number}", connection.id);
            #[expect(clippy::disallowed_methods, reason = "it is the real time that is measured")]
            let begun = Instant::now();
            let told = rig.script(&connection, json!([{ "do": "send", "url": rig.echo().url(&path) }])).await;
            let time = begun.elapsed();
            let is_right = told.kind == "answer" && told.text.contains("\"status\":200") && told.text.contains(&path);
            (time, (!is_right).then(|| format!("{path}: {told}")))
        }
    };
    let mut done = Honest::default();
    let mut calls = futures::stream::iter(0..count).map(call).buffer_unordered(AT_ONCE);
    while let Some((time, wrong)) = calls.next().await {
        done.times.push(time);
        done.wrong.extend(wrong);
    }
    done.times.sort_unstable();
    let prefix = format!("/honest/{}/", connection.id);
    let bearer = format!("Bearer {HONEST_TOKEN}");
    let received = rig.echo().received();
    let carried = received.iter().filter(|received| received.path().starts_with(&prefix));
    let carried = carried.filter(|received| received.authorization() == Some(bearer.as_str())).count();
    if carried != count {
        done.wrong.push(format!("{carried} of {count} requests carried the token"));
    }
    done
}

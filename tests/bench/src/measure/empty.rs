//! An action that does nothing: a fresh instance, the call into it, and its end.

use serde::Serialize;
use serde_json::json;

use super::Effort;
use crate::failure::Failure;
use crate::sample::{Sample, Spread, Stopwatch};
use crate::stage::Stage;

/// An action that does nothing.
#[derive(Debug, Serialize)]
pub(crate) struct Empty {
    /// By the runtime alone.
    pub(crate) runtime: Spread,
    /// By the crate to embed: the connection read from the store, its credential prepared, the audit record handed over.
    pub(crate) host: Spread,
}

pub(super) async fn measure(stage: &Stage, effort: Effort) -> Result<Empty, Failure> {
    let (mut runtime, mut host) = (Sample::default(), Sample::default());
    for round in 0..=effort.rounds {
        let watch = Stopwatch::start();
        while watch.elapsed() < effort.turn {
            let call = Stopwatch::start();
            by_runtime(stage).await?;
            // The first round only warms up.
            if round > 0 {
                runtime.push(call.elapsed());
            }
        }
        let watch = Stopwatch::start();
        while watch.elapsed() < effort.turn {
            let call = Stopwatch::start();
            by_host(stage).await?;
            if round > 0 {
                host.push(call.elapsed());
            }
        }
    }
    Ok(Empty { runtime: runtime.spread(), host: host.spread() })
}

pub(super) async fn by_runtime(stage: &Stage) -> Result<(), Failure> {
    stage.call_runtime("noop", json!({}), stage.context()?).await.map(drop)
}

pub(super) async fn by_host(stage: &Stage) -> Result<(), Failure> {
    stage.call("noop", json!({})).await.map(drop)
}

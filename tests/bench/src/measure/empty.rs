//! An action that does nothing: a fresh instance, the call into it, and its end.

use std::time::Duration;

use serde::Serialize;
use serde_json::json;

use super::Effort;
use crate::bench_host::BenchHost;
use crate::failure::Failure;
use crate::sample::{Sample, Spread, Stopwatch};

/// An action that does nothing.
#[derive(Debug, Serialize)]
pub(crate) struct Empty {
    /// Only in the runtime.
    pub(crate) runtime: Spread,
    /// By the crate to embed: the connection read from the store, its credential prepared, the audit record handed over.
    pub(crate) host: Spread,
}

/// How to call.
#[derive(Clone, Copy, Debug)]
pub(super) enum Way {
    Runtime,
    Host,
}

pub(super) async fn measure(stage: &BenchHost, effort: Effort) -> Result<Empty, Failure> {
    let (mut runtime, mut host) = (Sample::default(), Sample::default());
    for round in 0..=effort.rounds {
        // The first round only warms up.
        if round == 1 {
            (runtime, host) = (Sample::default(), Sample::default());
        }
        repeat(stage, Way::Runtime, effort.turn, &mut runtime).await?;
        repeat(stage, Way::Host, effort.turn, &mut host).await?;
    }
    Ok(Empty { runtime: runtime.spread(), host: host.spread() })
}

/// Only one of the ways.
pub(super) async fn alone(stage: &BenchHost, way: Way, time: Duration) -> Result<Spread, Failure> {
    let mut sample = Sample::default();
    repeat(stage, way, time, &mut sample).await?;
    Ok(sample.spread())
}

async fn repeat(stage: &BenchHost, way: Way, time: Duration, sample: &mut Sample) -> Result<(), Failure> {
    let watch = Stopwatch::start();
    while watch.elapsed() < time {
        let call = Stopwatch::start();
        match way {
            Way::Runtime => stage.call_runtime("noop", json!({}), stage.context()?).await.map(drop)?,
            Way::Host => stage.call("noop", json!({})).await.map(drop)?,
        }
        sample.push(call.elapsed());
    }
    Ok(())
}

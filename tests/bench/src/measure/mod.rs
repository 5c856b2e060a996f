//! What is measured, one thing after the other.

mod compiling;
mod decision;
mod ears;
mod empty;
mod fetch;
mod grants;
mod loading;
pub(crate) mod memory;
mod scrubbing;
mod token;

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use clap::ValueEnum;
use serde::Serialize;

use crate::bench_host::BenchHost;
use crate::child::Upstream;
use crate::failure::Failure;
use crate::machine::Machine;

pub(crate) use compiling::Compiling;
pub(crate) use decision::Decision;
pub(crate) use ears::Ears;
pub(crate) use empty::Empty;
pub(crate) use fetch::{Fetch, Trio};
pub(crate) use grants::Grants;
pub(crate) use loading::Loading;
pub(crate) use memory::Memory;
pub(crate) use scrubbing::Scrubbed;
pub(crate) use token::Token;

/// All figures.
#[derive(Debug, Serialize)]
pub(crate) struct Figures {
    pub(crate) machine: Machine,
    pub(crate) empty_action: Empty,
    pub(crate) fetch: Fetch,
    pub(crate) memory: Option<Memory>,
    pub(crate) loading: Loading,
    pub(crate) compiling: Compiling,
    pub(crate) token: Token,
    pub(crate) decision: Decision,
    pub(crate) scrubbed: Scrubbed,
    pub(crate) grants: Grants,
    pub(crate) ears: Ears,
}

/// How long to measure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    /// The number of turns of each compared measurement.
    pub(crate) rounds: u32,
    /// How long one turn is.
    pub(crate) turn: Duration,
    /// Calls that wait at once while memory is measured.
    pub(crate) parked: usize,
    /// Grants in the larger of two stores.
    pub(crate) grants: usize,
}

impl Effort {
    pub(crate) const fn full() -> Self {
        Self { rounds: 5, turn: Duration::from_secs(1), parked: 500, grants: 1_000_000 }
    }

    pub(crate) const fn quick() -> Self {
        Self { rounds: 3, turn: Duration::from_millis(200), parked: 200, grants: 100_000 }
    }
}

/// One way to keep the machine busy.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Only {
    /// Empty actions, only in the runtime
    EmptyRuntime,
    /// Empty actions
    Empty,
    /// Fetches by a plain client
    FetchPlain,
    /// Fetches through egress, without a guest
    FetchEgress,
    /// Fetches by an action
    Fetch,
    /// What egress decides before a request is sent
    Decision,
    /// Looking for a secret in answers
    Scrubbing,
    /// Tokens of many users
    Grants,
    /// The auth redirect service
    Ears,
    /// Compiling by a process and by a thread
    Compiling,
}

/// Measures everything.
pub(crate) async fn all(effort: Effort) -> Result<Figures, Failure> {
    let upstream = Upstream::start().await?;
    let stage = Arc::new(BenchHost::set(upstream.base()).await?);
    let figures = Figures {
        machine: Machine::look(stage.runtime.allocation()),
        empty_action: empty::measure(&stage, effort).await?,
        fetch: fetch::measure(&stage, effort).await?,
        memory: memory::measure(&upstream, effort).await?,
        loading: loading::measure(effort).await?,
        compiling: compiling::measure(effort).await?,
        token: token::measure(&stage, effort).await?,
        decision: decision::measure(&stage, effort)?,
        scrubbed: scrubbing::measure(effort),
        grants: grants::measure(upstream.base(), effort).await?,
        ears: ears::measure(upstream.base(), effort).await?,
    };
    stage.host.close().await?;
    Ok(figures)
}

/// Does one thing for a while, and prints how long it took or how often it was done in a second.
pub(crate) async fn only(only: Only, effort: Effort) -> Result<(), Failure> {
    if matches!(only, Only::Compiling) {
        return print(&compiling::measure(effort).await?);
    }
    if matches!(only, Only::Scrubbing) {
        return print(&scrubbing::measure(effort));
    }
    let upstream = Upstream::start().await?;
    if matches!(only, Only::Grants) {
        let figures = grants::measure(upstream.base(), effort).await?;
        return print(&figures);
    }
    if matches!(only, Only::Ears) {
        let figures = ears::measure(upstream.base(), effort).await?;
        return print(&figures);
    }
    let stage = Arc::new(BenchHost::set(upstream.base()).await?);
    let time = effort.turn * effort.rounds;
    match only {
        Only::EmptyRuntime => print(&empty::alone(&stage, empty::Way::Runtime, time).await?),
        Only::Empty => print(&empty::alone(&stage, empty::Way::Host, time).await?),
        Only::FetchPlain => print(&fetch::rate(&stage, fetch::Way::Plain, time).await?),
        Only::FetchEgress => print(&fetch::rate(&stage, fetch::Way::Egress, time).await?),
        Only::Fetch => print(&fetch::rate(&stage, fetch::Way::Call, time).await?),
        Only::Decision => print(&decision::measure(&stage, effort)?),
        // Above: they need no component.
        Only::Grants | Only::Ears | Only::Compiling | Only::Scrubbing => Ok(()),
    }
}

fn print(figures: &impl Serialize) -> Result<(), Failure> {
    Ok(writeln!(std::io::stdout(), "{}", serde_json::to_string_pretty(figures)?)?)
}

//! The memory of a call in flight: many wait at once for a slow answer, in a process that did nothing else before.

use std::io::Write;
use std::sync::Arc;

use clap::ValueEnum;
use serde::Serialize;
use serde_json::{Value, json};
use url::Url;

use super::Effort;
use crate::bench_host::{BenchHost, address};
use crate::child::{Upstream, bytes};
use crate::failure::Failure;
use crate::machine::{open_files, resident};
use crate::plain;

/// Bytes in use for each request that waits.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Memory {
    /// How many waited at once.
    pub(crate) in_flight: usize,
    /// Each by plain reqwest: connection, buffers, task.
    pub(crate) plain_bytes: u64,
    /// Each by a call: all that, and an instance with its memory and stack.
    pub(crate) call_bytes: u64,
    /// `None` if the system lets a process open too few files.
    pub(crate) crowd: Option<Crowd>,
}

/// All bytes that a host has in use while very many calls wait for a slow service.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Crowd {
    /// How many waited at once.
    pub(crate) in_flight: usize,
    pub(crate) host_bytes: u64,
}

/// Calls of a crowd.
const CROWD: usize = 10_000;
/// Files that a host opens in addition to one for each call.
const OTHER_FILES: usize = 100;

/// What waits.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Way {
    Plain,
    Call,
    /// Calls, of which the whole process counts
    Crowd,
}

impl Way {
    /// As the command line spells it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Call => "call",
            Self::Crowd => "crowd",
        }
    }
}

/// `None` if the system does not report how much memory a process uses.
pub(super) async fn measure(upstream: &Upstream, effort: Effort) -> Result<Option<Memory>, Failure> {
    if resident().is_none() {
        return Ok(None);
    }
    let in_flight = effort.parked;
    let enough = open_files().is_some_and(|most| most >= CROWD + OTHER_FILES);
    let crowd = if enough {
        Some(Crowd { in_flight: CROWD, host_bytes: bytes(Way::Crowd, upstream, CROWD).await? })
    } else {
        None
    };
    Ok(Some(Memory {
        in_flight,
        plain_bytes: bytes(Way::Plain, upstream, in_flight).await?,
        call_bytes: bytes(Way::Call, upstream, in_flight).await?,
        crowd,
    }))
}

/// Lets `count` requests wait at once, writes how many bytes each of them takes, or the process in all, and lets them end.
pub(crate) async fn park(way: Way, service: &Url, count: usize) -> Result<(), Failure> {
    let stage = match u32::try_from(count) {
        Ok(calls) if matches!(way, Way::Crowd) => BenchHost::set_for(service, calls).await?,
        _ => BenchHost::set(service).await?,
    };
    let stage = Arc::new(stage);
    let client = plain::client()?;
    let hold = stage.url("hold");
    fetch(way, &stage, &client, &stage.url("document")).await?;
    let before = resident().unwrap_or(0);
    let waiting: Vec<_> = (0..count)
        .map(|_| {
            let (stage, client, hold) = (stage.clone(), client.clone(), hold.clone());
            tokio::spawn(async move { fetch(way, &stage, &client, &hold).await })
        })
        .collect();
    client.get(address(service, &format!("held/{count}"))).send().await?;
    let now = resident().unwrap_or(0);
    let bytes = match way {
        Way::Crowd => now,
        Way::Plain | Way::Call => now.saturating_sub(before) / count.max(1) as u64,
    };
    client.get(address(service, "release")).send().await?;
    for task in waiting {
        task.await.map_err(|_| Failure::Child { role: "a caller" })??;
    }
    writeln!(std::io::stdout(), "{bytes}")?;
    Ok(())
}

async fn fetch(way: Way, stage: &BenchHost, client: &reqwest::Client, url: &Url) -> Result<Value, Failure> {
    match way {
        Way::Plain => plain::fetch(client, url).await,
        Way::Call | Way::Crowd => stage.call("fetch", json!({ "url": url.as_str() })).await,
    }
}

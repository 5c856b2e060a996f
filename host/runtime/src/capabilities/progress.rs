//! `progress`: how far a call is, and results as they come.

use serde_json::Value;
use tokio::sync::mpsc;
use wasmtime::component::{HasSelf, Linker};

use crate::contract::innkeeper::connector::progress as wit;
use crate::guest::{Ended, Guest};

/// What a call tells while it runs.
#[derive(Clone, Debug, PartialEq)]
pub enum Progress {
    /// `done` of `total` units of work.
    Report {
        /// Units done.
        done: u64,
        /// Units in all, where that is known.
        total: Option<u64>,
        /// For people.
        message: String,
    },
    /// One value of a streamed result.
    Event(Value),
}

pub(crate) struct PerCall {
    /// Who listens; without anybody, events are kept for the call's end.
    pub(crate) listener: Option<mpsc::Sender<Progress>>,
    pub(crate) kept: Vec<Value>,
    pub(crate) kept_bytes: usize,
}

impl PerCall {
    pub(crate) fn new(listener: Option<mpsc::Sender<Progress>>) -> Self {
        Self { listener, kept: Vec::new(), kept_bytes: 0 }
    }
}

pub(crate) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    wit::add_to_linker::<Guest, HasSelf<Guest>>(linker, |guest| guest)
}

impl wit::Host for Guest {
    fn report(&mut self, done: u64, total: Option<u64>, mut message: String) -> wasmtime::Result<()> {
        let longest = self.shared.limits.log_line;
        if let Some(listener) = &self.working("progress.report")?.progress.listener {
            message.truncate(message.floor_char_boundary(longest));
            // A listener that lags sees the next report: a report is never worth waiting for.
            let _ = listener.try_send(Progress::Report { done, total, message });
        }
        Ok(())
    }

    async fn emit(&mut self, event: String) -> wasmtime::Result<()> {
        let limit = self.shared.limits.output;
        let progress = &mut self.working("progress.emit")?.progress;
        if event.len() > limit {
            return Err(Ended::EventsTooLarge { size: event.len(), limit }.into());
        }
        let value: Value = serde_json::from_str(&event).map_err(|error| Ended::EventNotJson(error.to_string()))?;
        if let Some(listener) = &progress.listener {
            // A slow listener slows the guest down; one that went away wants nothing more.
            drop(listener.send(Progress::Event(value)).await);
            return Ok(());
        }
        progress.kept_bytes += event.len();
        if progress.kept_bytes > limit {
            return Err(Ended::EventsTooLarge { size: progress.kept_bytes, limit }.into());
        }
        progress.kept.push(value);
        Ok(())
    }
}

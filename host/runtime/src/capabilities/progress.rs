//! `progress`: how far a call has come, and results as they arrive.

use std::collections::VecDeque;

use innkeeper_spec::json::{self, ParseError};
use serde_json::Value;
use tokio::sync::mpsc;
use wasmtime::component::{HasData, Linker};

use super::in_call;
use crate::account::{Account, Charge};
use crate::contract::innkeeper::connector::progress as wit;
use crate::ended::Ended;
use crate::limits::Limits;
use crate::text;

/// What a call reports while it runs.
#[derive(Clone, Debug, PartialEq)]
pub enum Progress {
    /// `done` of `total` units of work.
    Report {
        /// Units done.
        done: u64,
        /// Units in total, if known.
        total: Option<u64>,
        /// For people.
        message: String,
    },
    /// One value of a streamed result.
    Event(Value),
}

/// What one call reports.
pub(crate) struct PerCall {
    /// Without a listener, events are held until the call has finished.
    listener: Option<Listener>,
    kept: Vec<Value>,
    kept_bytes: usize,
}

impl PerCall {
    pub(crate) fn new(listener: Option<mpsc::Sender<Progress>>) -> Self {
        let listener = listener.map(|sender| Listener { sender, unheard: VecDeque::new() });
        Self { listener, kept: Vec::new(), kept_bytes: 0 }
    }

    /// The events that had no listener.
    pub(crate) fn take_events(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.kept)
    }
}

/// The listener of a call.
struct Listener {
    sender: mpsc::Sender<Progress>,
    /// The room of what is in the channel, in the order in which it was sent. What was received belongs to the
    /// listener.
    unheard: VecDeque<Charge>,
}

impl Listener {
    fn forget_what_was_heard(&mut self) {
        let lying = self.sender.max_capacity() - self.sender.capacity();
        let heard = self.unheard.len().saturating_sub(lying);
        self.unheard.drain(..heard);
    }

    /// A report is never worth waiting for: a listener that lags sees the next one.
    fn report(&mut self, account: &Account, report: Progress, size: usize) {
        self.forget_what_was_heard();
        if let Ok(charge) = account.charge(size)
            && self.sender.try_send(report).is_ok()
        {
            self.unheard.push_back(charge);
        }
    }

    /// A slow listener slows the guest down; one that went away needs nothing more.
    async fn event(&mut self, event: Value, charge: Charge) {
        self.forget_what_was_heard();
        if self.sender.send(Progress::Event(event)).await.is_ok() {
            self.unheard.push_back(charge);
        }
    }

    /// Waits until everything that was sent has been received, or the listener has gone.
    async fn hear_all(&mut self) {
        drop(self.sender.reserve_many(self.sender.max_capacity()).await);
        self.unheard.clear();
    }
}

pub(crate) fn link<T: Send + 'static>(
    linker: &mut Linker<T>,
    view: fn(&mut T) -> ProgressView<'_>,
) -> wasmtime::Result<()> {
    wit::add_to_linker::<T, PerCall>(linker, view)
}

/// The import for one guest.
pub(crate) struct ProgressView<'a> {
    /// `None` while the spec is read.
    pub(crate) call: Option<&'a mut PerCall>,
    pub(crate) account: &'a Account,
    pub(crate) limits: &'a Limits,
}

impl HasData for PerCall {
    type Data<'a> = ProgressView<'a>;
}

impl wit::Host for ProgressView<'_> {
    fn report(&mut self, done: u64, total: Option<u64>, message: String) -> wasmtime::Result<()> {
        let longest = self.limits.log_line;
        if let Some(listener) = &mut in_call(self.call.as_mut(), "progress.report")?.listener {
            // A copy: a slice would keep the rest in memory, too.
            let message = message[..message.floor_char_boundary(longest)].to_owned();
            let size = message.len();
            listener.report(self.account, Progress::Report { done, total, message }, size);
        }
        Ok(())
    }

    async fn emit(&mut self, event: String) -> wasmtime::Result<()> {
        let (limit, account) = (self.limits.output, self.account);
        let progress = in_call(self.call.as_mut(), "progress.emit")?;
        if event.len() > limit {
            return Err(Ended::EventsTooLarge { size: event.len(), limit }.into());
        }
        let _text = account.charge(event.len()).map_err(|full| full.ended(EVENT))?;
        let mut read = read(&event, account);
        if let (Err(Ended::HeldTooMuch { .. }), Some(listener)) = (&read, &mut progress.listener) {
            listener.hear_all().await;
            read = self::read(&event, account);
        }
        let (value, charge) = read?;
        if let Some(listener) = &mut progress.listener {
            listener.event(value, charge).await;
            return Ok(());
        }
        progress.kept_bytes += event.len();
        if progress.kept_bytes > limit {
            return Err(Ended::EventsTooLarge { size: progress.kept_bytes, limit }.into());
        }
        charge.until_the_end();
        progress.kept.push(value);
        Ok(())
    }
}

/// The event, and the room that its tree takes.
fn read(event: &str, account: &Account) -> Result<(Value, Charge), Ended> {
    let (value, size) = json::parse(event, account.left()).map_err(|error| match error {
        ParseError::Syntax(reason) => Ended::EventNotJson(text::bounded(reason, text::LONGEST)),
        ParseError::TooLarge { .. } => account.full().ended(EVENT),
    })?;
    let charge = account.charge(size).map_err(|full| full.ended(EVENT))?;
    Ok((value, charge))
}

/// What was too much.
const EVENT: &str = "a streamed result";

//! One call: a fresh instance, its limits, and its result.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use innkeeper_egress::Body;
use innkeeper_spec::json::{self, ParseError};
use innkeeper_spec::{ActionSpec, Violations};
use serde_json::Value;
use tokio::sync::mpsc;
use wasmtime::component::ResourceTable;
use wasmtime::{Engine, Store, UpdateDeadline};

use crate::account::Account;
use crate::body::GuestBody;
use crate::capabilities::connection::ConnectionAccess;
use crate::capabilities::http::HttpAccess;
use crate::capabilities::log::LogLine;
use crate::capabilities::progress::Progress;
use crate::capabilities::state::GuestMemory;
use crate::capabilities::{connection, http, log, progress, state, wasi};
use crate::checks::{PARSED_AT_ONCE, Patience};
use crate::component::Connector;
use crate::contract::innkeeper::connector::types as wit;
use crate::convert;
use crate::deadline::{CpuMeter, Metered};
use crate::ended::Ended;
use crate::engine::Runtime;
use crate::error::{CallError, CallProblem};
use crate::exports::Exports;
use crate::files;
use crate::guest::{Capabilities, Guest};
use crate::limits::{GrowthLimiter, Limits};
use crate::places::Crowded;
use crate::text;
use crate::trap::{Place, explain};

/// A named stream of bytes, passed to an action or returned by it.
#[derive(Debug)]
pub struct File {
    /// The file name; not a path.
    pub name: String,
    /// The media type, if known.
    pub content_type: Option<String>,
    /// The bytes; they never enter the guest unless it reads them.
    pub content: Body,
}

/// The action to call, with its input.
#[derive(Debug)]
pub struct Call {
    /// The name of the action.
    pub action: String,
    /// Its input.
    pub input: Value,
    /// Files passed to it.
    pub files: Vec<File>,
}

/// What the guest of a call may know or use: the part of each capability.
#[derive(Clone)]
pub struct GuestContext {
    /// The connection that the guest works for.
    pub connection: ConnectionAccess,
    /// That connection's outgoing HTTP access.
    pub http: HttpAccess,
    /// Its guest state.
    pub state: Arc<GuestMemory>,
    /// The receiver of its progress, if any.
    pub progress: Option<mpsc::Sender<Progress>>,
}

/// The result of an action.
#[derive(Debug)]
pub struct Output {
    /// Valid against the action's output schema.
    pub value: Value,
    /// Files returned; their bytes may still be arriving.
    pub files: Vec<File>,
    /// Streamed results that had no listener.
    pub events: Vec<Value>,
}

/// A call that has finished.
#[derive(Debug)]
pub struct Finished<T> {
    /// Its result or error.
    pub result: Result<T, CallError>,
    /// The log lines of the guest.
    pub logs: Vec<LogLine>,
    /// Requests that left the host.
    pub requests: u32,
    /// How long it took.
    pub duration: Duration,
}

impl Runtime {
    /// Runs an action in a fresh instance.
    ///
    /// The input is checked against the action's schema before anything runs, the output afterwards. The call is
    /// stopped at the limits of [`crate::Limits`] at the latest, whatever the guest does. If all places are taken, it
    /// waits for one within its own time, as set by [`crate::Sharing`], or fails with [`CallProblem::Busy`].
    pub async fn call(&self, connector: &Connector, call: Call, context: GuestContext) -> Finished<Output> {
        let Call { action, input, files } = call;
        let place = Place { connector: connector.inner.spec.about.id.as_str(), action: &action };
        let (action, input) = match self.check_input(connector, &action, input).await {
            Ok(checked) => checked,
            Err(problem) => {
                let result = Err(place.error(problem));
                return Finished { result, logs: Vec::new(), requests: 0, duration: Duration::ZERO };
            }
        };
        self.run(connector, place, context, async |exports, store| {
            let mut handed = Vec::with_capacity(files.len());
            for file in files {
                let body = store.data_mut().table.push(GuestBody::new(file.content))?;
                handed.push(wit::File { name: file.name, content_type: file.content_type, content: body });
            }
            let answer = exports.call(&mut *store, action.name.as_str(), &input, &handed).await?;
            match answer {
                Ok(output) => Ok(self.check_output(connector, action, output, store.data_mut()).await),
                Err(error) => Ok(Err(CallProblem::Action(convert::failure(error)))),
            }
        })
        .await
    }

    /// Checks the connection and returns a sentence for a person. Limited like [`Runtime::call`].
    pub async fn check(&self, connector: &Connector, context: GuestContext) -> Finished<String> {
        let place = Place { connector: connector.inner.spec.about.id.as_str(), action: "check" };
        self.run(connector, place, context, async |exports, store| {
            let answer = exports.check(store).await?;
            let answer = answer.map(|sentence| text::bounded(sentence, text::LONGEST));
            Ok(answer.map_err(|error| CallProblem::Action(convert::failure(error))))
        })
        .await
    }

    async fn run<T>(
        &self,
        connector: &Connector,
        place: Place<'_>,
        context: GuestContext,
        work: impl AsyncFnOnce(&Exports, &mut Store<Guest>) -> wasmtime::Result<Result<T, CallProblem>>,
    ) -> Finished<T> {
        let meter = CpuMeter::start();
        let guest = self.guest(connector, place, context, meter.clone());
        let Limits { held, memory, .. } = self.shared.sandbox.limits;
        // A body may fill all of the guest's memory at once; it is then refused with an error.
        let mut store = store(&self.shared.engine, guest, held.max(memory));
        let exports = &connector.inner.exports;
        let result = bounded(self, &mut store, async |store| work(exports, store).await).await.flatten();
        let guest = store.data();
        let requests = guest.call.as_ref().map_or(0, |call| call.http.sent());
        let result = result.map_err(|problem| place.error(problem));
        Finished { result, logs: guest.log.take(), requests, duration: meter.elapsed() }
    }

    fn guest(&self, connector: &Connector, place: Place<'_>, context: GuestContext, meter: Arc<CpuMeter>) -> Guest {
        let sandbox = self.shared.sandbox.clone();
        let limits = &sandbox.limits;
        let spec = connector.inner.spec.clone();
        let origin = log::Origin {
            connector: Some(spec.about.id.clone()),
            connection: Some(context.connection.record.id.clone()),
            action: place.action.to_owned(),
        };
        let call = Capabilities {
            spec,
            connection: connection::PerCall::new(context.connection),
            http: http::PerCall::new(context.http, limits, &sandbox.clock),
            state: state::PerCall::new(context.state),
            progress: progress::PerCall::new(context.progress),
        };
        let account = Account::new(limits.held);
        Guest {
            table: table(limits),
            growth: GrowthLimiter::new(limits),
            wasi: wasi::PerCall::new(wasi::Source::Real(meter.clone())),
            meter,
            log: log::PerCall::new(origin, limits, account.clone()),
            account,
            call: Some(call),
            sandbox,
        }
    }
}

/// A table with room for as many handles as a guest may have.
pub(crate) fn table(limits: &Limits) -> ResourceTable {
    let mut table = ResourceTable::new();
    table.set_max_capacity(limits.handles);
    table
}

/// A store whose guest is limited in memory, in computing time, and in what it passes to the host: `lifted` bytes at
/// once, each time. Many items of a list may point to the same place in its memory, and each is a copy here.
pub(crate) fn store(engine: &Engine, guest: Guest, lifted: usize) -> Store<Guest> {
    let handles = guest.sandbox.limits.handles;
    let mut store = Store::new(engine, guest);
    store.limiter(|guest| &mut guest.growth);
    store.set_hostcall_fuel(lifted);
    store.set_max_component_handles(handles);
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|store| {
        let guest = store.data();
        if guest.meter.spent() > guest.sandbox.limits.cpu {
            return Err(Ended::Cpu.into());
        }
        // Others get their turn, and the call's own deadline is checked.
        guest.meter.cut();
        Ok(UpdateDeadline::Yield(1))
    });
    store
}

/// Runs `work` as soon as there is a place for it, until it finishes or its time is over.
pub(crate) async fn bounded<T>(
    runtime: &Runtime,
    store: &mut Store<Guest>,
    work: impl AsyncFnOnce(&mut Store<Guest>) -> wasmtime::Result<T>,
) -> Result<T, CallProblem> {
    let shared = &runtime.shared;
    let wall = shared.sandbox.limits.wall;
    let meter = store.data().meter.clone();
    let mut deadline = shared.sandbox.clock.sleep(wall);
    let owner = store.data().call.as_ref().map(|call| call.connection.record());
    let owner = owner.map(|record| (&record.space, &record.id));
    let entering = shared.places.enter(owner);
    let owner = owner.map(|(space, connection)| (space.clone(), connection.clone()));
    let entered = tokio::select! {
        biased;
        entered = entering => entered,
        () = &mut deadline => Err(shared.places.busy(Crowded::Host)),
    };
    let _place = entered.map_err(|busy| CallProblem::Busy { crowded: busy.crowded, retry_after: busy.retry_after })?;
    let ended = {
        let mut working = pin!(work(&mut *store));
        tokio::select! {
            biased;
            ended = Metered::new(working.as_mut(), meter, &shared.turns, owner) => Some(ended),
            () = &mut deadline => None,
        }
    };
    match ended {
        Some(ended) => ended.map_err(|error| explain(&error, store.data())),
        None => Err(CallProblem::TimedOut { seconds: wall.as_secs_f64() }),
    }
}

impl Runtime {
    /// The action of that name, and its input in the form that the guest takes.
    async fn check_input<'a>(
        &self,
        connector: &'a Connector,
        action: &str,
        input: Value,
    ) -> Result<(&'a ActionSpec, String), CallProblem> {
        let spec = &connector.inner.spec;
        let Some(found) = spec.action(action) else {
            return Err(CallProblem::UnknownAction { nearest: spec.nearest_action(action).map(ToString::to_string) });
        };
        let text = input.to_string();
        let checked = self.validate(spec.about.id.as_str(), &found.input, input, text.len(), self.patience()).await;
        let (_, checked) = checked.map_err(|reason| CallProblem::Unchecked { what: "input", reason })?;
        checked.map_err(CallProblem::InvalidInput)?;
        Ok((found, text))
    }

    async fn check_output(
        &self,
        connector: &Connector,
        action: &ActionSpec,
        output: wit::Output,
        guest: &mut Guest,
    ) -> Result<Output, CallProblem> {
        let limits = &guest.sandbox.limits;
        let (size, limit) = (output.value.len(), limits.output);
        if size > limit {
            return Err(CallProblem::OutputTooLarge { size, limit });
        }
        let patience = Patience { wait: limits.wall, work: limits.cpu.saturating_sub(guest.meter.spent()) };
        let (value, checked) = self.parse_output(connector, action, output.value, &guest.account, patience).await?;
        checked.map_err(CallProblem::InvalidOutput)?;
        let files = files::hand_out(output.files, guest).map_err(CallProblem::InvalidFiles)?;
        let events = guest.call.as_mut().map(|call| call.progress.take_events()).unwrap_or_default();
        Ok(Output { value, files, events })
    }

    /// The output's value, which needs room in addition to its text and everything else that is held, or what is
    /// wrong with it. A large output is read and checked on a thread where no other call waits for it.
    async fn parse_output(
        &self,
        connector: &Connector,
        action: &ActionSpec,
        text: String,
        account: &Account,
        patience: Patience,
    ) -> Result<(Value, Result<(), Violations>), CallProblem> {
        let too_much = || CallProblem::HeldTooMuch { what: "its output", limit: account.limit() };
        let unparsed = |error: ParseError| match error {
            ParseError::TooLarge { .. } => too_much(),
            ParseError::Syntax(reason) => CallProblem::OutputNotJson(reason),
        };
        let unchecked = |reason| CallProblem::Unchecked { what: "output", reason };
        let _text = account.charge(text.len()).map_err(|_| too_much())?;
        let room = account.left();
        let owner = connector.inner.spec.about.id.as_str();
        if text.len() > PARSED_AT_ONCE {
            let schema = action.output.clone();
            let check = move || -> Result<(Value, Result<(), Violations>), ParseError> {
                let (value, _) = json::parse(&text, room)?;
                let checked = schema.map_or(Ok(()), |schema| schema.validate(&value));
                Ok((value, checked))
            };
            let checked = self.shared.checks.run(owner, patience, &*self.shared.sandbox.clock, check).await;
            return checked.map_err(unchecked)?.map_err(unparsed);
        }
        let (value, _) = json::parse(&text, room).map_err(unparsed)?;
        match &action.output {
            Some(schema) => self.validate(owner, schema, value, text.len(), patience).await.map_err(unchecked),
            None => Ok((value, Ok(()))),
        }
    }
}

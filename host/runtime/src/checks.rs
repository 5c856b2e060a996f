//! Checks that others do not wait for: a value against a third-party schema, or a third-party spec. A check cannot be
//! stopped, so one that takes more than a moment runs on a separate thread. The caller may stop waiting for it; it
//! then finishes without a caller, and another check takes its place.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use innkeeper_ambient::Clock;
use innkeeper_ambient::lock::Mutex;
use innkeeper_spec::{ConnectorSpec, Mistakes, Schema, Violations, draft};
use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::component::Connector;
use crate::engine::Runtime;
use crate::error::{CheckError, LoadError};

/// Room for a schema as deep as a check goes.
const STACK: usize = 8 << 20;
/// Abandoned threads: in total, and of one connector. Until one finishes, no more long checks begin.
const MOST_GIVEN_UP: usize = 8;
const MOST_GIVEN_UP_OF_ONE: usize = 1;
/// Bytes of JSON that are parsed while others wait.
pub(crate) const PARSED_AT_ONCE: usize = 128 << 10;

/// Threads for checks that take long.
pub(crate) struct Checks {
    places: Arc<Semaphore>,
    /// Places that one connector may have at once.
    places_of_one: usize,
    given_up: Arc<AtomicUsize>,
    lanes: Mutex<HashMap<String, Arc<Lane>>>,
}

/// The checks of one connector.
struct Lane {
    places: Arc<Semaphore>,
    given_up: AtomicUsize,
}

/// How long a check may wait for its place, and how long it may then take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    pub(crate) wait: Duration,
    pub(crate) work: Duration,
}

impl Checks {
    /// One connector has as many places as there are cores, and the others together have the same number.
    pub(crate) fn new() -> Self {
        Self::with_places(2 * std::thread::available_parallelism().map_or(1, usize::from))
    }

    fn with_places(places: usize) -> Self {
        Self {
            places: Arc::new(Semaphore::new(places)),
            places_of_one: (places / 2).max(1),
            given_up: Arc::default(),
            lanes: Mutex::default(),
        }
    }

    /// Runs `work` on a thread. If the future is dropped or times out first, the thread is abandoned.
    ///
    /// `owner` is the connector that the check is for: a connector with an abandoned thread gets no other.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        owner: &str,
        patience: Patience,
        clock: &dyn Clock,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, CheckError> {
        let lane = self.lane(owner);
        if self.is_full(&lane) {
            return Err(CheckError::Busy);
        }
        let place = async {
            let own = lane.places.clone().acquire_owned().await;
            (own, self.places.clone().acquire_owned().await)
        };
        let places = tokio::select! {
            biased;
            places = place => places,
            () = clock.sleep(patience.wait) => return Err(CheckError::Busy),
        };
        let (Ok(own), Ok(shared)) = places else { return Err(CheckError::Busy) };
        // It may have become full while this waited.
        if self.is_full(&lane) {
            return Err(CheckError::Busy);
        }
        let (sender, receiver) = oneshot::channel();
        let watch = Arc::new(Watch { lane, given_up: self.given_up.clone(), places: Mutex::new(Some((own, shared))) });
        let ending = Ending(watch.clone());
        std::thread::Builder::new()
            .name("innkeeper-check".to_owned())
            .stack_size(STACK)
            .spawn(move || {
                behind_calls();
                // A panic is reported only to the waiting caller.
                let done = catch_unwind(AssertUnwindSafe(work));
                drop(ending);
                if let Ok(done) = done {
                    let _ = sender.send(done);
                }
            })
            .map_err(|_| CheckError::Busy)?;
        let waiting = Waiting(watch);
        let ended = tokio::select! {
            biased;
            ended = receiver => ended.map_err(|_| CheckError::Failed),
            () = clock.sleep(patience.work) => Err(CheckError::TooLong { seconds: patience.work.as_secs_f64() }),
        };
        drop(waiting);
        ended
    }

    fn is_full(&self, lane: &Lane) -> bool {
        self.given_up.load(Ordering::Acquire) >= MOST_GIVEN_UP
            || lane.given_up.load(Ordering::Acquire) >= MOST_GIVEN_UP_OF_ONE
    }

    fn lane(&self, owner: &str) -> Arc<Lane> {
        let mut lanes = self.lanes.lock();
        // These have no waiting callers and no running checks.
        lanes.retain(|_, lane| Arc::strong_count(lane) > 1);
        let places = self.places_of_one;
        let lane = || Arc::new(Lane { places: Arc::new(Semaphore::new(places)), given_up: AtomicUsize::new(0) });
        lanes.entry(owner.to_owned()).or_insert_with(lane).clone()
    }
}

/// A check under way.
struct Watch {
    lane: Arc<Lane>,
    given_up: Arc<AtomicUsize>,
    /// Taking these ends the check's part in the limits: by the thread when it is done, or by the caller that gives
    /// up.
    places: Mutex<Option<(OwnedSemaphorePermit, OwnedSemaphorePermit)>>,
}

/// The waiter's part: if it is dropped before the check finishes, the check is abandoned.
struct Waiting(Arc<Watch>);

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut places = self.0.places.lock();
        if places.is_some() {
            self.0.lane.given_up.fetch_add(1, Ordering::AcqRel);
            self.0.given_up.fetch_add(1, Ordering::AcqRel);
            *places = None;
        }
    }
}

/// The thread's part.
struct Ending(Arc<Watch>);

impl Drop for Ending {
    fn drop(&mut self) {
        let places = self.0.places.lock().take();
        if places.is_none() {
            self.0.lane.given_up.fetch_sub(1, Ordering::AcqRel);
            self.0.given_up.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

/// Lets the threads that serve calls go first. The system may refuse this, and other systems would apply it to the
/// whole process.
fn behind_calls() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, 10);
}

impl Runtime {
    /// Checks a connection's config with its defaults filled in; returns the config with its violations.
    ///
    /// Fails if the check takes longer than a guest may compute, or if no place for it becomes free within a call's
    /// time.
    pub async fn check_config(
        &self,
        connector: &Connector,
        config: Value,
    ) -> Result<(Value, Result<(), Violations>), CheckError> {
        let spec = connector.spec();
        let size = bytes(&config);
        self.validate(spec.about.id.as_str(), &spec.config, config, size, self.patience()).await
    }

    /// Reads a spec as a component returns it.
    ///
    /// Fails if it has mistakes, or cannot be read in the time of [`Runtime::check_config`].
    pub async fn parse_spec(
        &self,
        draft: draft::ConnectorSpec,
    ) -> Result<(draft::ConnectorSpec, ConnectorSpec), LoadError> {
        let read = move || -> (draft::ConnectorSpec, Result<ConnectorSpec, Mistakes>) {
            let spec = ConnectorSpec::parse(&draft);
            (draft, spec)
        };
        let (draft, spec) = self.shared.checks.run("", self.patience(), &*self.shared.sandbox.clock, read).await?;
        Ok((draft, spec.map_err(LoadError::Spec)?))
    }

    /// Checks a value with this many bytes of JSON, inline if that is quick; returns the value with its violations.
    pub(crate) async fn validate(
        &self,
        owner: &str,
        schema: &Schema,
        value: Value,
        size: usize,
        patience: Patience,
    ) -> Result<(Value, Result<(), Violations>), CheckError> {
        if let Some(checked) = schema.validate_at_once(&value, size) {
            return Ok((value, checked));
        }
        let schema = schema.clone();
        let check = move || {
            let checked = schema.validate(&value);
            (value, checked)
        };
        self.shared.checks.run(owner, patience, &*self.shared.sandbox.clock, check).await
    }

    /// For a check that is not part of a guest's run.
    pub(crate) fn patience(&self) -> Patience {
        let limits = &self.shared.sandbox.limits;
        Patience { wait: limits.wall, work: limits.cpu }
    }
}

/// Bytes of a value's JSON.
fn bytes(value: &Value) -> usize {
    struct Bytes(usize);
    impl std::io::Write for Bytes {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 = self.0.saturating_add(bytes.len());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut bytes = Bytes(0);
    match serde_json::to_writer(&mut bytes, value) {
        Ok(()) => bytes.0,
        Err(_) => usize::MAX,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use innkeeper_ambient::SystemClock;

    use super::*;

    const PATIENT: Patience = Patience { wait: Duration::from_mins(10), work: Duration::from_mins(10) };
    const NONE: Patience = Patience { wait: Duration::from_mins(10), work: Duration::ZERO };

    /// A check that finishes when the sender is dropped.
    fn endless() -> (mpsc::Sender<()>, impl FnOnce() + Send + 'static) {
        let (sender, receiver) = mpsc::channel::<()>();
        (sender, move || {
            let _ = receiver.recv();
        })
    }

    /// Waits until the abandoned threads have finished.
    async fn until_none_is_given_up(checks: &Checks) {
        while checks.given_up.load(Ordering::Acquire) > 0 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_check_that_never_ends_is_given_up_and_stalls_nobody_else() {
        let checks = Checks::with_places(2);
        let (end, never) = endless();
        let clock = SystemClock;
        let given_up = checks.run("bad", NONE, &clock, never).await.expect_err("it never ends");
        assert!(matches!(given_up, CheckError::TooLong { .. }), "{given_up}");
        for _ in 0..10 {
            assert_eq!(checks.run("good", PATIENT, &clock, || 7).await.expect("a place is free"), 7);
        }
        let busy = checks.run("bad", PATIENT, &clock, || 7).await.expect_err("one of its threads runs on");
        assert!(matches!(busy, CheckError::Busy), "{busy}");
        drop(end);
        until_none_is_given_up(&checks).await;
        checks.run("bad", PATIENT, &clock, || ()).await.expect("it has ended");
        assert_eq!(checks.places.available_permits(), 2);
    }

    #[tokio::test]
    async fn one_connector_leaves_places_to_the_others() {
        let checks = Checks::with_places(2);
        let (end, never) = endless();
        let clock = SystemClock;
        let mut first = Box::pin(checks.run("bad", PATIENT, &clock, never));
        let mut second = Box::pin(checks.run("bad", PATIENT, &clock, || ()));
        for _ in 0..3 {
            let waiting = futures::poll!(&mut first).is_pending() & futures::poll!(&mut second).is_pending();
            assert!(waiting, "one runs, and the other has no place");
            checks.run("good", PATIENT, &clock, || ()).await.expect("there is a place");
        }
        drop(end);
        first.await.expect("it has ended");
        second.await.expect("its turn");
    }

    #[tokio::test]
    async fn threads_that_nobody_waits_for_are_bounded() {
        let checks = Checks::with_places(2);
        let clock = SystemClock;
        let mut ends = Vec::new();
        for at in 0..MOST_GIVEN_UP {
            let (end, never) = endless();
            ends.push(end);
            checks.run(&at.to_string(), NONE, &clock, never).await.expect_err("it never ends");
        }
        let busy = checks.run("good", PATIENT, &clock, || ()).await.expect_err("too many run on");
        assert_eq!(busy.to_string(), "the host is busy with other long checks; try again in a few seconds");
        drop(ends);
        until_none_is_given_up(&checks).await;
        checks.run("good", PATIENT, &clock, || ()).await.expect("all have ended");
        while checks.lanes.lock().len() > 1 {
            // Nothing is stored about a connector without a check, once its thread has finished.
            checks.lane("good");
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_caller_that_goes_away_gives_its_check_up() {
        let checks = Checks::with_places(2);
        let clock = SystemClock;
        let (end, never) = endless();
        {
            let mut running = Box::pin(checks.run("bad", PATIENT, &clock, never));
            assert!(futures::poll!(&mut running).is_pending());
        }
        assert_eq!(checks.given_up.load(Ordering::Acquire), 1);
        assert_eq!(checks.places.available_permits(), 2);
        drop(end);
        until_none_is_given_up(&checks).await;
    }

    #[tokio::test]
    async fn a_check_that_panics_is_told_and_leaves_its_place() {
        let checks = Checks::with_places(2);
        let failed = checks.run::<()>("bad", PATIENT, &SystemClock, || panic!("in a check")).await;
        assert!(matches!(failed, Err(CheckError::Failed)), "{failed:?}");
        assert_eq!(checks.places.available_permits(), 2);
    }
}

//! The time that a guest itself computes, and the turns of guests that compute for long.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use innkeeper_ambient::lock::Mutex;
use innkeeper_store::{ConnectionId, SpaceId};
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

/// A guest that has computed for this long waits for its turn before it continues.
const CREDIT: Duration = Duration::from_millis(10);
/// A guest that has waited for this multiple of a duration may compute for that duration without a turn.
const REGAINED: u64 = 50;

/// How long a guest has computed: the time inside polls of its call, excluding waiting.
#[derive(Debug)]
pub(crate) struct CpuMeter {
    origin: Instant,
    spent_nanos: AtomicU64,
    poll_began_nanos: AtomicU64,
    /// Whether the last poll stopped because its time was over, and not because the guest waits for something.
    cut: AtomicBool,
}

impl CpuMeter {
    pub(crate) fn start() -> Arc<Self> {
        Arc::new(Self {
            origin: now(),
            spent_nanos: AtomicU64::new(0),
            poll_began_nanos: AtomicU64::new(0),
            cut: AtomicBool::new(false),
        })
    }

    /// The time so far, including the poll under way.
    pub(crate) fn spent(&self) -> Duration {
        let running = self.elapsed_nanos().saturating_sub(self.poll_began_nanos.load(Ordering::Relaxed));
        Duration::from_nanos(self.spent_nanos.load(Ordering::Relaxed).saturating_add(running))
    }

    /// Stops the poll under way, though the guest would continue.
    pub(crate) fn cut(&self) {
        self.cut.store(true, Ordering::Relaxed);
    }

    /// Time since the call began.
    pub(crate) fn elapsed(&self) -> Duration {
        Duration::from_nanos(self.elapsed_nanos())
    }

    fn elapsed_nanos(&self) -> u64 {
        u64::try_from(self.origin.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

#[expect(clippy::disallowed_methods, reason = "what a guest has computed is measured, no expiry hangs on it")]
fn now() -> Instant {
    Instant::now()
}

/// The turns of guests that compute for long. There are fewer turns than processors, if there is more than one: a
/// guest that only passes something on finds a free processor.
#[derive(Debug)]
pub(crate) struct Turns {
    count: usize,
    all: Arc<Semaphore>,
    /// For each space and connection that has such guests, as many as there are in total.
    own: Mutex<HashMap<Owner, Weak<Semaphore>>>,
}

/// The owner of turns; without a connection, the whole space.
type Owner = (SpaceId, Option<ConnectionId>);

impl Turns {
    pub(crate) fn new(processors: usize) -> Self {
        let count = processors.saturating_sub(processors.div_ceil(4)).max(1);
        Self { count, all: Arc::new(Semaphore::new(count)), own: Mutex::default() }
    }

    /// The line for the calls of a connection: they wait for each other, then the connections of a space do, then the
    /// spaces. So a caller with many calls delays the others by one turn, and not by one turn per call.
    pub(crate) fn line(&self, connection: Option<(&SpaceId, &ConnectionId)>) -> Line {
        let Some((space, connection)) = connection else { return Line(vec![self.all.clone()]) };
        let mut own = self.own.lock();
        let mut of = |owner: Owner| {
            if let Some(turns) = own.get(&owner).and_then(Weak::upgrade) {
                return turns;
            }
            own.retain(|_, turns| turns.strong_count() > 0);
            let turns = Arc::new(Semaphore::new(self.count));
            own.insert(owner, Arc::downgrade(&turns));
            turns
        };
        Line(vec![of((space.clone(), Some(connection.clone()))), of((space.clone(), None)), self.all.clone()])
    }
}

/// What a guest waits for before its turn, in order.
#[derive(Debug)]
pub(crate) struct Line(Vec<Arc<Semaphore>>);

impl Line {
    async fn turn(self) -> Turn {
        let mut turn = Vec::with_capacity(self.0.len());
        for turns in self.0 {
            turn.push(turns.acquire_owned().await?);
        }
        Ok(turn)
    }
}

type Turn = Result<Vec<OwnedSemaphorePermit>, AcquireError>;

/// A future whose polls are timed, and which takes turns with others once it has computed for long.
pub(crate) struct Metered<'a, F> {
    inner: Pin<&'a mut F>,
    meter: Arc<CpuMeter>,
    turns: &'a Turns,
    owner: Option<(SpaceId, ConnectionId)>,
    waiting: Option<Pin<Box<dyn Future<Output = Turn> + Send>>>,
    credit_nanos: u64,
    last_ended_nanos: u64,
}

impl<'a, F: Future> Metered<'a, F> {
    pub(crate) fn new(
        inner: Pin<&'a mut F>,
        meter: Arc<CpuMeter>,
        turns: &'a Turns,
        owner: Option<(SpaceId, ConnectionId)>,
    ) -> Self {
        let last_ended_nanos = meter.elapsed_nanos();
        Self { inner, meter, turns, owner, waiting: None, credit_nanos: nanos(CREDIT), last_ended_nanos }
    }

    /// A turn, if one is needed; held for one poll.
    fn turn(&mut self, cx: &mut Context<'_>) -> Poll<Vec<OwnedSemaphorePermit>> {
        if self.waiting.is_none() {
            if !self.meter.cut.swap(false, Ordering::Relaxed) {
                let waited = self.meter.elapsed_nanos().saturating_sub(self.last_ended_nanos);
                self.credit_nanos = self.credit_nanos.saturating_add(waited / REGAINED).min(nanos(CREDIT));
            }
            if self.credit_nanos > 0 {
                return Poll::Ready(Vec::new());
            }
        }
        let owner = self.owner.as_ref().map(|(space, connection)| (space, connection));
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(self.turns.line(owner).turn()));
        // The semaphores are never closed.
        waiting.as_mut().poll(cx).map(|turn| {
            self.waiting = None;
            turn.unwrap_or_default()
        })
    }
}

impl<F: Future> Future for Metered<'_, F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let Poll::Ready(turn) = self.turn(cx) else { return Poll::Pending };
        let began = self.meter.elapsed_nanos();
        self.meter.poll_began_nanos.store(began, Ordering::Relaxed);
        let polled = self.inner.as_mut().poll(cx);
        let ended = self.meter.elapsed_nanos();
        let took = ended.saturating_sub(began);
        self.meter.spent_nanos.fetch_add(took, Ordering::Relaxed);
        self.credit_nanos = self.credit_nanos.saturating_sub(took);
        self.last_ended_nanos = ended;
        drop(turn);
        polled
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::Waker;

    use super::*;

    /// Computes for this long at each poll, and never finishes.
    fn busy(meter: &Arc<CpuMeter>, for_: Duration) -> impl Future<Output = ()> {
        let meter = meter.clone();
        std::future::poll_fn(move |_| {
            let began = now();
            while began.elapsed() < for_ {
                std::hint::spin_loop();
            }
            meter.cut();
            Poll::Pending
        })
    }

    #[test]
    fn a_guest_that_computes_for_long_waits_for_its_turn_and_others_do_not() {
        let turns = Turns::new(2);
        let mut cx = Context::from_waker(Waker::noop());
        let meter = CpuMeter::start();
        let mut long = pin!(busy(&meter, CREDIT));
        let mut long = Metered::new(long.as_mut(), meter.clone(), &turns, None);
        assert!(Pin::new(&mut long).poll(&mut cx).is_pending());
        let spent = meter.spent();
        assert!(spent >= CREDIT);

        let taken = turns.all.clone().try_acquire_owned().expect("of two processors one is for turns");
        assert!(turns.all.clone().try_acquire_owned().is_err());
        let spent_nanos = || meter.spent_nanos.load(Ordering::Relaxed);
        let before = spent_nanos();
        assert!(Pin::new(&mut long).poll(&mut cx).is_pending());
        assert_eq!(spent_nanos(), before, "it computes without a turn");

        let other = CpuMeter::start();
        let mut short = pin!(std::future::ready(()));
        let mut short = Metered::new(short.as_mut(), other, &turns, None);
        assert!(Pin::new(&mut short).poll(&mut cx).is_ready(), "a short one waits");

        drop(taken);
        assert!(Pin::new(&mut long).poll(&mut cx).is_pending());
        assert!(spent_nanos() > before, "it has its turn and does not go on");
        assert!(turns.all.clone().try_acquire_owned().is_ok(), "a turn is held for one poll");
    }

    #[test]
    fn a_connection_with_many_such_guests_delays_another_by_one_turn() {
        let turns = Turns::new(2);
        let mut cx = Context::from_waker(Waker::noop());
        let space = SpaceId::default();
        let [crowd, single] = ["crowd", "single"].map(|id| ConnectionId::parse(id).expect("an id"));
        let wait = |connection: &ConnectionId| Box::pin(turns.line(Some((&space, connection))).turn());
        let turn = |polled: Poll<Turn>| match polled {
            Poll::Ready(turn) => Some(turn.expect("open")),
            Poll::Pending => None,
        };
        let mut first = wait(&crowd);
        let running = turn(first.as_mut().poll(&mut cx)).expect("a turn is free");
        let mut crowding: Vec<_> = (0..100).map(|_| wait(&crowd)).collect();
        assert!(crowding.iter_mut().all(|one| one.as_mut().poll(&mut cx).is_pending()));
        let mut other = wait(&single);
        assert!(other.as_mut().poll(&mut cx).is_pending());
        drop(running);
        let next = turn(crowding[0].as_mut().poll(&mut cx));
        let others = turn(other.as_mut().poll(&mut cx));
        assert!(others.is_some() && next.is_none(), "the other connection is next");
    }

    #[test]
    fn one_processor_has_a_turn_and_many_leave_some_free() {
        for (processors, turns) in [(1, 1), (2, 1), (4, 3), (8, 6), (64, 48)] {
            assert_eq!(Turns::new(processors).all.available_permits(), turns, "{processors}");
        }
    }
}

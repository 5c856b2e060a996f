//! Places for calls: a limited number run at once, a limited number wait, and waiting calls are served fairly.

mod line;

use std::sync::{Arc, MutexGuard};
use std::time::Duration;

use innkeeper_ambient::lock::Mutex;
use innkeeper_ambient::{Clock, Timestamp};
use innkeeper_store::{ConnectionId, SpaceId};
use tokio::sync::oneshot;

use line::{Arrival, Bounds, Line, Seat, Ticket};

pub use line::Crowded;

/// How the places for calls are shared, and how many calls may wait for one. Spaces take turns, then the connections
/// of a space, and the calls of a connection run in the order of their arrival. A call beyond the number that may
/// wait, and one that waited for as long as a call may take, fails with [`crate::CallProblem::Busy`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sharing {
    /// Calls of one connection that run at once. `None`: half of the places.
    pub running_per_connection: Option<u32>,
    /// Calls of one space that run at once. `None`: three quarters of the places.
    pub running_per_space: Option<u32>,
    /// Places reserved for connections that have no call running, so that connections to slow services leave room for
    /// the others. `None`: an eighth of the places.
    pub kept_for_idle: Option<u32>,
    /// Calls that wait for a place, in total.
    pub waiting: u32,
    /// Calls of one space that wait.
    pub waiting_per_space: u32,
    /// Calls of one connection that wait.
    pub waiting_per_connection: u32,
}

impl Default for Sharing {
    fn default() -> Self {
        Self {
            running_per_connection: None,
            running_per_space: None,
            kept_for_idle: None,
            waiting: 10_000,
            waiting_per_space: 5_000,
            waiting_per_connection: 2_000,
        }
    }
}

impl Sharing {
    fn bounds(&self, places: u32) -> Bounds {
        let places = places.max(1);
        let size = |count: u32| usize::try_from(count).unwrap_or(usize::MAX);
        // Every connection may run at least one call, and the last place is usable.
        let running = |given: Option<u32>, default: u32| size(given.unwrap_or(default).clamp(1, places));
        Bounds {
            places: size(places),
            running_per_connection: running(self.running_per_connection, places / 2),
            running_per_space: running(self.running_per_space, places - places / 4),
            kept: size(self.kept_for_idle.unwrap_or(places / 8).min(places - 1)),
            waiting: size(self.waiting),
            waiting_per_space: size(self.waiting_per_space),
            waiting_per_connection: size(self.waiting_per_connection),
        }
    }
}

/// A call that gets no place, and when it is worth trying again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Busy {
    pub(crate) crowded: Crowded,
    /// Seconds, at least 1.
    pub(crate) retry_after: u32,
}

/// The places of a runtime.
#[derive(Debug)]
pub(crate) struct Places {
    state: Mutex<State>,
    clock: Arc<dyn Clock>,
    /// The longest that a call waits, and so the longest `retry_after`.
    patience: Duration,
}

/// The host itself, which reads specs, has neither.
type Waiters = Line<Option<SpaceId>, Option<ConnectionId>, oneshot::Sender<Seat>>;

#[derive(Debug)]
struct State {
    line: Waiters,
    pace: Pace,
}

impl Places {
    pub(crate) fn new(count: u32, sharing: &Sharing, clock: Arc<dyn Clock>, patience: Duration) -> Self {
        let state = State { line: Line::new(sharing.bounds(count)), pace: Pace::default() };
        Self { state: Mutex::new(state), clock, patience }
    }

    /// A place for a call of this connection, as soon as it is its turn; without a connection, for the host itself.
    /// Dropping the future leaves the line.
    pub(crate) fn enter<'a>(
        &'a self,
        connection: Option<(&SpaceId, &ConnectionId)>,
    ) -> impl Future<Output = Result<Place<'a>, Busy>> + use<'a> {
        let arrived = self.arrive(connection);
        async {
            match arrived? {
                Arrived::Seated(place) => Ok(place),
                Arrived::Waits(waiting) => waiting.place().await,
            }
        }
    }

    fn arrive(&self, connection: Option<(&SpaceId, &ConnectionId)>) -> Result<Arrived<'_>, Busy> {
        let (space, id) = connection.map(|(space, id)| (space.clone(), id.clone())).unzip();
        let mut turn = None;
        let arrival = {
            let State { line, pace } = &mut *self.state();
            line.arrive(space, id, || {
                let (sender, receiver) = oneshot::channel();
                turn = Some(receiver);
                pace.begin(|| self.clock.now());
                sender
            })
        };
        match arrival {
            Arrival::Seated(seat) => Ok(Arrived::Seated(Place { places: self, seat: Some(seat) })),
            Arrival::Waits(ticket) => Ok(Arrived::Waits(Waiting { places: self, ticket, turn })),
            Arrival::Full(crowded) => Err(self.busy(crowded)),
        }
    }

    /// The error for a call that gets no place.
    pub(crate) fn busy(&self, crowded: Crowded) -> Busy {
        let now = self.clock.now();
        let state = self.state();
        let wait = state.pace.wait(now, state.line.waiting()).min(self.patience);
        let seconds = u32::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(u32::MAX);
        Busy { crowded, retry_after: seconds.max(1) }
    }

    fn give_back(&self, seat: Seat) {
        let mut left = Some(seat);
        loop {
            let mut state = self.state();
            if let Some(seat) = left.take() {
                state.line.release(seat);
            }
            let Some((turn, seat)) = state.line.next_seated() else { return };
            state.step(self.clock.now());
            drop(state);
            // If the caller has gone away meanwhile, the place goes to the next one.
            left = turn.send(seat).err();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }
}

impl State {
    /// The line moved forward by one.
    fn step(&mut self, now: Timestamp) {
        match self.line.waiting() {
            0 => self.pace = Pace::default(),
            _ => self.pace.step(now),
        }
    }
}

enum Arrived<'a> {
    Seated(Place<'a>),
    Waits(Waiting<'a>),
}

/// A place that is taken; when dropped, it goes to the next call.
#[derive(Debug)]
pub(crate) struct Place<'a> {
    places: &'a Places,
    seat: Option<Seat>,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if let Some(seat) = self.seat.take() {
            self.places.give_back(seat);
        }
    }
}

/// A call in the line. When dropped, it leaves the line, or releases the place that it got meanwhile.
struct Waiting<'a> {
    places: &'a Places,
    ticket: Ticket,
    /// `None` once the place is taken.
    turn: Option<oneshot::Receiver<Seat>>,
}

impl<'a> Waiting<'a> {
    async fn place(mut self) -> Result<Place<'a>, Busy> {
        let seat = match &mut self.turn {
            Some(turn) => turn.await.ok(),
            None => None,
        };
        self.turn = None;
        match seat {
            Some(seat) => Ok(Place { places: self.places, seat: Some(seat) }),
            // Cannot happen: the line keeps its senders until their turn comes.
            None => Err(self.places.busy(Crowded::Host)),
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let Some(mut turn) = self.turn.take() else { return };
        if self.places.state().line.leave(self.ticket) {
            return;
        }
        // From here on, a place that is sent returns to its sender.
        turn.close();
        if let Ok(seat) = turn.try_recv() {
            self.places.give_back(seat);
        }
    }
}

/// How fast the line moves: its steps since a call began to wait. After a long time, the older half is discarded.
#[derive(Debug, Default)]
struct Pace {
    /// `None` if no call waits.
    since: Option<Timestamp>,
    steps: u32,
}

impl Pace {
    const WINDOW: Duration = Duration::from_secs(10);

    fn begin(&mut self, now: impl FnOnce() -> Timestamp) {
        self.since.get_or_insert_with(now);
    }

    fn step(&mut self, now: Timestamp) {
        let since = *self.since.get_or_insert(now);
        let past = now.since(since);
        if past > Self::WINDOW {
            self.since = Some(since.plus(past / 2));
            self.steps /= 2;
        }
        self.steps = self.steps.saturating_add(1);
    }

    /// How long a line of `waiting` calls takes at this pace.
    fn wait(&self, now: Timestamp, waiting: usize) -> Duration {
        let Some(since) = self.since else { return Duration::ZERO };
        let waiting = u32::try_from(waiting).unwrap_or(u32::MAX);
        now.since(since).saturating_mul(waiting) / self.steps.max(1)
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;

    use futures::FutureExt as _;
    use futures::future::BoxFuture;
    use innkeeper_ambient::ManualClock;

    use super::*;

    const WALL: Duration = Duration::from_mins(1);

    struct Inn {
        places: Places,
        clock: Arc<ManualClock>,
    }

    fn inn(count: u32, sharing: Sharing) -> Inn {
        let clock = Arc::new(ManualClock::new(Timestamp::from_secs(1_700_000_000)));
        Inn { places: Places::new(count, &sharing, clock.clone(), WALL), clock }
    }

    impl Inn {
        /// A call of a connection, named `space/connection`.
        fn call(&self, name: &str) -> BoxFuture<'_, Result<Place<'_>, Busy>> {
            let (space, id) = name.split_once('/').expect("space/connection");
            let (space, id) = (SpaceId::parse(space).expect("a space"), ConnectionId::parse(id).expect("a connection"));
            self.places.enter(Some((&space, &id))).boxed()
        }

        fn runs(&self, name: &str) -> Place<'_> {
            self.call(name).now_or_never().expect("it need not wait").expect("there is room")
        }

        fn waiting(&self) -> usize {
            self.places.state().line.waiting()
        }
    }

    /// All that have their turn by now.
    fn ready<'a>(waiting: &mut Vec<BoxFuture<'a, Result<Place<'a>, Busy>>>) -> Vec<Place<'a>> {
        let mut ready = Vec::new();
        waiting.retain_mut(|call| match Pin::new(call).now_or_never() {
            Some(place) => {
                ready.push(place.expect("a place"));
                false
            }
            None => true,
        });
        ready
    }

    /// Only the number of places limits calls.
    fn unshared() -> Sharing {
        let (running_per_connection, running_per_space) = (Some(u32::MAX), Some(u32::MAX));
        Sharing { running_per_connection, running_per_space, kept_for_idle: Some(0), ..Sharing::default() }
    }

    #[test]
    fn one_call_of_another_connection_waits_for_one_turn_and_not_for_a_thousand_calls() {
        let inn = inn(2, unshared());
        let held = [inn.runs("a/crowd"), inn.runs("a/crowd")];
        let mut crowd: Vec<_> = (0..1000).map(|_| inn.call("a/crowd")).collect();
        let mut alone = vec![inn.call("a/alone")];
        let mut elsewhere = vec![inn.call("b/alone")];
        assert!(ready(&mut crowd).is_empty() && ready(&mut alone).is_empty() && ready(&mut elsewhere).is_empty());
        let mut held = Vec::from(held);
        // The crowd's turn, the other space's, and the other connection's: one place each.
        for _ in 0..3 {
            held.pop();
            held.append(&mut ready(&mut crowd));
        }
        assert_eq!((ready(&mut elsewhere).len(), ready(&mut alone).len()), (1, 1));
        assert!(crowd.len() >= 999, "{}", crowd.len());
    }

    #[test]
    fn a_connection_to_a_slow_service_leaves_places_to_the_others() {
        let inn = inn(16, Sharing::default());
        let mut slow: Vec<_> = (0..100).map(|_| inn.call("a/slow")).collect();
        let mut also_slow: Vec<_> = (0..100).map(|_| inn.call("b/slow")).collect();
        let held = (ready(&mut slow), ready(&mut also_slow));
        assert_eq!((held.0.len(), held.1.len()), (8, 6), "half of them, and all but the two that are kept");
        for _ in 0..100 {
            drop(inn.runs("a/quick"));
            drop(inn.runs("c/quick"));
        }
    }

    #[test]
    fn a_full_host_says_when_to_try_again_and_recovers() {
        let sharing = Sharing { waiting: 3, waiting_per_space: 2, waiting_per_connection: 1, ..unshared() };
        let inn = inn(1, sharing);
        let first = inn.runs("a/one");
        let refused =
            |name: &str| inn.call(name).now_or_never().expect("it does not wait").expect_err("there is no room");
        let one = inn.call("a/one");
        assert_eq!(refused("a/one"), Busy { crowded: Crowded::Connection, retry_after: 1 });
        let two = inn.call("a/two");
        assert_eq!(refused("a/three").crowded, Crowded::Space);
        let three = inn.call("b/one");
        assert_eq!(refused("c/one").crowded, Crowded::Host);
        // Nothing moves: the longer that lasts, the later it is worth trying again.
        inn.clock.advance(Duration::from_secs(4));
        assert_eq!(refused("c/one").retry_after, 12);
        inn.clock.advance(Duration::from_hours(1));
        assert_eq!(refused("c/one").retry_after, 60, "at most the time of a call");
        drop(first);
        // The space and the connection that had the place come last.
        for call in [three, two, one] {
            drop(call.now_or_never().expect("its turn has come").expect("a place"));
        }
        assert_eq!(inn.waiting(), 0);
        drop(inn.runs("c/one"));
    }

    #[test]
    fn whoever_goes_away_loses_no_place() {
        let inn = inn(1, unshared());
        let first = inn.runs("a/one");
        let (gone, late, next) = (inn.call("a/one"), inn.call("a/one"), inn.call("a/one"));
        drop(gone);
        assert_eq!(inn.waiting(), 2);
        drop(first);
        // It was given the place and never looked.
        drop(late);
        drop(next.now_or_never().expect("its turn has come").expect("a place"));
        drop(inn.runs("b/one"));
    }

    #[test]
    fn the_host_itself_has_its_turn_beside_connections() {
        let inn = inn(1, unshared());
        let first = inn.runs("a/one");
        let mut crowd: Vec<_> = (0..10).map(|_| inn.call("a/one")).collect();
        let own = inn.places.enter(None);
        drop(first);
        drop(ready(&mut crowd));
        assert!(own.now_or_never().is_some_and(|place| place.is_ok()));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn a_crowd_of_tasks_of_which_some_give_up_leaves_every_place_free() {
        let inn = Arc::new(inn(7, Sharing::default()));
        let tasks: Vec<_> = (0..64_u32)
            .map(|task| {
                let inn = inn.clone();
                tokio::spawn(async move {
                    for turn in 0..200_u32 {
                        let mut call = inn.call(&format!("s{}/c{}", task % 3, task % 5));
                        let gives_up = (task + turn).is_multiple_of(3);
                        let place = if gives_up { call.as_mut().now_or_never() } else { Some(call.await) };
                        if !turn.is_multiple_of(4) {
                            tokio::task::yield_now().await;
                        }
                        drop(place);
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("no panic");
        }
        let state = inn.places.state();
        assert_eq!(state.line.waiting(), 0);
        drop(state);
        let held: Vec<_> = (0..3).map(|_| inn.runs("a/one")).collect();
        assert_eq!(held.len(), 3);
    }
}

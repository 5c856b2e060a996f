//! How often authorizations may begin and come back: a sliding window for each user and each of the two.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use innkeeper_ambient::Timestamp;
use innkeeper_ambient::lock::Mutex;
use innkeeper_store::{ConnectionId, GrantOwner, PrincipalId, SpaceId};

/// At most so many within any window of so long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlowLimit {
    /// How many.
    pub count: u32,
    /// How long the window is.
    pub window: Duration,
}

impl Default for FlowLimit {
    /// 100 an hour.
    fn default() -> Self {
        Self { count: 100, window: Duration::from_hours(1) }
    }
}

/// How often a user may do what takes a round through the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FlowLimits {
    /// Authorizations begun by one user.
    pub begin: FlowLimit,
    /// Callbacks that one user brings.
    pub callback: FlowLimit,
    /// Users that are remembered at once, 10,000; one more makes whoever was away longest forgotten.
    pub most_users: usize,
}

impl Default for FlowLimits {
    fn default() -> Self {
        Self { begin: FlowLimit::default(), callback: FlowLimit::default(), most_users: 10_000 }
    }
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Endpoint {
    Begin,
    Callback,
}

/// Who is counted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Counted {
    /// A user, wherever they authorize.
    Principal(SpaceId, PrincipalId),
    /// Whoever authorizes a shared connection, where the service does not say who that is.
    Connection(SpaceId, ConnectionId),
}

impl Counted {
    pub(crate) fn new(
        user: Option<(&SpaceId, &PrincipalId)>,
        space: &SpaceId,
        connection: &ConnectionId,
        owner: &GrantOwner,
    ) -> Self {
        match (user, owner) {
            (Some((space, principal)), _) => Self::Principal(space.clone(), principal.clone()),
            (None, GrantOwner::Principal(principal)) => Self::Principal(space.clone(), principal.clone()),
            (None, GrantOwner::Shared) => Self::Connection(space.clone(), connection.clone()),
        }
    }
}

/// There were too many; one more is possible after this time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooMany(pub(crate) Duration);

/// Counts in memory: a restart, or another replica, begins anew.
#[derive(Debug)]
pub(crate) struct FlowLimiter {
    limits: FlowLimits,
    seen: Mutex<HashMap<(Endpoint, Counted), VecDeque<Timestamp>>>,
}

impl FlowLimiter {
    pub(crate) fn new(limits: FlowLimits) -> Self {
        Self { limits, seen: Mutex::default() }
    }

    /// Counts one more, unless there were too many: what is refused is not counted, so that a user who waits gets through.
    pub(crate) fn count(&self, endpoint: Endpoint, who: Counted, now: Timestamp) -> Result<(), TooMany> {
        let mut seen = self.seen.lock();
        let key = (endpoint, who);
        if !seen.contains_key(&key) {
            self.make_room(&mut seen, now);
        }
        let times = seen.entry(key).or_default();
        self.check(endpoint, times, now)?;
        times.push_back(now);
        Ok(())
    }

    /// Whether one more would be counted.
    pub(crate) fn peek(&self, endpoint: Endpoint, who: &Counted, now: Timestamp) -> Result<(), TooMany> {
        let mut seen = self.seen.lock();
        seen.get_mut(&(endpoint, who.clone())).map_or(Ok(()), |times| self.check(endpoint, times, now))
    }

    fn check(&self, endpoint: Endpoint, times: &mut VecDeque<Timestamp>, now: Timestamp) -> Result<(), TooMany> {
        let FlowLimit { count, window } = self.limit(endpoint);
        while times.front().is_some_and(|first| first.plus(window) <= now) {
            times.pop_front();
        }
        if times.len() < usize::try_from(count).unwrap_or(usize::MAX) {
            return Ok(());
        }
        // A clock that was set back must not shut anybody out for longer than the window.
        Err(TooMany(times.front().map_or(window, |first| first.plus(window).since(now).min(window))))
    }

    fn make_room(&self, seen: &mut HashMap<(Endpoint, Counted), VecDeque<Timestamp>>, now: Timestamp) {
        if seen.len() < self.limits.most_users.max(1) {
            return;
        }
        seen.retain(|(endpoint, _), times| {
            times.back().is_some_and(|last| last.plus(self.limit(*endpoint).window) > now)
        });
        if seen.len() >= self.limits.most_users.max(1) {
            let longest_away = seen.iter().min_by_key(|(_, times)| times.back().copied()).map(|(key, _)| key.clone());
            longest_away.map(|key| seen.remove(&key));
        }
    }

    fn limit(&self, endpoint: Endpoint) -> FlowLimit {
        match endpoint {
            Endpoint::Begin => self.limits.begin,
            Endpoint::Callback => self.limits.callback,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ada(number: u32) -> Counted {
        let principal = PrincipalId::parse(format!("ada-{number}")).expect("an id");
        Counted::Principal(SpaceId::default(), principal)
    }

    fn limiter(count: u32, most_users: usize) -> FlowLimiter {
        let limit = FlowLimit { count, window: Duration::from_mins(1) };
        FlowLimiter::new(FlowLimits { begin: limit, callback: limit, most_users })
    }

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_secs(1_000 + seconds)
    }

    #[test]
    fn the_window_slides_and_says_when_there_is_room_again() {
        let limiter = limiter(2, 10);
        let count = |seconds| limiter.count(Endpoint::Begin, ada(1), at(seconds));
        assert_eq!([count(0), count(30), count(40)], [Ok(()), Ok(()), Err(TooMany(Duration::from_secs(20)))]);
        assert_eq!(limiter.peek(Endpoint::Begin, &ada(1), at(59)), Err(TooMany(Duration::from_secs(1))));
        assert_eq!(limiter.peek(Endpoint::Begin, &ada(1), at(60)), Ok(()));
        // What was refused at 40 did not count, what was done at 30 does.
        assert_eq!([count(60), count(61), count(90)], [Ok(()), Err(TooMany(Duration::from_secs(29))), Ok(())]);
    }

    #[test]
    fn each_user_and_each_endpoint_is_counted_apart() {
        let limiter = limiter(1, 10);
        for who in [ada(1), ada(2)] {
            for endpoint in [Endpoint::Begin, Endpoint::Callback] {
                assert_eq!(limiter.count(endpoint, who.clone(), at(0)), Ok(()));
                limiter.count(endpoint, who.clone(), at(0)).expect_err("the second one");
            }
        }
    }

    #[test]
    fn no_more_users_are_remembered_than_allowed_and_the_one_who_was_away_longest_goes() {
        let limiter = limiter(1, 100);
        for number in 0..1_000 {
            assert_eq!(limiter.count(Endpoint::Begin, ada(number), at(u64::from(number) / 50)), Ok(()));
        }
        assert_eq!(limiter.seen.lock().len(), 100);
        limiter.count(Endpoint::Begin, ada(999), at(20)).expect_err("the newest is remembered");
        // Once the windows have passed nobody is.
        assert_eq!(limiter.count(Endpoint::Begin, ada(5_000), at(600)), Ok(()));
        assert_eq!(limiter.seen.lock().len(), 1);
    }

    #[test]
    fn a_clock_that_was_set_back_shuts_nobody_out_for_longer_than_the_window() {
        let limiter = limiter(1, 10);
        limiter.count(Endpoint::Begin, ada(1), at(10_000)).expect("the first one");
        let refused = limiter.count(Endpoint::Begin, ada(1), at(0)).expect_err("the second one");
        assert!(refused.0 <= Duration::from_mins(1), "{refused:?}");
    }
}

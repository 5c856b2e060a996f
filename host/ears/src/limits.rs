//! Rate limits of callers, for each provider.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota as Rate, RateLimiter, clock};
use innkeeper_ambient::Clock;
use innkeeper_ambient::lock::Mutex;

/// After this number of requests, expired counts are removed.
const TIDY_AFTER: u32 = 1024;

/// At most `count` requests at once, and as many again in the course of `window`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// The number of requests.
    pub count: NonZeroU32,
    /// The time in which they become available again.
    pub window: Duration,
}

/// The rate limits of one client address at one provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EarsLimits {
    /// Consents: authorize and callback, by users' browsers. 120 a minute.
    pub consents: Quota,
    /// Token, refresh and revoke, by hosts, each of which may have many users. 3,000 a minute.
    pub tokens: Quota,
    /// Addresses that are counted separately at once; each costs about 100 bytes. If there are more, all count as
    /// one. 100,000.
    pub most_callers: usize,
}

impl Default for EarsLimits {
    fn default() -> Self {
        let a_minute = |count| Quota { count, window: Duration::from_mins(1) };
        Self {
            consents: a_minute(const { NonZeroU32::new(120).expect("not zero") }),
            tokens: a_minute(const { NonZeroU32::new(3000).expect("not zero") }),
            most_callers: 100_000,
        }
    }
}

/// What is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Consent,
    Tokens,
}

/// Counts in memory: each replica for itself.
pub(crate) struct Limiter {
    consents: Keyed,
    tokens: Keyed,
    most: usize,
    clock: ForwardClock,
    asked: AtomicU32,
}

type Key = (usize, IpAddr);
type Keyed = RateLimiter<Key, HashMapStateStore<Key>, ForwardClock, NoOpMiddleware<Duration>>;

impl Limiter {
    pub(crate) fn new(limits: &EarsLimits, clock: &Arc<dyn Clock>) -> Self {
        let clock = ForwardClock { clock: clock.clone(), state: Arc::default() };
        let keyed = |quota: Quota| {
            // A window shorter than its count has no period; then only the count limits.
            let period = (quota.window / quota.count.get()).max(Duration::from_nanos(1));
            let rate = Rate::with_period(period).expect("not zero").allow_burst(quota.count);
            RateLimiter::new(rate, HashMapStateStore::default(), clock.clone())
        };
        Self {
            consents: keyed(limits.consents),
            tokens: keyed(limits.tokens),
            most: limits.most_callers,
            clock,
            asked: AtomicU32::new(0),
        }
    }

    /// Counts one more request, or returns how long to wait until another is accepted. `provider` is its position in
    /// the list.
    pub(crate) fn count(&self, kind: Kind, provider: usize, address: IpAddr) -> Result<(), Duration> {
        let keyed = match kind {
            Kind::Consent => &self.consents,
            Kind::Tokens => &self.tokens,
        };
        if self.asked.fetch_add(1, Ordering::Relaxed).is_multiple_of(TIDY_AFTER) {
            self.consents.retain_recent();
            self.tokens.retain_recent();
        }
        let address = if keyed.len() < self.most { address } else { Ipv4Addr::UNSPECIFIED.into() };
        let now = clock::Clock::now(&self.clock);
        keyed.check_key(&(provider, address)).map_err(|until| until.wait_time_from(now))
    }
}

impl fmt::Debug for Limiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limiter").field("most", &self.most).finish_non_exhaustive()
    }
}

/// The host's clock, which may be set back: it then continues from where it was, so that no caller is locked out for
/// that long.
#[derive(Clone)]
struct ForwardClock {
    clock: Arc<dyn Clock>,
    state: Arc<Mutex<Forward>>,
}

#[derive(Default)]
struct Forward {
    /// The last time of the host's clock, in milliseconds since 1970.
    seen: u64,
    /// How far it was set back so far.
    ahead: u64,
}

impl clock::Clock for ForwardClock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        let now = self.clock.now().as_millis();
        let mut state = self.state.lock();
        state.ahead = state.ahead.saturating_add(state.seen.saturating_sub(now));
        state.seen = now;
        Duration::from_millis(now.saturating_add(state.ahead))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use innkeeper_ambient::{ManualClock, Timestamp};

    fn limits(count: u32, most_callers: usize) -> EarsLimits {
        let quota = Quota { count: NonZeroU32::new(count).expect("not zero"), window: Duration::from_mins(1) };
        EarsLimits { consents: quota, tokens: quota, most_callers }
    }

    fn clock() -> (Arc<ManualClock>, Arc<dyn Clock>) {
        let clock = Arc::new(ManualClock::new(Timestamp::from_secs(1_700_000_000)));
        (clock.clone(), clock)
    }

    fn ip(last: u8) -> IpAddr {
        Ipv4Addr::new(192, 0, 2, last).into()
    }

    #[test]
    fn each_address_and_provider_has_its_own_count_and_gets_through_again() {
        let (clock, shared) = clock();
        let limiter = Limiter::new(&limits(3, 100), &shared);
        for _ in 0..3 {
            assert!(limiter.count(Kind::Tokens, 0, ip(1)).is_ok());
        }
        let wait = limiter.count(Kind::Tokens, 0, ip(1)).expect_err("the fourth");
        assert!(wait <= Duration::from_secs(20) && wait > Duration::ZERO, "{wait:?}");
        assert!(limiter.count(Kind::Tokens, 0, ip(2)).is_ok(), "another address");
        assert!(limiter.count(Kind::Tokens, 1, ip(1)).is_ok(), "another provider");
        assert!(limiter.count(Kind::Consent, 0, ip(1)).is_ok(), "something else");
        clock.advance(Duration::from_secs(20));
        assert!(limiter.count(Kind::Tokens, 0, ip(1)).is_ok());
        assert!(limiter.count(Kind::Tokens, 0, ip(1)).is_err());
    }

    #[derive(Debug)]
    struct SetBack(AtomicU32);

    #[async_trait::async_trait]
    impl Clock for SetBack {
        fn now(&self) -> Timestamp {
            Timestamp::from_secs(self.0.load(Ordering::Relaxed).into())
        }

        async fn sleep(&self, _: Duration) {}
    }

    #[test]
    fn a_clock_that_is_set_back_shuts_nobody_out() {
        let set = Arc::new(SetBack(AtomicU32::new(1_700_000_000)));
        let clock: Arc<dyn Clock> = set.clone();
        let limiter = Limiter::new(&limits(2, 100), &clock);
        assert!(limiter.count(Kind::Tokens, 0, ip(1)).is_ok());
        set.0.store(1_700_000_000 - 3600, Ordering::Relaxed);
        assert!(limiter.count(Kind::Tokens, 0, ip(1)).is_ok());
        assert!(limiter.count(Kind::Tokens, 0, ip(1)).is_err());
        set.0.store(1_700_000_000 - 3570, Ordering::Relaxed);
        assert!(limiter.count(Kind::Tokens, 0, ip(1)).is_ok());
    }

    #[test]
    fn a_flood_of_addresses_neither_fills_the_memory_nor_gets_through() {
        let (clock, shared) = clock();
        let limiter = Limiter::new(&limits(2, 50), &shared);
        let taken = (0..250).filter(|last| limiter.count(Kind::Tokens, 0, ip(*last)).is_ok()).count();
        assert!(taken <= 53, "{taken}");
        assert!(limiter.tokens.len() <= 51, "{}", limiter.tokens.len());
        clock.advance(Duration::from_hours(1));
        for _ in 0..=TIDY_AFTER {
            let _ = limiter.count(Kind::Consent, 0, ip(1));
        }
        assert_eq!(limiter.tokens.len(), 0, "who was away is forgotten");
    }
}

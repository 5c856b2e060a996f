//! Limits how often answers may contain a secret of the connection. A guest that sends guesses to a service which repeats them
//! sees from `[redacted]` which one was right; this limits how fast it can continue.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use innkeeper_ambient::lock::Mutex;
use innkeeper_ambient::{Clock, Timestamp};

use crate::EgressError;

/// The window in which calls are counted.
const WINDOW: Duration = Duration::from_mins(1);

/// Limits for answers that contain a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EchoLimits {
    /// The maximum number of such answers in one call.
    pub of_a_call: u32,
    /// The maximum number of a connection's calls with such answers within a minute.
    pub calls_a_minute: usize,
}

impl Default for EchoLimits {
    fn default() -> Self {
        Self { of_a_call: 20, calls_a_minute: 6_000 }
    }
}

/// The calls of one connection whose answers contained a secret.
#[derive(Debug, Default)]
pub struct Echoes {
    calls: Mutex<VecDeque<Timestamp>>,
}

impl Echoes {
    /// Creates the counter of one call.
    pub fn of_a_call(self: &Arc<Self>, limits: EchoLimits, clock: Arc<dyn Clock>) -> CallEchoes {
        CallEchoes { connection: Arc::clone(self), answers: Arc::default(), limits, clock }
    }

    fn count_call(&self, limit: usize, now: Timestamp) -> bool {
        let mut calls = self.calls.lock();
        // A call in the future means that the clock was set back.
        calls.retain(|at| *at <= now && now.since(*at) < WINDOW);
        let has_room = calls.len() < limit;
        if has_room {
            calls.push_back(now);
        }
        has_room
    }
}

/// The answers of one call that contained a secret.
#[derive(Clone, Debug)]
pub struct CallEchoes {
    connection: Arc<Echoes>,
    answers: Arc<AtomicU32>,
    limits: EchoLimits,
    clock: Arc<dyn Clock>,
}

impl CallEchoes {
    /// Counts one more; an error if it exceeds the limit.
    pub(crate) fn count(&self) -> Result<(), EgressError> {
        let before = self.answers.fetch_add(1, Ordering::Relaxed);
        if before >= self.limits.of_a_call {
            return Err(too_many(&format!("more than {} responses to one call", self.limits.of_a_call)));
        }
        if before == 0 && !self.connection.count_call(self.limits.calls_a_minute, self.clock.now()) {
            return Err(too_many(&format!("more than {} calls within a minute", self.limits.calls_a_minute)));
        }
        Ok(())
    }
}

fn too_many(what: &str) -> EgressError {
    tracing::warn!(what, "responses repeat the credential too often");
    EgressError::TooManyEchoes(what.to_owned())
}

#[cfg(test)]
mod tests {
    use innkeeper_ambient::ManualClock;

    use super::*;

    #[test]
    fn a_call_may_have_few_such_answers_and_a_connection_few_such_calls_a_minute() {
        let clock = Arc::new(ManualClock::new(Timestamp::from_secs(1_000)));
        let (echoes, limits) = (Arc::new(Echoes::default()), EchoLimits { of_a_call: 2, calls_a_minute: 2 });
        let call = || echoes.of_a_call(limits, clock.clone());
        let first = call();
        assert_eq!((first.count(), first.count()), (Ok(()), Ok(())));
        assert!(matches!(first.count(), Err(EgressError::TooManyEchoes(_))));
        assert_eq!(call().count(), Ok(()));
        assert!(matches!(call().count(), Err(EgressError::TooManyEchoes(_))));
        clock.advance(WINDOW);
        assert_eq!(call().count(), Ok(()));
    }
}

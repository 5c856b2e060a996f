//! The switch that makes the API answer 429.

use std::time::Duration;

/// How many of the next requests to the API are answered 429.
#[derive(Default)]
pub(crate) struct Throttle {
    left: u64,
    retry_after: Duration,
}

impl Throttle {
    /// Makes the next `requests` requests fail, to be tried again after `retry_after`.
    pub(crate) fn set(&mut self, requests: u64, retry_after: Duration) {
        *self = Self { left: requests, retry_after };
    }

    /// Whether this request is refused, and after how many seconds to try again.
    pub(crate) fn refuse(&mut self) -> Option<u64> {
        self.left = self.left.checked_sub(1)?;
        Some(self.retry_after.as_secs())
    }
}

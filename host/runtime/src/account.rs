//! What the host holds for one call's guest: its bytes, and the overhead of holding them. Every import that takes
//! bytes and everything that the guest returns is charged here, so that one call can leave only a limited amount with
//! the host at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use innkeeper_egress::EgressError;

use crate::ended::Ended;

/// What one body or handle costs the host in addition to its bytes, so that empty ones are bounded, too.
pub(crate) const OVERHEAD: usize = 256;

/// The room that one call has left.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    left: Arc<AtomicUsize>,
    limit: usize,
}

/// Room that is taken; released when this is dropped.
#[derive(Debug)]
pub(crate) struct Charge {
    left: Arc<AtomicUsize>,
    size: usize,
}

/// There is no room left for what the guest wants the host to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full {
    limit: usize,
}

impl Account {
    pub(crate) fn new(limit: usize) -> Self {
        Self { left: Arc::new(AtomicUsize::new(limit)), limit }
    }

    pub(crate) const fn limit(&self) -> u64 {
        self.limit as u64
    }

    /// The room that is left.
    pub(crate) fn left(&self) -> usize {
        self.left.load(Ordering::Relaxed)
    }

    /// Takes room, if there is enough: `size` bytes and the overhead of holding them.
    pub(crate) fn charge(&self, size: usize) -> Result<Charge, Full> {
        let size = size.saturating_add(OVERHEAD);
        self.left
            .try_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(size))
            .map_err(|_| self.full())?;
        Ok(Charge { left: Arc::clone(&self.left), size })
    }

    /// The error for a guest for which there is no room.
    pub(crate) const fn full(&self) -> Full {
        Full { limit: self.limit }
    }

    /// Takes the room of these bytes for as long as anything holds them, such as a request under way or the caller.
    pub(crate) fn bytes(&self, bytes: Vec<u8>) -> Result<Bytes, Full> {
        let charge = self.charge(bytes.capacity())?;
        Ok(Bytes::from_owner(Charged { bytes, _charge: charge }))
    }
}

impl Charge {
    /// Keeps the room taken until the call ends.
    pub(crate) fn until_the_end(mut self) {
        self.size = 0;
    }
}

impl Full {
    /// The reason why the host stops a guest whose data does not fit.
    pub(crate) fn ended(self, what: &'static str) -> Ended {
        Ended::HeldTooMuch { what, limit: self.limit }
    }
}

impl From<Full> for EgressError {
    fn from(full: Full) -> Self {
        Self::TooLarge { limit: full.limit as u64 }
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.left.fetch_add(self.size, Ordering::Relaxed);
    }
}

struct Charged {
    bytes: Vec<u8>,
    _charge: Charge,
}

impl AsRef<[u8]> for Charged {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_bodies_are_bounded_too() {
        let account = Account::new(10 * OVERHEAD);
        let bodies: Vec<_> = std::iter::from_fn(|| account.bytes(Vec::new()).ok()).collect();
        assert_eq!(bodies.len(), 10);
    }

    #[test]
    fn room_comes_back_with_the_last_that_holds_the_bytes() {
        let account = Account::new(10 + 2 * OVERHEAD);
        let first = account.bytes(vec![1; 6]).expect("there is room");
        let slice = first.slice(2..3);
        drop(first);
        assert_eq!(account.bytes(vec![1; 5]).expect_err("full"), Full { limit: 10 + 2 * OVERHEAD });
        assert!(account.bytes(vec![1; 4]).is_ok());
        drop(slice);
        assert!(account.bytes(vec![1; 10]).is_ok());
    }

    #[test]
    fn room_that_nobody_has_is_refused_without_a_trace() {
        let account = Account::new(1000);
        assert!(account.charge(usize::MAX).is_err());
        assert_eq!(account.left(), 1000);
    }
}

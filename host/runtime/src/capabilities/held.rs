//! Bytes of the guest that the host holds for it: a call may leave only so many there at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use innkeeper_egress::EgressError;

/// What one body or handle costs the host beside its bytes, so that empty ones are bounded, too.
const OVERHEAD: usize = 256;

/// What is left of one call's room.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    left: Arc<AtomicUsize>,
    limit: usize,
}

/// Room that is taken; given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Charge {
    left: Arc<AtomicUsize>,
    size: usize,
}

impl Held {
    pub(crate) fn new(limit: usize) -> Self {
        Self { left: Arc::new(AtomicUsize::new(limit)), limit }
    }

    pub(crate) const fn limit(&self) -> u64 {
        self.limit as u64
    }

    /// Takes room, which must be there: `size` bytes and what it takes to hold them.
    pub(crate) fn charge(&self, size: usize) -> Result<Charge, EgressError> {
        let size = size.saturating_add(OVERHEAD);
        self.left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(size))
            .map_err(|_| EgressError::TooLarge { limit: self.limit() })?;
        Ok(Charge { left: Arc::clone(&self.left), size })
    }

    /// Takes the room of these bytes for as long as anything holds them, be it a request on its way.
    pub(crate) fn bytes(&self, bytes: Vec<u8>) -> Result<Bytes, EgressError> {
        let charge = self.charge(bytes.len())?;
        Ok(Bytes::from_owner(Charged { bytes, _charge: charge }))
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
        let held = Held::new(10 * OVERHEAD);
        let bodies: Vec<_> = std::iter::from_fn(|| held.bytes(Vec::new()).ok()).collect();
        assert_eq!(bodies.len(), 10);
    }

    #[test]
    fn room_comes_back_with_the_last_that_holds_the_bytes() {
        let held = Held::new(10 + 2 * OVERHEAD);
        let first = held.bytes(vec![1; 6]).expect("there is room");
        let slice = first.slice(2..3);
        drop(first);
        assert_eq!(held.bytes(vec![1; 5]).expect_err("full"), EgressError::TooLarge { limit: held.limit() });
        assert!(held.bytes(vec![1; 4]).is_ok());
        drop(slice);
        assert!(held.bytes(vec![1; 10]).is_ok());
    }
}

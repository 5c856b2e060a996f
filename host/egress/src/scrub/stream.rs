//! Scrubbing of bytes that arrive in pieces.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use super::{Found, REDACTED, Scrubber};

/// Scrubs pieces as they arrive. What comes out does not depend on where the pieces were cut; only what may be the
/// beginning of a secret waits for the next piece.
pub(crate) struct ScrubStream {
    scrubber: Arc<Scrubber>,
    held: Bytes,
    /// So many of the held bytes belong to a secret whose `[redacted]` is already out.
    covered: usize,
}

impl ScrubStream {
    pub(crate) const fn new(scrubber: Arc<Scrubber>) -> Self {
        Self { scrubber, held: Bytes::new(), covered: 0 }
    }

    /// What can be handed out now that `piece` has arrived; may be empty.
    pub(crate) fn push(&mut self, piece: Bytes) -> Bytes {
        self.advance(piece, false)
    }

    /// What is left at the end.
    pub(crate) fn finish(&mut self) -> Bytes {
        if self.held.is_empty() {
            return Bytes::new();
        }
        self.advance(Bytes::new(), true)
    }

    fn advance(&mut self, piece: Bytes, last: bool) -> Bytes {
        let mut bytes = if self.held.is_empty() {
            piece
        } else {
            let mut joined = BytesMut::with_capacity(self.held.len() + piece.len());
            joined.extend_from_slice(&self.held);
            joined.extend_from_slice(&piece);
            joined.freeze()
        };
        let found = self.scrubber.scan(&bytes, last);
        if found.ranges.is_empty() && self.covered == 0 {
            self.held = bytes.split_off(found.hold);
            return bytes;
        }
        let mut clean = Vec::with_capacity(bytes.len());
        self.covered = redact(&bytes, &found, self.covered, &mut clean);
        self.held = bytes.split_off(found.hold);
        clean.into()
    }
}

/// Writes `bytes` up to where they are held, with `[redacted]` for each secret; secrets that overlap give one. The first
/// `covered` bytes are part of one that was written before. Gives how many of the bytes that are held belong to a secret
/// that has been written.
pub(super) fn redact(bytes: &[u8], found: &Found, covered: usize, clean: &mut Vec<u8>) -> usize {
    let mut at = covered.min(found.hold);
    let mut secret_end = covered;
    for range in &found.ranges {
        if range.start < secret_end {
            // Overlaps the one before: it only makes that longer.
            secret_end = secret_end.max(range.end);
        } else if range.start < found.hold {
            clean.extend_from_slice(&bytes[at..range.start]);
            clean.extend_from_slice(REDACTED.as_bytes());
            secret_end = range.end;
        } else {
            break;
        }
        at = secret_end.min(found.hold);
    }
    clean.extend_from_slice(&bytes[at..found.hold]);
    secret_end.saturating_sub(found.hold)
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use innkeeper_ambient::{Random, SeededRandom};

    /// What comes out when `text` arrives cut at these places.
    fn streamed(scrubber: &Arc<Scrubber>, text: &[u8], cuts: impl Iterator<Item = usize>) -> Vec<u8> {
        let mut stream = ScrubStream::new(Arc::clone(scrubber));
        let (mut clean, mut from) = (Vec::new(), 0);
        for cut in cuts.chain([text.len()]) {
            clean.extend_from_slice(&stream.push(Bytes::copy_from_slice(&text[from..cut])));
            from = cut;
        }
        clean.extend_from_slice(&stream.finish());
        clean
    }

    #[test]
    fn what_comes_out_does_not_depend_on_where_the_pieces_were_cut() {
        // Few letters make secrets overlap each other, themselves and every escape.
        let letters =
            [r"a", r"b", r"/", r"\", r"\/", r"\u0061", r"\u002F", "%61", "%2f", "%5C", "%", "u", "0", "ab/a", "aaaa"];
        let secrets = [r"ab/a", r"aaaa", r"b\ab", r"a%61", r"/b/b\\"];
        let scrubber = Arc::new(Scrubber::new(secrets).expect("long enough"));
        let random = SeededRandom::new(11);
        let draw = |below: usize| {
            let mut byte = [0; 2];
            random.fill(&mut byte);
            usize::from(u16::from_le_bytes(byte)) % below
        };
        for _ in 0..3000 {
            let text: String = (0..draw(24)).map(|_| letters[draw(letters.len())]).collect();
            let text = text.as_bytes();
            let whole = scrubber.scrub(text).into_owned();
            for cut in 0..=text.len() {
                assert_eq!(
                    streamed(&scrubber, text, [cut].into_iter()),
                    whole,
                    "{:?} at {cut}",
                    String::from_utf8_lossy(text)
                );
            }
            assert_eq!(streamed(&scrubber, text, 0..text.len()), whole, "{:?}", String::from_utf8_lossy(text));
        }
    }

    #[test]
    fn a_secret_that_repeats_itself_for_ever_does_not_fill_the_memory() {
        let mut stream = ScrubStream::new(Arc::new(Scrubber::new(["aaaa"]).expect("long enough")));
        let clean: usize = (0..1000).map(|_| stream.push(Bytes::from_static(b"aaaaaaaaaa")).len()).sum();
        assert!(stream.held.len() < 10, "{}", stream.held.len());
        assert_eq!(clean, REDACTED.len());
    }

    #[test]
    fn only_what_may_begin_a_secret_is_held_back() {
        let mut stream = ScrubStream::new(Arc::new(Scrubber::new(["token-one"]).expect("long enough")));
        assert_eq!(stream.push(Bytes::from_static(b"a text tok")), "a text ");
        assert_eq!(stream.push(Bytes::from_static(b"yo")), "tokyo");
        assert_eq!(stream.push(Bytes::from_static(b"%")), "");
        assert_eq!(stream.finish(), "%");
    }
}

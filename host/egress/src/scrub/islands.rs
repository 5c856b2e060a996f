//! Where a body can hold a secret in an escaped form. Most escapes of a text stand in names and sentences, between characters that
//! occur in no form of the secret: what they stand for need not be looked at.

use std::ops::Range;

use memchr::memchr3_iter;

use super::decode::{self, Alphabet, MOST_BLANKS};

/// The stretches around escapes that only characters of the alphabet and of escapes make up, in order: those of at least
/// `shortest` bytes, and, unless this is the `last` of the bytes, the one that may go on behind them.
pub(super) fn find(bytes: &[u8], alphabet: &Alphabet, shortest: usize, last: bool) -> Vec<Range<usize>> {
    let mut islands = Vec::new();
    for marks in [memchr3_iter(b'%', b'\\', b'&', bytes), memchr3_iter(b'=', b'\n', 0, bytes)] {
        let mut looked = 0;
        for at in marks {
            if at < looked || !decode::is_relevant_at(bytes, at, alphabet) {
                continue;
            }
            let island = start(bytes, at, alphabet)..end(bytes, at, alphabet);
            looked = island.end;
            if island.len() >= shortest || (!last && island.end == bytes.len()) {
                islands.push(island);
            }
        }
    }
    if !last && let Some(at) = decode::unfinished(bytes) {
        islands.push(start(bytes, at, alphabet)..bytes.len());
    }
    islands.sort_unstable_by_key(|island| (island.start, island.end));
    islands.dedup_by(|later, first| {
        let meets = later.start < first.end;
        first.end = first.end.max(if meets { later.end } else { 0 });
        meets
    });
    islands
}

fn start(bytes: &[u8], mut at: usize, alphabet: &Alphabet) -> usize {
    while let Some(&byte) = bytes[..at].last() {
        if alphabet.has(byte) {
            at -= 1;
        } else if is_blank(byte) {
            let blanks = bytes[..at].iter().rev().take(MOST_BLANKS).take_while(|byte| is_blank(**byte)).count();
            if !ends_a_line(&bytes[..at - blanks]) {
                break;
            }
            at -= blanks;
        } else {
            break;
        }
    }
    at
}

fn end(bytes: &[u8], mut at: usize, alphabet: &Alphabet) -> usize {
    while let Some(&byte) = bytes.get(at) {
        if alphabet.has(byte) {
            at += 1;
        } else if is_blank(byte) && ends_a_line(&bytes[..at]) {
            at += bytes[at..].iter().take(MOST_BLANKS).take_while(|byte| is_blank(**byte)).count();
        } else {
            break;
        }
    }
    at
}

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// Whether a line break ends here, or what may be the escape of one: `\n`, `%0A`, `&#10;`, `\u{a}`.
fn ends_a_line(bytes: &[u8]) -> bool {
    match bytes {
        [.., b'\n' | b';' | b'}'] => true,
        [.., before, b'n'] => *before == b'\\',
        [.., before, b'a' | b'A'] => *before == b'0',
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found<'a>(text: &'a str, shortest: usize, last: bool) -> Vec<&'a str> {
        let alphabet = Alphabet::of([b"abc123".as_slice()].into_iter());
        find(text.as_bytes(), &alphabet, shortest, last).into_iter().map(|island| &text[island]).collect()
    }

    #[test]
    fn an_island_is_what_escapes_join() {
        assert_eq!(
            found(r#"{"a":"some \"text\" of https:\/\/a.example\/abc%2Fdef"}"#, 8, true),
            [r"example\/abc%2Fdef"]
        );
        assert_eq!(found("one two\nthree four", 8, true), ["two\nthree"]);
        assert_eq!(found("one abc\n    def\\n  ghi four", 8, true), ["abc\n    def\\n  ghi"]);
        assert_eq!(found("nothing here, 100% of it & more\n", 8, true), [""; 0]);
    }

    #[test]
    fn short_ones_are_left_out_unless_they_may_go_on() {
        assert_eq!(found("a%41b c", 8, true), [""; 0]);
        assert_eq!(found("a%41b", 8, true), [""; 0]);
        assert_eq!(found("a%41b", 8, false), ["a%41b"]);
        assert_eq!(found("x a%4", 8, false), ["a%4"]);
    }
}

//! The places where a body can contain a secret at all: runs of the characters that secrets and escapes are written in. Most
//! text consists of shorter runs, between spaces, quotes and commas. The runs reveal nothing about a secret but its length.

use std::ops::Range;

use super::decode::{Alphabet, MOST_BLANKS};

/// The first run of at least `shortest` bytes that begins at or after `from`.
pub(super) fn next(bytes: &[u8], from: usize, alphabet: &Alphabet, shortest: usize) -> Option<Range<usize>> {
    let shortest = shortest.max(1);
    let mut at = from;
    // A run of that length contains one byte at each multiple of it.
    while let Some(probe) = at.checked_add(shortest - 1).filter(|probe| *probe < bytes.len()) {
        if !belongs(bytes, probe, alphabet) {
            at = probe + 1;
            continue;
        }
        let (start, end) = (begin(bytes, at..probe, alphabet), end(bytes, probe + 1, alphabet));
        if end - start >= shortest {
            return Some(start..end);
        }
        at = end;
    }
    None
}

/// Where the run begins that ends with `range`, at its start at the earliest.
fn begin(bytes: &[u8], range: Range<usize>, alphabet: &Alphabet) -> usize {
    let mut start = range.end;
    loop {
        start -= bytes[range.start..start].iter().rev().take_while(|byte| alphabet.has(**byte)).count();
        if start == range.start || !belongs(bytes, start - 1, alphabet) {
            return start;
        }
        start -= 1;
    }
}

/// Where the run ends that `from` continues.
fn end(bytes: &[u8], from: usize, alphabet: &Alphabet) -> usize {
    let mut end = from;
    loop {
        end += bytes[end..].iter().take_while(|byte| alphabet.has(**byte)).count();
        if end == bytes.len() || !belongs(bytes, end, alphabet) {
            return end;
        }
        end += 1;
    }
}

/// Whether the byte can be within a run: one of the alphabet, or a blank at the beginning of a line.
#[inline]
fn belongs(bytes: &[u8], at: usize, alphabet: &Alphabet) -> bool {
    alphabet.has(bytes[at]) || (is_blank(bytes[at]) && begins_a_line(&bytes[..at]))
}

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// Whether only a few blanks are between here and a line break, or a possible escape of one: `\n`, `%0A`, `&#10;`, `\u{a}`.
#[inline(never)]
fn begins_a_line(before: &[u8]) -> bool {
    let blanks = before.iter().rev().take(MOST_BLANKS).take_while(|byte| is_blank(**byte)).count();
    match &before[..before.len() - blanks] {
        [.., b'\n' | b';' | b'}'] => true,
        [.., before, b'n'] => *before == b'\\',
        [.., before, b'a' | b'A'] => *before == b'0',
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, shortest: usize) -> Vec<&str> {
        let alphabet = Alphabet::of([b"abc123".as_slice()].into_iter());
        let (mut found, mut at) = (Vec::new(), 0);
        while let Some(run) = next(text.as_bytes(), at, &alphabet, shortest) {
            at = run.end;
            found.push(&text[run]);
        }
        found
    }

    #[test]
    fn a_run_is_what_a_secret_and_its_escapes_are_written_in() {
        let json = r#"{"a":"some \"text\" of https:\/\/example\/abc%2Fdef"}"#;
        assert_eq!(found(json, 8), [r"\/\/example\/abc%2Fdef"]);
        assert_eq!(found("one two\nthree four", 8), ["two\nthree"]);
        assert_eq!(found("one abc\n    def\\n  ghi four", 8), ["abc\n    def\\n  ghi"]);
        assert_eq!(found("nothing here, 100% of it & more\n", 8), [""; 0]);
    }

    #[test]
    fn every_run_that_is_long_enough_is_found_wherever_it_stands() {
        for before in 0..20 {
            for length in 1..20 {
                let text = format!("{}{} end", "( ".repeat(before), "a".repeat(length));
                let wanted = if length >= 8 { vec!["a".repeat(length)] } else { Vec::new() };
                assert_eq!(found(&text, 8), wanted, "{text}");
            }
        }
    }
}

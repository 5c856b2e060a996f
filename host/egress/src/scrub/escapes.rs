//! Escapes in text that may echo a secret: `%2F` (RFC 3986 section 2.1) and those of JSON strings (RFC 8259 section 7).

use std::ops::Range;

/// A kind of escape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Escape {
    /// `%2F` and `%2f`.
    Percent,
    /// `\/`, `\n`, `\u002f`, `\ud83d\ude00`.
    Json,
}

/// The escapes of one kind in some bytes.
pub(super) struct Escapes {
    found: Vec<One>,
    /// Where an escape begins that the bytes do not finish; otherwise their length.
    end: usize,
    length: usize,
}

struct One {
    start: usize,
    length: usize,
    text: [u8; 4],
    text_length: usize,
}

impl One {
    fn text(&self) -> &[u8] {
        &self.text[..self.text_length]
    }
}

/// What one place turned out to be.
enum Read {
    Escape { length: usize, text: [u8; 4], text_length: usize },
    NoEscape,
    Unfinished,
}

impl Escapes {
    /// Every escape of this kind. With `last`, nothing follows, and what is unfinished is no escape.
    pub(super) fn find(kind: Escape, bytes: &[u8], last: bool) -> Self {
        let (mark, read): (u8, fn(&[u8]) -> Read) = match kind {
            Escape::Percent => (b'%', read_percent),
            Escape::Json => (b'\\', read_json),
        };
        let mut found = Vec::new();
        let mut at = 0;
        while let Some(offset) = position(mark, &bytes[at..]) {
            at += offset;
            match read(&bytes[at..]) {
                Read::Escape { length, text, text_length } => {
                    found.push(One { start: at, length, text, text_length });
                    at += length;
                }
                Read::Unfinished if !last => return Self { found, end: at, length: bytes.len() },
                Read::Unfinished | Read::NoEscape => at += 1,
            }
        }
        Self { found, end: bytes.len(), length: bytes.len() }
    }

    /// Whether the bytes end inside an escape.
    pub(super) const fn is_unfinished(&self) -> bool {
        self.end < self.length
    }

    /// Whether some escape stands for a byte of this alphabet.
    pub(super) fn stand_for(&self, alphabet: &[bool; 256]) -> bool {
        self.found.iter().any(|one| one.text().iter().any(|byte| alphabet[usize::from(*byte)]))
    }

    /// Where the escape begins that `position` lies inside of.
    pub(super) fn start_around(&self, position: usize) -> Option<usize> {
        if position > self.end {
            return Some(self.end);
        }
        let before = self.found.partition_point(|one| one.start < position).checked_sub(1)?;
        let one = &self.found[before];
        (position < one.start + one.length).then_some(one.start)
    }

    /// `bytes`, which these are the escapes of, with each replaced by what it stands for; without an unfinished one.
    pub(super) fn unescape(&self, bytes: &[u8]) -> Unescaped {
        let mut unescaped = Unescaped {
            bytes: Vec::with_capacity(self.end),
            positions: Vec::with_capacity(self.end + 1),
            end: self.end,
        };
        let mut at = 0;
        for one in &self.found {
            unescaped.bytes.extend_from_slice(&bytes[at..one.start]);
            unescaped.positions.extend(at..one.start);
            unescaped.bytes.extend_from_slice(one.text());
            unescaped.positions.extend(std::iter::repeat_n(one.start, one.text_length));
            at = one.start + one.length;
        }
        unescaped.bytes.extend_from_slice(&bytes[at..self.end]);
        unescaped.positions.extend(at..self.end);
        unescaped
    }
}

/// Unescaped bytes that know where they come from.
pub(super) struct Unescaped {
    pub(super) bytes: Vec<u8>,
    /// For each byte where it, or the escape it comes from, begins in the original.
    positions: Vec<usize>,
    end: usize,
}

impl Unescaped {
    /// Where this position is in the original.
    pub(super) fn position(&self, position: usize) -> usize {
        self.positions.get(position).copied().unwrap_or(self.end)
    }

    /// Where this range is in the original, escapes included whole.
    pub(super) fn range(&self, range: &Range<usize>) -> Range<usize> {
        let start = self.position(range.start);
        let last = self.position(range.end - 1);
        let mut next = range.end;
        while self.position(next) == last && next < self.bytes.len() {
            next += 1;
        }
        start..self.position(next)
    }
}

fn position(mark: u8, bytes: &[u8]) -> Option<usize> {
    // Counting has no early exit, so the bytes of a block are compared side by side.
    let mut at = 0;
    for block in bytes.chunks(32) {
        if block.iter().map(|byte| u8::from(*byte == mark)).sum::<u8>() > 0 {
            return block.iter().position(|byte| *byte == mark).map(|offset| at + offset);
        }
        at += block.len();
    }
    None
}

fn read_percent(bytes: &[u8]) -> Read {
    match (bytes.get(1).map(|digit| hex(*digit)), bytes.get(2).map(|digit| hex(*digit))) {
        (Some(Some(high)), Some(Some(low))) => {
            Read::Escape { length: 3, text: [high << 4 | low, 0, 0, 0], text_length: 1 }
        }
        (None | Some(Some(_)), None) => Read::Unfinished,
        _ => Read::NoEscape,
    }
}

fn read_json(bytes: &[u8]) -> Read {
    let byte = match bytes.get(1) {
        None => return Read::Unfinished,
        Some(b'u') => return read_unicode(bytes),
        Some(byte @ (b'"' | b'\\' | b'/')) => *byte,
        Some(b'b') => 8,
        Some(b'f') => 12,
        Some(b'n') => b'\n',
        Some(b'r') => b'\r',
        Some(b't') => b'\t',
        Some(_) => return Read::NoEscape,
    };
    Read::Escape { length: 2, text: [byte, 0, 0, 0], text_length: 1 }
}

fn read_unicode(bytes: &[u8]) -> Read {
    let unit = match code_unit(bytes) {
        Ok(unit) => unit,
        Err(other) => return other,
    };
    let (code, length) = match unit {
        0xd800..0xdc00 => match code_unit(&bytes[6..]) {
            Ok(low @ 0xdc00..0xe000) => (0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00), 12),
            Err(Read::Unfinished) => return Read::Unfinished,
            _ => return Read::NoEscape,
        },
        _ => (unit, 6),
    };
    let Some(character) = char::from_u32(code) else { return Read::NoEscape };
    let mut text = [0; 4];
    let text_length = character.encode_utf8(&mut text).len();
    Read::Escape { length, text, text_length }
}

/// The number of a `\uXXXX` at the beginning of `bytes`.
fn code_unit(bytes: &[u8]) -> Result<u32, Read> {
    let mut unit = 0;
    for index in 0..6 {
        let Some(byte) = bytes.get(index) else { return Err(Read::Unfinished) };
        match (index, byte) {
            (0, b'\\') | (1, b'u') => {}
            (2.., digit) => unit = unit << 4 | u32::from(hex(*digit).ok_or(Read::NoEscape)?),
            _ => return Err(Read::NoEscape),
        }
    }
    Ok(unit)
}

const fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unescaped(kind: Escape, text: &str) -> (String, usize) {
        let escapes = Escapes::find(kind, text.as_bytes(), false);
        (String::from_utf8_lossy(&escapes.unescape(text.as_bytes()).bytes).into_owned(), escapes.end)
    }

    #[test]
    fn each_escape_becomes_what_it_stands_for() {
        assert_eq!(unescaped(Escape::Percent, "a%2Fb%2fc%zz%"), ("a/b/c%zz".into(), 12));
        assert_eq!(unescaped(Escape::Json, r"a\/b\u002f\u00e9\ud83d\ude00\x\\/"), ("a/b/é😀\\x\\/".into(), 33));
    }

    #[test]
    fn an_escape_that_is_cut_short_is_waited_for() {
        for (text, end) in
            [("ab\\", 2), (r"ab\u", 2), (r"ab\u00e", 2), (r"ab\ud83d", 2), (r"ab\ud83d\ude0", 2), (r"\ud83dx", 7)]
        {
            assert_eq!(unescaped(Escape::Json, text).1, end, "{text}");
        }
        for (text, end) in [("ab%", 2), ("ab%4", 2), ("ab%x", 4)] {
            assert_eq!(unescaped(Escape::Percent, text).1, end, "{text}");
        }
    }

    #[test]
    fn a_range_covers_its_escapes_whole() {
        let text = r"x\u00e9y";
        let view = Escapes::find(Escape::Json, text.as_bytes(), true).unescape(text.as_bytes());
        assert_eq!(view.range(&(1..2)), 1..7);
        assert_eq!(view.range(&(2..4)), 1..8);
    }
}

//! Decodes escaped text so that the decoded form can be searched. Decoded bytes map back to their place in the original.

use std::ops::Range;

use memchr::memchr3_iter;

/// The maximum depth of nested escapes, as in JSON within JSON.
pub(super) const DEPTH: usize = 4;

/// The maximum number of blanks after a line break inside a wrapped text.
pub(super) const MOST_BLANKS: usize = 16;
/// The maximum length of an entity, from `&` to `;`.
const LONGEST_ENTITY: usize = 16;

/// A set of kinds of escapes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Kinds(u8);

/// `%2F` (RFC 3986, section 2.1), and `%u002F` of older scripts.
pub(super) const PERCENT: Kinds = Kinds(1);
/// `\/`, `\n`, `\u002f`, `\ud83d\ude00` of JSON (RFC 8259, section 7), `\x2f` and `\u{2f}` of scripts.
pub(super) const BACKSLASH: Kinds = Kinds(2);
/// `&amp;`, `&#47;`, `&#x2f;` of HTML and XML.
pub(super) const ENTITY: Kinds = Kinds(4);
/// `=2F` and `=` at the end of a line (quoted-printable, RFC 2045, section 6.7).
pub(super) const QUOTED: Kinds = Kinds(8);
/// Line breaks within a text that was wrapped, and the blanks after them.
pub(super) const BREAKS: Kinds = Kinds(16);
/// The zeros of ASCII text in UTF-16 and UTF-32.
pub(super) const ZEROS: Kinds = Kinds(32);
/// Every kind, one at a time.
pub(super) const EACH: [Kinds; 6] = [PERCENT, BACKSLASH, ENTITY, QUOTED, BREAKS, ZEROS];
pub(super) const ALL: Kinds = Kinds(63);

impl Kinds {
    pub(super) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(super) const fn has(self, kind: Self) -> bool {
        self.0 & kind.0 != 0
    }

    pub(super) const fn with(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    pub(super) const fn without(self, kind: Self) -> Self {
        Self(self.0 & !kind.0)
    }

    pub(super) const fn count(self) -> u32 {
        self.0.count_ones()
    }

    /// The kinds of escape that may begin with this byte.
    pub(super) fn of(mark: u8) -> Self {
        match mark {
            b'%' => PERCENT,
            b'\\' => BACKSLASH,
            b'&' => ENTITY,
            b'=' => QUOTED,
            b'\n' | b'\r' => BREAKS,
            0 => ZEROS,
            _ => Self::default(),
        }
    }
}

/// The bytes that a secret can be written in: those of its forms, of tokens and base64, and of escapes. An escape for another
/// byte cannot be part of an echo.
#[derive(Debug)]
pub(super) struct Alphabet([bool; 256]);

impl Alphabet {
    pub(super) fn of<'a>(forms: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut bytes = [false; 256];
        // All of these, whatever the secret: the decoded and so redacted text must be the same for each.
        for byte in 0..=u8::MAX {
            let is_of_escapes = matches!(byte, b';' | b'#' | b'{' | b'}') || !Kinds::of(byte).is_empty();
            // RFC 6750, section 2.1.
            let is_of_tokens = is_base64(byte) || matches!(byte, b'.' | b'~');
            bytes[usize::from(byte)] = is_of_escapes || is_of_tokens;
        }
        for byte in forms.flatten() {
            bytes[usize::from(*byte)] = true;
        }
        Self(bytes)
    }

    pub(super) const fn has(&self, byte: u8) -> bool {
        self.0[byte as usize]
    }
}

pub(super) const fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}

/// The kinds of escapes in these bytes that can be part of a searched form.
pub(super) fn kinds(bytes: &[u8], alphabet: &Alphabet) -> Kinds {
    let mut kinds = Kinds::default();
    for at in memchr3_iter(b'%', b'\\', b'&', bytes).chain(memchr3_iter(b'=', b'\n', 0, bytes)) {
        let kind = Kinds::of(bytes[at]);
        if !kinds.has(kind) && is_relevant_at(bytes, at, alphabet) {
            kinds = kinds.with(kind);
        }
    }
    kinds
}

/// Whether an escape that can be part of a searched form begins here.
#[inline]
pub(super) fn is_relevant_at(bytes: &[u8], at: usize, alphabet: &Alphabet) -> bool {
    // Most bytes begin no escape, which is detected immediately.
    let may_be = match (bytes[at], bytes.get(at + 1)) {
        (b'\\', Some(b'"')) => alphabet.has(b'"'),
        (b'=', Some(next)) => next.is_ascii_hexdigit() || matches!(next, b'\n' | b'\r'),
        (b'&', Some(next)) => next.is_ascii_alphanumeric() || *next == b'#',
        (b'\n', _) => before_break(bytes, at).is_some_and(|before| alphabet.has(bytes[before])),
        _ => true,
    };
    may_be && is_relevant_escape(bytes, at, alphabet)
}

fn is_relevant_escape(bytes: &[u8], at: usize, alphabet: &Alphabet) -> bool {
    match read(&bytes[at..], ALL) {
        Read::Escape { length, text, text_length } => {
            is_relevant(bytes, at..at + length, &text[..text_length], alphabet)
        }
        Read::NoEscape | Read::Unfinished => false,
    }
}

/// Whether an escape that stands for `text` can be part of a searched form, or of another escape that can.
fn is_relevant(bytes: &[u8], escape: Range<usize>, text: &[u8], alphabet: &Alphabet) -> bool {
    match text {
        // It joins the text on both sides.
        [] | [b'\n' | b'\r'] => {
            let is_break = Kinds::of(bytes[escape.start]) == BREAKS;
            let before = if is_break { before_break(bytes, escape.start) } else { escape.start.checked_sub(1) };
            let after = bytes[escape.end..].iter().take(MOST_BLANKS + 1).find(|byte| !matches!(byte, b' ' | b'\t'));
            before.is_some_and(|before| alphabet.has(bytes[before])) && after.is_none_or(|after| alphabet.has(*after))
        }
        // They may follow a line break.
        [b' ' | b'\t'] => true,
        _ => text.iter().any(|byte| alphabet.has(*byte)),
    }
}

/// The last byte of the line that the break at `at` ends.
fn before_break(bytes: &[u8], at: usize) -> Option<usize> {
    let before = at.checked_sub(1)?;
    if bytes[before] == b'\r' { before.checked_sub(1) } else { Some(before) }
}

/// The beginning of the escape that contains `position`; `position` itself if it is outside of any.
pub(super) fn start_around(bytes: &[u8], position: usize) -> usize {
    let mut at = outside(bytes, position);
    while at < position {
        let length = match read(&bytes[at..], ALL) {
            Read::Escape { length, .. } => length,
            Read::NoEscape | Read::Unfinished => 1,
        };
        if at + length > position {
            return at;
        }
        at += length;
    }
    position
}

/// A position before `position` that is not inside an escape, at least the longest escape's length back.
fn outside(bytes: &[u8], position: usize) -> usize {
    let place = position.saturating_sub(LONGEST_ENTITY + MOST_BLANKS);
    // Only backslashes escape themselves: an odd one begins an escape with the next character.
    let run = bytes[..place].iter().rev().take_while(|byte| **byte == b'\\').count();
    place - run % 2
}

/// Decoded bytes that map back to their origin.
#[derive(Debug, Default)]
pub(super) struct View {
    pub(super) bytes: Vec<u8>,
    /// The beginnings of stretches, in order.
    stretches: Vec<Stretch>,
    end: usize,
}

/// Bytes of a view that come from one escape, or directly from the original.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    start: usize,
    original: usize,
    escaped: bool,
}

impl View {
    /// Decodes `bytes`, which must not begin inside an escape, and replaces the previous content. With an alphabet, unrelated
    /// escapes stay unchanged. Returns the kinds that were decoded.
    pub(super) fn decode(&mut self, bytes: &[u8], kinds: Kinds, alphabet: Option<&Alphabet>) -> Kinds {
        self.bytes.clear();
        self.stretches.clear();
        self.end = bytes.len();
        let mut decoded = Kinds::default();
        let mut plain = 0;
        let mut at = 0;
        while at < bytes.len() {
            if !kinds.has(Kinds::of(bytes[at])) {
                at += 1;
                continue;
            }
            let Read::Escape { length, text, text_length } = read(&bytes[at..], kinds) else {
                at += 1;
                continue;
            };
            let text = &text[..text_length];
            // Any visible character can be part of another escape.
            let may_matter = |alphabet| {
                matches!(text, [byte] if byte.is_ascii_graphic()) || is_relevant(bytes, at..at + length, text, alphabet)
            };
            if alphabet.is_some_and(|alphabet| !may_matter(alphabet)) {
                at += 1;
                continue;
            }
            decoded = decoded.with(Kinds::of(bytes[at]));
            self.take_plain(bytes, plain..at);
            self.stretches.push(Stretch { start: self.bytes.len(), original: at, escaped: true });
            self.bytes.extend_from_slice(text);
            at += length;
            plain = at;
        }
        self.take_plain(bytes, plain..at);
        decoded
    }

    fn take_plain(&mut self, bytes: &[u8], range: Range<usize>) {
        if !range.is_empty() {
            self.stretches.push(Stretch { start: self.bytes.len(), original: range.start, escaped: false });
            self.bytes.extend_from_slice(&bytes[range]);
        }
    }

    /// Where the byte at this position begins in the original.
    pub(super) fn position(&self, position: usize) -> usize {
        if position >= self.bytes.len() {
            return self.end;
        }
        let stretch = self.stretches[self.stretch_of(position)];
        if stretch.escaped { stretch.original } else { stretch.original + (position - stretch.start) }
    }

    /// The range of the original that this non-empty range comes from, with whole escapes.
    pub(super) fn range(&self, range: &Range<usize>) -> Range<usize> {
        let last = self.stretch_of(range.end - 1);
        let stretch = self.stretches[last];
        let end = if stretch.escaped {
            self.stretches.get(last + 1).map_or(self.end, |next| next.original)
        } else {
            stretch.original + (range.end - stretch.start)
        };
        self.position(range.start)..end
    }

    /// The stretch that contains the byte at this position. A stretch that was decoded to nothing contains none.
    fn stretch_of(&self, position: usize) -> usize {
        self.stretches.partition_point(|stretch| stretch.start <= position).saturating_sub(1)
    }
}

/// `bytes` with every escape decoded, once.
pub(super) fn all(bytes: &[u8]) -> Vec<u8> {
    let mut view = View::default();
    view.decode(bytes, ALL, None);
    view.bytes
}

/// The classification of one position.
enum Read {
    Escape { length: usize, text: [u8; 4], text_length: usize },
    NoEscape,
    Unfinished,
}

impl Read {
    const fn byte(length: usize, byte: u8) -> Self {
        Self::Escape { length, text: [byte, 0, 0, 0], text_length: 1 }
    }

    const fn nothing(length: usize) -> Self {
        Self::Escape { length, text: [0; 4], text_length: 0 }
    }

    fn character(length: usize, code: u32) -> Self {
        let Some(character) = char::from_u32(code) else { return Self::NoEscape };
        let mut text = [0; 4];
        let text_length = character.encode_utf8(&mut text).len();
        Self::Escape { length, text, text_length }
    }
}

fn read(bytes: &[u8], kinds: Kinds) -> Read {
    let Some(mark) = bytes.first() else { return Read::NoEscape };
    match Kinds::of(*mark) {
        kind if !kinds.has(kind) => Read::NoEscape,
        PERCENT => read_percent(bytes),
        BACKSLASH => read_backslash(bytes),
        ENTITY => read_entity(bytes),
        QUOTED => read_quoted(bytes),
        BREAKS => read_break(bytes),
        _ => Read::nothing(1),
    }
}

fn read_percent(bytes: &[u8]) -> Read {
    if matches!(bytes.get(1), Some(b'u' | b'U')) {
        return match digits(&bytes[2..], 4) {
            Ok(code) => Read::character(6, code),
            Err(other) => other,
        };
    }
    match digits(&bytes[1..], 2) {
        Ok(byte) => Read::byte(3, byte.to_le_bytes()[0]),
        Err(other) => other,
    }
}

fn read_quoted(bytes: &[u8]) -> Read {
    match bytes.get(1..) {
        Some([b'\n', ..]) => Read::nothing(2),
        Some([b'\r', b'\n', ..]) => Read::nothing(3),
        Some([b'\r']) => Read::Unfinished,
        _ => match digits(&bytes[1..], 2) {
            Ok(byte) => Read::byte(3, byte.to_le_bytes()[0]),
            Err(other) => other,
        },
    }
}

fn read_break(bytes: &[u8]) -> Read {
    let start = match bytes {
        [b'\r', b'\n', ..] => 2,
        [b'\r'] => return Read::Unfinished,
        // In UTF-16 it becomes one once the zeros are removed.
        [b'\r', ..] | [b'\n', 0, ..] => return Read::NoEscape,
        _ => 1,
    };
    let blanks = bytes[start..].iter().take(MOST_BLANKS).take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    if start + blanks == bytes.len() && blanks < MOST_BLANKS {
        return Read::Unfinished;
    }
    Read::nothing(start + blanks)
}

fn read_backslash(bytes: &[u8]) -> Read {
    match bytes.get(1) {
        None => Read::Unfinished,
        Some(b'u') => read_unicode(bytes),
        Some(b'x') => match digits(&bytes[2..], 2) {
            Ok(code) => Read::character(4, code),
            Err(other) => other,
        },
        Some(byte @ (b'"' | b'\\' | b'/' | b'\'' | b'`')) => Read::byte(2, *byte),
        Some(b'b') => Read::byte(2, 8),
        Some(b'f') => Read::byte(2, 12),
        Some(b'n') => Read::byte(2, b'\n'),
        Some(b'r') => Read::byte(2, b'\r'),
        Some(b't') => Read::byte(2, b'\t'),
        Some(_) => Read::NoEscape,
    }
}

fn read_unicode(bytes: &[u8]) -> Read {
    if bytes.get(2) == Some(&b'{') {
        let inside = &bytes[3..];
        let length = inside.iter().take(7).take_while(|digit| hex(**digit).is_some()).count();
        return match inside.get(length) {
            None if length < 7 => Read::Unfinished,
            Some(b'}') if length > 0 => match digits(inside, length) {
                Ok(code) => Read::character(length + 4, code),
                Err(other) => other,
            },
            _ => Read::NoEscape,
        };
    }
    let unit = match digits(&bytes[2..], 4) {
        Ok(unit) => unit,
        Err(other) => return other,
    };
    if !(0xd800..0xdc00).contains(&unit) {
        return Read::character(6, unit);
    }
    match &bytes[6..] {
        [] | [b'\\'] => Read::Unfinished,
        [b'\\', b'u', low @ ..] => match digits(low, 4) {
            Ok(low @ 0xdc00..0xe000) => Read::character(12, 0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00)),
            Ok(_) => Read::NoEscape,
            Err(other) => other,
        },
        _ => Read::NoEscape,
    }
}

fn read_entity(bytes: &[u8]) -> Read {
    let reach = bytes.len().min(LONGEST_ENTITY);
    let Some(length) = bytes[1..reach].iter().position(|byte| !byte.is_ascii_alphanumeric() && *byte != b'#') else {
        return if reach < LONGEST_ENTITY { Read::Unfinished } else { Read::NoEscape };
    };
    if bytes[length + 1] != b';' {
        return Read::NoEscape;
    }
    let name = &bytes[1..=length];
    let code = match name {
        [b'#', b'x' | b'X', digits @ ..] => {
            std::str::from_utf8(digits).ok().and_then(|text| u32::from_str_radix(text, 16).ok())
        }
        [b'#', digits @ ..] => std::str::from_utf8(digits).ok().and_then(|text| text.parse().ok()),
        _ => named(name).map(u32::from),
    };
    code.map_or(Read::NoEscape, |code| Read::character(length + 2, code))
}

/// A number with exactly this many hexadecimal digits.
fn digits(bytes: &[u8], count: usize) -> Result<u32, Read> {
    let mut number = 0;
    for index in 0..count {
        let Some(digit) = bytes.get(index) else { return Err(Read::Unfinished) };
        number = number << 4 | u32::from(hex(*digit).ok_or(Read::NoEscape)?);
    }
    Ok(number)
}

const fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// The character of a named entity, if it is ASCII (WHATWG HTML, section 13.5).
const fn named(name: &[u8]) -> Option<u8> {
    Some(match name {
        b"amp" | b"AMP" => b'&',
        b"lt" | b"LT" => b'<',
        b"gt" | b"GT" => b'>',
        b"quot" | b"QUOT" => b'"',
        b"apos" => b'\'',
        b"sol" => b'/',
        b"bsol" => b'\\',
        b"plus" => b'+',
        b"equals" => b'=',
        b"lowbar" | b"UnderBar" => b'_',
        b"period" => b'.',
        b"comma" => b',',
        b"colon" => b':',
        b"semi" => b';',
        b"num" => b'#',
        b"percnt" => b'%',
        b"dollar" => b'$',
        b"commat" => b'@',
        b"excl" => b'!',
        b"quest" => b'?',
        b"ast" | b"midast" => b'*',
        b"lpar" => b'(',
        b"rpar" => b')',
        b"lsqb" | b"lbrack" => b'[',
        b"rsqb" | b"rbrack" => b']',
        b"lcub" | b"lbrace" => b'{',
        b"rcub" | b"rbrace" => b'}',
        b"verbar" | b"vert" | b"VerticalLine" => b'|',
        b"grave" | b"DiacriticalGrave" => b'`',
        b"Hat" => b'^',
        b"Tab" => b'\t',
        b"NewLine" => b'\n',
        b"sp" => b' ',
        b"hyphen" | b"dash" => b'-',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(kinds: Kinds, text: &str) -> String {
        let mut view = View::default();
        view.decode(text.as_bytes(), kinds, None);
        String::from_utf8_lossy(&view.bytes).into_owned()
    }

    #[test]
    fn each_escape_becomes_what_it_stands_for() {
        assert_eq!(decoded(PERCENT, "a%2Fb%2fc%u0064%zz%"), "a/b/cd%zz%");
        assert_eq!(decoded(BACKSLASH, r"a\/b\u002f\u00e9\ud83d\ude00\x2f\u{2f}\\/"), "a/b/é😀//\\/");
        assert_eq!(decoded(ENTITY, "a&#47;b&#x2f;c&sol;&amp;&bogus;&"), "a/b/c/&&bogus;&");
        assert_eq!(decoded(QUOTED, "a=2Fb=\r\nc=\nd=z"), "a/bcd=z");
        assert_eq!(decoded(BREAKS, "ab\r\n  cd\n\tef\rgh"), "abcdef\rgh");
        assert_eq!(decoded(ZEROS, "a\0b\0\0c"), "abc");
    }

    #[test]
    fn a_range_covers_its_escapes_whole_and_leaves_out_what_follows() {
        let text = r"x\u00e9y";
        let mut view = View::default();
        view.decode(text.as_bytes(), BACKSLASH, None);
        assert_eq!(view.range(&(1..2)), 1..7);
        assert_eq!(view.range(&(2..4)), 1..8);
        view.decode(b"ab\ncd\nef", BREAKS, None);
        assert_eq!(view.range(&(1..4)), 1..5);
    }
}

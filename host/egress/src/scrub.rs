//! Finds the secrets of a request in what comes back and puts `[redacted]` in their place.

mod cache;
mod encodings;
mod escapes;
mod stream;

use std::borrow::Cow;
use std::ops::Range;

use aho_corasick::{AhoCorasick, MatchKind, packed};
use http::{HeaderName, HeaderValue};

use escapes::{Escape, Escapes};

pub(crate) use cache::ScrubberCache;
pub(crate) use stream::ScrubStream;

/// What stands where a secret was.
pub(crate) const REDACTED: &str = "[redacted]";

/// Shorter secrets are not looked for.
pub(crate) const SHORTEST: usize = 4;

/// As much of each pattern goes into the automaton; the rest is compared. It keeps a scrubber small however long the token.
const HEAD: usize = 24;

/// Finds a set of secrets, in every encoding that an echo may have.
pub(crate) struct Scrubber {
    heads: AhoCorasick,
    /// Tells several times faster, where the processor can, that there is none of the heads: so it mostly is.
    quick: Option<packed::Searcher>,
    patterns: Vec<Vec<u8>>,
    /// Which bytes a pattern can start with.
    starts: [bool; 256],
    /// Which bytes occur in any pattern: an escape that stands for another byte cannot be part of an echo.
    alphabet: [bool; 256],
    /// Bytes of the shortest pattern.
    shortest: usize,
    /// The secrets in lower case, for header names and host names.
    lowered: Vec<String>,
}

/// What a scan found.
#[derive(Default)]
pub(crate) struct Found {
    /// Where secrets stand, in order; may overlap.
    pub(crate) ranges: Vec<Range<usize>>,
    /// From here on the bytes may be the beginning of a secret, so that they must be seen again with what follows.
    pub(crate) hold: usize,
}

impl Scrubber {
    /// A scrubber for these secrets; `None` where none is long enough.
    pub(crate) fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let mut patterns = Vec::new();
        let mut lowered = Vec::new();
        for secret in secrets.into_iter().filter(|secret| secret.len() >= SHORTEST) {
            encodings::add(secret, &mut patterns);
            lowered.push(secret.to_ascii_lowercase());
        }
        if patterns.is_empty() {
            return None;
        }
        patterns.sort_unstable();
        patterns.dedup();
        let each_head = || patterns.iter().map(|pattern| &pattern[..pattern.len().min(HEAD)]);
        let quick = packed::Searcher::new(each_head());
        let heads = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .build(each_head())
            .expect("a handful of patterns of at most 24 bytes is far below the automaton's limits");
        let mut starts = [false; 256];
        let mut alphabet = [false; 256];
        for pattern in &patterns {
            starts[usize::from(pattern[0])] = true;
            for byte in pattern {
                alphabet[usize::from(*byte)] = true;
            }
        }
        let shortest = patterns.iter().map(Vec::len).min().unwrap_or(0);
        Some(Self { heads, quick, patterns, starts, alphabet, shortest, lowered })
    }

    /// `bytes` without secrets; borrowed where there was none.
    pub(crate) fn scrub<'a>(&self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        let found = self.scan(bytes, true);
        if found.ranges.is_empty() {
            return Cow::Borrowed(bytes);
        }
        let mut clean = Vec::with_capacity(bytes.len());
        stream::redact(bytes, &found, 0, &mut clean);
        Cow::Owned(clean)
    }

    /// `text` without secrets.
    pub(crate) fn scrub_text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match self.scrub(text.as_bytes()) {
            Cow::Borrowed(_) => Cow::Borrowed(text),
            Cow::Owned(clean) => Cow::Owned(String::from_utf8_lossy(&clean).into_owned()),
        }
    }

    /// Whether a header holds a secret, in its name or its value.
    pub(crate) fn is_in_header(&self, name: &HeaderName, value: &HeaderValue) -> bool {
        self.is_in_name(name.as_str()) || !self.scan(value.as_bytes(), true).ranges.is_empty()
    }

    /// A header without secrets; `None` where its very name is one.
    pub(crate) fn scrub_header(&self, name: &HeaderName, value: HeaderValue) -> Option<HeaderValue> {
        if self.is_in_name(name.as_str()) {
            return None;
        }
        match self.scrub(value.as_bytes()) {
            Cow::Borrowed(_) => Some(value),
            Cow::Owned(clean) => HeaderValue::from_bytes(&clean).ok(),
        }
    }

    /// Whether a header or host name, which is in lower case by nature, holds a secret.
    pub(crate) fn is_in_name(&self, name: &str) -> bool {
        self.lowered.iter().any(|secret| name.len() >= secret.len() && name.contains(secret.as_str()))
            || !self.scan(name.as_bytes(), true).ranges.is_empty()
    }

    /// Whether `text` holds a secret.
    pub(crate) fn is_in(&self, text: &str) -> bool {
        !self.scan(text.as_bytes(), true).ranges.is_empty()
    }

    /// Looks through `bytes`, `last` when nothing follows them. They must not begin inside an escape.
    pub(crate) fn scan(&self, bytes: &[u8], last: bool) -> Found {
        let mut found = Found { ranges: Vec::new(), hold: bytes.len() };
        // No escape is shorter than what it stands for.
        if last && bytes.len() < self.shortest {
            return found;
        }
        self.scan_plain(bytes, &mut found);
        let escapes = [Escape::Percent, Escape::Json].map(|escape| {
            let escapes = Escapes::find(escape, bytes, last);
            if escapes.is_unfinished() || escapes.stand_for(&self.alphabet) {
                let unescaped = escapes.unescape(bytes);
                let mut inside = Found { ranges: Vec::new(), hold: unescaped.bytes.len() };
                self.scan_plain(&unescaped.bytes, &mut inside);
                found.hold = found.hold.min(unescaped.position(inside.hold));
                found.ranges.extend(inside.ranges.into_iter().map(|range| unescaped.range(&range)));
            }
            escapes
        });
        found.ranges.sort_unstable_by_key(|range| (range.start, range.end));
        if last {
            found.hold = bytes.len();
        } else {
            // What is held back is read again from its beginning, so it must not begin inside an escape of either kind.
            while let Some(start) = escapes.iter().find_map(|escapes| escapes.start_around(found.hold)) {
                found.hold = start;
            }
        }
        found
    }

    fn scan_heads(&self, bytes: &[u8], found: &mut Found) {
        for hit in self.heads.find_overlapping_iter(bytes) {
            let pattern = &self.patterns[hit.pattern().as_usize()];
            let rest = &bytes[hit.start()..];
            if rest.starts_with(pattern) {
                found.ranges.push(hit.start()..hit.start() + pattern.len());
            } else if pattern.starts_with(rest) {
                found.hold = found.hold.min(hit.start());
            }
        }
    }

    fn scan_plain(&self, bytes: &[u8], found: &mut Found) {
        if self.quick.as_ref().is_none_or(|quick| quick.find(bytes).is_some()) {
            self.scan_heads(bytes, found);
        }
        for start in bytes.len().saturating_sub(HEAD - 1)..bytes.len().min(found.hold) {
            let rest = &bytes[start..];
            if self.starts[usize::from(rest[0])]
                && self.patterns.iter().any(|pattern| pattern.len() > rest.len() && pattern.starts_with(rest))
            {
                found.hold = start;
                break;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_that_are_too_short_are_not_looked_for() {
        assert!(Scrubber::new(["abc", ""]).is_none());
    }

    #[test]
    fn a_name_in_lower_case_gives_a_secret_away_too() {
        let scrubber = Scrubber::new(["ToKeN-1"]).expect("long enough");
        assert!(scrubber.is_in_name("x-token-1") && !scrubber.is_in_name("x-token"));
        let value = HeaderValue::from_static("v");
        assert_eq!(scrubber.scrub_header(&HeaderName::from_static("x-token-1"), value), None);
    }

    #[test]
    fn what_holds_no_secret_is_not_copied() {
        let scrubber = Scrubber::new(["token-1"]).expect("long enough");
        assert!(matches!(scrubber.scrub(br#"{"a\n\u0041":"%41%2f"}"#), Cow::Borrowed(_)));
    }

    /// A secret with a quote was filled into a JSON body, the service answered that body as a JSON text and in base64, and the
    /// guest read it.
    #[test]
    fn a_secret_that_was_quoted_for_a_json_body_is_found_in_an_echo_of_it() {
        use base64::Engine as _;
        let secret = r#"Vx8/Q"J0\Zd5"#;
        let scrubber = Scrubber::new([secret]).expect("long enough");
        let body = serde_json::json!({ "token": secret }).to_string();
        let answer = serde_json::json!({ "body": body }).to_string();
        let redacted = serde_json::json!({ "body": r#"{"token":"[redacted]"}"# }).to_string();
        assert_eq!(scrubber.scrub_text(&answer), redacted);
        let encoded = base64::engine::general_purpose::STANDARD.encode(&body);
        assert!(scrubber.scrub_text(&encoded).contains(REDACTED));
    }

    #[test]
    fn long_tokens_that_differ_late_are_told_apart() {
        let one = format!("{}one", "x".repeat(100));
        let scrubber = Scrubber::new([one.as_str()]).expect("long enough");
        assert_eq!(scrubber.scrub_text(&format!("<{one}>")), "<[redacted]>");
        let two = format!("<{}two>", "x".repeat(100));
        assert_eq!(scrubber.scrub_text(&two), two);
    }
}

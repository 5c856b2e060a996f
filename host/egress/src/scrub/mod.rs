//! Finds the secrets of a connection in answers and replaces them with `[redacted]`.

mod cache;
mod decode;
pub(crate) mod echoes;
mod forms;
mod runs;
mod stream;
pub(crate) mod unsearchable;

use std::borrow::Cow;
use std::ops::Range;

use aho_corasick::{AhoCorasick, MatchKind};
use http::{HeaderName, HeaderValue};

use decode::{Alphabet, Kinds, View, is_base64};

pub(crate) use cache::ScrubberCache;
pub(crate) use stream::ScrubStream;

/// The replacement for a secret.
pub(crate) const REDACTED: &str = "[redacted]";

/// The minimum length of a secret that answers are searched for, in bytes: shorter ones occur in any text.
pub const SHORTEST: usize = 4;

/// The prefix length of each form in the automaton; the rest is compared where a prefix was found. Only a sender who guesses
/// the whole prefix can notice that by the time it takes, and a scrubber stays small however long the token is.
const HEAD: usize = 16;
/// How many times longer than the secret an echo of it may be and is still found for certain. `%26%2397%3B` takes 11,
/// `\\\\u0061` 9.
const EXPANSION: usize = 12;
/// The minimum number of bytes that wait for the bytes after them.
const LEAST_LAG: usize = 64;

/// Finds a set of secrets, in every form that an echo may have.
pub(crate) struct Scrubber {
    heads: AhoCorasick,
    /// Sorted.
    forms: Vec<Vec<u8>>,
    /// The margin of each form, see [`forms::Form`].
    beside: Vec<usize>,
    alphabet: Alphabet,
    /// The length of the shortest form, in bytes.
    shortest: usize,
    /// See [`Scrubber::lag`].
    lag: usize,
    /// The secrets in lower case, for header names and host names.
    lowered: Vec<String>,
}

/// A form of a secret that was found.
struct Echo {
    /// The range of the form itself.
    form: Range<usize>,
    /// The number of characters beside it that may contain bits of the secret, see [`forms::Form`].
    beside: usize,
    /// The range including these.
    whole: Range<usize>,
}

impl Echo {
    fn new(bytes: &[u8], form: Range<usize>, beside: usize) -> Self {
        let before = bytes[..form.start].iter().rev().take(beside).take_while(|byte| is_base64(**byte)).count();
        let after = bytes[form.end..].iter().take(beside).take_while(|byte| is_base64(**byte)).count();
        let whole = form.start - before..form.end + after;
        Self { form, beside, whole }
    }

    /// The same match in the text that the view was made from. The characters beside it there are included: whether a secret is
    /// found there already depends on whether its characters had to be escaped.
    fn outside(self, view: &View, source: &[u8]) -> Self {
        let inside = view.range(&self.whole);
        let mut outside = Self::new(source, view.range(&self.form), self.beside);
        outside.whole = outside.whole.start.min(inside.start)..outside.whole.end.max(inside.end);
        outside
    }
}

/// The views of one scan, reused by the next.
#[derive(Default)]
pub(crate) struct Views {
    levels: [View; decode::DEPTH],
    /// The number of bytes that were searched, here and in every view: the cost of a scan.
    searched: usize,
}

impl Scrubber {
    /// Creates a scrubber for these secrets; `None` if none is long enough.
    pub(crate) fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let (mut forms, mut lowered, mut longest) = (Vec::new(), Vec::new(), 0);
        for secret in secrets.into_iter().filter(|secret| secret.len() >= SHORTEST) {
            forms.append(&mut forms::of(secret));
            lowered.push(secret.to_ascii_lowercase());
            longest = longest.max(secret.len());
        }
        if forms.is_empty() {
            return None;
        }
        forms.sort_unstable();
        forms.dedup_by(|later: &mut forms::Form, first| later.0 == first.0);
        let (forms, beside): (Vec<Vec<u8>>, Vec<usize>) = forms.into_iter().unzip();
        let heads = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            // It would skip faster over bytes that begin no form, and so reveal which do.
            .prefilter(false)
            .build(forms.iter().map(|form| &form[..form.len().min(HEAD)]))
            .expect("some dozens of patterns of at most 24 bytes are far below the automaton's limits");
        let alphabet = Alphabet::of(forms.iter().map(Vec::as_slice));
        let shortest = forms.iter().map(Vec::len).min().unwrap_or(0);
        // Depends only on the length: a guest sees how much waits. Base64 of a secret in which every character is an escape has
        // the same length.
        let lag = (longest * EXPANSION).max(LEAST_LAG).next_power_of_two();
        Some(Self { heads, forms, beside, alphabet, shortest, lag, lowered })
    }

    /// The number of bytes that wait for the bytes after them, whatever they are: no echo is longer, in any form.
    pub(crate) const fn lag(&self) -> usize {
        self.lag
    }

    /// `bytes` without secrets; borrowed if there were none.
    pub(crate) fn scrub<'a>(&self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        let found = self.scan(bytes, &mut Views::default());
        if found.is_empty() {
            return Cow::Borrowed(bytes);
        }
        let mut clean = Vec::with_capacity(bytes.len());
        let mut end = 0;
        for range in &found {
            if range.start >= end {
                clean.extend_from_slice(&bytes[end..range.start]);
                clean.extend_from_slice(REDACTED.as_bytes());
            }
            end = end.max(range.end);
        }
        clean.extend_from_slice(&bytes[end..]);
        Cow::Owned(clean)
    }

    /// `text` without secrets.
    pub(crate) fn scrub_text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match self.scrub(text.as_bytes()) {
            Cow::Borrowed(_) => Cow::Borrowed(text),
            Cow::Owned(clean) => Cow::Owned(String::from_utf8_lossy(&clean).into_owned()),
        }
    }

    /// Whether a header contains a secret, in its name or its value.
    pub(crate) fn is_in_header(&self, name: &HeaderName, value: &HeaderValue) -> bool {
        self.is_in_name(name.as_str()) || self.is_in_bytes(value.as_bytes())
    }

    /// A header without secrets; `None` if its name is one.
    pub(crate) fn scrub_header(&self, name: &HeaderName, value: HeaderValue) -> Option<HeaderValue> {
        if self.is_in_name(name.as_str()) {
            return None;
        }
        match self.scrub(value.as_bytes()) {
            Cow::Borrowed(_) => Some(value),
            Cow::Owned(clean) => HeaderValue::from_bytes(&clean).ok(),
        }
    }

    /// Whether a header or host name, which is always in lower case, contains a secret.
    pub(crate) fn is_in_name(&self, name: &str) -> bool {
        self.lowered.iter().any(|secret| name.len() >= secret.len() && name.contains(secret.as_str()))
            || self.is_in_bytes(name.as_bytes())
    }

    /// Whether `text` contains a secret.
    pub(crate) fn is_in(&self, text: &str) -> bool {
        self.is_in_bytes(text.as_bytes())
    }

    fn is_in_bytes(&self, bytes: &[u8]) -> bool {
        !self.scan(bytes, &mut Views::default()).is_empty()
    }

    /// The ranges of secrets in `bytes`, in order; they may overlap. The bytes must not begin inside an escape.
    ///
    /// The work, and therefore its duration, depends on the bytes, on the lengths of the secrets and on which characters
    /// outside those of tokens they contain. It does not depend on the secrets themselves, unless one is found, or a prefix of
    /// one that is too long to guess.
    pub(crate) fn scan(&self, bytes: &[u8], views: &mut Views) -> Vec<Range<usize>> {
        let (mut found, mut at) = (Vec::new(), 0);
        while let Some(run) = runs::next(bytes, at, &self.alphabet, self.shortest) {
            let mut echoes = Vec::new();
            self.search(&bytes[run.clone()], &mut echoes);
            views.searched += run.len();
            let mut ranges: Vec<Range<usize>> = echoes.into_iter().map(|echo| echo.whole).collect();
            self.search_decoded(&bytes[run.clone()], views, &mut ranges);
            found.extend(ranges.into_iter().map(|range| run.start + range.start..run.start + range.end));
            at = run.end;
        }
        found.sort_unstable_by_key(|range| (range.start, range.end));
        found
    }

    /// Searches the decoded escapes. The text before a secret may look like an escape that extends into it, so each kind is
    /// tried by itself, all kinds together, and all but one.
    fn search_decoded(&self, bytes: &[u8], views: &mut Views, found: &mut Vec<Range<usize>>) {
        let kinds = decode::kinds(bytes, &self.alphabet);
        if kinds.is_empty() {
            return;
        }
        let decoded = self.search_levels(bytes, kinds, decode::ALL, views, found);
        for kind in decode::EACH.into_iter().filter(|kind| decoded.has(*kind)) {
            let others = decoded.without(kind);
            if !others.is_empty() {
                self.search_levels(bytes, kinds, others, views, found);
            }
            // With two kinds, that was the other one.
            if others.count() > 1 {
                self.search_levels(bytes, kinds, kind, views, found);
            }
        }
    }

    /// Decodes escapes of the `chosen` kinds, repeatedly while any are left. Returns the kinds that were found.
    fn search_levels(
        &self,
        bytes: &[u8],
        mut kinds: Kinds,
        chosen: Kinds,
        views: &mut Views,
        found: &mut Vec<Range<usize>>,
    ) -> Kinds {
        let mut decoded = Kinds::default();
        for level in 0..decode::DEPTH {
            if !kinds.has(chosen) {
                break;
            }
            let (outer, inner) = views.levels.split_at_mut(level);
            let source = outer.last().map_or(bytes, |view| &view.bytes);
            decoded = decoded.with(inner[0].decode(source, chosen, Some(&self.alphabet)));
            self.search_view(bytes, &views.levels[..=level], found);
            views.searched += views.levels[level].bytes.len();
            kinds = decode::kinds(&views.levels[level].bytes, &self.alphabet);
        }
        decoded
    }

    /// Searches the innermost of these views, each of which is made from the one before, and the first from `bytes`.
    fn search_view(&self, bytes: &[u8], views: &[View], found: &mut Vec<Range<usize>>) {
        let Some(view) = views.last() else { return };
        let mut echoes = Vec::new();
        self.search(&view.bytes, &mut echoes);
        for mut echo in echoes {
            for level in (0..views.len()).rev() {
                let source = level.checked_sub(1).map_or(bytes, |before| &views[before].bytes);
                echo = echo.outside(&views[level], source);
            }
            found.push(echo.whole);
        }
    }

    fn search(&self, bytes: &[u8], echoes: &mut Vec<Echo>) {
        for hit in self.heads.find_overlapping_iter(bytes) {
            let (start, form) = (hit.start(), hit.pattern().as_usize());
            if bytes[start..].starts_with(&self.forms[form]) {
                echoes.push(Echo::new(bytes, start..start + self.forms[form].len(), self.beside[form]));
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

    /// A secret with a quote was filled into a JSON body, the service answered with that body as a JSON string and in base64,
    /// and the guest read it.
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

    /// Services echo their input in pages, in XML, in JSON within JSON and in mails. Each of these showed the token to a guest.
    #[test]
    fn a_secret_is_found_in_every_coding_that_a_service_may_use() {
        use base64::Engine as _;
        let base64 = |bytes: &[u8]| base64::engine::general_purpose::STANDARD.encode(bytes);
        let wrap = |text: &str, width: usize, end: &str| {
            text.as_bytes().chunks(width).map(String::from_utf8_lossy).collect::<Vec<_>>().join(end)
        };
        let json = |text: &str| serde_json::Value::from(text).to_string();
        let each = |text: &str, write: fn(u8) -> String| text.bytes().map(write).collect::<String>();
        for secret in
            ["sk-A1b2&C3<d4>/E5+f6=G7", "plain0123456789abcdef", "q\"uo\\te'd%41&amp;x y", "p\u{e4}ssw\u{f6}rd-1"]
        {
            let percent: String = each(secret, |byte| format!("%{byte:02X}"));
            let written =
                |write: fn(u32) -> String| secret.chars().map(|one| write(one.into())).collect::<Vec<_>>().concat();
            let entities = written(|one| format!("&#x{one:x};"));
            let in_body = base64(format!("user:{secret}; and more text after it to fill the lines").as_bytes());
            let utf16 = |order: fn(u16) -> [u8; 2]| secret.encode_utf16().flat_map(order).collect::<Vec<u8>>();
            let forms: Vec<(&str, Vec<u8>)> = vec![
                ("percent", percent.clone().into()),
                ("percent twice", percent.replace('%', "%25").into()),
                ("percent three times", percent.replace('%', "%2525").into()),
                ("entities", entities.clone().into()),
                ("entities twice", entities.replace('&', "&amp;").into()),
                ("decimal entities", written(|one| format!("&#{one};")).into()),
                ("json", json(secret).into()),
                ("json in json", json(&json(secret)).into()),
                ("json in json in json", json(&json(&json(secret))).into()),
                ("entities in json in percent", each(&json(&entities), |byte| format!("%{byte:02x}")).into()),
                ("script", written(|one| format!("\\u{{{one:x}}}")).into()),
                ("quoted-printable", each(secret, |byte| format!("={byte:02X}")).into()),
                ("soft line breaks", wrap(secret, 5, "=\r\n").into()),
                ("hex", each(secret, |byte| format!("{byte:02x}")).into()),
                ("base64", in_body.clone().into()),
                ("wrapped base64", wrap(&in_body, 19, "\r\n").into()),
                ("wrapped and indented", wrap(&in_body, 19, "\n    ").into()),
                ("wrapped in json", json(&wrap(&in_body, 19, "\n")).into()),
                ("base64 twice", base64(in_body.as_bytes()).into()),
                ("lower case", secret.to_ascii_lowercase().into()),
                ("utf-16le", utf16(u16::to_le_bytes)),
                ("utf-16be", utf16(u16::to_be_bytes)),
                ("json in utf-16", json(secret).encode_utf16().flat_map(u16::to_le_bytes).collect()),
            ];
            let scrubber = Scrubber::new([secret]).expect("long enough");
            for (name, form) in forms {
                // UTF-16 is searched as ASCII: other letters stay.
                if name.contains("utf-16") && !secret.is_ascii() {
                    continue;
                }
                let clean = scrubber.scrub(&form);
                assert!(
                    String::from_utf8_lossy(&clean).contains(REDACTED),
                    "{name} of {secret}: {}",
                    clean.escape_ascii()
                );
            }
        }
    }
}

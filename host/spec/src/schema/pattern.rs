//! The size of a pattern once it is compiled, computed only from its text. A pattern of a few bytes can require
//! gigabytes (`(\p{L}{1000}){1000}`), so it is measured before anything parses it.

use crate::mistake::quoted;

/// Longest pattern, in bytes.
const LONGEST: usize = 32 << 10;
/// Nested groups.
const DEEPEST: usize = 100;
/// Size of one pattern.
const LARGEST: u64 = 100_000;
/// For each escape of this kind, a pattern reads a text again from its beginning.
const MOST_CONTROL_ESCAPES: usize = 64;

/// States of a class of Unicode characters, such as `\p{L}`, and the most of them that are alive at once.
const UNICODE_CLASS: Measure = Measure { size: 1_500, width: 8 };
/// The same for a class without one that contains characters beyond ASCII: `.`, `\s` or `[^a]`.
const CLASS: Measure = Measure { size: 16, width: 4 };
/// The same for a class within ASCII.
const ASCII_CLASS: Measure = Measure { size: 4, width: 1 };

/// A class that is counted.
const COUNTED_CLASS: Measure = Measure { size: 100, width: 4 };

/// Bytes and steps follow from these; both are upper bounds, and saturate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Measure {
    /// States of the compiled pattern, 100 bytes each or fewer.
    pub(super) size: u64,
    /// States that can be alive at once while a text is matched.
    pub(super) width: u64,
}

impl Measure {
    fn plus(self, other: Self) -> Self {
        Self { size: self.size.saturating_add(other.size), width: self.width.saturating_add(other.width) }
    }

    fn times(self, factor: u64) -> Self {
        Self { size: self.size.saturating_mul(factor), width: self.width.saturating_mul(factor) }
    }

    fn of(states: u64) -> Self {
        Self { size: states, width: states }
    }
}

/// Measures a pattern; the error says why it is not compiled.
pub(super) fn measure(pattern: &str) -> Result<Measure, String> {
    let shown = || quoted(pattern);
    if pattern.len() > LONGEST {
        return Err(format!("the pattern {} has {} bytes: at most {LONGEST} are allowed", shown(), pattern.len()));
    }
    if pattern.matches("\\c").count() > MOST_CONTROL_ESCAPES {
        return Err(format!(
            "the pattern {} has more than {MOST_CONTROL_ESCAPES} escapes `\\c`: write `\\x01` instead",
            shown()
        ));
    }
    let measure = Scan { rest: pattern, groups: vec![Group::default()], folds: false }.run().map_err(|reason| {
        let shown = shown();
        format!("the pattern {shown} {reason}")
    })?;
    if is_one_counted_class(pattern) {
        return Ok(Measure { size: measure.size.min(COUNTED_CLASS.size), width: COUNTED_CLASS.width });
    }
    if measure.size > LARGEST {
        return Err(format!(
            "the pattern {} would have {} states when compiled: at most {LARGEST} are allowed; repeat less \
             (`{{1,1000}}`) or use fewer classes",
            shown(),
            measure.size
        ));
    }
    Ok(measure)
}

/// Steps of checking that a text is a regular expression (`format: regex`): names of groups are compared with each
/// other.
pub(super) fn steps_to_parse(text: &str) -> u64 {
    let names = text.matches("(?<").count() as u64;
    (text.len() as u64 / 4).saturating_add(names.saturating_mul(names) / 4)
}

/// Look-around, back-references and atomic groups: what only a backtracking engine can match. Returns true for some
/// others, too.
pub(super) fn backtracks(pattern: &str) -> bool {
    let bytes = pattern.as_bytes();
    let grouped = |window: &[u8]| {
        matches!(
            window,
            [b'(', b'?', b'=' | b'!' | b'>' | b'(', ..]
                | [b'(', b'?', b'<', b'=' | b'!', ..]
                | [b'\\', b'k' | b'g' | b'K' | b'G' | b'1'..=b'9', ..]
                | [b'*' | b'+' | b'?' | b'}', b'+', ..]
        )
    };
    (0..bytes.len()).any(|at| grouped(&bytes[at..]))
}

/// `^[a-z]{1,500}$`: the library counts characters instead of compiling it.
fn is_one_counted_class(pattern: &str) -> bool {
    let Some(inner) = pattern.strip_prefix('^').and_then(|rest| rest.strip_suffix('$')) else { return false };
    let Some((class, count)) = inner.strip_suffix('}').and_then(|rest| rest.rsplit_once('{')) else { return false };
    let is_class = match class.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(members) => !members.contains(['[', ']', '\\']),
        None => matches!(class, "." | "\\d" | "\\w" | "\\s" | "\\S"),
    };
    is_class && count.split(',').all(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// An open group, or the whole pattern.
#[derive(Default)]
struct Group {
    total: Measure,
    /// What the next quantifier repeats.
    last: Measure,
}

impl Group {
    fn add(&mut self, part: Measure) {
        self.total = self.total.plus(part);
        self.last = part;
    }

    fn repeat(&mut self, times: u64) {
        self.total = self.total.plus(self.last.times(times.saturating_sub(1))).plus(Measure::of(2));
        self.last = self.last.times(times.max(1)).plus(Measure::of(2));
    }
}

/// Reads what it does not know as literals: an invalid pattern is refused when it is compiled.
struct Scan<'a> {
    rest: &'a str,
    /// Never empty.
    groups: Vec<Group>,
    /// Letters stand for both cases somewhere.
    folds: bool,
}

impl Scan<'_> {
    fn run(mut self) -> Result<Measure, String> {
        while let Some(next) = self.take() {
            match next {
                '\\' => {
                    let escaped = self.escape()?;
                    self.group().add(escaped);
                }
                '[' => {
                    let class = self.class();
                    self.group().add(class);
                }
                '(' => self.open()?,
                ')' => self.close(),
                '|' => {
                    let group = self.group();
                    group.add(Measure::of(1));
                    group.last = Measure::default();
                }
                '*' | '+' | '?' => self.group().repeat(1),
                '{' => match self.counted() {
                    Some(times) => self.group().repeat(times),
                    None => self.group().add(Measure::of(1)),
                },
                '.' => self.group().add(CLASS),
                literal => self.group().add(Measure::of(literal.len_utf8() as u64)),
            }
        }
        while self.groups.len() > 1 {
            self.close();
        }
        let total = self.group().total;
        Ok(if self.folds { total.times(4) } else { total })
    }

    fn group(&mut self) -> &mut Group {
        if self.groups.is_empty() {
            self.groups.push(Group::default());
        }
        self.groups.last_mut().expect("there is always one")
    }

    fn take(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let next = chars.next();
        self.rest = chars.as_str();
        next
    }

    fn skip_to(&mut self, end: char) {
        self.rest = self.rest.split_once(end).map_or("", |(_, rest)| rest);
    }

    fn escape(&mut self) -> Result<Measure, String> {
        let Some(kind) = self.take() else { return Ok(Measure::default()) };
        match kind {
            'p' | 'P' => {
                if self.rest.starts_with('{') {
                    self.skip_to('}');
                }
                Ok(UNICODE_CLASS)
            }
            'd' | 'w' => Ok(ASCII_CLASS),
            'D' | 'W' | 's' | 'S' => Ok(CLASS),
            'u' | 'x' => {
                if self.rest.starts_with('{') {
                    self.skip_to('}');
                }
                Ok(Measure::of(4))
            }
            'k' => {
                if self.rest.starts_with('<') {
                    self.skip_to('>');
                }
                Ok(Measure::of(1))
            }
            // Other dialects use these to call groups, and groups within groups.
            'g' | 'G' | 'K' | 'X' | 'R' => {
                Err(format!("uses `\\{kind}`, which a pattern of a JSON Schema does not have"))
            }
            _ => Ok(Measure::of(4)),
        }
    }

    /// The rest of a class. A bracket within one is a character in JSON Schema and a class elsewhere: read as the
    /// larger.
    fn class(&mut self) -> Measure {
        let mut measure = ASCII_CLASS;
        let mut inner: u32 = 0;
        if let Some(rest) = self.rest.strip_prefix('^') {
            self.rest = rest;
            measure = measure.plus(CLASS);
        }
        if let Some(rest) = self.rest.strip_prefix(']') {
            self.rest = rest;
        }
        while let Some(next) = self.take() {
            match next {
                ']' => break,
                '[' => inner += 1,
                '\\' => match self.take() {
                    Some('p' | 'P') => measure = measure.plus(UNICODE_CLASS),
                    Some('d' | 'w') => measure = measure.plus(ASCII_CLASS),
                    Some('D' | 'W' | 's' | 'S' | 'u' | 'x') => measure = measure.plus(CLASS),
                    _ => {}
                },
                member if !member.is_ascii() => measure = measure.plus(CLASS),
                _ => {}
            }
            measure.size = measure.size.saturating_add(1);
        }
        while inner > 0 && self.rest.starts_with(']') {
            self.rest = &self.rest[1..];
            inner -= 1;
        }
        measure
    }

    fn open(&mut self) -> Result<(), String> {
        if self.groups.len() > DEEPEST {
            return Err(format!("nests more than {DEEPEST} groups"));
        }
        self.groups.push(Group::default());
        let Some(rest) = self.rest.strip_prefix('?') else { return Ok(()) };
        self.rest = rest;
        let next = rest.chars().next();
        let is_known = match next {
            Some(':' | '=' | '!' | '>') => {
                self.rest = &rest[1..];
                true
            }
            Some('P') => rest.starts_with("P<"),
            Some('<') => true,
            Some('i' | 'm' | 's' | 'x' | 'u' | 'U' | '-') => {
                let flags = rest.find([':', ')']).map_or(rest, |end| &rest[..end]);
                self.folds |= flags.split('-').next().is_some_and(|on| on.contains('i'));
                self.rest = &rest[flags.len()..];
                true
            }
            _ => false,
        };
        if !is_known {
            let found = next.map(String::from).unwrap_or_default();
            return Err(format!("uses `(?{found}`, which a pattern of a JSON Schema does not have"));
        }
        if self.rest.starts_with("<=") || self.rest.starts_with("<!") {
            self.rest = &self.rest[2..];
        } else if self.rest.starts_with('<') || self.rest.starts_with("P<") {
            self.skip_to('>');
        }
        Ok(())
    }

    fn close(&mut self) {
        let Some(closed) = self.groups.pop() else { return };
        self.group().add(closed.total.plus(Measure::of(2)));
    }

    /// How often `{2}`, `{2,}` or `{2,8}` repeats, after its brace; `None` if it is not a quantifier.
    fn counted(&mut self) -> Option<u64> {
        let (range, rest) = self.rest.split_once('}')?;
        let number = |text: &str| {
            let text = text.trim();
            (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()))
                .then(|| text.parse().unwrap_or(u64::MAX))
        };
        let times = match range.split_once(',') {
            None => number(range)?,
            Some((least, most)) if most.trim().is_empty() => number(least)?.saturating_add(1),
            // `{,8}` means the same to some engines.
            Some((least, most)) if least.trim().is_empty() => number(most)?,
            Some((least, most)) => number(least)?.max(number(most)?),
        };
        self.rest = rest;
        Some(times)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(pattern: &str) -> u64 {
        measure(pattern).expect(pattern).size
    }

    #[test]
    fn what_is_repeated_counts_as_often_as_it_is() {
        assert!(size("a") < 2);
        assert!(size("a{100}") >= 100);
        assert!(size("(ab){50,100}") >= 200);
        assert!(size("(a{10}){10,}") >= 110);
        assert!(size("((a{10}){10}){10}") >= 1_000);
        assert!(size("a{10}{10}{10}") >= 1_000);
        assert!(size("[a[b]]{100}") >= 600);
        assert!(size("\\p{L}{20}") >= 30_000);
        assert!(size("(?i)abc") >= 12);
        assert!(size("\\u{10000}a{x}") < 30, "a code point is not repeated");
    }

    #[test]
    fn patterns_that_people_write_are_small() {
        for pattern in [
            "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
            "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?(Z|[+-]\\d{2}:\\d{2})$",
            "^(?=.*\\d)(?=.*[a-z]).{8,128}$",
            "^[\\p{L}\\p{M}' -]+$",
            "^https?://[^\\s/$.?#].[^\\s]*$",
            "^.{1,2000}$",
            "(?<year>\\d{4})-\\k<year>",
        ] {
            assert!(size(pattern) <= 40_000, "{pattern}: {}", size(pattern));
        }
        assert!(measure("^[^/]{1,2000}$").expect("one class").width < 10);
    }

    #[test]
    fn what_would_be_too_large_is_refused_before_it_is_parsed() {
        let long = "a".repeat(40_000);
        let deep = format!("{}a{}", "(".repeat(200), ")".repeat(200));
        let controls = "\\cA".repeat(100);
        for (pattern, word) in [
            ("(\\p{L}{1000}){1000}", "states when compiled"),
            ("(((a{1000}){1000}){1000}){1000000000000000000000}", "states when compiled"),
            ("(?=x)(a)(\\g<1>\\g<1>)", "`\\g`"),
            ("(?=x)(?R)", "`(?R`"),
            ("(?=x)(?P>a)", "`(?P`"),
            ("(?=x)(?(1)a)", "`(?(`"),
            (long.as_str(), "40000 bytes"),
            (deep.as_str(), "nests more than 100 groups"),
            (controls.as_str(), "escapes `\\c`"),
        ] {
            let refused = measure(pattern).expect_err(word);
            assert!(refused.contains(word), "{refused}");
            assert!(refused.len() < 300, "{refused}");
        }
    }

    #[test]
    fn nothing_of_a_pattern_is_out_of_bounds() {
        for pattern in [
            "", "\\", "[", "[^", "[]", "[\\", "(", "(?", "(?<", "(?i", ")", "))((", "{", "{1", "a{,}", "\\p{", "\\u{",
            "\\k<", "ä{2}", "(?ä", "[ä]]",
        ] {
            let _ = measure(pattern);
        }
    }
}

//! What is wrong in a spec, and where.

use std::fmt::{self, Write as _};

use innkeeper_shown::{Hidden, OneLine, Quoted, hidden};
use serde::Serialize;

/// One mistake, its place and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{}: {}", if place.is_empty() { "/".to_owned() } else { OneLine::new(place).to_string() }, OneLine::new(reason).at_most(4000))]
pub struct Mistake {
    /// JSON pointer (RFC 6901) into the spec as [`ConnectorSpec::to_json`](crate::ConnectorSpec::to_json) prints it.
    pub place: String,
    /// What is wrong there, and what to do.
    pub reason: String,
}

impl Mistake {
    /// A mistake at a JSON pointer.
    pub fn new(place: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { place: place.into(), reason: reason.into() }
    }
}

/// Everything that is wrong in one spec; never empty when it is an error. Prints one line per mistake.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Mistakes(pub Vec<Mistake>);

impl std::error::Error for Mistakes {}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, mistake) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_char('\n')?;
            }
            write!(f, "{mistake}")?;
        }
        Ok(())
    }
}

/// A report has at most this many mistakes.
const MOST: usize = 500;

/// A place with names of any length, short enough to print.
fn shortened(place: String) -> String {
    const LONGEST: usize = 1024;
    match place.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &place[..end]),
        None => place,
    }
}

impl Mistakes {
    /// Notes a mistake; only the first ones are kept.
    pub(crate) fn note(&mut self, place: impl Into<String>, reason: impl Into<String>) {
        match self.0.len() {
            ..MOST => self.0.push(Mistake::new(shortened(place.into()), reason)),
            MOST => self.0.push(Mistake::new("", "has more mistakes than these: correct them first")),
            _ => {}
        }
    }

    /// The value, or a noted mistake.
    pub(crate) fn take<T, E: fmt::Display>(&mut self, place: &str, result: Result<T, E>) -> Option<T> {
        result.map_err(|reason| self.note(place, reason.to_string())).ok()
    }

    /// A text for people of one line: a title, a label, a reason. Not empty, not longer than `limit` bytes, and
    /// without hidden characters ([`innkeeper_shown::Hidden`]): it is shown next to the host's own words when a
    /// person decides.
    pub(crate) fn check_line(&mut self, place: &str, text: &str, limit: usize) {
        self.check_length(place, text, limit);
        self.check_hidden(place, text, |_, _| false);
    }

    /// [`Self::check_line`] for an optional text.
    pub(crate) fn check_optional_line(&mut self, place: &str, text: Option<&str>, limit: usize) {
        if let Some(text) = text {
            self.check_line(place, text, limit);
        }
    }

    /// A text for people of any number of lines. It may contain characters that join letters, choose their shape or
    /// combine with them, which some scripts and pictures need.
    pub(crate) fn check_text(&mut self, place: &str, text: &str, limit: usize) {
        self.check_length(place, text, limit);
        self.check_hidden(place, text, |c, hidden| {
            hidden == Hidden::Piled
                || matches!(c, '\n' | '\r' | '\t' | '\u{200c}' | '\u{200d}' | '\u{fe0e}' | '\u{fe0f}')
        });
    }

    /// [`Self::check_text`] for an optional text.
    pub(crate) fn check_optional_text(&mut self, place: &str, text: Option<&str>, limit: usize) {
        if let Some(text) = text {
            self.check_text(place, text, limit);
        }
    }

    fn check_length(&mut self, place: &str, text: &str, limit: usize) {
        if text.trim().is_empty() {
            self.note(place, "is empty: write a text for its reader");
        }
        if text.len() > limit {
            self.note(place, format!("has {} bytes: shorten it to at most {limit}", text.len()));
        }
    }

    fn check_hidden(&mut self, place: &str, text: &str, is_fine: impl Fn(char, Hidden) -> bool) {
        if let Some((before, c, hidden)) = hidden(text).find(|(_, c, hidden)| !is_fine(*c, *hidden)) {
            let (code, number, why) = (u32::from(c), before + 1, hidden.sentence());
            self.note(place, format!("contains U+{code:04X} as character {number}, which {why}: remove it"));
        }
    }

    /// A list with at most `limit` entries.
    pub(crate) fn check_count(&mut self, place: &str, count: usize, limit: usize) {
        if count > limit {
            self.note(place, format!("has {count} entries: at most {limit} are allowed"));
        }
    }
}

/// The text in backquotes for a message: cut at 80 characters, with hidden characters escaped.
pub(crate) fn quoted(text: &str) -> String {
    Quoted::name(text).to_string()
}

/// One step of a JSON pointer (RFC 6901, section 3).
pub(crate) fn step(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_print_a_line_each_with_their_place() {
        let mut mistakes = Mistakes::default();
        mistakes.note("/about/id", "is wrong");
        mistakes.note("", "has no end");
        assert_eq!(mistakes.to_string(), "/about/id: is wrong\n/: has no end");
    }

    #[test]
    fn quoted_texts_are_cut_and_escape_what_a_terminal_would_obey() {
        assert_eq!(quoted("a\u{1b}[2J\"b\""), "`a\\u{1b}[2J\"b\"`");
        assert_eq!(quoted(&"x".repeat(100)).chars().count(), 83);
    }

    #[test]
    fn texts_for_people_must_say_something_and_end() {
        let mut mistakes = Mistakes::default();
        mistakes.check_text("/a", " ", 10);
        mistakes.check_text("/b", "eleven byte", 10);
        mistakes.check_text("/c", "\u{7}", 10);
        mistakes.check_text("/d", "two\nlines", 10);
        mistakes.check_text("/e", "\u{2764}\u{fe0f}", 10);
        let places: Vec<_> = mistakes.0.iter().map(|mistake| mistake.place.as_str()).collect();
        assert_eq!(places, ["/a", "/b", "/c"]);
    }

    #[test]
    fn a_text_that_hides_something_is_a_mistake_that_names_it() {
        for (text, reason) in [
            ("ab\u{202e}c", "contains U+202E as character 3, which changes the direction of writing: remove it"),
            ("\u{200b}", "contains U+200B as character 1, which cannot be seen: remove it"),
            ("a\u{e0041}", "contains U+E0041 as character 2, which cannot be seen: remove it"),
            ("a\u{1b}", "contains U+001B as character 2, which is one of the control characters: remove it"),
            ("a\u{2028}", "contains U+2028 as character 2, which is a line break: remove it"),
            ("a\u{e000}", "contains U+E000 as character 2, which has no meaning: remove it"),
        ] {
            for check in [Mistakes::check_text, Mistakes::check_line] {
                let mut mistakes = Mistakes::default();
                check(&mut mistakes, "/a", text, 100);
                assert_eq!(mistakes.to_string(), format!("/a: {reason}"), "{text:?}");
            }
        }
        let mut mistakes = Mistakes::default();
        for text in ["two\nlines", "a\tb", "\u{2764}\u{fe0f}", "\u{301}"] {
            mistakes.check_line("/a", text, 100);
        }
        assert_eq!(mistakes.0.len(), 4, "{mistakes}");
    }

    #[test]
    fn no_mistake_is_more_than_one_line() {
        let mistake = Mistake::new("/a\n/b", "x\nhint: \u{202e}");
        assert_eq!(mistake.to_string(), "/a\\n/b: x\\nhint: \\u{202e}");
    }
}

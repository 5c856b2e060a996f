//! What is wrong in a spec, and where.

use std::fmt::{self, Write as _};

use serde::Serialize;

/// One thing that is wrong, its place and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{}: {reason}", if place.is_empty() { "/" } else { place })]
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

/// Everything that is wrong in one spec; never empty when it is an error. Prints a line each.
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

/// A report ends after so many mistakes.
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
    /// Notes one more; of many, the first ones.
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

    /// A text for people: not empty, not longer than `limit` bytes, no control characters but line breaks and tabs.
    pub(crate) fn check_text(&mut self, place: &str, text: &str, limit: usize) {
        if text.trim().is_empty() {
            self.note(place, "is empty: write a text for the person who reads it");
        }
        if text.len() > limit {
            self.note(place, format!("has {} bytes: shorten it to at most {limit}", text.len()));
        }
        if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
            self.note(place, "holds control characters: remove them");
        }
    }

    /// [`Self::check_text`] where there may be none.
    pub(crate) fn check_optional_text(&mut self, place: &str, text: Option<&str>, limit: usize) {
        if let Some(text) = text {
            self.check_text(place, text, limit);
        }
    }

    /// A list with no more than `limit` entries.
    pub(crate) fn check_count(&mut self, place: &str, count: usize, limit: usize) {
        if count > limit {
            self.note(place, format!("has {count} entries: at most {limit} are possible"));
        }
    }
}

/// The text in backquotes for a message: cut at 80 characters, control characters escaped.
pub(crate) fn quoted(text: &str) -> String {
    const LONGEST: usize = 80;
    let mut shown: String = text.chars().take(LONGEST).flat_map(char::escape_debug).collect();
    shown = shown.replace("\\\"", "\"").replace("\\'", "'");
    if text.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    format!("`{shown}`")
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
        let places: Vec<_> = mistakes.0.iter().map(|mistake| mistake.place.as_str()).collect();
        assert_eq!(places, ["/a", "/b", "/c"]);
    }
}

//! Texts that stay on one line.

use std::fmt::{self, Display, Formatter, Write};

use crate::character::{Pile, is_space};

/// An untrusted text as part of a line: hidden characters are escaped, each run of white space becomes one space, and a text
/// that is too long ends in `…`. Only the shown part is held in memory, however long the text is.
#[derive(Clone, Copy, Debug)]
pub struct OneLine<T> {
    text: T,
    most: usize,
}

impl<T: Display> OneLine<T> {
    /// Shows at most 1,000 characters.
    pub fn new(text: T) -> Self {
        Self { text, most: MOST }
    }

    /// Shows at most the given number of characters.
    pub fn at_most(self, most: usize) -> Self {
        Self { most, ..self }
    }
}

impl<T: Display> Display for OneLine<T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write_within(f, &self.text, self.most, Spaces::RunTogether, None)
    }
}

/// [`OneLine`] in quotes; a quote in the text is preceded by a backslash.
#[derive(Clone, Copy, Debug)]
pub struct Quoted<T> {
    text: T,
    most: usize,
    spaces: Spaces,
    quote: char,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spaces {
    /// Many spaces could fill a line up to its end, and the following text would look like another line.
    RunTogether,
    /// In a name, they may be the very mistake.
    Stay,
}

impl<T: Display> Quoted<T> {
    /// In double quotes, at most 1,000 characters.
    pub fn new(text: T) -> Self {
        Self { text, most: MOST, spaces: Spaces::RunTogether, quote: '"' }
    }

    /// In backquotes, at most 80 characters, with every space unchanged: for names.
    pub fn name(text: T) -> Self {
        Self { text, most: MOST_OF_A_NAME, spaces: Spaces::Stay, quote: '`' }
    }

    /// Shows at most the given number of characters.
    pub fn at_most(self, most: usize) -> Self {
        Self { most, ..self }
    }
}

impl<T: Display> Display for Quoted<T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_char(self.quote)?;
        write_within(f, &self.text, self.most, self.spaces, Some(self.quote))?;
        f.write_char(self.quote)
    }
}

/// A whole line that the host composed, safe to write: hidden characters are escaped, including line breaks. Spaces stay,
/// because they align the host's output.
pub fn line(text: &str) -> String {
    let mut pile = Pile::new();
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match pile.hidden(c) {
            _ if is_space(c) => shown.push(' '),
            Some(_) => escape(&mut shown, c),
            None => shown.push(c),
        }
    }
    shown
}

/// [`line()`] for several lines that the host composed: line feeds stay.
pub fn lines(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(line).collect();
    lines.join("\n")
}

/// The default maximum number of characters in one text.
const MOST: usize = 1000;
const MOST_OF_A_NAME: usize = 80;

fn write_within(
    f: &mut Formatter<'_>,
    text: &impl Display,
    most: usize,
    spaces: Spaces,
    quote: Option<char>,
) -> fmt::Result {
    let mut within =
        Within { out: f, left: most, pile: Pile::new(), begun: false, space: false, cut: false, spaces, quote };
    write!(within, "{text}")?;
    if within.cut { f.write_char('…') } else { Ok(()) }
}

struct Within<'a, 'f> {
    out: &'a mut Formatter<'f>,
    left: usize,
    pile: Pile,
    /// Something has been written.
    begun: bool,
    /// White space to write before the next character.
    space: bool,
    /// The text is longer than the limit.
    cut: bool,
    spaces: Spaces,
    quote: Option<char>,
}

impl Write for Within<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            if self.cut {
                break;
            }
            self.take(c)?;
        }
        Ok(())
    }
}

impl Within<'_, '_> {
    fn take(&mut self, c: char) -> fmt::Result {
        if is_space(c) && self.spaces == Spaces::RunTogether {
            // A mark that follows sits on the space.
            self.pile.hidden(' ');
            self.space = self.begun;
            return Ok(());
        }
        if self.left == 0 {
            self.cut = true;
            return Ok(());
        }
        if std::mem::take(&mut self.space) {
            self.put(" ")?;
        }
        self.begun = true;
        if self.pile.hidden(c).is_some() || (is_space(c) && c != ' ') {
            let mut escaped = String::new();
            escape(&mut escaped, c);
            return self.put(&escaped);
        }
        if Some(c) == self.quote {
            self.out.write_char('\\')?;
        }
        self.left -= 1;
        self.out.write_char(c)
    }

    fn put(&mut self, text: &str) -> fmt::Result {
        self.left = self.left.saturating_sub(text.len());
        self.out.write_str(text)
    }
}

fn escape(shown: &mut String, c: char) {
    match c {
        '\n' => shown.push_str("\\n"),
        '\r' => shown.push_str("\\r"),
        '\t' => shown.push_str("\\t"),
        // As Rust writes it.
        c => shown.extend(c.escape_unicode()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one_line(text: &str) -> String {
        OneLine::new(text).to_string()
    }

    #[test]
    fn a_text_breaks_no_line_and_drives_nothing() {
        for (text, shown) in [
            ("two\nlines\r\n", "two\\nlines\\r\\n"),
            ("a\x1b[2Jb", "a\\u{1b}[2Jb"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("\x1b]0;title\x07", "\\u{1b}]0;title\\u{7}"),
            ("gpj.\u{202e}exe", "gpj.\\u{202e}exe"),
            ("a\u{200b}b", "a\\u{200b}b"),
            ("a\u{e0041}", "a\\u{e0041}"),
            ("  a \t\u{a0}\u{3000} b  ", "a b"),
            ("\u{301}x", "\\u{301}x"),
            ("naïve – “ok”", "naïve – “ok”"),
        ] {
            assert_eq!(one_line(text), shown, "{text:?}");
        }
    }

    #[test]
    fn a_long_text_is_cut_and_says_so() {
        assert_eq!(OneLine::new("abcdef").at_most(3).to_string(), "abc…");
        assert_eq!(OneLine::new("abc   ").at_most(3).to_string(), "abc");
        assert_eq!(OneLine::new("\u{202e}\u{202e}").at_most(3).to_string(), "\\u{202e}…");
        assert!(one_line(&"\u{e0041}".repeat(1 << 20)).len() < 1100);
        assert!(one_line(&" ".repeat(1 << 20)).is_empty());
    }

    #[test]
    fn nothing_within_quotes_ends_them() {
        assert_eq!(Quoted::new("a\" approved \"b").to_string(), r#""a\" approved \"b""#);
        assert_eq!(Quoted::name("a`b\n").to_string(), r"`a\`b\n`");
        assert_eq!(Quoted::name(" a  b\t\u{a0}").to_string(), "` a  b\\t\\u{a0}`");
    }

    #[test]
    fn a_line_of_the_host_keeps_its_columns_and_nothing_that_is_hidden() {
        assert_eq!(line("  a:   b\tc\nd\u{202e}"), "  a:   b c\\nd\\u{202e}");
        assert_eq!(lines("a\n\u{301}b\r\nc\u{2028}d"), "a\n\\u{301}b\\r\nc\\u{2028}d");
    }
}

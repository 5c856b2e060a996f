//! All that the command says: results on standard output, words for the person beside it on standard error.

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};

use comfy_table::{Attribute, Cell, ContentArrangement, LineStyle, Table, TableStyle};
use innkeeper::LogLine;
use serde_json::Value;

use crate::failure::{Failure, Outcome};

/// Where a command writes to, and in which form.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    json: bool,
    styled: bool,
}

#[expect(clippy::unused_self, reason = "who says something holds the output, whichever form it takes")]
impl Output {
    /// For programs (`json`) or for people.
    pub(crate) fn new(json: bool) -> Self {
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self { json, styled: !json && !plain && io::stdout().is_terminal() }
    }

    /// Whether a program reads it.
    pub(crate) fn is_json(self) -> bool {
        self.json
    }

    /// One JSON document, over several lines.
    pub(crate) fn json(self, value: &Value) -> Outcome {
        write_line(&mut io::stdout().lock(), &printable_json(&format!("{value:#}")))
    }

    /// One JSON document on one line.
    pub(crate) fn json_line(self, value: &Value) -> Outcome {
        write_line(&mut io::stdout().lock(), &printable_json(&value.to_string()))
    }

    /// A line of the result. What connectors and services say in it cannot drive the terminal.
    pub(crate) fn line(self, text: impl AsRef<str>) -> Outcome {
        write_line(&mut io::stdout().lock(), &printable(text.as_ref()))
    }

    /// A line that names what follows.
    pub(crate) fn heading(self, text: impl AsRef<str>) -> Outcome {
        let text = printable(text.as_ref());
        let line = if self.styled { format!("\x1b[1m{text}\x1b[0m") } else { text };
        write_line(&mut io::stdout().lock(), &line)
    }

    /// Bytes as they are.
    pub(crate) fn bytes(self, bytes: &[u8]) -> Outcome {
        let mut out = io::stdout().lock();
        out.write_all(bytes).and_then(|()| out.flush()).map_err(Failure::from)
    }

    /// A table; `nothing` where it has no row.
    pub(crate) fn table(self, listing: &Listing, nothing: &str) -> Outcome {
        if listing.rows.is_empty() {
            return self.line(nothing);
        }
        self.text(listing, "")
    }

    /// A table within a story.
    pub(crate) fn indented(self, listing: &Listing) -> Outcome {
        self.text(listing, "   ")
    }

    /// Its cells are printable, and its style is ours.
    fn text(self, listing: &Listing, indent: &str) -> Outcome {
        write_line(&mut io::stdout().lock(), &listing.to_text(self.styled, io::stdout().is_terminal(), indent))
    }

    /// A word to the person beside the result. Programs do not get it.
    pub(crate) fn note(self, text: impl AsRef<str>) {
        if !self.json {
            say(text.as_ref());
        }
    }

    /// The guest's lines, where they were asked for.
    pub(crate) fn logs(self, lines: &[LogLine]) {
        if !self.json {
            for line in lines {
                say(&format!("{:>5} | {}", line.level, line.message));
            }
        }
    }

    /// Why the command failed, on standard error.
    pub(crate) fn failure(self, failure: &Failure) {
        let Failure::Reported(report) = failure else { return };
        let mut err = io::stderr().lock();
        // There is nobody left to tell when this cannot be written.
        if self.json {
            let _ = writeln!(err, "{}", printable_json(&format!("{:#}", report.to_json())));
            return;
        }
        let bold =
            err.is_terminal() && (self.styled || !io::stdout().is_terminal()) && std::env::var_os("NO_COLOR").is_none();
        let label = if bold { "\x1b[1;31merror\x1b[0m" } else { "error" };
        let _ = writeln!(err, "{label}: {}", printable(&report.message).replace('\n', "\n       "));
        for frame in report.backtrace.iter().take(MOST_FRAMES) {
            let _ = writeln!(err, "  at {}", printable(frame));
        }
        if report.backtrace.len() > MOST_FRAMES {
            let _ = writeln!(err, "  and {} more", report.backtrace.len() - MOST_FRAMES);
        }
        if let Some(hint) = &report.hint {
            let _ = writeln!(err, " hint: {}", printable(hint));
        }
    }
}

const MOST_FRAMES: usize = 16;
/// A line under the headings and nothing more.
const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// A line on standard error.
pub(crate) fn say(text: &str) {
    // A word to a person is nothing to fail for.
    let _ = writeln!(io::stderr().lock(), "{}", printable(text));
}

/// Rows under headings.
#[derive(Clone, Debug)]
pub(crate) struct Listing {
    headings: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Listing {
    /// A table without rows.
    pub(crate) fn new<const N: usize>(headings: [&'static str; N]) -> Self {
        Self { headings: headings.to_vec(), rows: Vec::new() }
    }

    /// Adds a row.
    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.into_iter().map(|cell| printable(&cell)).collect());
    }

    /// The table as text, each line after `indent`; cells are broken where the terminal ends.
    pub(crate) fn to_text(&self, styled: bool, terminal: bool, indent: &str) -> String {
        let mut table = Table::new();
        table.load_style(STYLE);
        table.set_content_arrangement(if terminal {
            ContentArrangement::Dynamic
        } else {
            ContentArrangement::Disabled
        });
        if !styled {
            table.force_no_tty();
        }
        if terminal && let Some(width) = table.width() {
            table.set_width(width.saturating_sub(u16::try_from(indent.len()).unwrap_or_default()));
        }
        table.set_header(self.headings.iter().map(|heading| Cell::new(heading).add_attribute(Attribute::Bold)));
        table.add_rows(&self.rows);
        let lines: Vec<String> = table.lines().map(|line| format!("{indent}{}", line.trim_end())).collect();
        lines.join("\n")
    }
}

/// Without what could drive a terminal or reorder what it shows; line breaks and tabs stay.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|c| if is_dangerous(c) { '\u{fffd}' } else { c }).collect()
}

/// The same for JSON, where such characters can only stand within texts and have an escape.
fn printable_json(text: &str) -> String {
    let mut printable = String::with_capacity(text.len());
    for c in text.chars() {
        if is_dangerous(c) {
            // Writing to a text cannot fail.
            let _ = write!(printable, "\\u{:04x}", u32::from(c));
        } else {
            printable.push(c);
        }
    }
    printable
}

fn is_dangerous(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t')
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
}

fn write_line(out: &mut impl Write, text: &str) -> Outcome {
    out.write_all(text.as_bytes()).and_then(|()| out.write_all(b"\n")).and_then(|()| out.flush()).map_err(Failure::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_connector_says_cannot_drive_the_terminal() {
        assert_eq!(printable("a\x1b[2Jb\u{9b}c\r\nd\te\u{202e}f"), "a\u{fffd}[2Jb\u{fffd}c\u{fffd}\nd\te\u{fffd}f");
    }

    #[test]
    fn json_keeps_its_meaning_and_holds_no_control_character() {
        let value = Value::from("a\u{7f}\u{9b}\u{202e}\x1b");
        let text = printable_json(&value.to_string());
        assert!(text.is_ascii(), "{text}");
        assert_eq!(serde_json::from_str::<Value>(&text).expect("JSON"), value);
    }
}

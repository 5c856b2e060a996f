//! All output of the command: results on standard output, notes for the user on standard error.
//!
//! A line may contain text from anyone, so each is written on one line and without hidden characters. There is no
//! other way to write: a line break that the command wants is another line.

use std::io::{self, IsTerminal, Write};

use comfy_table::{Attribute, Cell, ContentArrangement, LineStyle, Table, TableStyle};
use innkeeper::LogLine;
use innkeeper::shown::{OneLine, json, line};
use serde::Serialize;
use serde_json::Value;

use crate::failure::{Failure, Outcome};

/// The form of a command's output.
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
    pub(crate) fn json(self, value: &impl Serialize) -> Outcome {
        let text = serde_json::to_string_pretty(value).map_err(io::Error::from)?;
        write_line(&mut io::stdout().lock(), &json(&text))
    }

    /// One JSON document on one line.
    pub(crate) fn json_line(self, value: &Value) -> Outcome {
        write_line(&mut io::stdout().lock(), &json(&value.to_string()))
    }

    /// A line of the result.
    pub(crate) fn line(self, text: impl AsRef<str>) -> Outcome {
        write_line(&mut io::stdout().lock(), &line(text.as_ref()))
    }

    /// An empty line.
    pub(crate) fn gap(self) -> Outcome {
        self.line("")
    }

    /// A line that names what follows.
    pub(crate) fn heading(self, text: impl AsRef<str>) -> Outcome {
        let text = line(text.as_ref());
        let line = if self.styled { format!("\x1b[1m{text}\x1b[0m") } else { text };
        write_line(&mut io::stdout().lock(), &line)
    }

    /// Bytes as they are.
    pub(crate) fn bytes(self, bytes: &[u8]) -> Outcome {
        let mut out = io::stdout().lock();
        out.write_all(bytes).and_then(|()| out.flush()).map_err(Failure::from)
    }

    /// A table; `nothing` if it has no row.
    pub(crate) fn table(self, listing: &Listing, nothing: &str) -> Outcome {
        if listing.rows.is_empty() {
            return self.line(nothing);
        }
        self.text(listing, "")
    }

    /// A table within a step of the demo.
    pub(crate) fn indented(self, listing: &Listing) -> Outcome {
        self.text(listing, "   ")
    }

    /// Its cells contain no hidden characters, and its style is ours.
    fn text(self, listing: &Listing, indent: &str) -> Outcome {
        write_line(&mut io::stdout().lock(), &listing.to_text(self.styled, io::stdout().is_terminal(), indent))
    }

    /// A note to the user next to the result. Programs do not get it.
    pub(crate) fn note(self, text: impl AsRef<str>) {
        if !self.json {
            say(text.as_ref());
        }
    }

    /// The guest's log lines, if they were requested.
    pub(crate) fn logs(self, lines: &[LogLine]) {
        if self.json || lines.is_empty() {
            return;
        }
        say("The connector says:");
        for LogLine { level, message } in lines {
            say(&format!("{level:>5} | {message}"));
        }
    }

    /// Why the command failed, on standard error.
    pub(crate) fn failure(self, failure: &Failure) {
        let Failure::Reported(report) = failure else { return };
        let mut err = io::stderr().lock();
        // If this cannot be written, there is no one to report it to.
        if self.json {
            let _ = writeln!(err, "{}", json(&format!("{:#}", report.to_json())));
            return;
        }
        let bold =
            err.is_terminal() && (self.styled || !io::stdout().is_terminal()) && std::env::var_os("NO_COLOR").is_none();
        let label = if bold { "\x1b[1;31merror\x1b[0m" } else { "error" };
        let lines: Vec<String> = report.message.split('\n').map(line).collect();
        let _ = writeln!(err, "{label}: {}", lines.join("\n       "));
        for frame in report.backtrace.iter().take(MOST_FRAMES) {
            let _ = writeln!(err, "  at {}", line(frame));
        }
        if report.backtrace.len() > MOST_FRAMES {
            let _ = writeln!(err, "  and {} more", report.backtrace.len() - MOST_FRAMES);
        }
        if let Some(hint) = &report.hint {
            let _ = writeln!(err, " hint: {}", line(hint));
        }
    }
}

const MOST_FRAMES: usize = 16;
/// The longest cell of a table, in characters: descriptions of connectors, and hosts with path and methods, are not
/// longer.
const LONGEST_CELL: usize = 16 * 1024;
/// A line under the headings and nothing more.
const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// A line on standard error.
pub(crate) fn say(text: &str) {
    // A failure to write a note is ignored.
    let _ = writeln!(io::stderr().lock(), "{}", line(text));
}

/// A table on standard error.
pub(crate) fn say_table(listing: &Listing) {
    // A failure to write a note is ignored.
    let _ = writeln!(io::stderr().lock(), "{}", listing.to_text(false, true, ""));
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

    /// Adds a row. No cell leaves its column.
    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.into_iter().map(|cell| OneLine::new(cell).at_most(LONGEST_CELL).to_string()).collect());
    }

    /// The table as text, each line after `indent`; cells are wrapped at the width of the terminal.
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

fn write_line(out: &mut impl Write, text: &str) -> Outcome {
    out.write_all(text.as_bytes()).and_then(|()| out.write_all(b"\n")).and_then(|()| out.flush()).map_err(Failure::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_breaks_its_row() {
        let mut listing = Listing::new(["HOST", "WHY"]);
        listing.row([
            "a".to_owned(),
            "files\n  https://evil.example  approved by the owner\u{2028}\x1b[1A\u{202e}".to_owned(),
        ]);
        let text = listing.to_text(false, false, "");
        assert_eq!(text.lines().count(), 3, "{text}");
        assert!(
            text.ends_with(r"files\n https://evil.example approved by the owner\u{2028}\u{1b}[1A\u{202e}"),
            "{text}"
        );
    }
}

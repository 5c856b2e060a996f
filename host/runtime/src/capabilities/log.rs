//! `log`: the guest's log lines, and what it writes to its standard streams.

use std::fmt;
use std::sync::Arc;

use innkeeper_ambient::lock::Mutex;
use innkeeper_spec::ConnectorId;
use innkeeper_store::ConnectionId;
use serde::Serialize;
use wasmtime::component::{HasData, Linker};

use super::in_call;
use crate::account::Account;
use crate::contract::innkeeper::connector::log as wit;
use crate::limits::Limits;

/// The severity of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogLevel {
    /// For the connector's author.
    Debug,
    /// What happened.
    Info,
    /// Something that may be wrong.
    Warn,
    /// Something that went wrong.
    Error,
}

impl fmt::Display for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        })
    }
}

/// A log line of a guest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LogLine {
    /// The severity.
    pub level: LogLevel,
    /// At most [`Limits::log_line`] bytes, on one line, with hidden characters escaped.
    pub message: String,
}

/// The log of one call, shared with its standard streams.
#[derive(Clone)]
pub(crate) struct PerCall {
    lines: Arc<Mutex<Lines>>,
}

struct Lines {
    origin: Origin,
    account: Account,
    kept: Vec<LogLine>,
    dropped: u64,
    most: usize,
    longest: usize,
    last_error_output: Option<String>,
}

/// Where lines come from, for the operator's own log. There is no origin while the spec is read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Origin {
    pub(crate) connector: Option<ConnectorId>,
    pub(crate) connection: Option<ConnectionId>,
    pub(crate) action: String,
}

impl PerCall {
    pub(crate) fn new(origin: Origin, limits: &Limits, account: Account) -> Self {
        let lines = Lines {
            origin,
            account,
            kept: Vec::new(),
            dropped: 0,
            most: limits.log_lines,
            longest: limits.log_line,
            last_error_output: None,
        };
        Self { lines: Arc::new(Mutex::new(lines)) }
    }

    /// The longest line in bytes.
    pub(crate) fn longest(&self) -> usize {
        self.lines.lock().longest
    }

    pub(crate) fn write(&self, level: LogLevel, message: &str) {
        self.lines.lock().write(level, message);
    }

    /// A line of the guest's standard error: its last words say why it crashed.
    pub(crate) fn write_error_output(&self, message: &str) {
        let mut lines = self.lines.lock();
        let line = lines.clean(message);
        // In Rust guests, a backtrace hint follows the panic message.
        if !line.is_empty() && !line.starts_with("note: ") {
            lines.last_error_output = Some(match lines.last_error_output.take() {
                Some(before) if before.contains("panicked at") && before.len() + line.len() < lines.longest => {
                    format!("{before} {line}")
                }
                _ => line,
            });
        }
        lines.write(LogLevel::Warn, message);
    }

    pub(crate) fn last_error_output(&self) -> Option<String> {
        self.lines.lock().last_error_output.take()
    }

    /// All lines that were kept, and a last line that counts the dropped ones.
    pub(crate) fn take(&self) -> Vec<LogLine> {
        let mut lines = self.lines.lock();
        let mut kept = std::mem::take(&mut lines.kept);
        if lines.dropped > 0 {
            let reason = if kept.len() < lines.most {
                "the host holds too much".to_owned()
            } else {
                format!("a call may log {}", lines.most)
            };
            let message = format!("{} more lines were dropped: {reason}", lines.dropped);
            kept.push(LogLine { level: LogLevel::Warn, message });
        }
        kept
    }
}

impl Lines {
    fn write(&mut self, level: LogLevel, message: &str) {
        if self.kept.len() >= self.most {
            self.dropped += 1;
            return;
        }
        let message = self.clean(message);
        if let Ok(charge) = self.account.charge(message.capacity()) {
            charge.until_the_end();
        } else {
            self.dropped += 1;
            return;
        }
        let Origin { connector, connection, action } = &self.origin;
        let (connector, connection) =
            (connector.as_ref().map(ConnectorId::as_str), connection.as_ref().map(ConnectionId::as_str));
        match level {
            LogLevel::Debug => tracing::debug!(target: "connector", connector, connection, action, "{message}"),
            LogLevel::Info => tracing::info!(target: "connector", connector, connection, action, "{message}"),
            LogLevel::Warn => tracing::warn!(target: "connector", connector, connection, action, "{message}"),
            LogLevel::Error => tracing::error!(target: "connector", connector, connection, action, "{message}"),
        }
        self.kept.push(LogLine { level, message });
    }

    /// Cut to the limit, and without anything that could forge lines, drive a terminal or hide from the reader.
    fn clean(&self, message: &str) -> String {
        let mut clean = innkeeper_shown::line(message[..message.floor_char_boundary(self.longest)].trim_end());
        // Escapes are longer than the characters they replace.
        clean.truncate(clean.floor_char_boundary(self.longest));
        clean
    }
}

pub(crate) fn link<T: 'static>(linker: &mut Linker<T>, view: fn(&mut T) -> LogView<'_>) -> wasmtime::Result<()> {
    wit::add_to_linker::<T, PerCall>(linker, view)
}

/// The import for one guest.
pub(crate) struct LogView<'a> {
    /// `None` while the spec is read.
    pub(crate) call: Option<&'a PerCall>,
}

impl HasData for PerCall {
    type Data<'a> = LogView<'a>;
}

impl wit::Host for LogView<'_> {
    fn write(&mut self, level: wit::Level, message: String) -> wasmtime::Result<()> {
        let log = in_call(self.call, "log.write")?;
        let level = match level {
            wit::Level::Debug => LogLevel::Debug,
            wit::Level::Info => LogLevel::Info,
            wit::Level::Warn => LogLevel::Warn,
            wit::Level::Error => LogLevel::Error,
        };
        log.write(level, &message);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(log_lines: usize, log_line: usize) -> PerCall {
        let limits = Limits { log_lines, log_line, ..Limits::default() };
        PerCall::new(Origin::default(), &limits, Account::new(limits.held))
    }

    #[test]
    fn lines_for_which_there_is_no_room_are_counted_not_kept() {
        let limits = Limits::default();
        let log = PerCall::new(Origin::default(), &limits, Account::new(2000));
        (0..100).for_each(|_| log.write(LogLevel::Info, "x"));
        let lines = log.take();
        assert!(lines.len() < 10, "{lines:?}");
        assert!(lines.last().expect("a count").message.ends_with("more lines were dropped: the host holds too much"));
    }

    #[test]
    fn lines_over_the_limit_are_counted_not_kept() {
        let log = log(2, 100);
        (0..5).for_each(|n| log.write(LogLevel::Info, &n.to_string()));
        let messages: Vec<_> = log.take().into_iter().map(|line| line.message).collect();
        assert_eq!(messages, ["0", "1", "3 more lines were dropped: a call may log 2"]);
    }

    #[test]
    fn a_long_line_is_cut_between_characters() {
        let log = log(9, 4);
        log.write(LogLevel::Info, "abcé");
        assert_eq!(log.take()[0].message, "abc");
        log.write(LogLevel::Info, "a\u{202e}b");
        assert_eq!(log.take()[0].message, r"a\u{");
    }

    #[test]
    fn a_line_cannot_forge_another_or_drive_a_terminal() {
        let log = log(9, 100);
        log.write(LogLevel::Info, "a\n2026 ERROR\tforged\x1b[2J\u{202e}\u{2028}.");
        assert_eq!(log.take()[0].message, r"a\n2026 ERROR forged\u{1b}[2J\u{202e}\u{2028}.");
    }

    #[test]
    fn the_last_words_on_standard_error_are_the_panic_with_its_reason() {
        let log = log(9, 200);
        log.write_error_output("thread panicked at src/lib.rs:3:5:");
        log.write_error_output("no such sheet");
        log.write_error_output("note: run with `RUST_BACKTRACE=1`");
        assert_eq!(log.last_error_output().as_deref(), Some("thread panicked at src/lib.rs:3:5: no such sheet"));
    }
}

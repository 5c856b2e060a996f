//! Why a command failed, and the exit status of the process.

use std::io;
use std::time::Duration;

/// The numbers are documented in `docs/cli.md` and in `--help`, and never change.
pub(crate) use innkeeper::ExitCode as Exit;
use innkeeper::shown::line;
use innkeeper::{
    Actor, AuthError, CallProblem, ConnectionId, Error, ErrorView, KeyringError, LoadError, LogLine, PrincipalId,
    Refused,
};
use serde_json::{Value, json};

/// Their description in `--help`.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  failed for another reason
  2  the arguments, the environment or the configuration file are wrong
  3  there is no such connector, connection, action, file or object at the service
  4  the connection needs authorization, or the service does not accept its credential
  5  denied: by the user, by the hosts that the connection may reach, or by the service
  6  the input, config, fields or component break their rules
  7  the service or the authorization server failed or cannot be reached
  8  the connector failed: it crashed, reached a limit, or broke its own schema
  9  the store or the keyring cannot be used
  130  Ctrl-C at a prompt";

/// Why a command failed: for a person, with what to do next. Holds no secret.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A failure to report.
    Reported(Box<Report>),
    /// The reader of the output has gone away, so there is nothing to report.
    ClosedPipe,
}

/// The content of a reported failure.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) exit: Exit,
    /// For programs.
    pub(crate) kind: &'static str,
    /// Who must act before the same can work, if the host says so.
    pub(crate) actor: Option<Actor>,
    /// When the same may be tried again, if known.
    pub(crate) retry_after: Option<Duration>,
    /// Has several lines only if it was built from lines: no other line breaks get in.
    pub(crate) message: String,
    /// A command or sentence that helps.
    pub(crate) hint: Option<String>,
    /// Where a guest crashed.
    pub(crate) backtrace: Vec<String>,
    /// The log lines of a guest.
    pub(crate) logs: Vec<LogLine>,
}

/// The result of commands.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

impl Failure {
    /// A failure of this kind with a message of one line: a line break in it may come from anyone, and is escaped.
    pub(crate) fn new(exit: Exit, kind: &'static str, message: impl AsRef<str>) -> Self {
        Self::of_lines(exit, kind, [message])
    }

    /// A failure of this kind with a message of several lines.
    pub(crate) fn of_lines<T: AsRef<str>>(exit: Exit, kind: &'static str, lines: impl IntoIterator<Item = T>) -> Self {
        let lines: Vec<String> = lines.into_iter().map(|text| line(text.as_ref())).collect();
        let message = lines.join("\n");
        Self::Reported(Box::new(Report {
            exit,
            kind,
            actor: None,
            retry_after: None,
            message,
            hint: None,
            backtrace: Vec::new(),
            logs: Vec::new(),
        }))
    }

    /// A failure without a more specific kind.
    pub(crate) fn failed(message: impl AsRef<str>) -> Self {
        Self::new(Exit::Failed, "failed", message)
    }

    /// The command line is not valid.
    pub(crate) fn usage(message: impl AsRef<str>) -> Self {
        Self::new(Exit::Usage, "usage", message)
    }

    /// The input breaks its rules.
    pub(crate) fn invalid(message: impl AsRef<str>) -> Self {
        Self::new(Exit::InvalidInput, "invalid-input", message)
    }

    /// A file cannot be read or written.
    pub(crate) fn file(verb: &str, path: &std::path::Path, error: &io::Error) -> Self {
        let (exit, kind) = match error.kind() {
            io::ErrorKind::NotFound => (Exit::NotFound, "no-such-file"),
            _ => (Exit::Failed, "file"),
        };
        Self::new(exit, kind, format!("{} cannot be {verb}: {error}", path.display()))
    }

    /// Sets the hint.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        if let Self::Reported(report) = &mut self {
            report.hint = Some(hint.into());
        }
        self
    }

    /// Several failures as one, with the exit code and kind of the first; `None` if there are none.
    pub(crate) fn all(failures: Vec<Self>) -> Option<Self> {
        let mut failures = failures.into_iter();
        let mut first = failures.next()?;
        for failure in failures {
            if let (Self::Reported(first), Self::Reported(next)) = (&mut first, failure) {
                first.message = format!("{}\n{}", first.message, next.message);
            }
        }
        Some(first)
    }

    /// Adds how to authorize this connection, if it needs that.
    pub(crate) fn authorizing(mut self, connection: &ConnectionId, principal: Option<&PrincipalId>) -> Self {
        if let Self::Reported(report) = &mut self
            && report.exit == Exit::NeedsAuthorization
        {
            report.hint.get_or_insert_with(|| how_to_authorize(connection, principal));
        }
        self
    }

    /// Puts the file that it is about in front.
    pub(crate) fn about(mut self, path: &std::path::Path) -> Self {
        if let Self::Reported(report) = &mut self {
            report.message = format!("{}: {}", line(&path.display().to_string()), report.message);
        }
        self
    }

    /// The exit status of the process.
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Reported(report) => report.exit as u8,
            Self::ClosedPipe => 0,
        }
    }
}

impl Report {
    /// For programs: `{"error": ...}`.
    pub(crate) fn to_json(&self) -> Value {
        let mut view = ErrorView::new(self.kind, &self.message, self.exit as u8);
        view.actor = self.actor;
        view.retry_after_ms = self.retry_after.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
        view.hint.clone_from(&self.hint);
        view.backtrace.clone_from(&self.backtrace);
        json!({ "error": view })
    }
}

/// Writing to standard output failed.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::ClosedPipe,
            _ => Self::failed(format!("standard output cannot be written: {error}")),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let (kind, message) = (error.kind(), error.to_string());
        let (exit, actor, kind) = (kind.exit_code(), kind.actor(), kind.as_str());
        let failure = if tells_lines(&error) {
            Self::of_lines(exit, kind, message.split('\n'))
        } else {
            Self::new(exit, kind, message)
        };
        let failure = match hint_of(&error) {
            Some(hint) => failure.hint(hint),
            None => failure,
        };
        let Self::Reported(mut report) = failure else { return failure };
        report.actor = Some(actor);
        report.retry_after = error.retry_after();
        report.backtrace = error.backtrace();
        if let Error::Call { logs, .. } = error {
            report.logs = logs;
        }
        Self::Reported(report)
    }
}

/// Whether an error reports one mistake per line.
fn tells_lines(error: &Error) -> bool {
    match error {
        Error::Config { .. } | Error::Load(LoadError::Spec(_)) => true,
        Error::Call { error, .. } => {
            matches!(error.problem, CallProblem::InvalidInput(_) | CallProblem::InvalidOutput(_))
        }
        _ => false,
    }
}

fn hint_of(error: &Error) -> Option<String> {
    match error {
        Error::UnknownConnector(_) => Some("add one with `innkeeper connector add FILE.wasm`".to_owned()),
        Error::UnknownConnection { .. } => Some("create one with `innkeeper connection create`".to_owned()),
        Error::Auth(AuthError::NeedsAuthorization { connection, owner, .. }) => {
            Some(how_to_authorize(connection, owner.principal()))
        }
        Error::Refused(Refused { flow: Some(flow), .. }) => {
            Some(how_to_authorize(&flow.connection, flow.owner.principal()))
        }
        Error::Keyring(KeyringError::File { error, .. }) if error.kind() == io::ErrorKind::NotFound => Some(
            "the secrets in the store open only with the keys in that file: restore it from a copy, or say where it is \
             with `--keyring`"
                .to_owned(),
        ),
        Error::Auth(AuthError::Rejected { connection, .. } | AuthError::NotInteractive { connection, .. }) => Some(format!(
            "`innkeeper connection show {connection}` lists its secrets, `innkeeper connection edit {connection} \
             --ask-secret NAME` changes one"
        )),
        Error::Auth(AuthError::PrincipalNeeded(_)) => Some("name one with `--principal NAME`".to_owned()),
        Error::Auth(AuthError::NotPerUser(..)) => Some("leave `--principal` out".to_owned()),
        _ => None,
    }
}

fn how_to_authorize(connection: &ConnectionId, principal: Option<&PrincipalId>) -> String {
    let principal = principal.map(|principal| format!(" --principal {principal}")).unwrap_or_default();
    format!("innkeeper authorize {connection}{principal}")
}

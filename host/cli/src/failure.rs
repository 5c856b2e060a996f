//! Why a command failed, and the status that the process ends with.

use std::io;

/// The numbers are documented in `docs/cli.md` and in `--help`, and stay.
pub(crate) use innkeeper::ExitCode as Exit;
use innkeeper::{
    AuthError, CallProblem, ConnectionId, Error, Frame, GrantOwner, KeyringError, LoadError, LogLine, PrincipalId,
    Refused,
};
use innkeeper_shown::line;
use serde_json::{Value, json};

/// What `--help` says of it.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  failed for a reason that is none of these
  2  the arguments, the environment or the configuration file are wrong
  3  there is no such connector, connection, action, file or thing at the service
  4  the connection needs authorization, or the service does not accept its credential
  5  denied: by the user, by the hosts that the connection may reach, or by the service
  6  the input, config, fields or component break their rules
  7  the service or the authorization server failed or cannot be reached
  8  the connector failed: it crashed, reached a limit, or broke its own schema
  9  the store or the keyring cannot be used
  130  Ctrl-C at a question";

/// Why a command failed: for a person, with what to do next. Holds no secret.
#[derive(Debug)]
pub(crate) enum Failure {
    /// To be reported.
    Reported(Box<Report>),
    /// Who reads the output has gone away. There is nobody to tell.
    ClosedPipe,
}

/// What is reported.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) exit: Exit,
    /// For programs.
    pub(crate) kind: &'static str,
    /// Several lines where a line feed is in it: none of others gets in.
    pub(crate) message: String,
    /// A command or sentence that helps on.
    pub(crate) hint: Option<String>,
    /// Where a guest crashed.
    pub(crate) backtrace: Vec<String>,
    /// What a guest said.
    pub(crate) logs: Vec<LogLine>,
}

/// What commands answer.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

impl Failure {
    /// A failure of this kind, told in one line: a line break in it is whoever's and shows as that.
    pub(crate) fn new(exit: Exit, kind: &'static str, message: impl AsRef<str>) -> Self {
        Self::of_lines(exit, kind, [message])
    }

    /// A failure of this kind, told in several lines.
    pub(crate) fn of_lines<T: AsRef<str>>(exit: Exit, kind: &'static str, lines: impl IntoIterator<Item = T>) -> Self {
        let lines: Vec<String> = lines.into_iter().map(|text| line(text.as_ref())).collect();
        let message = lines.join("\n");
        Self::Reported(Box::new(Report { exit, kind, message, hint: None, backtrace: Vec::new(), logs: Vec::new() }))
    }

    /// None of the other kinds.
    pub(crate) fn failed(message: impl AsRef<str>) -> Self {
        Self::new(Exit::Failed, "failed", message)
    }

    /// The command was not written as it should be.
    pub(crate) fn usage(message: impl AsRef<str>) -> Self {
        Self::new(Exit::Usage, "usage", message)
    }

    /// What was given breaks its rules.
    pub(crate) fn invalid(message: impl AsRef<str>) -> Self {
        Self::new(Exit::InvalidInput, "invalid-input", message)
    }

    /// A file that cannot be read or written.
    pub(crate) fn file(verb: &str, path: &std::path::Path, error: &io::Error) -> Self {
        let (exit, kind) = match error.kind() {
            io::ErrorKind::NotFound => (Exit::NotFound, "no-such-file"),
            _ => (Exit::Failed, "file"),
        };
        Self::new(exit, kind, format!("{} cannot be {verb}: {error}", path.display()))
    }

    /// With what helps on.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        if let Self::Reported(report) = &mut self {
            report.hint = Some(hint.into());
        }
        self
    }

    /// Several as one, with the exit code and kind of the first; none of none.
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

    /// With how to authorize this connection, where that is what it takes.
    pub(crate) fn authorizing(mut self, connection: &ConnectionId, principal: Option<&PrincipalId>) -> Self {
        if let Self::Reported(report) = &mut self
            && report.exit == Exit::NeedsAuthorization
        {
            report.hint.get_or_insert_with(|| how_to_authorize(connection, principal));
        }
        self
    }

    /// With the file that it is about in front.
    pub(crate) fn about(mut self, path: &std::path::Path) -> Self {
        if let Self::Reported(report) = &mut self {
            report.message = format!("{}: {}", line(&path.display().to_string()), report.message);
        }
        self
    }

    /// The status that the process ends with.
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Reported(report) => report.exit as u8,
            Self::ClosedPipe => 0,
        }
    }
}

impl Report {
    /// For programs.
    pub(crate) fn to_json(&self) -> Value {
        let mut error = json!({ "kind": self.kind, "message": self.message, "exit_code": self.exit as u8 });
        if let Some(hint) = &self.hint {
            error["hint"] = json!(hint);
        }
        if !self.backtrace.is_empty() {
            error["backtrace"] = json!(self.backtrace);
        }
        json!({ "error": error })
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
        let (exit, kind) = (kind.exit_code(), kind.as_str());
        let failure = if tells_lines(&error) {
            Self::of_lines(exit, kind, message.split('\n'))
        } else {
            Self::new(exit, kind, message)
        };
        let failure = match hint_of(&error) {
            Some(hint) => failure.hint(hint),
            None => failure,
        };
        match (failure, error) {
            (Self::Reported(mut report), Error::Call { error, logs }) => {
                report.backtrace = error.backtrace().iter().map(frame).collect();
                report.logs = logs;
                Self::Reported(report)
            }
            (failure, _) => failure,
        }
    }
}

/// Whether an error tells a mistake a line, each of them on one line by itself.
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
        Error::UnknownConnector { known, .. } if known.is_empty() => {
            Some("add one with `innkeeper connector add FILE.wasm`".to_owned())
        }
        Error::UnknownConnection { known, .. } if known.is_empty() => {
            Some("make one with `innkeeper connection create`".to_owned())
        }
        Error::Auth(AuthError::NeedsAuthorization { connection, owner, .. }) => {
            Some(how_to_authorize(connection, principal(owner)))
        }
        Error::Refused(Refused { flow: Some(flow), .. }) => {
            Some(how_to_authorize(&flow.connection, principal(&flow.owner)))
        }
        Error::Keyring(KeyringError::File { error, .. }) if error.kind() == io::ErrorKind::NotFound => Some(
            "the secrets in the store open with the keys in that file alone: put it back from a copy, or name where it is \
             with `--keyring`"
                .to_owned(),
        ),
        Error::Auth(AuthError::Rejected { connection, .. } | AuthError::NotInteractive { connection, .. }) => Some(format!(
            "`innkeeper connection show {connection}` names its secrets, `innkeeper connection edit {connection} --ask-secret NAME` \
             changes one"
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

fn principal(owner: &GrantOwner) -> Option<&PrincipalId> {
    match owner {
        GrantOwner::Shared => None,
        GrantOwner::Principal(principal) => Some(principal),
    }
}

fn frame(frame: &Frame) -> String {
    frame.to_string()
}

//! Why a connector cannot be loaded, or its call has no result.

use std::fmt;

use innkeeper_shown::{OneLine, Quoted, Said};
use innkeeper_spec::{Mistakes, Violations};

use crate::compiler::CompilerError;
use crate::places::Crowded;
use crate::text;
use crate::trap::Frame;

/// The runtime cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// No engine could be made, even with the simplest allocation.
    #[error("the WebAssembly engine cannot start: {0}")]
    Engine(String),
    /// The folder of compiled code cannot be created.
    #[error("the folder for compiled code {path} cannot be used: {reason}")]
    Cache {
        /// The path of the folder.
        path: String,
        /// The system's error.
        reason: String,
    },
}

/// A file or bytes that cannot be loaded as a connector. Nothing of it is stored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The file cannot be read.
    #[error("the connector {path} cannot be read: {reason}")]
    Unreadable {
        /// The path of the file.
        path: String,
        /// The system's error.
        reason: String,
    },
    /// The bytes are not WebAssembly.
    #[error(
        "this is not WebAssembly: a component starts with the bytes `00 61 73 6d 0d 00 01 00`, this starts with {found}"
    )]
    NotWasm {
        /// What was found instead.
        found: String,
    },
    /// A core module was passed where a component is needed.
    #[error(
        "this is a core WebAssembly module, not a component; build it for the target wasm32-wasip2, \
         or turn it into a component with `wasm-tools component new`"
    )]
    CoreModule,
    /// A component of the world `auth-type`.
    #[error("this is an auth type (world `auth-type`), not a connector (world `connector`)")]
    AuthType,
    /// A component of a world that this host does not know.
    #[error("this component is not a connector: the world `connector` exports spec, call and check; missing here: {}; it exports: {}", list(.missing), list(.exports))]
    OtherWorld {
        /// Exports that are missing.
        missing: Vec<String>,
        /// What it exports.
        exports: Vec<String>,
    },
    /// Built against another version of the contract.
    #[error(
        "this connector was built for version {} of the contract innkeeper:connector, but this host supports {known}; \
         build it with the guest SDK of that version, or use a newer host",
        OneLine::new(found).at_most(LONGEST_NAME)
    )]
    OtherVersion {
        /// The version that the component names.
        found: String,
        /// The version of this host.
        known: &'static str,
    },
    /// It imports what connectors cannot have.
    #[error("this connector imports interfaces that connectors may not use: {}; it may import innkeeper:connector and the WASI 0.2 interfaces io, clocks, random and cli (standard streams)", list(.imports))]
    UnknownImports {
        /// Their names.
        imports: Vec<String>,
    },
    /// WebAssembly that does not validate, or does not match the contract's types.
    #[error("this component is not valid: {}", OneLine::new(.0))]
    Invalid(String),
    /// It has more of something than this host compiles.
    #[error("this component has at least {found} {what}; this host accepts at most {limit}{}", of_limit(*setting))]
    TooMuch {
        /// What was counted.
        what: &'static str,
        /// How many were counted before counting stopped.
        found: u64,
        /// How many are allowed.
        limit: u64,
        /// The field of [`crate::CompileLimits`]; `None` if the limit is fixed.
        setting: Option<&'static str>,
    },
    /// It instantiates a component that it does not contain.
    #[error(
        "this component instantiates a component that it imports or takes from an instance; it has to contain that component itself"
    )]
    UnknownNested,
    /// It was not compiled.
    #[error(transparent)]
    Compiler(#[from] CompilerError),
    /// Reading the spec failed.
    #[error("the connector's spec cannot be read: {0}")]
    SpecRun(#[source] Box<CallError>),
    /// The spec breaks its rules.
    #[error("the connector's spec has mistakes:\n{0}")]
    Spec(#[source] Mistakes),
    /// The check of the spec did not finish.
    #[error("the connector's spec was not checked: {0}")]
    Unchecked(#[from] CheckError),
}

impl LoadError {
    /// For a text that may repeat what the component contains, however long that is.
    pub(crate) fn invalid(reason: impl fmt::Display) -> Self {
        Self::Invalid(text::cut(&reason.to_string(), LONGEST_REASON))
    }
}

/// Why a value or a spec could not be checked.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// It took too long.
    #[error("it took more than {seconds} s; pass less data at once, or ask the connector's author for simpler schemas")]
    TooLong {
        /// The limit.
        seconds: f64,
    },
    /// Too many other checks take long.
    #[error("the host is busy with other long checks; try again in a few seconds")]
    Busy,
    /// The check failed without a result.
    #[error("the check failed because of a bug in the host; please report it")]
    Failed,
}

/// Names that a component sets, on one line, and not all of a long list.
fn list(names: &[String]) -> String {
    const MOST: usize = 20;
    if names.is_empty() {
        return "nothing".to_owned();
    }
    let mut shown: Vec<String> =
        names.iter().take(MOST).map(|name| OneLine::new(name).at_most(LONGEST_NAME).to_string()).collect();
    if names.len() > MOST {
        shown.push(format!("and {} more", names.len() - MOST));
    }
    shown.join(", ")
}

/// The longest name of a component that is shown, in characters.
pub(crate) const LONGEST_NAME: usize = 200;

/// Why a call has no result. Holds no secret.
#[derive(Debug)]
pub struct CallError {
    /// The connector.
    pub connector: String,
    /// Which action; `check` or `spec` if that was requested of the connector.
    pub action: String,
    /// What went wrong.
    pub problem: CallProblem,
}

/// What went wrong with a call.
#[derive(Debug)]
#[non_exhaustive]
pub enum CallProblem {
    /// The connector has no action of that name.
    UnknownAction {
        /// The action with the most similar name.
        nearest: Option<String>,
    },
    /// The input breaks the action's schema: each mistake with its JSON pointer.
    InvalidInput(Violations),
    /// The output breaks the action's schema, which is a mistake of the connector: each mistake with its JSON
    /// pointer.
    InvalidOutput(Violations),
    /// The check of the input or output against its schema did not finish.
    Unchecked {
        /// `input` or `output`.
        what: &'static str,
        /// The reason.
        reason: CheckError,
    },
    /// The output is not JSON, which is a mistake of the connector: where it stops being JSON.
    OutputNotJson(String),
    /// The output is larger than allowed.
    OutputTooLarge {
        /// Bytes of the output.
        size: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// The result has too many files, or files that cannot be returned: what is wrong with them.
    InvalidFiles(String),
    /// The guest left more with the host than the host holds for one call.
    HeldTooMuch {
        /// What was too much.
        what: &'static str,
        /// Bytes that the host holds for one call.
        limit: u64,
    },
    /// The guest held more handles than it may.
    TooManyHandles {
        /// Handles at once.
        limit: usize,
    },
    /// The connector itself returned an error.
    Action(ActionFailure),
    /// The guest trapped: a panic, an access out of bounds, a stack overflow.
    Trapped {
        /// What kind of trap.
        message: String,
        /// The guest's last words on its standard error.
        said: Option<String>,
        /// The guest's frames, innermost first.
        backtrace: Vec<Frame>,
    },
    /// There is no place for the call, and none became free while it waited. Nothing of it ran.
    Busy {
        /// What is full.
        crowded: Crowded,
        /// Seconds, at least 1, after which a place is likely to be free.
        retry_after: u32,
    },
    /// The call's time is over.
    TimedOut {
        /// The limit.
        seconds: f64,
    },
    /// The guest computed for too long.
    CpuExceeded {
        /// The limit.
        seconds: f64,
        /// Where the guest was, innermost first.
        backtrace: Vec<Frame>,
    },
    /// The guest requested more memory than it may have, and gave up.
    MemoryExceeded {
        /// The limit in bytes.
        limit: usize,
        /// The guest's last words on its standard error: it may have given up later for another reason.
        said: Option<String>,
        /// The guest's frames, innermost first.
        backtrace: Vec<Frame>,
    },
    /// The guest used this import, which it may not use while its spec is read.
    ImpureSpec(&'static str),
    /// A streamed result is not JSON: where it stops being JSON.
    EventNotJson(String),
    /// The guest exited with this status instead of answering.
    Exited(i32),
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use CallProblem as Problem;
        let Self { connector, action, problem } = self;
        match problem {
            Problem::UnknownAction { nearest } => {
                let action = Quoted::new(action).at_most(80);
                write!(f, "connector {connector} has no action {action}{}", did_you_mean(nearest.as_deref()))
            }
            Problem::InvalidInput(violations) => {
                write!(f, "the input of {connector}.{action} is not valid: {violations}")
            }
            Problem::InvalidOutput(violations) => {
                write!(
                    f,
                    "connector {connector} returned a result for {action} that its own schema forbids: {violations}"
                )
            }
            Problem::Unchecked { what, reason } => {
                write!(f, "the {what} of {connector}.{action} was not checked against its schema: {reason}")
            }
            Problem::OutputNotJson(reason) => {
                let reason = OneLine::new(reason);
                write!(f, "connector {connector} returned text that is not JSON for {action}: {reason}")
            }
            Problem::OutputTooLarge { size, limit } => {
                write!(f, "connector {connector} returned {size} bytes for {action}; the limit is {limit}")
            }
            Problem::InvalidFiles(reason) => {
                write!(f, "connector {connector} returned files for {action} that cannot be delivered: {reason}")
            }
            Problem::HeldTooMuch { what, limit } => write!(
                f,
                "connector {connector} made the host hold more than {limit} bytes in {action}: there is no room for \
                 {what}; request less data, or raise the limit `held`"
            ),
            Problem::TooManyHandles { limit } => write!(
                f,
                "connector {connector} needed more than {limit} handles in {action}: it has to drop bodies, responses, \
                 streams and timers earlier"
            ),
            Problem::Action(failure) => failure.fmt(f),
            Problem::Trapped { message, said, .. } => {
                let (message, said) = (OneLine::new(message), last_words(said.as_deref()));
                write!(f, "connector {connector} crashed in {action}: {message}{said}")
            }
            Problem::Busy { crowded, retry_after } => {
                write!(f, "the host is busy{}; try again in {retry_after} s", busy_with(*crowded))
            }
            Problem::TimedOut { seconds } => {
                write!(f, "connector {connector} did not finish {action} within {seconds} s")
            }
            Problem::CpuExceeded { seconds, .. } => {
                write!(f, "connector {connector} used more than {seconds} s of computing time in {action}")
            }
            Problem::MemoryExceeded { limit, said, .. } => {
                let said = last_words(said.as_deref());
                write!(f, "connector {connector} needed more than {limit} bytes of memory in {action}{said}")
            }
            Problem::ImpureSpec(import) => write!(
                f,
                "spec() of the connector used {import}; it must not use any import, because it runs before there is a connection"
            ),
            Problem::EventNotJson(reason) => {
                let reason = OneLine::new(reason);
                write!(f, "connector {connector} emitted text that is not JSON in {action}: {reason}")
            }
            Problem::Exited(status) => {
                write!(f, "connector {connector} exited with status {status} in {action} instead of returning")
            }
        }
    }
}

impl std::error::Error for CallError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.problem {
            CallProblem::Unchecked { reason, .. } => Some(reason),
            CallProblem::Action(failure) => Some(failure),
            _ => None,
        }
    }
}

impl CallError {
    /// Where the guest was when it was stopped, innermost first; empty if unknown.
    pub fn backtrace(&self) -> &[Frame] {
        match &self.problem {
            CallProblem::Trapped { backtrace, .. }
            | CallProblem::CpuExceeded { backtrace, .. }
            | CallProblem::MemoryExceeded { backtrace, .. } => backtrace,
            _ => &[],
        }
    }
}

fn did_you_mean(name: Option<&str>) -> String {
    name.map(|name| format!("; did you mean {name:?}?")).unwrap_or_default()
}

fn busy_with(crowded: Crowded) -> &'static str {
    match crowded {
        Crowded::Host => "",
        Crowded::Space => " with calls of this space",
        Crowded::Connection => " with calls of this connection",
    }
}

/// The connector's own words after a sentence of the host, so that they cannot be mistaken for the host's.
fn says(text: &str) -> String {
    if text.trim().is_empty() { String::new() } else { format!(". {}", Said::connector(text)) }
}

fn last_words(text: Option<&str>) -> String {
    text.map(says).unwrap_or_default()
}

/// The error that a connector returned (`types.action-error` of the contract). Its texts are the connector's own
/// words, unchanged: print them with their speaker and on one line, and do not show them to a person in any other
/// way.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ActionFailure {
    /// The connector does not know the action that its spec names.
    #[error("the connector does not know its own action{}", says(.0))]
    UnknownAction(String),
    /// The input matches the schema and is still wrong.
    #[error("the connector does not accept the input{}", says(.0))]
    InvalidInput(String),
    /// The user has to authorize again.
    #[error("the connection needs authorization")]
    NeedsAuthorization,
    /// The host or the service forbids it.
    #[error("the host or the service forbids it{}", says(.0))]
    Denied(String),
    /// The service does not have it.
    #[error("not found{}", says(.0))]
    NotFound(String),
    /// Too many requests.
    #[error("the service's rate limit was reached{}", .retry_after.map(|seconds| format!("; try again in {seconds} s")).unwrap_or_default())]
    RateLimited {
        /// Seconds until it is worth trying again.
        retry_after: Option<u32>,
    },
    /// An answer has more bytes than may be read.
    #[error("too large: the limit is {limit} bytes{}{}",
        .content_length.map(|size| format!("; the service's response has {size}")).unwrap_or_default(),
        .estimated_output.map(|size| format!("; the output would have {size}")).unwrap_or_default())]
    TooLarge {
        /// Bytes allowed.
        limit: u64,
        /// Bytes of the service's answer.
        content_length: Option<u64>,
        /// Bytes that the output would have.
        estimated_output: Option<u64>,
    },
    /// The service answered with an error.
    #[error("the service answered {status}{}", says(.message))]
    Upstream {
        /// HTTP status.
        status: u16,
        /// The service's message.
        message: String,
        /// Whether the same call may succeed later.
        retryable: bool,
    },
    /// The connector failed.
    #[error("the connector failed{}", says(.0))]
    Internal(String),
}

fn of_limit(name: Option<&str>) -> String {
    name.map(|name| format!(" (the limit `compile_{name}`)")).unwrap_or_default()
}

/// Bytes of a text that may repeat what a component contains.
const LONGEST_REASON: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    fn told(problem: CallProblem) -> String {
        CallError { connector: "c".to_owned(), action: "a".to_owned(), problem }.to_string()
    }

    #[test]
    fn what_a_connector_answers_cannot_be_taken_for_the_hosts_own_words() {
        let said = || "gone.\n hint: approve `https://evil.example`\u{202e}\x1b[2J\"".to_owned();
        let quoted = r#"The connector says: "gone.\n hint: approve `https://evil.example`\u{202e}\u{1b}[2J\"""#;
        for (failure, lead) in [
            (ActionFailure::UnknownAction(said()), "the connector does not know its own action. "),
            (ActionFailure::InvalidInput(said()), "the connector does not accept the input. "),
            (ActionFailure::Denied(said()), "the host or the service forbids it. "),
            (ActionFailure::NotFound(said()), "not found. "),
            (ActionFailure::Internal(said()), "the connector failed. "),
            (ActionFailure::Upstream { status: 502, message: said(), retryable: true }, "the service answered 502. "),
        ] {
            assert_eq!(told(CallProblem::Action(failure)), format!("{lead}{quoted}"));
        }
        assert_eq!(ActionFailure::Denied(" ".to_owned()).to_string(), "the host or the service forbids it");
        let message = "it gave up".to_owned();
        let crash = CallProblem::Trapped { message, said: Some(said()), backtrace: Vec::new() };
        assert_eq!(told(crash), format!("connector c crashed in a: it gave up. {quoted}"));
    }

    #[test]
    fn names_of_a_component_stay_on_their_line_and_are_not_all_of_very_many() {
        let imports: Vec<String> = (0..100_000).map(|n| format!("a{n}\nerror: forged\u{202e}")).collect();
        let text = LoadError::UnknownImports { imports }.to_string();
        assert!(text.contains(r"a0\nerror: forged\u{202e}, a1") && text.contains("and 99980 more"), "{text}");
        assert!(!text.contains('\n'), "{text}");
    }
}

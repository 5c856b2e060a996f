//! What came of an attack: all that the attacker, or whoever called it, could see.

use std::fmt::{self, Debug, Write as _};

use innkeeper::{CallResult, Error};
use serde_json::Value;

/// What was told, and all that could be seen besides.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told {
    /// The variant of the error; `answer` where there was none.
    pub(crate) kind: String,
    /// What it says.
    pub(crate) text: String,
    /// Everything else that the attacker had before its eyes: logs, events, files.
    pub(crate) besides: String,
}

impl Told {
    /// No error: this is what was seen.
    pub(crate) fn answer(text: impl Into<String>) -> Self {
        Self { kind: "answer".to_owned(), text: text.into(), besides: String::new() }
    }

    /// An error of a kind.
    pub(crate) fn error(kind: impl Into<String>, text: impl Into<String>) -> Self {
        Self { kind: kind.into(), text: text.into(), besides: String::new() }
    }

    /// What the host told who called it.
    pub(crate) fn of<T: Debug>(result: Result<T, Error>) -> Self {
        match result {
            Ok(value) => Self::answer(format!("{value:?}")),
            Err(error) => Self::host(&error),
        }
    }

    /// An error of the host.
    pub(crate) fn host(error: &Error) -> Self {
        let kind = match error {
            Error::Call { error, .. } => match &error.problem {
                innkeeper::CallProblem::Action(failure) => format!("ActionFailure::{}", variant(failure)),
                problem => format!("CallError::{}", variant(problem)),
            },
            Error::Load(error) => format!("LoadError::{}", variant(error)),
            Error::Auth(error) => format!("AuthError::{}", variant(error)),
            Error::Refused(_) => "Refused".to_owned(),
            Error::Device(error) => format!("DeviceFailure::{}", variant(error)),
            error => format!("Error::{}", variant(error)),
        };
        Self { kind, text: error.to_string(), besides: format!("{error:?}") }
    }

    /// What the scripted guest saw: of several things, the last that is an error.
    pub(crate) fn guest(result: Result<CallResult, Error>) -> Self {
        match result {
            Ok(result) => {
                let mut besides = String::new();
                for line in &result.logs {
                    let _ = writeln!(besides, "{}", line.message);
                }
                for event in &result.events {
                    let _ = writeln!(besides, "{event}");
                }
                Self::seen(&result.value, besides)
            }
            Err(error) => Self::host(&error),
        }
    }

    fn seen(value: &Value, besides: String) -> Self {
        let steps = value["seen"].as_array().map(Vec::as_slice).unwrap_or_default();
        let error = steps.iter().rev().find_map(|seen| {
            let text = seen["error"].as_str().or(seen.as_str()).or(seen[0]["error"].as_str())?;
            ["HttpError::", "StateError::"].iter().any(|name| text.starts_with(name)).then_some(text)
        });
        match error {
            Some(text) => {
                let kind = text.split('(').next().unwrap_or_default().to_owned();
                Self { kind, text: text.to_owned(), besides: format!("{besides}{value}") }
            }
            None => Self { kind: "answer".to_owned(), text: value.to_string(), besides },
        }
    }

    /// Everything, for a search.
    pub(crate) fn everything(&self) -> String {
        format!("{}\n{}\n{}", self.kind, self.text, self.besides)
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: String = self.text.chars().take(400).collect();
        write!(f, "{}: {shown:?}", self.kind)
    }
}

/// The name of a variant.
fn variant(error: &impl Debug) -> String {
    let shown = format!("{error:?}");
    shown.chars().take_while(char::is_ascii_alphanumeric).collect()
}

//! Why a request got no answer, and how far it got.

use std::error::Error;

use url::Url;

use crate::EgressError;
use crate::wall::resolver::Refused;

/// Why a request got no answer, and how to react.
pub(crate) struct Failure {
    pub(crate) error: FailureKind,
    pub(crate) reach: Reach,
}

/// How far a failed request got.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// No connection was made, so the service cannot have seen it.
    Unsent,
    /// The service reports that it did not process the request (RFC 9113 section 8.7).
    LeftUndone,
    /// Unknown.
    Unknown,
}

impl Failure {
    pub(crate) const fn other(error: EgressError) -> Self {
        Self { error: FailureKind::Other(error), reach: Reach::Unknown }
    }
}

pub(crate) enum FailureKind {
    Refused(Refused),
    Other(EgressError),
}

impl From<EgressError> for Failure {
    fn from(error: EgressError) -> Self {
        let reach = if matches!(error, EgressError::Unsent(_)) { Reach::Unsent } else { Reach::Unknown };
        Self { error: FailureKind::Other(error), reach }
    }
}

/// Interprets the client's error. `header_limit`, in bytes, is reported if the client itself rejected a head as too large.
pub(crate) fn failure(error: &reqwest::Error, url: &Url, header_limit: usize) -> Failure {
    let reach = reach(error);
    if let Some(refused) = find::<Refused>(error) {
        return Failure { error: FailureKind::Refused(refused.clone()), reach };
    }
    let other = if let Some(own) = find::<EgressError>(error) {
        own.clone()
    } else if error.is_timeout() && reach == Reach::Unsent {
        let host = url.host_str().unwrap_or_default();
        EgressError::Unsent(format!("no connection to {host} could be made in time"))
    } else if error.is_timeout() {
        EgressError::Timeout
    } else {
        let host = url.host_str().unwrap_or_default();
        let cause = root_cause(error);
        // The client has the same text for both, and no other way to distinguish them from other broken answers.
        if cause.contains("head is too large") {
            let told = format!(
                "{host} sent a response head that cannot be accepted: its headers are larger than {header_limit} \
                 bytes, or its content-length is larger than any body can be"
            );
            return Failure { error: FailureKind::Other(EgressError::Connect(told)), reach };
        }
        if reach == Reach::Unsent {
            EgressError::Unsent(format!("no connection to {host} could be made: {cause}"))
        } else {
            EgressError::Connect(format!("the connection to {host} broke before the response: {cause}"))
        }
    };
    Failure { error: FailureKind::Other(other), reach }
}

fn reach(error: &reqwest::Error) -> Reach {
    if error.is_connect() {
        return Reach::Unsent;
    }
    // A stream that was refused, or that the service will not process because it closes the connection.
    let is_left = |error: &h2::Error| {
        error.is_remote()
            && (error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM)
                || error.is_go_away() && error.reason() == Some(h2::Reason::NO_ERROR))
    };
    if find(error).is_some_and(is_left) { Reach::LeftUndone } else { Reach::Unknown }
}

/// Why a body stopped early.
pub(crate) fn broken_body(error: reqwest::Error) -> EgressError {
    if error.is_timeout() {
        return EgressError::Timeout;
    }
    EgressError::Connect(format!("the response broke off: {}", root_cause(&error.without_url())))
}

fn find<E: Error + 'static>(error: &reqwest::Error) -> Option<&E> {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        cause = error.source();
    }
    None
}

/// The innermost cause: the outer ones repeat the address with its query.
pub(crate) fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    if std::ptr::addr_eq(cause, error) { "the HTTP client failed".to_owned() } else { cause.to_string() }
}

//! What can go wrong, in words for the user of the browser and codes for programs.

use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use innkeeper::{AuthError, Error, ErrorKind, FlowFailure, LinkFailure};
use innkeeper_web::{Page, ShownJson, Tone, retry_after};
use serde_json::json;

/// Why a route failed. None of it is in the provider's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    /// No user is signed in.
    SignIn,
    /// The link or the flow belongs to another user.
    OtherUser,
    /// The flow belongs to another browser.
    OtherBrowser,
    LinkInvalid,
    LinkExpired,
    LinkUsed,
    /// The callback has no state, or a parameter twice.
    Malformed,
    /// The state is not ours, or was already used.
    Unknown,
    /// It took more than ten minutes.
    Expired,
    OtherIssuer,
    Denied,
    Provider,
    NoCode,
    ConnectionGone,
    NoConnection,
    NotInteractive,
    Exchange,
    TooMany(Duration),
    /// The host has no place for it now.
    Busy(Duration),
    NotAllowed,
    ReturnUrl,
    /// A page of another site sent this.
    CrossSite,
    /// The request is not what the route accepts.
    Unreadable,
    /// A browser prefetches what its user has not opened.
    Prefetch,
    Method(&'static str),
    NothingHere,
    OtherHost,
    /// The host failed.
    Host,
}

/// Title, what happened, what to do next.
pub(crate) struct Words {
    pub(crate) title: &'static str,
    pub(crate) text: &'static str,
    pub(crate) next: &'static str,
}

impl Problem {
    /// Every problem that a result can name, for reading its code back.
    const RESULTS: [Self; 10] = [
        Self::Expired,
        Self::OtherIssuer,
        Self::Denied,
        Self::Provider,
        Self::NoCode,
        Self::ConnectionGone,
        Self::Exchange,
        Self::NotInteractive,
        Self::NotAllowed,
        Self::Host,
    ];

    /// For programs; these codes never change.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::SignIn => "sign_in_required",
            Self::OtherUser => "other_user",
            Self::OtherBrowser => "other_browser",
            Self::LinkInvalid => "link_invalid",
            Self::LinkExpired => "link_expired",
            Self::LinkUsed => "link_used",
            Self::Malformed => "invalid_callback",
            Self::Unknown => "unknown_state",
            Self::Expired => "expired",
            Self::OtherIssuer => "other_issuer",
            Self::Denied => "access_denied",
            Self::Provider => "provider_refused",
            Self::NoCode => "no_code",
            Self::ConnectionGone => "connection_gone",
            Self::NoConnection => "unknown_connection",
            Self::NotInteractive => "not_interactive",
            Self::Exchange => "exchange_failed",
            Self::TooMany(_) => "too_many",
            Self::Busy(_) => "busy",
            Self::NotAllowed => "not_allowed",
            Self::ReturnUrl => "return_url",
            Self::CrossSite => "cross_site",
            Self::Unreadable => "invalid_request",
            Self::Prefetch => "prefetch",
            Self::Method(_) => "method_not_allowed",
            Self::NothingHere => "not_found",
            Self::OtherHost => "other_host",
            Self::Host => "internal",
        }
    }

    /// The problem of a code in a result.
    pub(crate) fn of_result(code: &str) -> Option<Self> {
        Self::RESULTS.into_iter().find(|problem| problem.code() == code)
    }

    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::SignIn => StatusCode::UNAUTHORIZED,
            Self::OtherUser | Self::OtherBrowser | Self::Denied | Self::NotAllowed | Self::CrossSite => {
                StatusCode::FORBIDDEN
            }
            Self::LinkExpired | Self::LinkUsed | Self::Expired => StatusCode::GONE,
            Self::ConnectionGone | Self::NoConnection | Self::NothingHere => StatusCode::NOT_FOUND,
            Self::NotInteractive => StatusCode::CONFLICT,
            Self::Provider | Self::Exchange | Self::NoCode | Self::OtherIssuer => StatusCode::BAD_GATEWAY,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Prefetch | Self::Busy(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Method(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::OtherHost => StatusCode::MISDIRECTED_REQUEST,
            Self::Host => StatusCode::INTERNAL_SERVER_ERROR,
            Self::LinkInvalid | Self::Malformed | Self::Unknown | Self::ReturnUrl | Self::Unreadable => {
                StatusCode::BAD_REQUEST
            }
        }
    }

    #[expect(clippy::too_many_lines, reason = "one text for each problem, side by side")]
    pub(crate) fn words(self) -> Words {
        const AGAIN: &str = "Go back to where you started and begin again.";
        const NEW_LINK: &str = "Go back to where you got the link and ask for a new one.";
        const OPERATOR: &str = "Begin again. If it happens again, contact the operator of this service.";
        let (title, text, next) = match self {
            Self::SignIn => (
                "Please sign in first",
                "You are not signed in, so nothing was connected.",
                "Sign in to the service in this browser, then open the link again.",
            ),
            Self::OtherUser => (
                "This is for somebody else",
                "You are signed in as a different user than the one that this was made for. Nothing was connected, and \
                 nothing was used up.",
                "If it is yours, sign in as that user and open it again. If not, close this window.",
            ),
            Self::OtherBrowser => (
                "Begun in another browser",
                "This was begun in another browser, or this browser blocks cookies. Nothing was connected.",
                "Continue in the browser where you began, or begin again in this one.",
            ),
            Self::LinkInvalid => (
                "This link does not work",
                "The link is incomplete, or it does not come from this service. Nothing was connected.",
                NEW_LINK,
            ),
            Self::LinkExpired => {
                ("This link has expired", "Links work for a short time, and this one is older.", NEW_LINK)
            }
            Self::LinkUsed => (
                "This link was already used",
                "A link works once, and somebody has already opened this one.",
                "If that was you, continue in the window that opened then. Otherwise ask for a new link.",
            ),
            Self::Malformed | Self::Unknown => (
                "Nothing to continue",
                "This page is the end of a sign-in, but this sign-in is unknown here or was already finished. Nothing was changed.",
                "If the connection does not work yet, go back to where you started and begin again.",
            ),
            Self::Expired => {
                ("That took too long", "You have ten minutes to sign in and allow access, and they have passed.", AGAIN)
            }
            Self::OtherIssuer => (
                "The answer came from the wrong place",
                "A different server answered than the one that you were sent to. For your safety, nothing was connected.",
                OPERATOR,
            ),
            Self::Denied => (
                "Access was not allowed",
                "Access was denied at the sign-in page, so nothing was connected.",
                "If that was what you wanted, close this window. If not, begin again and allow access.",
            ),
            Self::Provider => (
                "The sign-in server refused",
                "The sign-in server refused the request. Nothing was connected.",
                "Begin again. If it happens again, the owner of the connection has to check its settings.",
            ),
            Self::NoCode => {
                ("The answer was incomplete", "The sign-in server sent you back without a result.", OPERATOR)
            }
            Self::ConnectionGone => (
                "The connection is gone",
                "The connection was removed or changed while you signed in. Nothing was connected.",
                AGAIN,
            ),
            Self::NoConnection => (
                "There is no such connection",
                "The connection does not exist, or no longer exists.",
                "Go back to where you started and choose another connection.",
            ),
            Self::NotInteractive => {
                ("Nobody has to sign in here", "This connection works without a sign-in.", "You can close this window.")
            }
            Self::Exchange => (
                "The sign-in could not be finished",
                "You allowed access, but the sign-in server did not grant it to this service. Nothing was connected.",
                "Begin again. If it happens again, the owner of the connection has to check its settings.",
            ),
            Self::TooMany(_) => (
                "Too many attempts",
                "You began or finished too many sign-ins in a short time.",
                "Wait a while, then try again. Nothing that you connected before is lost.",
            ),
            Self::Busy(_) => ("Busy", "This service is busy. Nothing was changed.", "Wait a moment, then try again."),
            Self::NotAllowed => (
                "You may not do this",
                "You are not allowed to sign in for this connection.",
                "Ask the operator of this service for access.",
            ),
            Self::ReturnUrl => (
                "This link leads to a forbidden address",
                "At the end it would send you to an address that this service does not allow. Nothing was connected.",
                "Contact the person who gave you the link. The address has to be among the allowed origins.",
            ),
            Self::CrossSite => (
                "Sent from another site",
                "Another website made your browser send this request, so it was refused.",
                "Open the link yourself, or go back to where you started.",
            ),
            Self::Unreadable => (
                "Not understood",
                "This address does not accept the request that was sent.",
                "Send the JSON that the documentation describes, with the content type application/json.",
            ),
            Self::Prefetch => ("Not opened yet", "This page waits until you open it.", "Open the link."),
            Self::Method(_) => (
                "Wrong kind of request",
                "This address does not accept requests of this kind. Nothing was changed.",
                "Open the link in a browser.",
            ),
            Self::NothingHere => (
                "There is nothing here",
                "There is no page at this address, or it is no longer available.",
                "You can close this window.",
            ),
            Self::OtherHost => (
                "Another address",
                "This service does not answer to the host name that your browser used.",
                "Open the address exactly as it was given to you.",
            ),
            Self::Host => ("Something went wrong here", "This service has a problem. Nothing was connected.", OPERATOR),
        };
        Words { title, text, next }
    }

    /// As JSON, for programs.
    pub(crate) fn json(self) -> Response {
        let Words { text, next, .. } = self.words();
        let body = json!({ "error": { "kind": self.code(), "message": format!("{text} {next}") } });
        self.marked((self.status(), ShownJson(body)).into_response())
    }

    /// As a page, for people.
    pub(crate) fn page(self) -> Page {
        let Words { title, text, next } = self.words();
        Page::new(Tone::Bad, title, text, next)
    }

    fn marked(self, mut response: Response) -> Response {
        let (name, value) = match self {
            Self::TooMany(wait) | Self::Busy(wait) => (header::RETRY_AFTER, retry_after(wait)),
            Self::Method(allowed) => (header::ALLOW, HeaderValue::from_static(allowed)),
            _ => return response,
        };
        response.headers_mut().insert(name, value);
        response
    }
}

/// As a page, for people.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        self.marked(self.page().respond(self.status()))
    }
}

impl From<&FlowFailure> for Problem {
    fn from(failure: &FlowFailure) -> Self {
        match failure {
            FlowFailure::Repeated | FlowFailure::NoState => Self::Malformed,
            FlowFailure::Unknown => Self::Unknown,
            FlowFailure::Expired => Self::Expired,
            FlowFailure::OtherSession => Self::OtherBrowser,
            FlowFailure::OtherIssuer => Self::OtherIssuer,
            FlowFailure::Denied => Self::Denied,
            FlowFailure::Provider(_) => Self::Provider,
            FlowFailure::NoCode => Self::NoCode,
            FlowFailure::ConnectionGone(_) => Self::ConnectionGone,
            FlowFailure::Exchange(_) => Self::Exchange,
            FlowFailure::TooMany(wait) => Self::TooMany(*wait),
            FlowFailure::Host(error) => Self::from(error),
            _ => Self::Host,
        }
    }
}

impl From<&AuthError> for Problem {
    fn from(error: &AuthError) -> Self {
        match error {
            AuthError::TooManyAuthorizations { retry_after } => Self::TooMany(*retry_after),
            AuthError::NotInteractive { .. } => Self::NotInteractive,
            AuthError::PrincipalNeeded(_) => Self::SignIn,
            _ => Self::Host,
        }
    }
}

impl From<&Error> for Problem {
    fn from(error: &Error) -> Self {
        let problem = match error {
            Error::Link(LinkFailure::Invalid) => Self::LinkInvalid,
            Error::Link(LinkFailure::Expired) => Self::LinkExpired,
            Error::Link(LinkFailure::Used) => Self::LinkUsed,
            Error::UnknownConnection { .. } => Self::NoConnection,
            Error::NotAllowed(_) => Self::NotAllowed,
            Error::Auth(error) => Self::from(error),
            Error::Refused(refused) => Self::from(&refused.failure),
            error if error.kind() == ErrorKind::Busy => error.retry_after().map_or(Self::Host, Self::Busy),
            _ => Self::Host,
        };
        if problem == Self::Host {
            tracing::error!(%error, "an authorization failed in the host");
        } else {
            tracing::info!(%error, "an authorization was refused");
        }
        problem
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_of_a_result_is_read_back_from_its_code() {
        for problem in Problem::RESULTS {
            assert_eq!(Problem::of_result(problem.code()), Some(problem));
        }
        assert_eq!(Problem::of_result("<script>"), None);
    }

    #[test]
    fn who_comes_too_often_is_told_when_to_come_again() {
        let response = Problem::TooMany(Duration::from_secs(75)).into_response();
        assert_eq!(
            (response.status().as_u16(), &response.headers()[header::RETRY_AFTER]),
            (429, &"75".parse().expect("a header"))
        );
        let response = Problem::Method("GET").json();
        assert_eq!(
            (response.status().as_u16(), &response.headers()[header::ALLOW]),
            (405, &"GET".parse().expect("a header"))
        );
    }
}

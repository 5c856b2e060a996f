//! Why a browser is not redirected.

use std::time::Duration;

use axum::http::{StatusCode, header};
use axum::response::Response;
use innkeeper_vault::VaultError;
use innkeeper_web::{Page, Tone, retry_after};

use crate::sealed::Unusable;

/// Why a browser is not redirected. Its words are only ours: a page never shows what came in an address.
#[derive(Debug)]
pub(crate) enum Rejection {
    UnknownProvider(String),
    /// Without a registered callback there is no address to send an error to.
    Callback,
    Repeated,
    Invalid(&'static str),
    OtherBrowser,
    Unusable(Unusable),
    OtherIssuer,
    TooMany(Duration),
    Host(VaultError),
}

impl From<VaultError> for Rejection {
    fn from(error: VaultError) -> Self {
        Self::Host(error)
    }
}

impl Rejection {
    /// One word, for logs and counts.
    pub(crate) fn outcome(&self) -> &'static str {
        match self {
            Self::UnknownProvider(_) => "unknown_provider",
            Self::Callback => "unregistered_callback",
            Self::Repeated | Self::Invalid(_) => "invalid_request",
            Self::OtherBrowser => "other_browser",
            Self::Unusable(Unusable::Foreign) => "unknown_state",
            Self::Unusable(Unusable::Expired) => "expired",
            Self::OtherIssuer => "other_issuer",
            Self::TooMany(_) => "too_many_requests",
            Self::Host(_) => "internal",
        }
    }

    /// The page for the user of the browser.
    pub(crate) fn page(&self) -> Response {
        const AGAIN: &str = "Go back to where you started, and begin again.";
        const TELL: &str = "Contact the operator of the service that sent you here.";
        let (status, title, text, next) = match self {
            Self::UnknownProvider(known) => {
                let text = format!("This service is not configured for that provider. It is configured for {known}.");
                return page(StatusCode::NOT_FOUND, "Unknown provider", text, TELL);
            }
            Self::Callback => (
                StatusCode::BAD_REQUEST,
                "Unknown destination",
                "The address that the result should be sent to is not registered here, so nothing was begun.",
                "Contact the operator of this service: your service's callback address has to be registered.",
            ),
            Self::Repeated => {
                (StatusCode::BAD_REQUEST, "Not a valid request", "The address contains a parameter twice.", TELL)
            }
            Self::Invalid(text) => (StatusCode::BAD_REQUEST, "Not a valid request", *text, TELL),
            Self::OtherBrowser => (
                StatusCode::FORBIDDEN,
                "Begun in another browser",
                "This sign-in was begun in another browser, or this one blocks cookies.",
                AGAIN,
            ),
            Self::Unusable(Unusable::Foreign) => (
                StatusCode::BAD_REQUEST,
                "Unknown sign-in",
                "This sign-in was not begun here, or its address was cut off.",
                AGAIN,
            ),
            Self::Unusable(Unusable::Expired) => {
                (StatusCode::BAD_REQUEST, "Too late", "This sign-in took more than ten minutes.", AGAIN)
            }
            Self::OtherIssuer => (
                StatusCode::BAD_REQUEST,
                "Another provider answered",
                "The answer comes from a different provider than the one that you were sent to.",
                "Begin again. If it happens again, contact the operator of this service.",
            ),
            Self::TooMany(_) => (
                StatusCode::TOO_MANY_REQUESTS,
                "Too many sign-ins",
                "There were too many sign-ins from your address in a short time.",
                "Try again in a few minutes.",
            ),
            Self::Host(error) => {
                tracing::error!(%error, "a flow cannot be sealed");
                (StatusCode::INTERNAL_SERVER_ERROR, "This service failed", "It could not begin the sign-in.", TELL)
            }
        };
        let mut response = page(status, title, text.to_owned(), next);
        if let Self::TooMany(wait) = self {
            response.headers_mut().insert(header::RETRY_AFTER, retry_after(*wait));
        }
        response
    }
}

fn page(status: StatusCode, title: &str, text: String, next: &str) -> Response {
    Page::new(Tone::Bad, title, text, next).respond(status)
}

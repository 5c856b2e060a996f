//! Request bodies of hosts, and the answers to them.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use innkeeper_auth::{ErrorCode, PkceVerifier, TokenError};
use innkeeper_web::{ShownJson, retry_after};
use secrecy::SecretString;
use serde::{Deserialize, Deserializer};
use serde_json::json;

use crate::observe::Seen;

/// Why a host gets no token: as in RFC 6749, section 5.2, and never in the words of the provider or the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) status: StatusCode,
    /// For programs; these codes never change.
    pub(crate) code: &'static str,
    pub(crate) text: String,
    pub(crate) retry_after: Option<Duration>,
}

impl Failure {
    fn new(status: StatusCode, code: &'static str, text: impl Into<String>) -> Self {
        Self { status, code, text: text.into(), retry_after: None }
    }

    pub(crate) fn invalid(text: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", text)
    }

    pub(crate) fn unknown_provider<'p>(known: impl Iterator<Item = &'p str>) -> Self {
        let known = known.collect::<Vec<_>>().join(", ");
        let text = format!("this service is not configured for that provider; it is configured for {known}");
        Self::new(StatusCode::NOT_FOUND, "unknown_provider", text)
    }

    /// A code that is not redeemed. The reason is not reported: it would help a thief.
    pub(crate) fn invalid_code() -> Self {
        let text = "the code does not belong to this service and provider, has expired, or was requested with another verifier";
        Self::new(StatusCode::BAD_REQUEST, "invalid_grant", text)
    }

    pub(crate) fn not_revocable() -> Self {
        let text =
            "the provider cannot revoke this token: it expires by itself, or the user removes it at the provider";
        Self::new(StatusCode::BAD_REQUEST, "unsupported_token_type", text)
    }

    pub(crate) fn too_many(wait: Duration) -> Self {
        let text = "this address sends too many requests; try again later";
        let failure = Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", text);
        Self { retry_after: Some(wait), ..failure }
    }

    pub(crate) fn too_large() -> Self {
        let text = "the body is larger than any that contains a code or a token";
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "invalid_request", text)
    }

    pub(crate) fn slow() -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "temporarily_unavailable", "the body took too long to arrive")
    }

    pub(crate) fn other_host() -> Self {
        Self::new(StatusCode::MISDIRECTED_REQUEST, "invalid_request", "this address is not served under that host name")
    }

    pub(crate) fn method(allowed: &str) -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "invalid_request", format!("this address accepts only {allowed}"))
    }

    pub(crate) fn nothing_here() -> Self {
        let text = "there is nothing here; the addresses are v1/{provider}/oauth/authorize, callback, token, refresh and revoke";
        Self::new(StatusCode::NOT_FOUND, "not_found", text)
    }

    /// Whether only the operator can fix it, and no user or host.
    pub(crate) fn is_operators(&self) -> bool {
        matches!(self.code, "unauthorized_client" | "server_error")
    }

    /// What the provider reported: errors of the user or the host are passed on; errors between the service and the
    /// provider become the service's own failure.
    pub(crate) fn of_provider(error: &TokenError) -> Self {
        let own = |text: &str| Self::new(StatusCode::BAD_GATEWAY, "server_error", text);
        let passing = |retry_after| Self {
            retry_after,
            ..Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "temporarily_unavailable",
                "the provider could not be reached, or failed; try again later",
            )
        };
        match error {
            // At a refresh, a denial may be a temporary rule: the grant is still valid.
            TokenError::Refused(ErrorCode::AccessDenied | ErrorCode::ExpiredToken) => {
                Self::new(StatusCode::BAD_REQUEST, "access_denied", "the provider denies access")
            }
            TokenError::Refused(ErrorCode::InvalidGrant) => Self::new(
                StatusCode::BAD_REQUEST,
                "invalid_grant",
                "the provider does not accept the code or token (any more): the user has to authorize again",
            ),
            TokenError::Refused(ErrorCode::InvalidScope) => {
                Self::new(StatusCode::BAD_REQUEST, "invalid_scope", "the provider does not grant that scope")
            }
            TokenError::Refused(ErrorCode::SlowDown) => Self { status: StatusCode::TOO_MANY_REQUESTS, ..passing(None) },
            TokenError::Busy { retry_after } => Self {
                retry_after: *retry_after,
                ..Self::new(
                    StatusCode::TOO_MANY_REQUESTS,
                    "temporarily_unavailable",
                    "the provider receives too many requests",
                )
            },
            TokenError::Refused(ErrorCode::ServerError) | TokenError::NoAnswer(_) | TokenError::NotReached(_) => {
                passing(None)
            }
            TokenError::Failed { retry_after, .. } => passing(*retry_after),
            TokenError::Malformed(_) => own("the provider's answer is not valid"),
            // Nothing was used up, and a new consent of the user would not help.
            TokenError::Refused(_) | TokenError::NotAllowed(_) | TokenError::NotSigned => Self::new(
                StatusCode::BAD_REQUEST,
                "unauthorized_client",
                "the provider does not accept this service's own client or request; its operator has to check it",
            ),
            _ => own("the provider's answer does not follow OAuth; the service's operator has to check it"),
        }
    }
}

/// An error as JSON.
pub(crate) fn respond(failure: &Failure) -> Response {
    let body = ShownJson(json!({ "error": failure.code, "error_description": failure.text }));
    let mut response = (failure.status, body).into_response();
    if let Some(wait) = failure.retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, retry_after(wait));
    }
    Seen { outcome: failure.code, ..Seen::default() }.on(response)
}

/// The fields of a body.
pub(crate) trait Fields: for<'de> Deserialize<'de> {
    /// An example of the body, for callers who sent something else.
    const EXAMPLE: &'static str;
}

/// `{code, pkce_verifier}`
#[derive(Deserialize)]
pub(crate) struct Redeem {
    pub(crate) code: String,
    #[serde(deserialize_with = "secret")]
    pub(crate) pkce_verifier: PkceVerifier,
}

/// `{refresh_token}`
#[derive(Deserialize)]
pub(crate) struct Refresh {
    #[serde(deserialize_with = "secret")]
    pub(crate) refresh_token: SecretString,
}

/// `{token}`
#[derive(Deserialize)]
pub(crate) struct Revoke {
    #[serde(deserialize_with = "secret")]
    pub(crate) token: SecretString,
}

fn secret<'de, D: Deserializer<'de>, S: From<String>>(deserializer: D) -> Result<S, D::Error> {
    String::deserialize(deserializer).map(S::from)
}

impl Fields for Redeem {
    const EXAMPLE: &'static str = r#"{"code": "...", "pkce_verifier": "..."}"#;
}

impl Fields for Refresh {
    const EXAMPLE: &'static str = r#"{"refresh_token": "..."}"#;
}

impl Fields for Revoke {
    const EXAMPLE: &'static str = r#"{"token": "..."}"#;
}

/// Reads a JSON body. The error never quotes it: it contains tokens.
pub(crate) fn read<T: Fields>(headers: &HeaderMap, body: &Bytes) -> Result<T, Failure> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        let text = format!("the body must be JSON, with the content type application/json: {}", T::EXAMPLE);
        return Err(Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "invalid_request", text));
    }
    serde_json::from_slice(body).map_err(|_| Failure::invalid(format!("the body must be {}", T::EXAMPLE)))
}

/// Adds the provider's name to what the handlers record about a request.
pub(crate) fn seen(provider: &Arc<str>, outcome: &'static str, provider_time: Duration) -> Seen {
    Seen { provider: Some(provider.clone()), outcome, provider_time }
}

//! Errors in Google's shape.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde_json::json;

const AUTHORIZATION_HEADER: &str = "Authorization";

/// An error of the API.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ApiError {
    pub(crate) status: StatusCode,
    message: Box<str>,
    domain: &'static str,
    reason: &'static str,
    /// The parameter or header that it is about.
    location: Option<&'static str>,
    authenticate: Option<&'static str>,
    retry_after: Option<u64>,
}

impl ApiError {
    fn new(status: StatusCode, reason: &'static str, message: impl Into<String>) -> Self {
        let (message, domain) = (message.into().into(), "global");
        Self { status, message, domain, reason, location: None, authenticate: None, retry_after: None }
    }

    /// 401: the request has no token.
    pub(crate) fn login_required() -> Self {
        Self {
            location: Some(AUTHORIZATION_HEADER),
            // Without a token, there is no error code (RFC 6750, section 3.1).
            authenticate: Some("Bearer realm=\"practice\""),
            ..Self::new(StatusCode::UNAUTHORIZED, "required", "Login Required.")
        }
    }

    /// 401: the token is not valid.
    pub(crate) fn invalid_token() -> Self {
        Self {
            location: Some(AUTHORIZATION_HEADER),
            authenticate: Some("Bearer realm=\"practice\", error=\"invalid_token\""),
            ..Self::new(StatusCode::UNAUTHORIZED, "authError", "Invalid Credentials")
        }
    }

    /// 403: the token's scopes are not enough.
    pub(crate) fn insufficient_scope() -> Self {
        let message = "Insufficient Permission: Request had insufficient authentication scopes.";
        Self {
            authenticate: Some("Bearer realm=\"practice\", error=\"insufficient_scope\""),
            ..Self::new(StatusCode::FORBIDDEN, "insufficientPermissions", message)
        }
    }

    /// 429.
    pub(crate) fn rate_limited(retry_after: u64) -> Self {
        Self {
            domain: "usageLimits",
            retry_after: Some(retry_after),
            ..Self::new(StatusCode::TOO_MANY_REQUESTS, "rateLimitExceeded", "Rate Limit Exceeded")
        }
    }

    /// 404; the id may be empty if naming it would repeat a query.
    pub(crate) fn not_found(id: &str) -> Self {
        let location = Some("fileId");
        Self { location, ..Self::new(StatusCode::NOT_FOUND, "notFound", format!("File not found: {}.", cut(id))) }
    }

    /// 404: the address is not a method of the API.
    pub(crate) fn no_method() -> Self {
        Self::new(StatusCode::NOT_FOUND, "notFound", "Not Found")
    }

    /// 400: the value of a parameter is not valid.
    pub(crate) fn invalid(parameter: &'static str, message: impl Into<String>) -> Self {
        let location = Some(parameter);
        Self { location, ..Self::new(StatusCode::BAD_REQUEST, "invalid", message) }
    }

    /// 400: `fields` names something that does not exist.
    pub(crate) fn invalid_field(field: &str) -> Self {
        let message = format!("Invalid field selection {}", cut(field));
        let location = Some("fields");
        Self { location, ..Self::new(StatusCode::BAD_REQUEST, "invalidParameter", message) }
    }

    /// 400: a required parameter is missing.
    pub(crate) fn required(parameter: &'static str) -> Self {
        let message = format!("The '{parameter}' parameter is required for this method.");
        let location = Some(parameter);
        Self { location, ..Self::new(StatusCode::BAD_REQUEST, "required", message) }
    }

    /// 403: a native document has no bytes.
    pub(crate) fn not_downloadable() -> Self {
        let message = "Only files with binary content can be downloaded. Use Export with Docs Editors files.";
        let location = Some("alt");
        Self { location, ..Self::new(StatusCode::FORBIDDEN, "fileNotDownloadable", message) }
    }

    /// 403: only native documents can be exported.
    pub(crate) fn not_exportable() -> Self {
        let message = "Export only supports Docs Editors files.";
        Self::new(StatusCode::FORBIDDEN, "fileNotExportable", message)
    }

    /// 400: the document cannot be exported in that format.
    pub(crate) fn no_conversion() -> Self {
        let message = "The requested conversion is not supported.";
        let location = Some("convertTo");
        Self { location, ..Self::new(StatusCode::BAD_REQUEST, "badRequest", message) }
    }

    /// The problem, for the journal.
    pub(crate) fn summary(&self) -> String {
        format!("{} {}", self.status.as_u16(), self.reason)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut detail = json!({ "message": self.message, "domain": self.domain, "reason": self.reason });
        if let Some(location) = self.location {
            let location_type = if location == AUTHORIZATION_HEADER { "header" } else { "parameter" };
            detail["location"] = json!(location);
            detail["locationType"] = json!(location_type);
        }
        let code = self.status.as_u16();
        let body = json!({ "error": { "code": code, "message": self.message, "errors": [detail] } });
        let mut response = (self.status, Json(body)).into_response();
        if let Some(challenge) = self.authenticate {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

fn cut(text: &str) -> String {
    text.chars().take(100).collect()
}

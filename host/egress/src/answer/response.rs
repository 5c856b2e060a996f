//! The answer of a service.

use std::fmt;

use http::{HeaderMap, StatusCode};
use url::Url;

use crate::Body;

/// The head of an answer, and its arriving body. It contains no secret of the request.
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// The address that answered, after redirects; without the credential and with placeholders not filled in.
    pub url: Url,
    /// The headers, without cookies and connection headers. `content-length` is the service's value.
    pub headers: HeaderMap,
    /// The body.
    pub body: Body,
    /// The number of requests that were sent for this answer, including redirects and retries.
    pub sent: u32,
}

/// Shows the status, origin and body; the rest is the service's own text.
impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("origin", &self.url.origin().ascii_serialization())
            .field("body", &self.body)
            .field("sent", &self.sent)
            .finish_non_exhaustive()
    }
}

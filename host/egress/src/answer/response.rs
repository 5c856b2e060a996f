//! What came back.

use std::fmt;

use http::{HeaderMap, StatusCode};
use url::Url;

use crate::Body;

/// The head of an answer, and its body on the way. Nothing in it holds a secret that the request carried.
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// Where the answer came from, after redirects; without credential and with placeholders as they were asked for.
    pub url: Url,
    /// The headers, without cookies and those of the connection. `content-length` is what the service said.
    pub headers: HeaderMap,
    /// The body.
    pub body: Body,
    /// How many requests really left for this answer: redirects and retries count.
    pub sent: u32,
}

/// Status, origin and body; the rest is the service's own text.
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

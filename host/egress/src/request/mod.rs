//! A request, as a guest or an OAuth flow asks for it.

pub(crate) mod headers;
pub(crate) mod multipart;
pub(crate) mod payload;
pub(crate) mod placeholders;
pub(crate) mod prepare;

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method};
use url::Url;

use crate::Body;

/// A request to be sent.
pub struct Request {
    /// The method.
    pub method: Method,
    /// An absolute address without user name and fragment. `https`, or `http` where the operator allowed it.
    pub url: Url,
    /// Added to what the address already has; percent-encoded here.
    pub query: Vec<(String, String)>,
    /// The request's own headers; those that the transport or the credential own are refused.
    pub headers: HeaderMap,
    /// What it carries.
    pub body: RequestBody,
    /// Whether the connection's credential goes on it.
    pub credential: CredentialMode,
    /// What happens when the answer is a redirect.
    pub redirects: Redirects,
    /// Time until the head of the final answer, retries and redirects included; the route's deadline holds as well.
    pub timeout: Option<Duration>,
}

impl Request {
    /// A request with nothing but a method and an address: no body, credential attached, redirects followed.
    pub fn new(method: Method, url: Url) -> Self {
        Self {
            method,
            url,
            query: Vec::new(),
            headers: HeaderMap::new(),
            body: RequestBody::Empty,
            credential: CredentialMode::Attach,
            redirects: Redirects::Follow,
            timeout: None,
        }
    }
}

/// Method, origin and the kind of body: the rest can hold a secret when the host itself is the sender.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("origin", &self.url.origin().ascii_serialization())
            .field("body", &self.body)
            .field("credential", &self.credential)
            .field("redirects", &self.redirects)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// Whether the credential goes on a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialMode {
    /// It is put on; without one the request is not sent.
    Attach,
    /// The request leaves bare.
    Omit,
}

/// What happens when the service answers with a redirect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redirects {
    /// Followed, while each address passes the same checks as the first.
    Follow,
    /// The redirect itself is the answer.
    Stop,
}

/// What a request carries. A `content-type` header of the request overrides the one that follows from the variant.
#[derive(Default)]
pub enum RequestBody {
    /// Nothing.
    #[default]
    Empty,
    /// These bytes.
    Bytes(Bytes),
    /// `application/x-www-form-urlencoded`.
    Form(Vec<(String, String)>),
    /// `multipart/form-data` (RFC 7578).
    Multipart(Vec<Part>),
    /// The body of an answer or a file; sent as it arrives.
    Stream(Body),
}

/// The kind and size alone.
impl fmt::Debug for RequestBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("Empty"),
            Self::Bytes(bytes) => write!(f, "Bytes({} bytes)", bytes.len()),
            Self::Form(pairs) => write!(f, "Form({} fields)", pairs.len()),
            Self::Multipart(parts) => f.debug_tuple("Multipart").field(parts).finish(),
            Self::Stream(body) => f.debug_tuple("Stream").field(body).finish(),
        }
    }
}

/// One part of a `multipart/form-data` body (RFC 7578).
#[derive(Debug)]
pub struct Part {
    /// The form field.
    pub name: String,
    /// Makes the part a file.
    pub file_name: Option<String>,
    /// The part's own media type.
    pub content_type: Option<String>,
    /// What it holds.
    pub content: PartContent,
}

/// What a part holds.
pub enum PartContent {
    /// These bytes.
    Bytes(Bytes),
    /// Sent as it arrives.
    Stream(Body),
}

/// The kind and size alone.
impl fmt::Debug for PartContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "Bytes({} bytes)", bytes.len()),
            Self::Stream(body) => f.debug_tuple("Stream").field(body).finish(),
        }
    }
}

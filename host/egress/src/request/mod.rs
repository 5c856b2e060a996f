//! A request from a guest or an OAuth flow.

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
    /// An absolute address without user name and fragment. `https`, or `http` if the operator allowed it.
    pub url: Url,
    /// Added to the query of the address; percent-encoded here.
    pub query: Vec<(String, String)>,
    /// The request's own headers; those that the transport or the credential own are rejected.
    pub headers: HeaderMap,
    /// The body.
    pub body: RequestBody,
    /// Whether the connection's credential is attached.
    pub credential: CredentialMode,
    /// What to do if the answer is a redirect.
    pub redirects: Redirects,
    /// Time until the head of the final answer, including retries and redirects; the route's deadline applies as well.
    pub timeout: Option<Duration>,
}

impl Request {
    /// A request with only a method and an address: no body, credential attached, redirects followed.
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

/// Shows the method, the origin and the kind of body: the rest may contain a secret if the host itself is the sender.
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

/// Whether the credential is attached to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialMode {
    /// It is attached; without one, the request is not sent.
    Attach,
    /// The request is sent without a credential.
    Omit,
}

/// What to do if the service answers with a redirect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redirects {
    /// Follow it, if each address passes the same checks as the first.
    Follow,
    /// Return the redirect itself as the answer.
    Stop,
}

/// The body of a request. A `content-type` header of the request overrides the one that follows from the variant.
#[derive(Default)]
pub enum RequestBody {
    /// No body.
    #[default]
    Empty,
    /// These bytes.
    Bytes(Bytes),
    /// `application/x-www-form-urlencoded`.
    Form(Vec<(String, String)>),
    /// `multipart/form-data` (RFC 7578).
    Multipart(Vec<Part>),
    /// The body of an answer or a file, sent as it arrives.
    Stream(Body),
}

/// Shows only the kind and size.
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
    /// The name of the form field.
    pub name: String,
    /// The file name, which makes the part a file.
    pub file_name: Option<String>,
    /// The part's own media type.
    pub content_type: Option<String>,
    /// The content.
    pub content: PartContent,
}

/// The content of a part.
pub enum PartContent {
    /// These bytes.
    Bytes(Bytes),
    /// A body that is sent as it arrives.
    Stream(Body),
}

/// Shows only the kind and size.
impl fmt::Debug for PartContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "Bytes({} bytes)", bytes.len()),
            Self::Stream(body) => f.debug_tuple("Stream").field(body).finish(),
        }
    }
}

//! A record of what a connector did.

use std::fmt;

use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::request::PartContent;
use crate::transport::{Request, RequestBody};

/// A request that the connector sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The method in upper case.
    pub method: String,
    /// The address without the query.
    pub url: String,
    /// Names and values of the query, decoded: first those in the address, then those that were added.
    pub query: Vec<(String, String)>,
    /// The headers, with names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: SentBody,
    /// Whether the host was to add the credential.
    pub with_credential: bool,
    /// Whether redirects were to be followed.
    pub follows_redirects: bool,
    /// The timeout in milliseconds.
    pub timeout: Option<u32>,
}

/// The body of a request. Bodies that a host would stream are bytes here.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the contract's `request-body`")]
pub enum SentBody {
    Empty,
    Bytes(Vec<u8>),
    Form(Vec<(String, String)>),
    Multipart(Vec<SentPart>),
}

/// One part of a multipart body.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the contract's `part`")]
pub struct SentPart {
    pub name: String,
    pub file_name: Option<String>,
    pub content_type: Option<String>,
    pub content: Vec<u8>,
}

impl Sent {
    /// The first value of this name in the query.
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The first header of this name, without regard to case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body, if it is JSON.
    pub fn json(&self) -> Option<Value> {
        match &self.body {
            SentBody::Bytes(bytes) => serde_json::from_slice(bytes).ok(),
            _ => None,
        }
    }

    /// The body as text.
    pub fn text(&self) -> Option<&str> {
        match &self.body {
            SentBody::Bytes(bytes) => std::str::from_utf8(bytes).ok(),
            _ => None,
        }
    }

    pub(crate) fn from_wire(request: Request) -> Self {
        let (url, mut query) = split(&request.url);
        query.extend(request.query);
        Self {
            method: request.method,
            url,
            query,
            headers: request.headers.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect(),
            body: SentBody::from_wire(request.body),
            with_credential: request.attach_credential,
            follows_redirects: request.follow_redirects,
            timeout: request.timeout_ms,
        }
    }
}

impl SentBody {
    fn from_wire(body: RequestBody) -> Self {
        match body {
            RequestBody::Empty => Self::Empty,
            RequestBody::Bytes(bytes) => Self::Bytes(bytes),
            RequestBody::Form(pairs) => Self::Form(pairs),
            RequestBody::Held(body) => Self::Bytes(body.read_all(u64::MAX).unwrap_or_default()),
            RequestBody::Multipart(parts) => Self::Multipart(
                parts
                    .into_iter()
                    .map(|part| SentPart {
                        name: part.name,
                        file_name: part.file_name,
                        content_type: part.content_type,
                        content: match part.content {
                            PartContent::Bytes(bytes) => bytes,
                            PartContent::Held(body) => body.read_all(u64::MAX).unwrap_or_default(),
                        },
                    })
                    .collect(),
            ),
        }
    }
}

impl fmt::Display for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.url)?;
        for (name, value) in &self.query {
            write!(f, "\n    query   {name} = {value}")?;
        }
        for (name, value) in &self.headers {
            write!(f, "\n    header  {name}: {value}")?;
        }
        match &self.body {
            SentBody::Empty => Ok(()),
            SentBody::Bytes(bytes) => write!(f, "\n    body    {}", String::from_utf8_lossy(bytes)),
            SentBody::Form(pairs) => write!(f, "\n    form    {pairs:?}"),
            SentBody::Multipart(parts) => parts
                .iter()
                .try_for_each(|part| write!(f, "\n    part    {} ({} bytes)", part.name, part.content.len())),
        }
    }
}

/// A file that an action returned, read whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandedOut {
    /// The file's name.
    pub name: String,
    /// Its media type.
    pub content_type: Option<String>,
    /// Its bytes.
    pub content: Vec<u8>,
}

/// An address and the decoded names and values of its query.
pub(crate) fn split(url: &str) -> (String, Vec<(String, String)>) {
    let Some((address, query)) = url.split_once('?') else { return (url.to_owned(), Vec::new()) };
    let decode = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(name), decode(value))
    });
    (address.to_owned(), pairs.collect())
}

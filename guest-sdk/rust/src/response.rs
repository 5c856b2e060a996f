//! Responses from the service.

use std::cell::OnceCell;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::body::Body;
use crate::error::Error;
use crate::file::File;
use crate::retry_after;
use crate::transport::Answer;

/// The maximum number of bytes that `json` and `text` read, unless [`Response::limit`] says otherwise.
const DEFAULT_LIMIT: u64 = 1 << 20;
/// The bytes of an error's body that are searched for the service's own message.
const ERROR_LIMIT: usize = 64 << 10;
/// Bytes read at a time; divides by three, so that base64 needs no padding in between.
const CHUNK: u32 = 48 << 10;
/// The characters of an error message that are passed on.
const MESSAGE_LIMIT: usize = 500;

/// The head of a response, and its body, which the host still holds.
#[derive(Debug)]
pub struct Response {
    status: u16,
    url: String,
    headers: Vec<(String, String)>,
    body: Body,
    limit: u64,
}

impl Response {
    pub(crate) fn new(answer: Answer) -> Self {
        let Answer { status, url, headers, body } = answer;
        Self { status, url, headers, body, limit: DEFAULT_LIMIT }
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Whether the status is 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The address that the response came from, after redirects.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The first header of this name, without regard to case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// All headers, their names in lower case.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The `content-type` header, parameters included.
    pub fn content_type(&self) -> Option<&str> {
        self.header("content-type")
    }

    /// The length of the body in bytes, if the service gives it.
    pub fn content_length(&self) -> Option<u64> {
        self.body.length().or_else(|| self.announced())
    }

    fn announced(&self) -> Option<u64> {
        self.header("content-length")?.trim().parse().ok()
    }

    /// Lets [`json`](Self::json) and [`text`](Self::text) read up to `bytes` instead of 1 MiB.
    pub fn limit(mut self, bytes: u64) -> Self {
        self.limit = bytes;
        self
    }

    /// Returns the response unless its status is 4xx or 5xx; otherwise the [`Error`] for that status, with the message
    /// found in the usual places of a JSON or text body.
    pub fn ok(self) -> Result<Self, Error> {
        self.error_for_status_with(|_, _| None)
    }

    /// The same as [`ok`](Self::ok).
    pub fn error_for_status(self) -> Result<Self, Error> {
        self.ok()
    }

    /// Like [`ok`](Self::ok), but `message` finds the service's own error message; `None` falls back to the usual
    /// places.
    ///
    /// ```
    /// # use innkeeper_guest::prelude::*;
    /// # fn files(ctx: &Ctx) -> Result<Value, Error> {
    /// ctx.get("https://files.example.com/v1/files")
    ///     .send()?
    ///     .error_for_status_with(|status, body| body.at("/fault/text").map(|text| format!("Files ({status}): {text}")))?
    ///     .json()
    /// # }
    /// ```
    pub fn error_for_status_with(self, message: impl FnOnce(u16, &ErrorBody) -> Option<String>) -> Result<Self, Error> {
        if self.status < 400 {
            return Ok(self);
        }
        let wait = self.retry_after();
        let body = ErrorBody { text: self.first_bytes(), json: OnceCell::new() };
        let message = message(self.status, &body).unwrap_or_else(|| body.usual_message(self.status));
        Err(Error::from_status(self.status, cut(&message), wait))
    }

    /// The seconds of `Retry-After`.
    pub fn retry_after(&self) -> Option<u32> {
        retry_after::seconds(self.header("retry-after")?, self.header("date"))
    }

    /// Reads the body as JSON. A response that is not the expected JSON counts as an error of the service.
    pub fn json<T: DeserializeOwned>(self) -> Result<T, Error> {
        let limit = self.limit;
        let (status, url) = (self.status, self.url.clone());
        let bytes = self.bytes(limit)?;
        serde_json::from_slice(without_mark(&bytes)).map_err(|error| Error::Upstream {
            status,
            message: format!("{}: not the expected JSON: {error}", without_query(&url)),
            retryable: false,
        })
    }

    /// Reads the body as text; bytes that are not UTF-8 become `U+FFFD`.
    pub fn text(self) -> Result<String, Error> {
        let limit = self.limit;
        let bytes = self.bytes(limit)?;
        Ok(String::from_utf8_lossy(without_mark(&bytes)).into_owned())
    }

    /// Reads the body; fails with [`Error::TooLarge`] if it has more than `limit` bytes.
    pub fn bytes(self, limit: u64) -> Result<Vec<u8>, Error> {
        // The header is checked first: it is here, while the body's length is at the host.
        let is_over = |length: Option<u64>| length.is_some_and(|length| length > limit);
        if !(is_over(self.announced()) && is_over(self.content_length())) {
            match self.body.read_all(limit) {
                // The host's own limit is lower than the requested one.
                Err(error @ Error::TooLarge { limit: hosts, .. }) if hosts < limit => return Err(error),
                Err(Error::TooLarge { .. }) => {}
                read => return read,
            }
        }
        let length = self.content_length();
        Err(Error::TooLarge { limit, content_length: length, estimated_output: length })
    }

    /// Reads the body as base64 (RFC 4648, section 4); fails with [`Error::TooLarge`] if it has more than `limit` bytes
    /// before encoding.
    pub fn base64(self, limit: u64) -> Result<String, Error> {
        let length = self.content_length();
        let encoded_length = length.map(|length| length.div_ceil(3).saturating_mul(4));
        let too_large = Error::TooLarge { limit, content_length: length, estimated_output: encoded_length };
        if length.is_some_and(|length| length > limit) {
            return Err(too_large);
        }
        let expected = encoded_length.and_then(|length| usize::try_from(length).ok()).unwrap_or_default();
        let (mut text, mut pending, mut count) = (String::with_capacity(expected), Vec::new(), 0_u64);
        loop {
            let chunk = self.body.read(CHUNK)?;
            if chunk.is_empty() {
                break;
            }
            count += chunk.len() as u64;
            if count > limit {
                return Err(too_large);
            }
            pending.extend_from_slice(&chunk);
            let whole = pending.len() - pending.len() % 3;
            BASE64_STANDARD.encode_string(&pending[..whole], &mut text);
            pending.drain(..whole);
        }
        BASE64_STANDARD.encode_string(&pending, &mut text);
        Ok(text)
    }

    /// Turns the body into a file for the caller or for another request. Its bytes do not enter the connector.
    pub fn into_file(self, name: impl Into<String>) -> File {
        let content_type = self.content_type().map(str::to_owned);
        let file = File::new(name, self.body);
        match content_type {
            Some(content_type) => file.content_type_is(content_type),
            None => file,
        }
    }

    /// The body, to be read in chunks.
    pub fn into_body(self) -> Body {
        self.body
    }

    /// Reads as much as possible of an error's body; a body that breaks off is not another error.
    fn first_bytes(&self) -> String {
        let mut bytes = Vec::new();
        while bytes.len() < ERROR_LIMIT {
            match self.body.read(CHUNK) {
                Ok(chunk) if !chunk.is_empty() => bytes.extend_from_slice(&chunk),
                _ => break,
            }
        }
        bytes.truncate(ERROR_LIMIT);
        String::from_utf8_lossy(without_mark(&bytes)).into_owned()
    }
}

/// The body of a response with an error status.
#[derive(Debug)]
pub struct ErrorBody {
    text: String,
    json: OnceCell<Option<Value>>,
}

impl ErrorBody {
    /// The text at this JSON pointer (RFC 6901), if the body is JSON and has one there.
    pub fn at(&self, pointer: &str) -> Option<&str> {
        self.json()?.pointer(pointer)?.as_str().filter(|text| !text.is_empty())
    }

    /// The body, if it is JSON.
    pub fn json(&self) -> Option<&Value> {
        self.json.get_or_init(|| serde_json::from_str(&self.text).ok()).as_ref()
    }

    /// The body's first 64 KiB.
    pub fn text(&self) -> &str {
        &self.text
    }

    fn usual_message(&self, status: u16) -> String {
        const PLACES: [&str; 11] = [
            "/error/message",
            "/error_description",
            "/message",
            "/error",
            "/errors/0/message",
            "/errors/0/detail",
            "/errors/0",
            "/detail",
            "/error_message",
            "/title",
            "/errorMessages/0",
        ];
        if self.json().is_some() {
            let found = PLACES.iter().find_map(|place| self.at(place));
            return found.map_or_else(|| format!("status {status}"), str::to_owned);
        }
        let text = self.text.trim();
        if text.is_empty() || text.starts_with('<') { format!("status {status}") } else { text.to_owned() }
    }
}

fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes)
}

fn without_query(url: &str) -> &str {
    url.split('?').next().unwrap_or(url)
}

fn cut(message: &str) -> String {
    match message.char_indices().nth(MESSAGE_LIMIT) {
        Some((end, _)) => format!("{}…", &message[..end]),
        None => message.to_owned(),
    }
}

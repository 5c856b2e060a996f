//! Requests to the service.

use std::fmt::Display;

use serde::Serialize;
use serde_json::Value;

use crate::address::Address;
use crate::body::Body;
use crate::error::Error;
use crate::file::File;
use crate::response::Response;
use crate::transport::{self, Link};

/// A request under construction. Nothing is sent before [`send`](Self::send).
///
/// The host refuses headers that belong to the transport or the credential (`host`, `content-length`, `authorization`
/// ...). The host fills in `${secret.field}` in the address, the query, a header or a text body, if the connector
/// declares the field with [`Connector::placeholder`](crate::Connector::placeholder).
#[must_use = "a request is sent by `send`"]
pub struct RequestBuilder<'a> {
    host: &'a Link,
    request: transport::Request,
    mistake: Option<Error>,
}

impl<'a> RequestBuilder<'a> {
    pub(crate) fn new(host: &'a Link, method: &str, address: Address) -> Self {
        let (url, mistake) = match address.0 {
            Ok(url) => (url, None),
            Err(reason) => (String::new(), Some(Error::InvalidInput(reason))),
        };
        let request = transport::Request {
            method: method.to_ascii_uppercase(),
            url,
            query: Vec::new(),
            headers: Vec::new(),
            body: transport::RequestBody::Empty,
            attach_credential: true,
            follow_redirects: true,
            timeout_ms: None,
        };
        Self { host, request, mistake }
    }

    /// Adds one name and value to the query; the host percent-encodes both.
    pub fn query(mut self, name: impl Into<String>, value: impl Display) -> Self {
        self.request.query.push((name.into(), value.to_string()));
        self
    }

    /// Adds a name and value to the query, if there is a value.
    pub fn query_opt(self, name: impl Into<String>, value: Option<impl Display>) -> Self {
        match value {
            Some(value) => self.query(name, value),
            None => self,
        }
    }

    /// Adds a header.
    pub fn header(mut self, name: impl Into<String>, value: impl Display) -> Self {
        self.request.headers.push((name.into(), value.to_string()));
        self
    }

    /// Adds a header, if there is a value.
    pub fn header_opt(self, name: impl Into<String>, value: Option<impl Display>) -> Self {
        match value {
            Some(value) => self.header(name, value),
            None => self,
        }
    }

    /// Sets a JSON body, as `application/json` unless a `content-type` header says otherwise.
    pub fn json<T: Serialize + ?Sized>(mut self, body: &T) -> Self {
        match serde_json::to_vec(body) {
            Ok(bytes) => self.bytes(bytes, "application/json"),
            Err(error) => {
                self.mistake.get_or_insert_with(|| error.into());
                self
            }
        }
    }

    /// Sets a text body of this media type.
    pub fn text(self, body: impl Into<String>, content_type: &str) -> Self {
        self.bytes(body.into().into_bytes(), content_type)
    }

    /// Sets a body from the connector's own bytes, of this media type.
    pub fn bytes(mut self, body: impl Into<Vec<u8>>, content_type: &str) -> Self {
        self.request.body = transport::RequestBody::Bytes(body.into());
        self.typed(content_type)
    }

    /// Sets a body of `application/x-www-form-urlencoded`; the host encodes it.
    pub fn form<N: AsRef<str>, V: AsRef<str>>(mut self, pairs: &[(N, V)]) -> Self {
        let pairs = pairs.iter().map(|(name, value)| (name.as_ref().to_owned(), value.as_ref().to_owned())).collect();
        self.request.body = transport::RequestBody::Form(pairs);
        self
    }

    /// Sets a body of `multipart/form-data`; the host chooses the boundary.
    pub fn multipart(mut self, parts: impl IntoIterator<Item = Part>) -> Self {
        self.request.body = transport::RequestBody::Multipart(parts.into_iter().collect());
        self
    }

    /// Sets the bytes of a file or of another response as the body. They move through the host without entering the
    /// connector.
    pub fn body_from(mut self, file: impl Into<File>) -> Self {
        let (_, content_type, body) = file.into().into_parts();
        self.request.body = transport::RequestBody::Held(body);
        match content_type {
            Some(content_type) => self.typed(&content_type),
            None => self,
        }
    }

    /// Sends the request without the connection's credential: for pre-signed addresses.
    pub fn omit_credential(mut self) -> Self {
        self.request.attach_credential = false;
        self
    }

    /// Returns a redirect instead of following it.
    pub fn no_redirects(mut self) -> Self {
        self.request.follow_redirects = false;
        self
    }

    /// Milliseconds until the head of the response. The call's own limit applies as well.
    pub fn timeout(mut self, milliseconds: u32) -> Self {
        self.request.timeout_ms = Some(milliseconds);
        self
    }

    /// Sends the request and waits for the head of the response, which may have any status: see [`Response::ok`].
    pub fn send(self) -> Result<Response, Error> {
        let (host, request) = (self.host, self.into_request()?);
        Ok(Response::new(host.send(request)?))
    }

    pub(crate) fn into_request(mut self) -> Result<transport::Request, Error> {
        match self.mistake.take() {
            Some(mistake) => Err(mistake),
            None => Ok(self.request),
        }
    }

    /// The same request once more; `None` if its body can be sent only once.
    pub(crate) fn duplicate(&self) -> Option<Self> {
        use transport::RequestBody::{Bytes, Empty, Form, Held, Multipart};
        let body = match &self.request.body {
            Empty => Empty,
            Bytes(bytes) => Bytes(bytes.clone()),
            Form(pairs) => Form(pairs.clone()),
            Multipart(_) | Held(_) => return None,
        };
        let request = transport::Request {
            method: self.request.method.clone(),
            url: self.request.url.clone(),
            query: self.request.query.clone(),
            headers: self.request.headers.clone(),
            body,
            ..self.request
        };
        Some(Self { host: self.host, request, mistake: self.mistake.clone() })
    }

    /// Sets the query parameter, replacing an existing one.
    pub(crate) fn replace_query(mut self, name: &str, value: &str) -> Self {
        self.request.query.retain(|(known, _)| known != name);
        self.query(name, value)
    }

    /// Sends to this address instead, which has its own query.
    pub(crate) fn redirect_to(mut self, url: String) -> Self {
        self.request.query.clear();
        self.request.url = url;
        self
    }

    /// Sets a top-level field of the JSON body.
    pub(crate) fn replace_in_body(mut self, name: &str, value: Value) -> Self {
        let mut body = match &self.request.body {
            transport::RequestBody::Bytes(bytes) => serde_json::from_slice(bytes).unwrap_or(Value::Null),
            _ => Value::Object(serde_json::Map::new()),
        };
        if let Some(fields) = body.as_object_mut() {
            fields.insert(name.to_owned(), value);
            return self.json(&body);
        }
        self.mistake.get_or_insert_with(|| Error::internal("only a JSON object can carry the cursor of the next page"));
        self
    }

    fn typed(self, content_type: &str) -> Self {
        if self.request.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
            return self;
        }
        self.header("content-type", content_type)
    }
}

/// One part of a `multipart/form-data` body (RFC 7578).
#[derive(Debug)]
pub struct Part {
    pub(crate) name: String,
    pub(crate) file_name: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) content: PartContent,
}

/// The content of a part.
#[derive(Debug)]
pub(crate) enum PartContent {
    Bytes(Vec<u8>),
    Held(Body),
}

impl Part {
    /// Makes a text field.
    pub fn text(name: impl Into<String>, value: impl Display) -> Self {
        let content = PartContent::Bytes(value.to_string().into_bytes());
        Self { name: name.into(), file_name: None, content_type: None, content }
    }

    /// Makes a JSON field.
    pub fn json(name: impl Into<String>, value: &Value) -> Self {
        Self::text(name, value).content_type("application/json")
    }

    /// Makes a file from the connector's own bytes.
    pub fn bytes(name: impl Into<String>, file_name: impl Into<String>, content: impl Into<Vec<u8>>) -> Self {
        let content = PartContent::Bytes(content.into());
        Self { name: name.into(), file_name: Some(file_name.into()), content_type: None, content }
    }

    /// Makes a file that the host streams: its bytes never enter the connector.
    pub fn file(name: impl Into<String>, file: impl Into<File>) -> Self {
        let (file_name, content_type, body) = file.into().into_parts();
        let file_name = Some(file_name).filter(|name| !name.is_empty());
        Self { name: name.into(), file_name, content_type, content: PartContent::Held(body) }
    }

    /// Sets the media type.
    pub fn content_type(mut self, content_type: impl Into<String>) -> Self {
        self.content_type = Some(content_type.into());
        self
    }

    /// Sets the file name.
    pub fn file_name(mut self, file_name: impl Into<String>) -> Self {
        self.file_name = Some(file_name.into());
        self
    }
}

//! The responses of the scripted service.

use serde_json::Value;

use crate::body::Body;
use crate::native::Held;
use crate::transport;

/// A response of the scripted service.
#[derive(Clone, Debug)]
pub struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    content: Vec<u8>,
    content_type: Option<String>,
    chunked: bool,
}

impl Answer {
    /// A response with this status and no body.
    pub fn new(status: u16) -> Self {
        Self { status, headers: Vec::new(), content: Vec::new(), content_type: None, chunked: false }
    }

    /// A response with a JSON body.
    pub fn json(status: u16, body: &Value) -> Self {
        Self::new(status).body(body.to_string(), "application/json")
    }

    /// Sets a body of this media type.
    pub fn body(mut self, content: impl Into<Vec<u8>>, content_type: &str) -> Self {
        self.content = content.into();
        self.content_type = Some(content_type.to_owned());
        self
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_ascii_lowercase(), value.into()));
        self
    }

    /// Does not give the length of the body.
    pub fn chunked(mut self) -> Self {
        self.chunked = true;
        self
    }

    pub(crate) fn to_wire(&self, url: &str) -> transport::Answer {
        let mut headers = self.headers.clone();
        let is_set = |name: &str| self.headers.iter().any(|(known, _)| known == name);
        if let Some(content_type) = self.content_type.as_ref().filter(|_| !is_set("content-type")) {
            headers.push(("content-type".to_owned(), content_type.clone()));
        }
        if !self.chunked && !is_set("content-length") {
            headers.push(("content-length".to_owned(), self.content.len().to_string()));
        }
        let content_type = headers.iter().find(|(name, _)| name == "content-type").map(|(_, value)| value.as_str());
        let held = if self.chunked {
            Held::chunked(&self.content, content_type)
        } else {
            Held::from_content(&self.content, content_type)
        };
        transport::Answer { status: self.status, url: url.to_owned(), headers, body: Body(held) }
    }
}

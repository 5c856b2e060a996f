//! Files into and out of an action.

use serde::Serialize;

use crate::body::Body;

/// A named stream of bytes that the host holds, passed to an action or returned by it.
#[derive(Debug)]
pub struct File {
    name: String,
    content_type: Option<String>,
    content: Body,
}

impl File {
    /// Makes a file from bytes that the host already holds.
    pub fn new(name: impl Into<String>, content: Body) -> Self {
        Self { name: name.into(), content_type: content.content_type(), content }
    }

    /// Makes a file from the connector's own bytes.
    pub fn from_bytes(name: impl Into<String>, content: &[u8], content_type: &str) -> Self {
        Self::new(name, Body::from_bytes(content, Some(content_type)))
    }

    /// Replaces the media type that came with the bytes.
    pub fn content_type_is(mut self, content_type: impl Into<String>) -> Self {
        self.content_type = Some(content_type.into());
        self
    }

    /// The file's name, without folders.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The media type, if it is known.
    pub fn content_type(&self) -> Option<&str> {
        self.content_type.as_deref()
    }

    /// The number of bytes, if it is known beforehand.
    pub fn length(&self) -> Option<u64> {
        self.content.length()
    }

    /// The bytes, which the host still holds.
    pub fn into_body(self) -> Body {
        self.content
    }

    pub(crate) fn into_parts(self) -> (String, Option<String>, Body) {
        (self.name, self.content_type, self.content)
    }
}

impl From<Body> for File {
    fn from(content: Body) -> Self {
        Self::new("", content)
    }
}

/// The result of an action that returns files in addition to its value.
///
/// An action without files returns its value directly.
#[derive(Debug)]
pub struct Output<T> {
    pub(crate) value: T,
    pub(crate) files: Vec<File>,
}

impl<T: Serialize> Output<T> {
    /// Makes a result without files.
    pub fn new(value: T) -> Self {
        Self { value, files: Vec::new() }
    }

    /// Hands this file to the caller. Its bytes need not enter the connector: see [`Response::into_file`].
    ///
    /// [`Response::into_file`]: crate::Response::into_file
    pub fn file(mut self, file: File) -> Self {
        self.files.push(file);
        self
    }
}

//! Files into and out of an action.

use serde::Serialize;

use crate::body::Body;

/// A named stream of bytes that the host holds: handed to an action, or by it.
#[derive(Debug)]
pub struct File {
    name: String,
    content_type: Option<String>,
    content: Body,
}

impl File {
    /// A file of bytes that the host holds already.
    pub fn new(name: impl Into<String>, content: Body) -> Self {
        Self { name: name.into(), content_type: content.content_type(), content }
    }

    /// A file of bytes that the connector made.
    pub fn from_bytes(name: impl Into<String>, content: &[u8], content_type: &str) -> Self {
        Self::new(name, Body::from_bytes(content, Some(content_type)))
    }

    /// With this media type instead of the one that came with the bytes.
    pub fn content_type_is(mut self, content_type: impl Into<String>) -> Self {
        self.content_type = Some(content_type.into());
        self
    }

    /// The file's name, without folders.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The media type, where it is known.
    pub fn content_type(&self) -> Option<&str> {
        self.content_type.as_deref()
    }

    /// The number of bytes, where it is known beforehand.
    pub fn length(&self) -> Option<u64> {
        self.content.length()
    }

    /// The bytes, still at the host.
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

/// The result of an action that hands out files beside its value.
///
/// An action without files answers its value itself.
#[derive(Debug)]
pub struct Output<T> {
    pub(crate) value: T,
    pub(crate) files: Vec<File>,
}

impl<T: Serialize> Output<T> {
    /// A result without files.
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

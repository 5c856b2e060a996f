//! Bytes that the host holds.

use crate::error::Error;

#[cfg(target_family = "wasm")]
use crate::component::Held;
#[cfg(not(target_family = "wasm"))]
use crate::native::Held;

/// Bytes held by the host. Reading consumes them; handing the body to a request or a result consumes what is left.
#[derive(Debug)]
pub struct Body(pub(crate) Held);

impl Body {
    /// A body made of bytes that the connector itself has, for a file it creates. `content_type` is a media type.
    pub fn from_bytes(content: &[u8], content_type: Option<&str>) -> Self {
        Self(Held::from_content(content, content_type))
    }

    /// The number of bytes, where it is known beforehand.
    pub fn length(&self) -> Option<u64> {
        self.0.length()
    }

    /// The media type, where it is known.
    pub fn content_type(&self) -> Option<String> {
        self.0.content_type()
    }

    /// At least one and up to `max` bytes; empty at the end.
    pub fn read(&self, max: u32) -> Result<Vec<u8>, Error> {
        self.0.read_some(max).map_err(Error::from)
    }

    /// All that is left; [`Error::TooLarge`] when that is more than `limit` bytes.
    pub fn read_all(&self, limit: u64) -> Result<Vec<u8>, Error> {
        self.0.read_rest(limit).map_err(Error::from)
    }
}

//! Bytes that the host holds.

use crate::error::Error;

#[cfg(target_family = "wasm")]
use crate::component::Held;
#[cfg(not(target_family = "wasm"))]
use crate::native::Held;

/// Bytes that the host holds. Reading consumes them; handing the body to a request or a result consumes what is left.
#[derive(Debug)]
pub struct Body(pub(crate) Held);

impl Body {
    /// Makes a body from the connector's own bytes, for a file that it creates. `content_type` is a media type.
    pub fn from_bytes(content: &[u8], content_type: Option<&str>) -> Self {
        Self(Held::from_content(content, content_type))
    }

    /// The number of bytes, if it is known beforehand.
    pub fn length(&self) -> Option<u64> {
        self.0.length()
    }

    /// The media type, if it is known.
    pub fn content_type(&self) -> Option<String> {
        self.0.content_type()
    }

    /// Reads at least one and at most `max` bytes; returns nothing at the end.
    pub fn read(&self, max: u32) -> Result<Vec<u8>, Error> {
        self.0.read_some(max).map_err(Error::from)
    }

    /// Reads everything that is left; fails with [`Error::TooLarge`] if that is more than `limit` bytes.
    pub fn read_all(&self, limit: u64) -> Result<Vec<u8>, Error> {
        self.0.read_rest(limit).map_err(Error::from)
    }
}

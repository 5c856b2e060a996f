//! Writes log lines for the operator.

use crate::transport::Link;

/// The severity of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Details for developers of the connector.
    Debug,
    /// Normal operation.
    Info,
    /// Something went wrong, but work continued.
    Warn,
    /// Something failed.
    Error,
}

/// Writes log lines for the operator. Their number and length are limited for each call; lines over the limit are
/// dropped.
#[derive(Clone, Copy)]
pub struct Log<'a>(pub(crate) &'a Link);

impl Log<'_> {
    /// Details for developers of the connector.
    pub fn debug(self, message: impl AsRef<str>) {
        self.0.log(Level::Debug, message.as_ref());
    }

    /// Normal operation.
    pub fn info(self, message: impl AsRef<str>) {
        self.0.log(Level::Info, message.as_ref());
    }

    /// Something went wrong, but work continued.
    pub fn warn(self, message: impl AsRef<str>) {
        self.0.log(Level::Warn, message.as_ref());
    }

    /// Something failed.
    pub fn error(self, message: impl AsRef<str>) {
        self.0.log(Level::Error, message.as_ref());
    }
}

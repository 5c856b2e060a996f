//! Lines for the operator.

use crate::transport::Link;

/// How much a line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// For whoever works on the connector.
    Debug,
    /// What happened.
    Info,
    /// Went on, but not as it should.
    Warn,
    /// Did not go on.
    Error,
}

/// Writes lines for the operator. They are bounded in number and length for each call; what is over is dropped.
#[derive(Clone, Copy)]
pub struct Log<'a>(pub(crate) &'a Link);

impl Log<'_> {
    /// For whoever works on the connector.
    pub fn debug(self, message: impl AsRef<str>) {
        self.0.log(Level::Debug, message.as_ref());
    }

    /// What happened.
    pub fn info(self, message: impl AsRef<str>) {
        self.0.log(Level::Info, message.as_ref());
    }

    /// Went on, but not as it should.
    pub fn warn(self, message: impl AsRef<str>) {
        self.0.log(Level::Warn, message.as_ref());
    }

    /// Did not go on.
    pub fn error(self, message: impl AsRef<str>) {
        self.0.log(Level::Error, message.as_ref());
    }
}

//! Errors of a store.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// Why a store operation failed. Contains no secret.
#[derive(Clone, Debug)]
pub struct StoreError {
    fault: StoreFault,
    detail: String,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

/// The kind of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreFault {
    /// Another process has the store open, and only one may.
    Locked,
    /// There is no space left.
    Full,
    /// It is not a store, or was truncated or changed.
    Damaged,
    /// A newer program wrote the store.
    NewerFormat {
        /// The format of the store.
        found: u32,
        /// The newest format that this program supports.
        known: u32,
    },
    /// The store cannot be reached now, or did not answer in time.
    Unavailable,
    /// Others wrote at the same time, and the database aborted one of the writes. Nothing was changed.
    Conflict,
    /// Any other failure, such as a missing folder or permission.
    Other,
}

impl StoreError {
    /// Creates an error. `detail` says where and what, for the operator.
    pub fn new(fault: StoreFault, detail: impl Into<String>) -> Self {
        Self { fault, detail: detail.into(), source: None }
    }

    /// Adds the underlying error of the database or the file system. `detail` contains its text if a user needs it.
    pub fn because(mut self, source: impl Error + Send + Sync + 'static) -> Self {
        self.source = Some(Arc::new(source));
        self
    }

    /// The kind of the failure.
    pub fn fault(&self) -> StoreFault {
        self.fault
    }

    /// Whether the same call may succeed a moment later without any action.
    pub fn is_transient(&self) -> bool {
        matches!(self.fault, StoreFault::Unavailable | StoreFault::Conflict)
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let detail = &self.detail;
        match self.fault {
            StoreFault::Locked => {
                write!(f, "the store {detail} is open in another process; stop it, or use another store")
            }
            StoreFault::Full => {
                write!(f, "the store has no space left on its disk; free some space and try again: {detail}")
            }
            StoreFault::Damaged => {
                write!(f, "the store is damaged and was not changed; restore it from a copy: {detail}")
            }
            StoreFault::NewerFormat { found, known } => {
                write!(f, "the store has format {found}, but this program supports {known}; use a newer program")
            }
            StoreFault::Conflict => write!(f, "others wrote to the store at the same time; try again: {detail}"),
            StoreFault::Unavailable | StoreFault::Other => write!(f, "the store cannot be used: {detail}"),
        }
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref().map(|source| &**source as &(dyn Error + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_keeps_its_source_and_tells_whether_trying_again_helps() {
        let broken = std::io::Error::from(std::io::ErrorKind::BrokenPipe);
        let error = StoreError::new(StoreFault::Unavailable, "the connection was lost").because(broken);
        assert!(error.is_transient());
        assert!(error.source().is_some_and(<dyn std::error::Error>::is::<std::io::Error>));
        let full = StoreError::new(StoreFault::Full, "disk");
        assert!(!full.is_transient() && full.source().is_none());
    }
}

//! What redb's errors mean to the one who runs the host.

use innkeeper_store::StoreError;

/// A [`StoreError`] within this crate, where redb's own errors become one.
#[derive(Debug)]
pub(crate) struct Fault(StoreError);

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self(error)
    }
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        fault.0
    }
}
use std::io;

/// `place`: the file, or what stands for it.
pub(crate) fn in_place(error: impl Into<redb::Error>, place: &str) -> StoreError {
    use redb::Error as E;
    match error.into() {
        E::DatabaseAlreadyOpen | E::LockProtocolMismatch => StoreError::Locked(place.to_owned()),
        E::Io(error) => io_in_place(&error, place),
        E::Corrupted(reason) => StoreError::Damaged(format!("{place}: {reason}")),
        error @ (E::RepairAborted
        | E::TableTypeMismatch { .. }
        | E::TableIsMultimap(_)
        | E::TableIsNotMultimap(_)
        | E::TypeDefinitionChanged { .. }
        | E::TableDoesNotExist(_)) => StoreError::Damaged(format!("{place}: {error}")),
        error => StoreError::Unavailable(format!("{place}: {error}")),
    }
}

pub(crate) fn io_in_place(error: &io::Error, place: &str) -> StoreError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            StoreError::Full(format!("{place}: {error}"))
        }
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => StoreError::Damaged(format!("{place}: {error}")),
        _ => StoreError::Unavailable(format!("{place}: {error}")),
    }
}

macro_rules! from_redb {
    ($($error:ty),*) => {$(
        impl From<$error> for Fault {
            fn from(error: $error) -> Self {
                Self(in_place(error, "the store"))
            }
        }
    )*};
}

from_redb!(redb::StorageError, redb::TableError, redb::TransactionError, redb::CommitError);

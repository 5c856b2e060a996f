//! What redb's errors mean to the one who runs the host.

use std::io;

use crate::repositories::StoreError;

/// `place`: the file, or what stands for it.
pub(super) fn in_place(error: impl Into<::redb::Error>, place: &str) -> StoreError {
    use ::redb::Error as E;
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

pub(super) fn io_in_place(error: &io::Error, place: &str) -> StoreError {
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
        impl From<$error> for StoreError {
            fn from(error: $error) -> Self {
                in_place(error, "the store")
            }
        }
    )*};
}

from_redb!(::redb::StorageError, ::redb::TableError, ::redb::TransactionError, ::redb::CommitError);

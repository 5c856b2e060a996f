//! Translates redb's errors for the operator.

use std::io;

use innkeeper_store::{StoreError, StoreFault};

/// A [`StoreError`] within this crate, which redb's own errors are converted into.
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

/// `place`: the file, or a description of the store in memory.
pub(crate) fn in_place(error: impl Into<redb::Error>, place: &str) -> StoreError {
    use redb::Error as E;
    let error = error.into();
    let fault = match &error {
        E::DatabaseAlreadyOpen | E::LockProtocolMismatch => return StoreError::new(StoreFault::Locked, place),
        E::Io(error) => io_fault(error.kind()),
        E::Corrupted(_)
        | E::RepairAborted
        | E::TableTypeMismatch { .. }
        | E::TableIsMultimap(_)
        | E::TableIsNotMultimap(_)
        | E::TypeDefinitionChanged { .. }
        | E::TableDoesNotExist(_) => StoreFault::Damaged,
        _ => StoreFault::Unavailable,
    };
    StoreError::new(fault, format!("{place}: {error}")).because(error)
}

pub(crate) fn io_in_place(error: io::Error, place: &str) -> StoreError {
    StoreError::new(io_fault(error.kind()), format!("{place}: {error}")).because(error)
}

fn io_fault(kind: io::ErrorKind) -> StoreFault {
    match kind {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => StoreFault::Full,
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => StoreFault::Damaged,
        io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            StoreFault::Other
        }
        _ => StoreFault::Unavailable,
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

from_redb!(redb::StorageError, redb::TableError, redb::TransactionError, redb::CommitError, redb::SetDurabilityError);

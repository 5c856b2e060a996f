//! The store itself, and the threads that its transactions run on.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use innkeeper_ambient::Clock;
use innkeeper_store::{Store, StoreError, StoreFault};
use redb::{ReadTransaction, WriteTransaction};

use crate::database::SharedDatabase;
use crate::fault::Fault;
use crate::leases::Leases;
use crate::revision::Revision;

/// Everything in one redb file. Only one process at a time may have it open.
pub struct RedbStore {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) leases: Leases,
    revision: Arc<Revision>,
    pub(crate) database: Arc<SharedDatabase>,
}

impl RedbStore {
    /// Opens the file, or creates it with mode 0600. Blocks, and takes longer if the last process did not close the file.
    /// Leases expire by `clock`.
    ///
    /// Fails with [`StoreFault::Locked`] while another process has it open, [`StoreFault::Damaged`] if it is not a store or was
    /// truncated, and [`StoreFault::NewerFormat`] if a newer program wrote it.
    ///
    /// [`StoreFault::Locked`]: innkeeper_store::StoreFault::Locked
    /// [`StoreFault::Damaged`]: innkeeper_store::StoreFault::Damaged
    /// [`StoreFault::NewerFormat`]: innkeeper_store::StoreFault::NewerFormat
    pub fn open(path: impl Into<PathBuf>, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        Ok(Self::over(SharedDatabase::in_file(path.into())?, clock))
    }

    /// Creates a store in memory that is gone when it is dropped. Leases expire by `clock`.
    pub fn in_memory(clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        Ok(Self::over(SharedDatabase::in_memory()?, clock))
    }

    /// The path of the file, if there is one.
    pub fn path(&self) -> Option<&Path> {
        self.database.path()
    }

    pub(crate) fn over(database: SharedDatabase, clock: Arc<dyn Clock>) -> Self {
        Self { clock, leases: Leases::default(), revision: Arc::default(), database: Arc::new(database) }
    }

    /// Runs a short read inline: for single rows and short lists.
    pub(crate) fn read<T>(&self, work: impl FnOnce(&ReadTransaction) -> Result<T, Fault>) -> Result<T, StoreError> {
        self.database.read(work)
    }

    /// Runs a read that may take long on a blocking thread.
    pub(crate) async fn scan<T: Send + 'static>(
        &self,
        work: impl FnOnce(&ReadTransaction) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        let database = self.database.clone();
        blocking(move || database.read(work)).await
    }

    pub(crate) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&WriteTransaction) -> Result<Verdict<T>, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        let database = self.database.clone();
        blocking(move || database.write(work)).await
    }

    /// Runs a change of connections or connectors. It is counted as soon as it is made, even if the caller has gone.
    pub(crate) async fn change<T: Send + 'static>(
        &self,
        work: impl FnOnce(&WriteTransaction) -> Result<Verdict<T>, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (database, revision) = (self.database.clone(), self.revision.clone());
        blocking(move || revision.changing(|| database.write(work))).await
    }
}

impl Store for RedbStore {
    fn revision(&self) -> Option<u64> {
        self.revision.get()
    }
}

impl fmt::Debug for RedbStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedbStore").field("path", &self.path()).finish_non_exhaustive()
    }
}

/// What to do with a transaction.
pub(crate) enum Verdict<T> {
    /// Commit durably: it changed something that must last.
    Commit(T),
    /// Commit without waiting for the disk: it changed nothing that must last.
    Abort(T),
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(_) => Err(StoreError::new(StoreFault::Unavailable, "the program is shutting down")),
    }
}

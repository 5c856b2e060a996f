//! The store itself: where its transactions run.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use innkeeper_store::{Store, StoreError};
use redb::{ReadTransaction, WriteTransaction};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::audit::AuditWriter;
use crate::database::SharedDatabase;
use crate::fault::Fault;
use crate::known::Known;
use crate::leases::Leases;

/// Everything in one redb file. One process at a time may have it open.
pub struct RedbStore {
    // Dropped first: it writes what is left.
    pub(crate) audit: AuditWriter,
    pub(crate) leases: Leases,
    pub(crate) known: Arc<Known>,
    pub(crate) database: Arc<SharedDatabase>,
}

impl RedbStore {
    /// Opens the file, or makes it with mode 0600. Blocks, for longer where the last process did not close the file.
    ///
    /// Fails with [`StoreError::Locked`] while another process has it open, [`StoreError::Damaged`] when it is no store or
    /// was cut short, [`StoreError::Newer`] when a newer program wrote it.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, StoreError> {
        Self::over(SharedDatabase::in_file(path.into())?)
    }

    /// A store that is gone when it is dropped.
    pub fn in_memory() -> Result<Self, StoreError> {
        Self::over(SharedDatabase::in_memory()?)
    }

    /// The file, where there is one.
    pub fn path(&self) -> Option<&Path> {
        self.database.path()
    }

    pub(crate) fn over(database: SharedDatabase) -> Result<Self, StoreError> {
        let database = Arc::new(database);
        Ok(Self {
            audit: AuditWriter::start(database.clone())?,
            leases: Leases::default(),
            known: Arc::default(),
            database,
        })
    }

    /// For single rows and short lists.
    pub(crate) fn read<T>(&self, work: impl FnOnce(&ReadTransaction) -> Result<T, Fault>) -> Result<T, StoreError> {
        self.database.read(work)
    }

    /// For what may take long.
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

    /// For every change of connections: what is kept of them is forgotten as soon as it is made, also when whoever asked for it
    /// has gone.
    pub(crate) async fn write_connections<T: Send + 'static>(
        &self,
        work: impl FnOnce(&WriteTransaction) -> Result<Verdict<T>, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (database, known) = (self.database.clone(), self.known.clone());
        blocking(move || known.changing(|| database.write(work))).await
    }
}

impl Store for RedbStore {}

impl fmt::Debug for RedbStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedbStore").field("path", &self.path()).finish_non_exhaustive()
    }
}

/// What is to become of a transaction.
pub(crate) enum Verdict<T> {
    /// It changed something that must last.
    Commit(T),
    /// It changed nothing that must last; no need to wait for the disk.
    Abort(T),
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(_) => Err(StoreError::Unavailable("the program is shutting down".to_owned())),
    }
}

pub(crate) fn encode(record: &impl Serialize) -> Result<Vec<u8>, Fault> {
    serde_json::to_vec(record)
        .map_err(|error| StoreError::Unavailable(format!("a record cannot be written: {error}")).into())
}

pub(crate) fn decode<T: DeserializeOwned>(table: &str, bytes: &[u8]) -> Result<T, Fault> {
    // The error's own text may quote the record.
    serde_json::from_slice(bytes).map_err(|error| {
        StoreError::Damaged(format!(
            "a record of {table} cannot be read (line {}, column {})",
            error.line(),
            error.column()
        ))
        .into()
    })
}

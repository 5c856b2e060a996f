//! The open file: access to it, and recovery after a failure.

use std::fs::{File, OpenOptions};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use innkeeper_ambient::lock::RwLock;
use innkeeper_ambient::sync_folder;
use innkeeper_store::{StoreError, StoreFault};
use redb::backends::{FileBackend, InMemoryBackend};
use redb::{Database, Durability, ReadTransaction, ReadableDatabase as _, StorageBackend, WriteTransaction};

use crate::fault::{Fault, in_place, io_in_place};
use crate::rows::damaged;
use crate::store::Verdict;
use crate::tables::prepare;

/// redb rejects every write after a failed one until the file is opened again. So the next write after a failure opens it
/// again: a host whose disk was full continues once there is space.
pub(crate) struct SharedDatabase {
    path: Option<PathBuf>,
    /// `None` for a store in memory, which would come back empty.
    reopen: Option<Box<Reopen>>,
    /// `None` only while the file could not be opened again.
    open: RwLock<Option<Database>>,
    write_failed: AtomicBool,
}

type Reopen = dyn Fn() -> Result<Database, StoreError> + Send + Sync;

impl SharedDatabase {
    pub(crate) fn in_file(path: PathBuf) -> Result<Self, StoreError> {
        let place = path.clone();
        let mut shared = Self::opened_by(move || {
            let backend = FileBackend::new(open_file(&place)?).map_err(|error| in_place(error, &name(&place)))?;
            open_database(backend, &name(&place))
        })?;
        shared.path = Some(path);
        Ok(shared)
    }

    pub(crate) fn in_memory() -> Result<Self, StoreError> {
        let database = open_database(InMemoryBackend::new(), "the store in memory")?;
        Ok(Self { path: None, reopen: None, open: RwLock::new(Some(database)), write_failed: AtomicBool::new(false) })
    }

    pub(crate) fn opened_by(
        reopen: impl Fn() -> Result<Database, StoreError> + Send + Sync + 'static,
    ) -> Result<Self, StoreError> {
        let open = RwLock::new(Some(reopen()?));
        Ok(Self { path: None, reopen: Some(Box::new(reopen)), open, write_failed: AtomicBool::new(false) })
    }

    pub(crate) fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    pub(crate) fn read<T>(&self, work: impl FnOnce(&ReadTransaction) -> Result<T, Fault>) -> Result<T, StoreError> {
        self.with(|database| work(&database.begin_read()?))
    }

    /// The write is durable when this returns, or nothing changed. If the commit itself failed, it may have become durable
    /// nevertheless.
    pub(crate) fn write<T>(
        &self,
        work: impl FnOnce(&WriteTransaction) -> Result<Verdict<T>, Fault>,
    ) -> Result<T, StoreError> {
        if self.write_failed.load(Ordering::SeqCst) {
            self.open_again()?;
        }
        let result = self.with(|database| commit(database, work));
        if result.is_err() {
            self.write_failed.store(true, Ordering::SeqCst);
        }
        result
    }

    fn with<T>(&self, work: impl FnOnce(&Database) -> Result<T, Fault>) -> Result<T, StoreError> {
        let open = self.open.read();
        let Some(database) = &*open else {
            let detail = "the file could not be opened again after a write had failed";
            return Err(StoreError::new(StoreFault::Unavailable, detail));
        };
        Ok(caught(|| work(database))?)
    }

    fn open_again(&self) -> Result<(), StoreError> {
        let Some(reopen) = &self.reopen else { return Ok(()) };
        let mut open = self.open.write();
        if !self.write_failed.load(Ordering::SeqCst) {
            return Ok(());
        }
        // The old database must release its lock before the file is opened again.
        let old = open.take();
        caught(|| {
            drop(old);
            Ok(())
        })?;
        *open = Some(reopen()?);
        self.write_failed.store(false, Ordering::SeqCst);
        Ok(())
    }
}

pub(crate) fn open_database(backend: impl StorageBackend, place: &str) -> Result<Database, StoreError> {
    caught(|| {
        let database = Database::builder()
            .set_cache_size(CACHE)
            .create_with_backend(backend)
            .map_err(|error| in_place(error, place))?;
        commit(&database, |transaction| {
            Ok(if prepare(transaction)? { Verdict::Commit(()) } else { Verdict::Abort(()) })
        })?;
        Ok(database)
    })
    .map_err(StoreError::from)
}

fn open_file(path: &Path) -> Result<File, StoreError> {
    let failed = |error: io::Error| io_in_place(error, &name(path));
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.clone().create_new(true).open(path) {
        Ok(file) => {
            sync_folder(path).map_err(failed)?;
            Ok(file)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => options.open(path).map_err(failed),
        Err(error) => Err(failed(error)),
    }
}

fn commit<T>(
    database: &Database,
    work: impl FnOnce(&WriteTransaction) -> Result<Verdict<T>, Fault>,
) -> Result<T, Fault> {
    let mut transaction = database.begin_write()?;
    transaction.set_durability(Durability::Immediate)?;
    match work(&transaction)? {
        Verdict::Commit(answer) => {
            transaction.commit()?;
            Ok(answer)
        }
        Verdict::Abort(answer) => {
            transaction.abort()?;
            Ok(answer)
        }
    }
}

/// redb trusts the pages of a file that was closed properly. If such a file was changed since, redb may panic; the file is at
/// fault, not the program.
fn caught<T>(work: impl FnOnce() -> Result<T, Fault>) -> Result<T, Fault> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(damaged("its pages contradict each other")))
}

fn name(path: &Path) -> String {
    path.display().to_string()
}

/// The maximum size of the page cache, in bytes.
const CACHE: usize = 32 * 1024 * 1024;

//! A cache of connections and the values derived from them: every call needs both, and most connections never change.

use std::any::{Any, TypeId};
use std::fmt;
use std::hash::RandomState;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hashbrown::Equivalent;
use innkeeper_ambient::lock::{Mutex, RwLock};

use crate::error::StoreError;
use crate::ids::{ConnectionId, SpaceId};
use crate::records::{ConnectionRecord, Edition};
use crate::repositories::Store;

/// Caches records and the values that callers derived from them, for one edition of each connection. A record is returned only
/// after the store has confirmed that its edition is still current, so changes by other processes are seen at the next call.
pub struct ConnectionCache {
    store: Arc<dyn Store>,
    kept: RwLock<Generations>,
}

impl ConnectionCache {
    /// An empty cache over a store.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store, kept: RwLock::default() }
    }

    /// A connection of a space, as it is in the store now.
    pub async fn get(&self, space: &SpaceId, id: &ConnectionId) -> Result<Option<Arc<ConnectionRecord>>, StoreError> {
        // Read first: a change in between makes it another revision.
        let revision = self.store.revision();
        if let Some(kept) = self.find(space, id) {
            if revision.is_some_and(|revision| kept.checked_at.load(Ordering::Acquire) == revision) {
                return Ok(Some(kept.record.clone()));
            }
            if self.store.edition(space, id).await? == Some(kept.edition) {
                kept.check(revision);
                return Ok(Some(kept.record.clone()));
            }
        }
        let Some(record) = self.store.connection(space, id).await? else {
            self.forget(space, id);
            return Ok(None);
        };
        Ok(Some(self.keep(Arc::new(record), revision).record.clone()))
    }

    /// The value derived from this record, one per type. If there is none, or `holds` returns false for it, `work_out` makes a
    /// new one and receives whether another edition was cached before. Concurrent callers all get the same value.
    pub fn worked_out<T: Any + Send + Sync, E>(
        &self,
        record: &ConnectionRecord,
        holds: impl Fn(&T) -> bool,
        work_out: impl FnOnce(bool) -> Result<T, E>,
    ) -> Result<Arc<T>, E> {
        let edition = record.edition();
        let kept = match self.find(&record.space, &record.id).filter(|kept| kept.edition == edition) {
            Some(kept) => kept,
            None => self.keep(Arc::new(record.clone()), None),
        };
        if let Some(value) = kept.value::<T>().filter(|value| holds(value)) {
            return Ok(value);
        }
        let made = Arc::new(work_out(kept.was_another)?);
        let mut values = kept.values.lock();
        if let Some(value) = value::<T>(&values).filter(|value| holds(value)) {
            return Ok(value);
        }
        values.retain(|(of, _)| *of != TypeId::of::<T>());
        values.push((TypeId::of::<T>(), made.clone()));
        Ok(made)
    }

    /// Drops the entry of a connection that was deleted.
    pub fn forget(&self, space: &SpaceId, id: &ConnectionId) {
        self.kept.write().remove(space, id);
    }

    fn find(&self, space: &SpaceId, id: &ConnectionId) -> Option<Arc<Kept>> {
        let found = match self.kept.read().find(space, id)? {
            (kept, Generation::Young) => return Some(kept.clone()),
            (kept, Generation::Old) => kept.clone(),
        };
        self.kept.write().insert(found.clone());
        Some(found)
    }

    fn keep(&self, record: Arc<ConnectionRecord>, revision: Option<u64>) -> Arc<Kept> {
        let mut all = self.kept.write();
        let before = all.find(&record.space, &record.id).map(|(kept, _)| kept.clone());
        let edition = record.edition();
        if let Some(kept) = before.as_ref().filter(|kept| kept.edition == edition) {
            kept.check(revision);
            return kept.clone();
        }
        let (checked_at, values) = (AtomicU64::new(revision.unwrap_or(NEVER)), Mutex::default());
        let kept = Arc::new(Kept { edition, record, was_another: before.is_some(), checked_at, values });
        all.insert(kept.clone());
        kept
    }
}

impl fmt::Debug for ConnectionCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectionCache").field("store", &self.store).finish_non_exhaustive()
    }
}

/// One edition of a connection.
struct Kept {
    edition: Edition,
    record: Arc<ConnectionRecord>,
    /// Another edition was cached before this one.
    was_another: bool,
    /// The store's revision at which this edition was last confirmed.
    checked_at: AtomicU64,
    /// One for each type; there are few.
    values: Mutex<Vec<(TypeId, Arc<dyn Any + Send + Sync>)>>,
}

impl Kept {
    fn check(&self, revision: Option<u64>) {
        if let Some(revision) = revision {
            self.checked_at.store(revision, Ordering::Release);
        }
    }

    fn value<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        value(&self.values.lock())
    }
}

fn value<T: Any + Send + Sync>(values: &[(TypeId, Arc<dyn Any + Send + Sync>)]) -> Option<Arc<T>> {
    let (_, value) = values.iter().find(|(of, _)| *of == TypeId::of::<T>())?;
    value.clone().downcast().ok()
}

/// Two halves: when the young one is full it becomes the old one, and entries not used since are dropped.
#[derive(Default)]
struct Generations {
    young: Shelf,
    old: Shelf,
}

type Shelf = hashbrown::HashMap<Key, Arc<Kept>, RandomState>;

#[derive(PartialEq, Eq, Hash)]
struct Key {
    space: SpaceId,
    id: ConnectionId,
}

/// A [`Key`] that is only looked up, so that a lookup copies nothing. Hashes as that does.
#[derive(Hash)]
struct KeyRef<'a> {
    space: &'a SpaceId,
    id: &'a ConnectionId,
}

impl Equivalent<Key> for KeyRef<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        *self.space == key.space && *self.id == key.id
    }
}

enum Generation {
    Young,
    Old,
}

impl Generations {
    fn find(&self, space: &SpaceId, id: &ConnectionId) -> Option<(&Arc<Kept>, Generation)> {
        let key = KeyRef { space, id };
        let young = self.young.get(&key).map(|kept| (kept, Generation::Young));
        young.or_else(|| self.old.get(&key).map(|kept| (kept, Generation::Old)))
    }

    fn insert(&mut self, kept: Arc<Kept>) {
        self.remove(&kept.record.space, &kept.record.id);
        if self.young.len() >= HALF {
            self.old = mem::take(&mut self.young);
        }
        let key = Key { space: kept.record.space.clone(), id: kept.record.id.clone() };
        self.young.insert(key, kept);
    }

    fn remove(&mut self, space: &SpaceId, id: &ConnectionId) {
        let key = KeyRef { space, id };
        self.young.remove(&key);
        self.old.remove(&key);
    }
}

/// A value that is not a revision of any store.
const NEVER: u64 = u64::MAX;

/// Connections in one half; at most twice as many are cached.
const HALF: usize = 8_192;

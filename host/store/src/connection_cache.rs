//! A cache of connections and the values derived from them: every call needs both, and most connections never change.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

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
        if let Some(value) = values.get(&TypeId::of::<T>()).and_then(downcast::<T>).filter(|value| holds(value)) {
            return Ok(value);
        }
        values.insert(TypeId::of::<T>(), made.clone());
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
    values: Mutex<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>,
}

impl Kept {
    fn check(&self, revision: Option<u64>) {
        if let Some(revision) = revision {
            self.checked_at.store(revision, Ordering::Release);
        }
    }

    fn value<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        self.values.lock().get(&TypeId::of::<T>()).and_then(downcast)
    }
}

fn downcast<T: Any + Send + Sync>(value: &Arc<dyn Any + Send + Sync>) -> Option<Arc<T>> {
    value.clone().downcast().ok()
}

/// Two halves: when the young one is full it becomes the old one, and entries not used since are dropped.
#[derive(Default)]
struct Generations {
    young: Shelf,
    old: Shelf,
}

enum Generation {
    Young,
    Old,
}

impl Generations {
    fn find(&self, space: &SpaceId, id: &ConnectionId) -> Option<(&Arc<Kept>, Generation)> {
        let young = self.young.find(space, id).map(|kept| (kept, Generation::Young));
        young.or_else(|| self.old.find(space, id).map(|kept| (kept, Generation::Old)))
    }

    fn insert(&mut self, kept: Arc<Kept>) {
        self.remove(&kept.record.space, &kept.record.id);
        if self.young.count >= HALF {
            self.old = mem::take(&mut self.young);
        }
        self.young.insert(kept);
    }

    fn remove(&mut self, space: &SpaceId, id: &ConnectionId) {
        self.young.remove(space, id);
        self.old.remove(space, id);
    }
}

/// Keyed by space and id, so that a lookup copies neither.
#[derive(Default)]
struct Shelf {
    spaces: HashMap<SpaceId, HashMap<ConnectionId, Arc<Kept>>>,
    count: usize,
}

impl Shelf {
    fn find(&self, space: &SpaceId, id: &ConnectionId) -> Option<&Arc<Kept>> {
        self.spaces.get(space)?.get(id)
    }

    fn insert(&mut self, kept: Arc<Kept>) {
        let of_space = self.spaces.entry(kept.record.space.clone()).or_default();
        let id = kept.record.id.clone();
        self.count += usize::from(of_space.insert(id, kept).is_none());
    }

    fn remove(&mut self, space: &SpaceId, id: &ConnectionId) {
        let Some(of_space) = self.spaces.get_mut(space) else { return };
        self.count -= usize::from(of_space.remove(id).is_some());
        if of_space.is_empty() {
            self.spaces.remove(space);
        }
    }
}

/// A value that is not a revision of any store.
const NEVER: u64 = u64::MAX;

/// Connections in one half; at most twice as many are cached.
const HALF: usize = 8_192;

//! Connections as they were last read: every call reads one, and most never change.

use std::collections::HashMap;
use std::sync::{Arc, RwLockReadGuard, RwLockWriteGuard};

use innkeeper_ambient::lock::RwLock;
use innkeeper_store::{ConnectionRecord, StoreError};

/// Connections that are kept at once; with one more all are forgotten.
const MOST: usize = 10_000;

/// What is in it is what the file holds: the file belongs to this process alone, and every change of a connection goes through
/// [`RedbStore::write_connections`](super::RedbStore::write_connections).
#[derive(Default)]
pub(crate) struct Known(RwLock<Kept>);

#[derive(Default)]
struct Kept {
    records: HashMap<Vec<u8>, Arc<ConnectionRecord>>,
    /// Grows with every change: what was read before one must not be kept after it.
    changes: u64,
    /// Changes under way: what is kept may be old already.
    changing: u32,
}

impl Known {
    /// The record at `key`: the kept one, or the one that `read` finds.
    pub(crate) fn get(
        &self,
        key: Vec<u8>,
        read: impl FnOnce(&[u8]) -> Result<Option<ConnectionRecord>, StoreError>,
    ) -> Result<Option<Arc<ConnectionRecord>>, StoreError> {
        let (kept, changes) = {
            let kept = self.read();
            (kept.records.get(&key).filter(|_| kept.changing == 0).cloned(), kept.changes)
        };
        if kept.is_some() {
            return Ok(kept);
        }
        let Some(record) = read(&key)?.map(Arc::new) else { return Ok(None) };
        let mut kept = self.write();
        if kept.changes == changes && kept.changing == 0 {
            if kept.records.len() >= MOST {
                kept.records.clear();
            }
            kept.records.insert(key, record.clone());
        }
        Ok(Some(record))
    }

    /// Carries out a change. Meanwhile everybody reads the file, and afterwards nothing from before is kept, whatever came of
    /// it: a write that failed may have become durable all the same.
    pub(crate) fn changing<T>(&self, change: impl FnOnce() -> T) -> T {
        self.write().changing += 1;
        let outcome = change();
        let mut kept = self.write();
        kept.records.clear();
        kept.changes += 1;
        kept.changing -= 1;
        outcome
    }

    fn read(&self) -> RwLockReadGuard<'_, Kept> {
        self.0.read()
    }

    fn write(&self) -> RwLockWriteGuard<'_, Kept> {
        self.0.write()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use innkeeper_store::conformance::records::connection;

    #[test]
    fn what_was_read_before_a_change_is_not_kept_after_it() {
        let known = Known::default();
        let before = connection("default", "drive", 1);
        let mut after = before.clone();
        after.version = 2;
        let read = known.get(b"drive".to_vec(), |_| {
            // The change comes in while the row is read.
            known.changing(|| ());
            Ok(Some(before.clone()))
        });
        assert_eq!(read.expect("read").map(|record| record.version), Some(before.version));
        let read = known.get(b"drive".to_vec(), |_| Ok(Some(after.clone())));
        assert_eq!(read.expect("read").map(|record| record.version), Some(2));
        let kept = known.get(b"drive".to_vec(), |_| panic!("it is kept"));
        assert_eq!(kept.expect("read").map(|record| record.version), Some(2));
    }

    #[test]
    fn while_a_change_is_made_everybody_reads_what_is_there() {
        let known = Known::default();
        known.get(b"drive".to_vec(), |_| Ok(Some(connection("default", "drive", 1)))).expect("read");
        known.changing(|| {
            // It is committed, and not forgotten yet.
            let read = known.get(b"drive".to_vec(), |_| Ok(None)).expect("read");
            assert!(read.is_none(), "a connection that was deleted is gone");
        });
    }

    #[test]
    fn what_is_not_there_is_looked_for_again() {
        let known = Known::default();
        assert!(known.get(b"drive".to_vec(), |_| Ok(None)).expect("read").is_none());
        let read = known.get(b"drive".to_vec(), |_| Ok(Some(connection("default", "drive", 1))));
        assert!(read.expect("read").is_some());
    }
}

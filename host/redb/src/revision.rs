//! Whether connections or connectors changed since somebody looked.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts the changes. The file belongs to this process alone, so all of them are made here.
#[derive(Debug, Default)]
pub(crate) struct Revision {
    begun: AtomicU64,
    ended: AtomicU64,
}

impl Revision {
    /// The number of changes so far; `None` while one is being made: it may be durable already, and is not yet counted.
    pub(crate) fn get(&self) -> Option<u64> {
        // In this order: neither number ever falls, so if they are equal nothing was under way in between.
        let ended = self.ended.load(Ordering::SeqCst);
        (self.begun.load(Ordering::SeqCst) == ended).then_some(ended)
    }

    /// Carries out a change. It counts whatever came of it: a write that failed may have become durable all the same.
    pub(crate) fn changing<T>(&self, change: impl FnOnce() -> T) -> T {
        self.begun.fetch_add(1, Ordering::SeqCst);
        let outcome = change();
        self.ended.fetch_add(1, Ordering::SeqCst);
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_another_number_after_a_change_and_none_meanwhile() {
        let revision = Revision::default();
        let before = revision.get();
        assert!(before.is_some());
        revision.changing(|| assert_eq!(revision.get(), None));
        let after = revision.get();
        assert!(after.is_some() && after != before);
    }
}

//! Detects whether connections or connectors have changed.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts the changes. The file belongs to this process only, so all changes are made here.
#[derive(Debug, Default)]
pub(crate) struct Revision {
    begun: AtomicU64,
    ended: AtomicU64,
}

impl Revision {
    /// The number of changes so far; `None` while one is being made: it may be durable already and is not counted yet.
    pub(crate) fn get(&self) -> Option<u64> {
        // In this order: neither number ever decreases, so if they are equal, no change was running in between.
        let ended = self.ended.load(Ordering::SeqCst);
        (self.begun.load(Ordering::SeqCst) == ended).then_some(ended)
    }

    /// Makes a change. It is counted whatever the outcome: a failed write may have become durable nevertheless.
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

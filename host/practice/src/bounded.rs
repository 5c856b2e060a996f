//! A map that drops its oldest entry instead of growing without limit.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// A map of at most `capacity` entries; a new entry replaces the oldest.
pub(crate) struct Bounded<K, V> {
    entries: HashMap<K, V>,
    order: VecDeque<K>,
    capacity: usize,
}

impl<K: Hash + Eq + Clone, V> Bounded<K, V> {
    /// An empty map for `capacity` entries.
    pub(crate) fn new(capacity: usize) -> Self {
        Self { entries: HashMap::new(), order: VecDeque::new(), capacity }
    }

    /// Inserts an entry under a key that was not used before.
    pub(crate) fn insert(&mut self, key: K, value: V) {
        while self.entries.len() >= self.capacity {
            let Some(oldest) = self.order.pop_front() else { break };
            self.entries.remove(&oldest);
        }
        // Keys of removed entries stay in the order until there are too many of them.
        if self.order.len() >= self.capacity.saturating_mul(2) {
            self.order.retain(|key| self.entries.contains_key(key));
        }
        self.order.push_back(key.clone());
        self.entries.insert(key, value);
    }

    /// The entry under `key`.
    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.entries.get(key)
    }

    /// The entry under `key`, mutable.
    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.entries.get_mut(key)
    }

    /// Removes and returns the entry under `key`.
    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        self.entries.remove(key)
    }

    /// All entries, mutable.
    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.entries.values_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_entry_makes_room() {
        let mut map = Bounded::new(2);
        for key in 0..3 {
            map.insert(key, ());
        }
        assert_eq!([0, 1, 2].map(|key| map.get(&key).is_some()), [false, true, true]);
    }

    #[test]
    fn taking_out_leaves_nothing_behind() {
        let mut map = Bounded::new(2);
        for key in 0..100 {
            map.insert(key, ());
            map.remove(&key);
        }
        assert!(map.order.len() <= 4);
        assert!(map.entries.is_empty());
    }
}

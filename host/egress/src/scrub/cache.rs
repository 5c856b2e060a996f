//! Builds scrubbers once per set of secrets, not once per request.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;

use innkeeper_ambient::lock::Mutex;
use secrecy::{ExposeSecret, SecretString};

use super::Scrubber;

/// The maximum number of cached sets; the least recently used is evicted.
const CAPACITY: usize = 256;

/// Scrubbers, keyed by the secrets they search for.
#[derive(Default)]
pub(crate) struct ScrubberCache {
    hasher: RandomState,
    entries: Mutex<Entries>,
}

#[derive(Default)]
struct Entries {
    by_hash: HashMap<u64, Entry>,
    uses: u64,
}

struct Entry {
    secrets: Vec<SecretString>,
    scrubber: Option<Arc<Scrubber>>,
    used: u64,
}

impl ScrubberCache {
    /// The scrubber for these secrets, where `generation` is that of the credential they belong to; `None` if there is nothing
    /// to search for.
    pub(crate) fn scrubber(&self, generation: u64, secrets: &[&SecretString]) -> Option<Arc<Scrubber>> {
        if secrets.is_empty() {
            return None;
        }
        let mut hasher = self.hasher.build_hasher();
        hasher.write_u64(generation);
        for secret in secrets {
            hasher.write(secret.expose_secret().as_bytes());
            hasher.write_u8(0xff);
        }
        let hash = hasher.finish();
        let mut entries = self.entries.lock();
        entries.uses += 1;
        let now = entries.uses;
        if let Some(entry) = entries.by_hash.get_mut(&hash)
            && entry.holds(secrets)
        {
            entry.used = now;
            return entry.scrubber.clone();
        }
        drop(entries);
        // Built without the lock: another caller may build the same one meanwhile, which does no harm.
        let scrubber = Scrubber::new(secrets.iter().map(|secret| secret.expose_secret())).map(Arc::new);
        let mut entries = self.entries.lock();
        if entries.by_hash.len() >= CAPACITY
            && let Some(oldest) = entries.by_hash.iter().min_by_key(|(_, entry)| entry.used).map(|(hash, _)| *hash)
        {
            entries.by_hash.remove(&oldest);
        }
        let secrets = secrets.iter().map(|secret| (*secret).clone()).collect();
        entries.by_hash.insert(hash, Entry { secrets, scrubber: scrubber.clone(), used: now });
        scrubber
    }
}

impl Entry {
    fn holds(&self, secrets: &[&SecretString]) -> bool {
        self.secrets.len() == secrets.len()
            && self.secrets.iter().zip(secrets).all(|(mine, other)| mine.expose_secret() == other.expose_secret())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_secrets_share_a_scrubber_and_others_of_the_same_generation_do_not() {
        let cache = ScrubberCache::default();
        let (one, two) = (SecretString::from("token-one"), SecretString::from("token-two"));
        let first = cache.scrubber(1, &[&one]).expect("long enough");
        assert!(Arc::ptr_eq(&first, &cache.scrubber(1, &[&one]).expect("long enough")));
        assert!(!Arc::ptr_eq(&first, &cache.scrubber(1, &[&two]).expect("long enough")));
    }

    #[test]
    fn the_cache_does_not_grow_without_bound() {
        let cache = ScrubberCache::default();
        for number in 0..CAPACITY + 10 {
            cache.scrubber(0, &[&SecretString::from(format!("token-{number}"))]);
        }
        assert_eq!(cache.entries.lock().by_hash.len(), CAPACITY);
    }
}

//! All grants: handed out, replaced, removed.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use innkeeper_ambient::{Clock, Random};
use innkeeper_vault::{ConnectionId, Expected, GrantKey, GrantRecord, GrantRepository, SpaceId, Vault, Written};

use super::content::Grant;
use super::memory::{Entry, LiveToken};
use super::round::Round;
use crate::error::AuthError;
use crate::oauth::{TokenAnswer, TokenEndpoint};

/// From this many on, entries that nobody uses and that hold no good token are dropped from memory.
const ROOMY: usize = 10_000;
/// How often a race is lost before it is called a fault.
const RACES: usize = 8;

pub(crate) struct Grants {
    pub(super) vault: Arc<Vault>,
    pub(super) store: Arc<dyn GrantRepository>,
    pub(super) clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    pub(super) margin: Duration,
    entries: Mutex<Entries>,
}

struct Entries {
    by_key: HashMap<GrantKey, Arc<Entry>>,
    sweep_at: usize,
}

impl Grants {
    pub(crate) fn new(
        vault: Arc<Vault>,
        store: Arc<dyn GrantRepository>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        margin: Duration,
    ) -> Self {
        let entries = Mutex::new(Entries { by_key: HashMap::new(), sweep_at: ROOMY });
        Self { vault, store, clock, random, margin, entries }
    }

    /// The place of a key in memory.
    pub(crate) fn entry(&self, key: &GrantKey) -> Arc<Entry> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = entries.by_key.get(key) {
            return entry.clone();
        }
        if entries.by_key.len() >= entries.sweep_at {
            let now = self.clock.now();
            // An entry that somebody holds stays: two places for one key would be two turns.
            entries.by_key.retain(|_, entry| {
                let unused = Arc::strong_count(entry) == 1 && Arc::strong_count(&entry.turn) == 1;
                let leftover = entry.turn.try_lock().map_or(true, |turn| turn.unsaved.is_some());
                !unused || leftover || !entry.is_idle(now)
            });
            entries.sweep_at = (entries.by_key.len() * 2).max(ROOMY);
        }
        let entry = Arc::new(Entry::new(key.clone()));
        entries.by_key.insert(key.clone(), entry.clone());
        entry
    }

    /// A token that is good: from memory, from the store, or renewed by one caller for all. `rejected` is the serial of a
    /// token that a service answered 401 to; none comes back when nothing newer can be had.
    pub(crate) async fn token(
        self: &Arc<Self>,
        entry: &Arc<Entry>,
        endpoint: &TokenEndpoint,
        rejected: Option<u64>,
    ) -> Result<Option<Arc<LiveToken>>, AuthError> {
        if let Some(token) = entry.good(self.clock.now(), rejected) {
            return Ok(Some(token));
        }
        let mut turn = entry.turn.clone().lock_owned().await;
        if let Some(token) = entry.good(self.clock.now(), rejected) {
            return Ok(Some(token));
        }
        let round = Round { grants: self.clone(), entry: entry.clone(), endpoint: endpoint.clone(), rejected };
        let task = tokio::spawn(async move { round.run(&mut turn).await });
        task.await.unwrap_or_else(|_| Err(AuthError::Interrupted(entry.key.connection.clone())))
    }

    /// Keeps what a person has just authorized, in place of whatever was there.
    pub(crate) async fn replace(
        &self,
        key: &GrantKey,
        answer: TokenAnswer,
        asked: Option<&str>,
    ) -> Result<(), AuthError> {
        let entry = self.entry(key);
        let mut turn = entry.turn.lock().await;
        turn.unsaved = None;
        let now = self.clock.now();
        let grant = Grant::begin(answer, asked, now, self.serial());
        for _ in 0..RACES {
            let found = self.store.grant(key).await?.map(|record| record.version);
            let expected = found.map_or(Expected::Absent, Expected::Version);
            let record = grant.record(key, found.unwrap_or(0) + 1, now, &self.vault)?;
            if let Written::Version(_) = self.store.put_grant(record, expected).await? {
                entry.recovered();
                entry.set(Some(Arc::new(LiveToken::new(&grant, self.margin))));
                return Ok(());
            }
        }
        Err(AuthError::Contended(key.connection.clone()))
    }

    /// Removes a grant, at once and for good; answers what it was, if that can be opened.
    pub(crate) async fn remove(&self, key: &GrantKey) -> Result<Option<Grant>, AuthError> {
        let entry = self.entry(key);
        let mut turn = entry.turn.lock().await;
        let unsaved = turn.unsaved.take().map(|unsaved| unsaved.grant);
        let record = self.store.grant(key).await?;
        self.store.delete_grant(key, Expected::Any).await?;
        entry.set(None);
        entry.recovered();
        Ok(unsaved.or_else(|| record.and_then(|record| Grant::open(&record, &self.vault).ok())))
    }

    /// Keys of a connection's grants, in the store and in memory.
    pub(crate) async fn keys(&self, space: &SpaceId, connection: &ConnectionId) -> Result<Vec<GrantKey>, AuthError> {
        let stored = self.store.grants(space, connection).await?;
        let mut keys: Vec<GrantKey> = stored.into_iter().map(|record| record.key).collect();
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        keys.extend(entries.by_key.keys().filter(|key| key.space == *space && key.connection == *connection).cloned());
        keys.sort();
        keys.dedup();
        Ok(keys)
    }

    /// The stored grant.
    pub(crate) async fn stored(&self, key: &GrantKey) -> Result<Option<(GrantRecord, Grant)>, AuthError> {
        match self.store.grant(key).await? {
            Some(record) => {
                let grant = Grant::open(&record, &self.vault)?;
                Ok(Some((record, grant)))
            }
            None => Ok(None),
        }
    }

    /// How many keys have a place in memory.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).by_key.len()
    }

    /// A name for a new access token.
    pub(super) fn serial(&self) -> u64 {
        u64::from_le_bytes(self.random.bytes())
    }
}

impl fmt::Debug for Grants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grants").field("margin", &self.margin).finish_non_exhaustive()
    }
}

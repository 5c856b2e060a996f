//! All grants: issued to callers, replaced, removed.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use innkeeper_ambient::lock::Mutex;
use innkeeper_ambient::{Clock, Random, Timestamp};
use innkeeper_store::{
    ConnectionId, Expected, GrantKey, GrantRecord, GrantRepository, LeaseHolder, LeaseRepository, SpaceId, Written,
};
use innkeeper_vault::Vault;
use secrecy::SecretString;
use tokio::sync::OwnedMutexGuard;
use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;

use super::answer::TokenAnswer;
use super::content::Grant;
use super::life::{Circumstances, Margins, Purpose};
use super::memory::{Entry, LiveToken, TurnState};
use super::refresh_driver::RefreshDriver;
use super::source::BoundSource;
use crate::error::AuthError;

/// From this number on, unused entries without a valid token are dropped from memory.
const ROOMY: usize = 10_000;
/// How many races may be lost before that is an error.
const RACES: usize = 8;

pub(crate) struct Grants {
    pub(super) vault: Arc<Vault>,
    pub(super) store: Arc<dyn GrantRepository>,
    pub(super) leases: Arc<dyn LeaseRepository>,
    /// Identifies this host among those that share the store.
    pub(super) holder: LeaseHolder,
    pub(super) clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    pub(super) margins: Margins,
    entries: Mutex<Entries>,
    /// Tasks that run although no caller waits for them.
    tasks: TaskTracker,
}

struct Entries {
    by_key: HashMap<GrantKey, Arc<Entry>>,
    sweep_at: usize,
}

/// What was removed.
pub(crate) enum Removed {
    /// There was no grant.
    Nothing,
    /// The grant could not be opened.
    Sealed,
    Grant(Box<Grant>),
}

impl Grants {
    pub(crate) fn new(
        vault: Arc<Vault>,
        (store, leases): (Arc<dyn GrantRepository>, Arc<dyn LeaseRepository>),
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        margins: Margins,
    ) -> Self {
        let entries = Mutex::new(Entries { by_key: HashMap::new(), sweep_at: ROOMY });
        let holder = LeaseHolder(random.bytes());
        Self { vault, store, leases, holder, clock, random, margins, entries, tasks: TaskTracker::new() }
    }

    /// The entry of a key in memory.
    pub(crate) fn entry(&self, key: &GrantKey) -> Arc<Entry> {
        let mut entries = self.entries.lock();
        if let Some(entry) = entries.by_key.get(key) {
            return entry.clone();
        }
        if entries.by_key.len() >= entries.sweep_at {
            let now = self.clock.now();
            // An entry in use stays: two entries for one key would allow two turns at once.
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

    /// A valid token: from memory, from the store, or renewed by one caller for all. `rejected` is the serial of a token that a
    /// service answered 401 to; returns `None` if nothing newer is available.
    pub(crate) async fn token(
        self: &Arc<Self>,
        entry: &Arc<Entry>,
        source: &BoundSource,
        rejected: Option<u64>,
    ) -> Result<Option<Arc<LiveToken>>, AuthError> {
        if let Some(token) = entry.good(source, self.clock.now(), rejected) {
            self.refresh_ahead(entry, source, &token);
            return Ok(Some(token));
        }
        let turn = entry.turn.clone().lock_owned().await;
        if let Some(token) = entry.good(source, self.clock.now(), rejected) {
            return Ok(Some(token));
        }
        self.turn(entry, source, Purpose::Serve, rejected, turn).await
    }

    /// Renews an ageing token or settles a doubt in the background.
    pub(crate) async fn refresh_in_background(
        self: &Arc<Self>,
        entry: &Arc<Entry>,
        source: &BoundSource,
        purpose: Purpose,
    ) -> Result<(), AuthError> {
        let turn = entry.turn.clone().lock_owned().await;
        self.turn(entry, source, purpose, None, turn).await.map(|_| ())
    }

    /// Renews the token in the background if it is time, no other task does so already, and no failure is being waited out.
    fn refresh_ahead(self: &Arc<Self>, entry: &Arc<Entry>, source: &BoundSource, token: &LiveToken) {
        let now = self.clock.now();
        if !token.is_ageing(now) || entry.is_backing_off(now) {
            return;
        }
        let Ok(turn) = entry.turn.clone().try_lock_owned() else { return };
        // Its outcome is in memory and in the log.
        drop(self.turn(entry, source, Purpose::RefreshAhead, None, turn));
    }

    /// One turn in a separate task, which continues if the caller no longer waits for it.
    fn turn(
        self: &Arc<Self>,
        entry: &Arc<Entry>,
        source: &BoundSource,
        purpose: Purpose,
        rejected: Option<u64>,
        mut turn: OwnedMutexGuard<TurnState>,
    ) -> impl Future<Output = Result<Option<Arc<LiveToken>>, AuthError>> + use<> {
        let connection = entry.key.connection.clone();
        let driver = RefreshDriver::new(self.clone(), entry.clone(), source.clone(), purpose, rejected);
        let task = self.task(async move { driver.run(&mut turn).await });
        async move { task.await.unwrap_or_else(|_| Err(AuthError::Interrupted(connection))) }
    }

    /// Runs work that must not be interrupted when its caller goes away; [`Grants::finished`] waits for it.
    pub(crate) fn task<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
        self.tasks.spawn(work)
    }

    /// Waits until no task is running.
    pub(crate) async fn finished(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Clears the recorded failures of a connection's grants, so that they are no longer waited out.
    pub(crate) fn clear_backoff(&self, space: &SpaceId, connection: &ConnectionId) {
        let entries = self.entries.lock();
        let of_connection = |key: &&GrantKey| key.space == *space && key.connection == *connection;
        entries.by_key.iter().filter(|(key, _)| of_connection(key)).for_each(|(_, entry)| entry.recovered());
    }

    pub(super) fn circumstances(&self, now: Timestamp, source: &BoundSource, backing_off: bool) -> Circumstances {
        Circumstances { now, margins: self.margins, self_sufficient: source.is_self_sufficient(), backing_off }
    }

    /// Stores what a user has just authorized, replacing any earlier grant.
    pub(crate) async fn replace(
        &self,
        key: &GrantKey,
        answer: TokenAnswer,
        asked: Option<&str>,
        source: &BoundSource,
    ) -> Result<(), AuthError> {
        let entry = self.entry(key);
        answer.check().map_err(|problem| entry.unavailable(problem))?;
        let mut turn = entry.turn.lock().await;
        turn.unsaved = None;
        let now = self.clock.now();
        let mut grant = Grant::begin(answer, asked, &source.origin, now, self.serial());
        for _ in 0..RACES {
            let before = self.store.grant(key).await?;
            let (found, fence) = before.as_ref().map_or((None, 0), |record| (Some(record.version), record.fence));
            // Tokens of the previous grant stay valid at the provider. A record that does not open names none.
            if let Some(Ok(before)) = before.map(|record| Grant::open(&record, &self.vault)) {
                grant.follow(&before, now);
            }
            let expected = found.map_or(Expected::Absent, Expected::Version);
            let mut record = grant.record(key, found.unwrap_or(0) + 1, now, &self.vault)?;
            record.fence = fence;
            if let Written::Version(_) = self.store.put_grant(record, expected).await? {
                entry.recovered();
                entry.set(Some(Arc::new(LiveToken::new(&grant, self.margins, source))));
                return Ok(());
            }
        }
        Err(AuthError::Contended(key.connection.clone()))
    }

    /// Removes a grant immediately and permanently; returns what it was.
    pub(crate) async fn remove(&self, key: &GrantKey) -> Result<Removed, AuthError> {
        let entry = self.entry(key);
        let mut turn = entry.turn.lock().await;
        let unsaved = turn.unsaved.take().map(|unsaved| unsaved.grant);
        // Memory comes first: even if this future is dropped, no caller gets the token any longer.
        entry.set(None);
        let record = self.store.grant(key).await?;
        self.store.delete_grant(key, Expected::Any).await?;
        entry.set(None);
        entry.recovered();
        Ok(match (unsaved, record) {
            (Some(grant), _) => Removed::Grant(Box::new(grant)),
            (None, None) => Removed::Nothing,
            (None, Some(record)) => match Grant::open(&record, &self.vault) {
                Ok(grant) => Removed::Grant(Box::new(grant)),
                Err(_) => Removed::Sealed,
            },
        })
    }

    /// Keys of a connection's grants, in the store and in memory.
    pub(crate) async fn keys(&self, space: &SpaceId, connection: &ConnectionId) -> Result<Vec<GrantKey>, AuthError> {
        let stored = self.store.grants(space, connection).await?;
        let mut keys: Vec<GrantKey> = stored.into_iter().map(|record| record.key).collect();
        let entries = self.entries.lock();
        keys.extend(entries.by_key.keys().filter(|key| key.space == *space && key.connection == *connection).cloned());
        keys.sort();
        keys.dedup();
        Ok(keys)
    }

    /// Every secret of the current grant and of the ones it replaced: from memory, or from the store.
    pub(crate) async fn secrets(&self, entry: &Entry, source: &BoundSource) -> Result<Arc<[SecretString]>, AuthError> {
        if let Some(token) = entry.last() {
            return Ok(token.secrets().into());
        }
        match self.stored(&entry.key).await? {
            Some((_, grant)) => Ok(self.secrets_of(&grant, source).into()),
            None => Ok(source.secrets.clone()),
        }
    }

    /// The same for an opened grant, with the secrets that its source derives from the token.
    pub(crate) fn secrets_of(&self, grant: &Grant, source: &BoundSource) -> Vec<SecretString> {
        LiveToken::new(grant, self.margins, source).secrets().to_vec()
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

    /// The number of keys that have an entry in memory.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.entries.lock().by_key.len()
    }

    /// A new serial for an access token.
    pub(super) fn serial(&self) -> u64 {
        u64::from_le_bytes(self.random.bytes())
    }
}

impl fmt::Debug for Grants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grants").field("margins", &self.margins).finish_non_exhaustive()
    }
}

//! Connectors that are ready to be called. Each stays as long as the store has the same component: another host on
//! the same store may replace or remove it at any time.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use innkeeper_ambient::lock::RwLock;
use innkeeper_runtime::Connector;
use innkeeper_spec::ConnectorId;
use innkeeper_store::{Store, StoreError, StoreFault};
use tokio::sync::MutexGuard;

use crate::error::Error;
use crate::host::Innkeeper;
use crate::turns::Turns;

/// By id.
#[derive(Default)]
pub(crate) struct Loaded {
    kept: RwLock<HashMap<ConnectorId, Arc<Kept>>>,
    /// Concurrent first callers of a connector compile it once, and callers of another connector do not wait for
    /// them.
    loading: Turns,
    writing: tokio::sync::Mutex<()>,
}

struct Kept {
    connector: Connector,
    /// The store's revision at which it last had this component.
    checked_at: AtomicU64,
}

impl Loaded {
    /// The turn to replace or remove a connector: the holder sees the latest change of this host.
    pub(crate) async fn writing(&self) -> MutexGuard<'_, ()> {
        self.writing.lock().await
    }

    pub(crate) fn keep(&self, connector: Connector) {
        let id = connector.spec().about.id.clone();
        let kept = Kept { connector, checked_at: AtomicU64::new(NEVER) };
        self.kept.write().insert(id, Arc::new(kept));
    }

    pub(crate) fn forget(&self, id: &ConnectorId) {
        self.kept.write().remove(id);
    }

    /// The connector, if the store still has the same component.
    async fn current(&self, store: &dyn Store, id: &ConnectorId) -> Result<Option<Connector>, StoreError> {
        // Read first: a change in between leads to another revision.
        let revision = store.revision();
        let Some(kept) = self.kept.read().get(id).cloned() else { return Ok(None) };
        if revision.is_some_and(|revision| kept.checked_at.load(Ordering::Acquire) == revision) {
            return Ok(Some(kept.connector.clone()));
        }
        if store.connector_digest(id).await?.as_ref() != Some(kept.connector.digest()) {
            return Ok(None);
        }
        if let Some(revision) = revision {
            kept.checked_at.store(revision, Ordering::Release);
        }
        Ok(Some(kept.connector.clone()))
    }
}

impl Innkeeper {
    /// One connector, ready to be called, as it is in the store now: from memory, or compiled (or taken from the
    /// cache) on first use. For callers that have checked the policy.
    pub(crate) async fn ready(&self, id: &ConnectorId) -> Result<Connector, Error> {
        let (store, loaded) = (&*self.parts.store, &self.parts.loaded);
        if let Some(connector) = loaded.current(store, id).await? {
            return Ok(connector);
        }
        let _turn = loaded.loading.take(id).await;
        loop {
            // The previous holder of the turn may have loaded it, and another version may have been added while this
            // host loaded one.
            if let Some(connector) = loaded.current(store, id).await? {
                return Ok(connector);
            }
            let Some(record) = store.connector(id).await? else {
                loaded.forget(id);
                return Err(Error::UnknownConnector(id.clone()));
            };
            let component = store.component(&record.digest).await?;
            let Some(component) = component else {
                // Replaced since the record was read, or lost.
                if store.connector_digest(id).await?.as_ref() == Some(&record.digest) {
                    return Err(Error::ComponentMissing(id.clone()));
                }
                continue;
            };
            let connector = self.parts.runtime.load(component).await?;
            if *connector.digest() != record.digest {
                let detail = format!("the component of connector {id} is not the one that was added");
                return Err(StoreError::new(StoreFault::Damaged, detail).into());
            }
            loaded.keep(connector);
        }
    }
}

/// A revision that no store has.
const NEVER: u64 = u64::MAX;

//! The host itself.

use std::fmt;
use std::sync::Arc;

use innkeeper_ambient::{Clock, Random};
use innkeeper_auth::Auth;
use innkeeper_egress::Egress;
use innkeeper_runtime::{Allocation, GuestMemory, Runtime};
use innkeeper_store::{AuditFilter, AuditRecord, AuditTrail, ConnectionId, Page, SpaceId, Store};
use innkeeper_vault::{Keyring, Rotation, Vault};

use url::Url;

use crate::builder::Builder;
use crate::error::Error;
use crate::loaded::Loaded;
use crate::policy::AccessPolicy;

/// A host of connectors. Cheap to clone; all clones are one host.
#[derive(Clone)]
pub struct Innkeeper {
    pub(crate) parts: Arc<Parts>,
}

pub(crate) struct Parts {
    /// Dropped first: it writes what is left.
    pub(crate) audit: AuditTrail,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) vault: Arc<Vault>,
    /// Both of them, for guests.
    pub(crate) memory: Arc<GuestMemory>,
    pub(crate) runtime: Runtime,
    pub(crate) egress: Egress,
    pub(crate) auth: Auth,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) pages: Option<Url>,
    pub(crate) policy: Arc<dyn AccessPolicy>,
    pub(crate) strict_audit: bool,
    pub(crate) loaded: Loaded,
}

impl fmt::Debug for Innkeeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Innkeeper")
            .field("store", &self.parts.store)
            .field("runtime", &self.parts.runtime)
            .finish_non_exhaustive()
    }
}

impl Innkeeper {
    /// Puts a host together.
    pub fn builder() -> Builder {
        Builder::default()
    }

    pub(crate) fn new(parts: Parts) -> Self {
        Self { parts: Arc::new(parts) }
    }

    /// Where its time comes from.
    pub fn clock(&self) -> &dyn Clock {
        &*self.parts.clock
    }

    /// Where its randomness comes from.
    pub fn random(&self) -> &dyn Random {
        &*self.parts.random
    }

    /// How instances get their memory.
    pub fn allocation(&self) -> Allocation {
        self.parts.runtime.allocation()
    }

    /// The newest `limit` audit records of a space, newest first, of one connection where it is given.
    pub async fn audit(
        &self,
        space: &SpaceId,
        connection: Option<&ConnectionId>,
        limit: usize,
    ) -> Result<Vec<AuditRecord>, Error> {
        let mut filter = AuditFilter::new(space.clone());
        filter.connection = connection.cloned();
        Ok(self.parts.audit.read(&filter, &Page::first(limit)).await?.items)
    }

    /// Goes on with another keyring: one that still opens what the present one opens, with a new key first. Otherwise
    /// nothing changes. [`Innkeeper::rotate_keys`] then seals under the new key.
    pub async fn replace_keyring(&self, keyring: Keyring) -> Result<(), Error> {
        Ok(self.parts.vault.replace_keyring(keyring, &*self.parts.store).await?)
    }

    /// Makes a new data key and seals every secret under it, while the store stays in use. Afterwards keys of the keyring
    /// other than the first are no longer needed.
    pub async fn rotate_keys(&self) -> Result<Rotation, Error> {
        Ok(self.parts.vault.rotate(&*self.parts.store).await?)
    }

    /// Waits until refreshes that are under way are stored and all audit records are durable. Call it before the process ends: a
    /// refresh that is cut off may have spent the only refresh token there is.
    pub async fn close(&self) -> Result<(), Error> {
        self.parts.auth.close().await;
        Ok(self.parts.audit.flush().await?)
    }

    pub(crate) async fn record(&self, record: AuditRecord) -> Result<(), Error> {
        if self.parts.strict_audit {
            self.parts.audit.record_strictly(record).await?;
        } else {
            self.parts.audit.record(record);
        }
        Ok(())
    }
}

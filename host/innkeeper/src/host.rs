//! The host itself.

use std::fmt;
use std::sync::Arc;

use innkeeper_ambient::{Clock, Random};
use innkeeper_auth::Auth;
use innkeeper_egress::Egress;
use innkeeper_runtime::{Allocation, GuestMemory, Runtime};
use innkeeper_store::{AuditTrail, PrincipalId, Store};
use innkeeper_vault::{Keyring, Rotation, Vault};
use url::Url;

use crate::builder::Builder;
use crate::error::Error;
use crate::loaded::Loaded;
use crate::policy::{AccessPolicy, AccessRequest, Verb};

/// A host of connectors. Cheap to clone; all clones are the same host.
#[derive(Clone)]
pub struct Innkeeper {
    pub(crate) parts: Arc<Parts>,
    /// The caller that the access policy sees.
    pub(crate) caller: Option<PrincipalId>,
}

pub(crate) struct Parts {
    /// Dropped first: it writes what is left.
    pub(crate) audit: AuditTrail,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) vault: Arc<Vault>,
    /// Store and vault, for guests.
    pub(crate) memory: Arc<GuestMemory>,
    pub(crate) runtime: Runtime,
    pub(crate) egress: Egress,
    pub(crate) auth: Auth,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) pages: Option<Url>,
    /// `None` allows everything.
    pub(crate) policy: Option<Arc<dyn AccessPolicy>>,
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
    /// Returns a builder for a host.
    pub fn builder() -> Builder {
        Builder::default()
    }

    pub(crate) fn new(parts: Parts) -> Self {
        Self { parts: Arc::new(parts), caller: None }
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

    /// Switches to another keyring that still opens what the present one opens, with a new key first. Otherwise
    /// nothing changes. [`Innkeeper::rotate_keys`] then seals under the new key.
    pub async fn replace_keyring(&self, keyring: Keyring) -> Result<(), Error> {
        self.allow(AccessRequest::new(Verb::RotateKeys)).await?;
        Ok(self.parts.vault.replace_keyring(keyring, &*self.parts.store).await?)
    }

    /// Creates a new data key and seals every secret under it, while the store stays in use. Afterwards, the keys of
    /// the keyring other than the first are no longer needed.
    pub async fn rotate_keys(&self) -> Result<Rotation, Error> {
        self.allow(AccessRequest::new(Verb::RotateKeys)).await?;
        Ok(self.parts.vault.rotate(&*self.parts.store).await?)
    }

    /// Waits until refreshes under way are stored and all audit records are durable. Call it before the process
    /// exits: an interrupted refresh may have used the only refresh token.
    pub async fn close(&self) -> Result<(), Error> {
        self.parts.auth.close().await;
        Ok(self.parts.audit.flush().await?)
    }
}

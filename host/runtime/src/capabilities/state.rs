//! `state`: a connection's small sealed memory.

use std::fmt;
use std::sync::Arc;

use innkeeper_store::{ConnectionRecord, Expected, Identity, StateKey, StateRecord, StateWritten, Store};
use innkeeper_vault::Vault;
use secrecy::ExposeSecret;
use wasmtime::component::{HasSelf, Linker};

use crate::contract::innkeeper::connector::state as wit;
use crate::guest::{Guest, Working};

/// The longest key in bytes.
const LONGEST_KEY: usize = 1024;

/// Where guests' state is kept and how it is sealed.
pub struct GuestMemory {
    /// Keeps it.
    pub store: Arc<dyn Store>,
    /// Seals it.
    pub vault: Arc<Vault>,
}

impl fmt::Debug for GuestMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuestMemory").field("store", &self.store).finish_non_exhaustive()
    }
}

impl GuestMemory {
    async fn current_version(&self, key: &StateKey) -> Result<u64, wit::StateError> {
        let record = self.store.state(key).await.map_err(unavailable)?;
        Ok(record.map_or(0, |record| record.version))
    }

    async fn get(&self, key: &StateKey) -> Result<Option<wit::Entry>, wit::StateError> {
        let Some(record) = self.store.state(key).await.map_err(unavailable)? else { return Ok(None) };
        let identity = Identity::State { key, version: record.version };
        let value = self.vault.open_sealed(&identity, &record.sealed).map_err(unavailable)?;
        Ok(Some(wit::Entry { value: value.expose_secret().to_vec(), version: record.version }))
    }

    async fn set(
        &self,
        key: &StateKey,
        value: &[u8],
        if_version: Option<u64>,
        quota: u64,
    ) -> Result<u64, wit::StateError> {
        let size = (key.key.len() + value.len()) as u64;
        // The sealed value names its version, so an unconditional write names the one it saw, and tries again when
        // somebody else was faster.
        for _ in 0..8 {
            let before = match if_version {
                Some(version) => version,
                None => self.current_version(key).await?,
            };
            let version = before.saturating_add(1);
            let sealed = self.vault.seal(&Identity::State { key, version }, value).map_err(unavailable)?;
            let expected = if before == 0 { Expected::Absent } else { Expected::Version(before) };
            let record = StateRecord { sealed, size, version };
            match self.store.put_state(key, record, expected, quota).await.map_err(unavailable)? {
                StateWritten::Version(version) => return Ok(version),
                StateWritten::QuotaExceeded => return Err(wit::StateError::QuotaExceeded),
                StateWritten::Conflict(version) if if_version.is_some() => {
                    return Err(wit::StateError::Conflict(version));
                }
                StateWritten::Conflict(_) => {}
            }
        }
        Err(wit::StateError::Unavailable)
    }
}

/// The guest learns only that it failed; the operator's log says why.
fn unavailable(error: impl fmt::Display) -> wit::StateError {
    tracing::error!(%error, "guest state cannot be used");
    wit::StateError::Unavailable
}

pub(crate) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    wit::add_to_linker::<Guest, HasSelf<Guest>>(linker, |guest| guest)
}

/// The key of one of the connection's values.
fn of_connection(record: &ConnectionRecord, key: String) -> StateKey {
    StateKey { space: record.space.clone(), connection: record.id.clone(), key }
}

impl wit::Host for Guest {
    async fn get(&mut self, key: String) -> wasmtime::Result<Result<Option<wit::Entry>, wit::StateError>> {
        let Working { memory, record, .. } = self.working("state.get")?;
        if key.len() > LONGEST_KEY {
            return Ok(Err(wit::StateError::QuotaExceeded));
        }
        Ok(memory.get(&of_connection(record, key)).await)
    }

    async fn set(
        &mut self,
        key: String,
        value: Vec<u8>,
        if_version: Option<u64>,
    ) -> wasmtime::Result<Result<u64, wit::StateError>> {
        let quota = self.shared.limits.state;
        let account = self.account.clone();
        let Working { memory, record, .. } = self.working("state.set")?;
        if key.len() > LONGEST_KEY || value.len() as u64 > quota {
            return Ok(Err(wit::StateError::QuotaExceeded));
        }
        // The sealed copy, and the one that is written.
        let size = value.len().saturating_mul(3);
        let _charge = account.charge(size).map_err(|full| full.ended("a value of the state"))?;
        Ok(memory.set(&of_connection(record, key), &value, if_version, quota).await)
    }

    async fn delete(&mut self, key: String) -> wasmtime::Result<Result<(), wit::StateError>> {
        let Working { memory, record, .. } = self.working("state.delete")?;
        if key.len() > LONGEST_KEY {
            return Ok(Err(wit::StateError::QuotaExceeded));
        }
        Ok(memory.store.delete_state(&of_connection(record, key)).await.map_err(unavailable))
    }
}

//! `state`: a connection's small sealed storage.

use std::fmt;
use std::sync::Arc;

use innkeeper_store::{ConnectionRecord, Expected, Identity, StateKey, StateRecord, StateWritten, Store};
use innkeeper_vault::Vault;
use secrecy::ExposeSecret;
use wasmtime::component::{HasData, Linker};

use super::in_call;
use crate::account::Account;
use crate::contract::innkeeper::connector::state as wit;
use crate::limits::Limits;

/// Where guest state is stored, and how it is sealed.
pub struct GuestMemory {
    /// Stores it.
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
        // The sealed value contains its version, so an unconditional write uses the version it saw, and tries again
        // if another write was faster.
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

/// The guest state of one call.
pub(crate) struct PerCall {
    memory: Arc<GuestMemory>,
}

impl PerCall {
    pub(crate) fn new(memory: Arc<GuestMemory>) -> Self {
        Self { memory }
    }
}

pub(crate) fn link<T: Send + 'static>(
    linker: &mut Linker<T>,
    view: fn(&mut T) -> StateView<'_>,
) -> wasmtime::Result<()> {
    wit::add_to_linker::<T, PerCall>(linker, view)
}

/// The import for one guest.
pub(crate) struct StateView<'a> {
    /// The guest state, and the connection that the values belong to. `None` while the spec is read.
    pub(crate) call: Option<(&'a PerCall, &'a ConnectionRecord)>,
    pub(crate) account: &'a Account,
    pub(crate) limits: &'a Limits,
}

impl HasData for PerCall {
    type Data<'a> = StateView<'a>;
}

impl<'a> StateView<'a> {
    /// The guest state, and the value's key in it, unless that is too long.
    fn entry(&self, import: &'static str, key: String) -> wasmtime::Result<Option<(&'a GuestMemory, StateKey)>> {
        let (state, connection) = in_call(self.call, import)?;
        let key = Some(key).filter(|key| key.len() <= LONGEST_KEY);
        let key = key.map(|key| StateKey { space: connection.space.clone(), connection: connection.id.clone(), key });
        Ok(key.map(|key| (&*state.memory, key)))
    }
}

impl wit::Host for StateView<'_> {
    async fn get(&mut self, key: String) -> wasmtime::Result<Result<Option<wit::Entry>, wit::StateError>> {
        match self.entry("state.get", key)? {
            Some((memory, key)) => Ok(memory.get(&key).await),
            None => Ok(Err(wit::StateError::QuotaExceeded)),
        }
    }

    async fn set(
        &mut self,
        key: String,
        value: Vec<u8>,
        if_version: Option<u64>,
    ) -> wasmtime::Result<Result<u64, wit::StateError>> {
        let quota = self.limits.state;
        let entry = self.entry("state.set", key)?.filter(|_| value.len() as u64 <= quota);
        let Some((memory, key)) = entry else { return Ok(Err(wit::StateError::QuotaExceeded)) };
        // The sealed copy, and the one that is written.
        let size = value.len().saturating_mul(3);
        let _charge = self.account.charge(size).map_err(|full| full.ended("a value of the state"))?;
        Ok(memory.set(&key, &value, if_version, quota).await)
    }

    async fn delete(&mut self, key: String) -> wasmtime::Result<Result<(), wit::StateError>> {
        match self.entry("state.delete", key)? {
            Some((memory, key)) => Ok(memory.store.delete_state(&key).await.map_err(unavailable)),
            None => Ok(Err(wit::StateError::QuotaExceeded)),
        }
    }
}

/// The longest key in bytes.
const LONGEST_KEY: usize = 1024;

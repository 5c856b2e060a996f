//! Changing keys while the store stays in use.

use crate::repositories::{DataKeyRepository, Reseal, Store};
use crate::seal::DataKeyId;
use crate::vault::{Vault, VaultError};

/// What a rotation did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// The data key that was made and seals from now on.
    pub data_key: DataKeyId,
    /// Older data keys that are now wrapped under the keyring's first key.
    pub rewrapped: u64,
    /// Records that are now sealed under the new data key.
    pub resealed: u64,
    /// Records that did not open and were left as they were.
    pub unopened: Vec<String>,
}

impl Vault {
    /// Makes a new data key, wraps the older ones under the keyring's first key, and seals every record again under the new
    /// one. Other callers go on reading and writing: a record is replaced only while it is still the one that was read, and
    /// keeps its version. When it fails half way everything still opens, and it can be run again.
    ///
    /// Afterwards the store needs only the first key of the keyring.
    pub async fn rotate(&self, store: &dyn Store) -> Result<Rotation, VaultError> {
        let _alone = self.rotating.lock().await;
        self.reload(store).await?;
        let rewrapped = self.rewrap_all(store).await?;
        let next = DataKeyId(self.newest_data_key().0.saturating_add(1));
        store.add_data_key(self.make_data_key(next)?).await?;
        self.reload(store).await?;
        let data_key = self.newest_data_key();

        let mut rotation = Rotation { data_key, rewrapped, resealed: 0, unopened: Vec::new() };
        for _ in 0..PASSES {
            let pass = self.reseal_once(store, data_key).await?;
            rotation.resealed += pass.resealed;
            rotation.unopened = pass.unopened;
            // Who had sealed under the old key just before it was replaced may have written behind the pass.
            if pass.found == rotation.unopened.len() {
                break;
            }
        }
        tracing::info!(
            %data_key,
            rewrapped,
            resealed = rotation.resealed,
            unopened = rotation.unopened.len(),
            "keys are rotated"
        );
        Ok(rotation)
    }

    async fn rewrap_all(&self, store: &dyn DataKeyRepository) -> Result<u64, VaultError> {
        let mut rewrapped = 0;
        for wrapped in store.data_keys().await? {
            if let Some(again) = self.rewrap(&wrapped)? {
                store.rewrap_data_key(again).await?;
                rewrapped += 1;
            }
        }
        Ok(rewrapped)
    }

    async fn reseal_once(&self, store: &dyn Store, data_key: DataKeyId) -> Result<Pass, VaultError> {
        let mut pass = Pass { found: 0, resealed: 0, unopened: Vec::new() };
        let mut after = None;
        loop {
            let page = store.sealed_under_others(data_key, after.as_deref(), PAGE).await?;
            let mut changes = Vec::with_capacity(page.found.len());
            for (place, old) in page.found {
                pass.found += 1;
                let identity = place.identity();
                match self.open_sealed(&identity, &old) {
                    Ok(plain) => {
                        let new = self.seal(&identity, secrecy::ExposeSecret::expose_secret(&plain))?;
                        changes.push(Reseal { place, old, new });
                    }
                    Err(error) => {
                        tracing::warn!(%error, "a record could not be sealed again");
                        pass.unopened.push(identity.to_string());
                    }
                }
            }
            if !changes.is_empty() {
                pass.resealed += store.reseal(changes).await?;
            }
            after = page.next;
            if after.is_none() {
                return Ok(pass);
            }
        }
    }
}

struct Pass {
    found: usize,
    resealed: u64,
    unopened: Vec<String>,
}

/// Records that are sealed again in one transaction.
const PAGE: usize = 256;

/// A process that goes on sealing under the old key would keep a rotation busy for ever; what it leaves still opens.
const PASSES: usize = 16;

//! Key rotation while the store is in use.

use innkeeper_store::{DataKeyId, DataKeyRepository, Page, Paged, Reseal, Store};

use crate::vault::{Vault, VaultError};

/// The outcome of a rotation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// The new data key, which seals from now on.
    pub data_key: DataKeyId,
    /// Older data keys that are now wrapped under the keyring's first key.
    pub rewrapped: u64,
    /// Records that are now sealed under the new data key.
    pub resealed: u64,
    /// Records that did not open and were left unchanged.
    pub unopened: Vec<String>,
}

impl Vault {
    /// Makes a new data key, wraps the older ones under the keyring's first key, and seals every record again under the new
    /// one. Other callers can read and write meanwhile: a record is replaced only if it is still the one that was read, and
    /// keeps its version. If the rotation fails part of the way, everything still opens, and it can be run again.
    ///
    /// Afterwards, the store needs only the first key of the keyring.
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
            // A caller that sealed under the old key just before it was replaced may have written after the pass.
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
        let mut page = Page::first(PAGE);
        loop {
            let Paged { items, next } = store.sealed_under_others(data_key, &page).await?;
            let mut changes = Vec::with_capacity(items.len());
            for (place, old) in items {
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
            let Some(next) = next else { return Ok(pass) };
            page = Page::after(next, PAGE);
        }
    }
}

struct Pass {
    found: usize,
    resealed: u64,
    unopened: Vec<String>,
}

/// The number of records that are sealed again in one transaction.
const PAGE: usize = 256;

/// A process that continues to seal under the old key would keep a rotation busy forever; the records it leaves still open.
const PASSES: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keyring::Keyring;
    use innkeeper_ambient::{SeededRandom, SystemClock, Timestamp};
    use innkeeper_redb::RedbStore;
    use innkeeper_store::{
        ConnectionId, Expected, GrantKey, GrantOwner, GrantPhase, GrantRecord, GrantRepository as _, Identity, Sealed,
        SpaceId, StateKey, StateRecord, StateRepository as _, Written,
    };
    use secrecy::ExposeSecret as _;
    use std::sync::Arc;

    fn memory() -> RedbStore {
        RedbStore::in_memory(Arc::new(SystemClock)).expect("a store")
    }

    fn key(connection: usize) -> GrantKey {
        let connection = ConnectionId::parse(format!("c{connection}")).expect("an id");
        GrantKey { space: SpaceId::default(), connection, owner: GrantOwner::Shared }
    }

    async fn put(store: &RedbStore, vault: &Vault, key: &GrantKey, version: u64) -> Written {
        let sealed = vault.seal(&Identity::Grant { key, version }, b"token").expect("sealed");
        write(store, key, version, sealed).await
    }

    async fn write(store: &RedbStore, key: &GrantKey, version: u64, sealed: Sealed) -> Written {
        let record = GrantRecord {
            key: key.clone(),
            sealed,
            expires_at: None,
            refresh_token_expires_at: None,
            updated_at: Timestamp::from_secs(version),
            phase: GrantPhase::Live,
            fence: 0,
            version,
        };
        let expected = if version == 1 { Expected::Absent } else { Expected::Version(version - 1) };
        store.put_grant(record, expected).await.expect("answered")
    }

    #[tokio::test]
    async fn after_a_rotation_the_first_key_opens_everything_alone() {
        let store = memory();
        let mut keyring = Keyring::generate(&SeededRandom::new(1));
        let text = |keyring: &Keyring| keyring.ids().map(str::to_owned).collect::<Vec<_>>();
        let old = text(&keyring);
        // The same seed makes the same keyring again.
        let vault = Vault::open(Keyring::generate(&SeededRandom::new(1)), &store, Arc::new(SeededRandom::new(2)))
            .await
            .expect("a vault");
        for number in 0..600 {
            put(&store, &vault, &key(number), 1).await;
        }
        let place = StateKey { space: SpaceId::default(), connection: key(0).connection, key: "k".to_owned() };
        let sealed = vault.seal(&Identity::State { key: &place, version: 1 }, b"state").expect("sealed");
        let record = StateRecord { sealed, size: 5, version: 1 };
        store.put_state(&place, record, Expected::Absent, 100).await.expect("written");

        keyring.add_first(&SeededRandom::new(3));
        assert_eq!(text(&keyring)[1..], old);
        vault.replace_keyring(keyring, &store).await.expect("it opens the old data key");
        let rotation = vault.rotate(&store).await.expect("rotated");
        let wanted = Rotation { data_key: DataKeyId(2), rewrapped: 1, resealed: 601, unopened: Vec::new() };
        assert_eq!(rotation, wanted);

        let mut first_alone = Keyring::generate(&SeededRandom::new(1));
        first_alone.add_first(&SeededRandom::new(3));
        first_alone.keep_first();
        let vault = Vault::open(first_alone, &store, Arc::new(SeededRandom::new(4))).await.expect("a vault");
        for number in 0..600 {
            let record = store.grant(&key(number)).await.expect("read").expect("there");
            assert_eq!((record.version, record.sealed.data_key()), (1, DataKeyId(2)));
            let identity = Identity::Grant { key: &record.key, version: 1 };
            assert_eq!(vault.open_sealed(&identity, &record.sealed).expect("opens").expose_secret(), b"token");
        }
        let value = store.state(&place).await.expect("read").expect("there");
        let identity = Identity::State { key: &place, version: 1 };
        assert_eq!(vault.open_sealed(&identity, &value.sealed).expect("opens").expose_secret(), b"state");
    }

    #[tokio::test]
    async fn who_writes_during_a_rotation_meets_no_conflict_and_loses_nothing() {
        let store = Arc::new(memory());
        let keyring = Keyring::generate(&SeededRandom::new(1));
        let vault = Vault::open(keyring, &*store, Arc::new(SeededRandom::new(2))).await.expect("a vault");
        let vault = Arc::new(vault);
        for number in 0..20 {
            put(&store, &vault, &key(number), 1).await;
        }
        let writer = tokio::spawn({
            let (store, vault) = (store.clone(), vault.clone());
            async move {
                for version in 2..10 {
                    for number in 0..20 {
                        assert_eq!(put(&store, &vault, &key(number), version).await, Written::Version(version));
                    }
                }
            }
        });
        for _ in 0..3 {
            vault.rotate(&*store).await.expect("rotated");
        }
        writer.await.expect("no conflict");
        for number in 0..20 {
            let record = store.grant(&key(number)).await.expect("read").expect("there");
            assert_eq!(record.version, 9);
            let identity = Identity::Grant { key: &record.key, version: 9 };
            vault.open_sealed(&identity, &record.sealed).expect("opens");
        }
    }

    #[tokio::test]
    async fn a_record_that_does_not_open_is_named_and_stops_nothing() {
        let store = memory();
        let keyring = Keyring::generate(&SeededRandom::new(1));
        let vault = Vault::open(keyring, &store, Arc::new(SeededRandom::new(2))).await.expect("a vault");
        put(&store, &vault, &key(1), 1).await;
        let moved = store.grant(&key(1)).await.expect("read").expect("there").sealed;
        write(&store, &key(2), 1, moved.clone()).await;
        put(&store, &vault, &key(3), 1).await;
        let rotation = vault.rotate(&store).await.expect("rotated");
        assert_eq!(rotation.resealed, 2);
        assert_eq!(rotation.unopened, ["shared grant of default/c2, version 1"]);
        assert_eq!(store.grant(&key(2)).await.expect("read").expect("there").sealed, moved);
    }
}

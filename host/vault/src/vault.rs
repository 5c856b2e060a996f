//! Seals secrets and opens them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, RwLockReadGuard, RwLockWriteGuard};

use aes_gcm::Aes256Gcm;
use aes_gcm::aead::{AeadInOut, Key, KeyInit, Nonce, Tag};
use innkeeper_ambient::Random;
use innkeeper_ambient::lock::RwLock;
use innkeeper_store::{DataKeyId, DataKeyRepository, Identity, Sealed, StoreError, WrappedDataKey};
use secrecy::{ExposeSecret, ExposeSecretMut, SecretBox, SecretSlice};
use zeroize::{Zeroize, Zeroizing};

use crate::additional_data::{additional_data, data_key_additional_data};
use crate::keyring::Keyring;

/// Seals with AES-256-GCM under the newest data key, with a fresh random nonce each time, and opens what any data key sealed.
///
/// Random nonces allow 2^32 seals under one data key (NIST SP 800-38D, 8.3); a rotation makes a new one.
pub struct Vault {
    keyring: RwLock<Keyring>,
    keys: RwLock<DataKeys>,
    random: Arc<dyn Random>,
    /// Prevents two rotations at once, which would each make a data key.
    pub(crate) rotating: tokio::sync::Mutex<()>,
}

impl Vault {
    /// Unwraps the store's data keys with `keyring`; makes the first data key if there is none.
    pub async fn open(
        keyring: Keyring,
        store: &dyn DataKeyRepository,
        random: Arc<dyn Random>,
    ) -> Result<Self, VaultError> {
        let mut wrapped = store.data_keys().await?;
        if wrapped.is_empty() {
            let first = make_data_key(&keyring, DataKeyId(1), &*random)?;
            // Another process may have been first; then its key is used.
            wrapped.push(store.add_data_key(first).await?);
        }
        let keys = DataKeys::unwrap(&keyring, &wrapped)?;
        Ok(Self {
            keyring: RwLock::new(keyring),
            keys: RwLock::new(keys),
            random,
            rotating: tokio::sync::Mutex::default(),
        })
    }

    /// Seals `plain` so that it opens only under `identity`.
    pub fn seal(&self, identity: &Identity<'_>, plain: &[u8]) -> Result<Sealed, VaultError> {
        let keys = read(&self.keys);
        let cipher = keys.ciphers.get(&keys.newest).ok_or(VaultError::NoDataKey)?;
        encrypt(cipher, keys.newest, &additional_data(identity), plain, &*self.random)
    }

    /// Opens a text that [`Self::seal`] made for the same identity.
    pub fn open_sealed(&self, identity: &Identity<'_>, sealed: &Sealed) -> Result<SecretSlice<u8>, VaultError> {
        let keys = read(&self.keys);
        let cipher = keys
            .ciphers
            .get(&sealed.data_key())
            .ok_or_else(|| VaultError::UnknownDataKey { what: identity.to_string(), data_key: sealed.data_key() })?;
        decrypt(cipher, &additional_data(identity), sealed).ok_or_else(|| VaultError::DoesNotOpen(identity.to_string()))
    }

    /// Reads the data keys again: another process that shares the store may have made one.
    pub async fn reload(&self, store: &dyn DataKeyRepository) -> Result<(), VaultError> {
        let wrapped = store.data_keys().await?;
        let keys = DataKeys::unwrap(&read(&self.keyring), &wrapped)?;
        *write(&self.keys) = keys;
        Ok(())
    }

    /// Switches to another keyring, for a rotation without a restart. It must open every data key of the store; otherwise
    /// nothing changes.
    pub async fn replace_keyring(&self, keyring: Keyring, store: &dyn DataKeyRepository) -> Result<(), VaultError> {
        let keys = DataKeys::unwrap(&keyring, &store.data_keys().await?)?;
        *write(&self.keyring) = keyring;
        *write(&self.keys) = keys;
        Ok(())
    }

    /// See [`Keyring::mac_key`].
    pub fn mac_key(&self, purpose: &str) -> SecretSlice<u8> {
        read(&self.keyring).mac_key(purpose)
    }

    /// The data key that seals.
    pub fn newest_data_key(&self) -> DataKeyId {
        read(&self.keys).newest
    }

    /// Makes data key `id`, wrapped under the first key.
    pub(crate) fn make_data_key(&self, id: DataKeyId) -> Result<WrappedDataKey, VaultError> {
        make_data_key(&read(&self.keyring), id, &*self.random)
    }

    /// `wrapped` under the first key; `None` if it already is.
    pub(crate) fn rewrap(&self, wrapped: &WrappedDataKey) -> Result<Option<WrappedDataKey>, VaultError> {
        let keyring = read(&self.keyring);
        if wrapped.wrapped_under == keyring.first_id() {
            return Ok(None);
        }
        let key = unwrap_data_key(&keyring, wrapped)?;
        wrap_data_key(&keyring, wrapped.id, key.expose_secret(), &*self.random).map(Some)
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("newest_data_key", &self.newest_data_key()).finish_non_exhaustive()
    }
}

/// Why sealing or opening failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VaultError {
    /// The keyring lacks a key that the store needs.
    #[error(
        "data key {data_key} of the store is wrapped under key `{needs}`, which the keyring does not have (it has: {}); \
         put `{needs}` back into the keyring",
        has.join(", ")
    )]
    LostKey {
        /// The data key.
        data_key: DataKeyId,
        /// The id of the key that it needs.
        needs: String,
        /// The ids of the available keys.
        has: Vec<String>,
    },
    /// The keyring has a key with the right id and the wrong bytes, or the stored data key was changed.
    #[error(
        "key `{key}` of the keyring does not open data key {data_key} of the store: it is a different key with the \
         same id, or the store was changed; restore the keyring (or the store) from a copy"
    )]
    WrongKey {
        /// The data key.
        data_key: DataKeyId,
        /// The id of the keyring's key.
        key: String,
    },
    /// The sealed text does not belong here, or was changed.
    #[error("the {0} cannot be opened: it was changed, moved from another record, or restored from an earlier version")]
    DoesNotOpen(String),
    /// It was sealed under a data key that does not exist.
    #[error(
        "the {what} is sealed under data key {data_key}, which the store does not have; restore the store from a copy"
    )]
    UnknownDataKey {
        /// The text to be opened.
        what: String,
        /// The data key.
        data_key: DataKeyId,
    },
    /// There is no data key.
    #[error("the store has no data key; open the vault again to create one")]
    NoDataKey,
    /// AES-GCM seals at most 64 GiB at once.
    #[error("{0} bytes are too many to seal at once")]
    TooLarge(usize),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

struct DataKeys {
    newest: DataKeyId,
    /// Each key zeroizes its key schedule when it is dropped.
    ciphers: BTreeMap<DataKeyId, Aes256Gcm>,
}

impl DataKeys {
    fn unwrap(keyring: &Keyring, wrapped: &[WrappedDataKey]) -> Result<Self, VaultError> {
        let mut ciphers = BTreeMap::new();
        for one in wrapped {
            let key = unwrap_data_key(keyring, one)?;
            ciphers.insert(one.id, cipher(key.expose_secret())?);
        }
        let newest = *ciphers.keys().next_back().ok_or(VaultError::NoDataKey)?;
        Ok(Self { newest, ciphers })
    }
}

fn make_data_key(keyring: &Keyring, id: DataKeyId, random: &dyn Random) -> Result<WrappedDataKey, VaultError> {
    let mut key = Zeroizing::new([0; 32]);
    random.fill(&mut *key);
    wrap_data_key(keyring, id, &*key, random)
}

fn wrap_data_key(
    keyring: &Keyring,
    id: DataKeyId,
    key: &[u8],
    random: &dyn Random,
) -> Result<WrappedDataKey, VaultError> {
    let wrapped_under = keyring.first_id().to_owned();
    let wrapping = cipher(keyring.first_wrapping_key().expose_secret())?;
    let wrapped = encrypt(&wrapping, id, &data_key_additional_data(id, &wrapped_under), key, random)?;
    Ok(WrappedDataKey { id, wrapped_under, wrapped })
}

fn unwrap_data_key(keyring: &Keyring, wrapped: &WrappedDataKey) -> Result<SecretSlice<u8>, VaultError> {
    let wrapping = keyring.wrapping_key(&wrapped.wrapped_under).ok_or_else(|| VaultError::LostKey {
        data_key: wrapped.id,
        needs: wrapped.wrapped_under.clone(),
        has: keyring.ids().map(str::to_owned).collect(),
    })?;
    let additional = data_key_additional_data(wrapped.id, &wrapped.wrapped_under);
    decrypt(&cipher(wrapping.expose_secret())?, &additional, &wrapped.wrapped)
        .ok_or_else(|| VaultError::WrongKey { data_key: wrapped.id, key: wrapped.wrapped_under.clone() })
}

pub(crate) fn cipher(key: &[u8]) -> Result<Aes256Gcm, VaultError> {
    let key: &Key<Aes256Gcm> = key.try_into().map_err(|_| VaultError::NoDataKey)?;
    Ok(Aes256Gcm::new(key))
}

pub(crate) fn encrypt(
    cipher: &Aes256Gcm,
    key: DataKeyId,
    additional: &[u8],
    plain: &[u8],
    random: &dyn Random,
) -> Result<Sealed, VaultError> {
    let nonce: [u8; Sealed::NONCE] = random.bytes();
    // The capacity is the final size, so no copy of the plain text stays behind in an outgrown buffer.
    let mut bytes = Sealed::header(key, &nonce, plain.len());
    let start = bytes.len();
    bytes.extend_from_slice(plain);
    let nonce = Nonce::<Aes256Gcm>::from(nonce);
    let Ok(tag) = cipher.encrypt_inout_detached(&nonce, additional, (&mut bytes[start..]).into()) else {
        bytes.zeroize();
        return Err(VaultError::TooLarge(plain.len()));
    };
    bytes.extend_from_slice(&tag);
    Ok(Sealed::from_bytes(bytes).expect("a header and a tag were just written"))
}

pub(crate) fn decrypt(cipher: &Aes256Gcm, additional: &[u8], sealed: &Sealed) -> Option<SecretSlice<u8>> {
    let (nonce, text, tag) = sealed.parts();
    let nonce: &Nonce<Aes256Gcm> = nonce.try_into().ok()?;
    let tag: &Tag<Aes256Gcm> = tag.try_into().ok()?;
    let mut plain = SecretBox::new(Box::<[u8]>::from(text));
    cipher.decrypt_inout_detached(nonce, additional, plain.expose_secret_mut().into(), tag).ok()?;
    Some(plain)
}

fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read()
}

fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write()
}

#[cfg(test)]
mod tests {
    use super::*;
    use innkeeper_ambient::{SeededRandom, SystemClock};
    use innkeeper_redb::RedbStore;
    use innkeeper_store::{ConnectionId, GrantKey, GrantOwner, PrincipalId, SpaceId, StateKey};

    const SECRET: &[u8] = b"refresh-token-of-ann";

    fn memory() -> RedbStore {
        RedbStore::in_memory(Arc::new(SystemClock)).expect("a store")
    }

    async fn vault(store: &RedbStore) -> Vault {
        let keyring = Keyring::generate(&SeededRandom::new(1));
        Vault::open(keyring, store, Arc::new(SeededRandom::new(2))).await.expect("a vault")
    }

    fn key(space: &str, connection: &str, owner: GrantOwner) -> GrantKey {
        let space = SpaceId::parse(space).expect("an id");
        GrantKey { space, connection: ConnectionId::parse(connection).expect("an id"), owner }
    }

    fn principal(id: &str) -> GrantOwner {
        GrantOwner::Principal(PrincipalId::parse(id).expect("an id"))
    }

    #[tokio::test]
    async fn what_was_sealed_opens_again_and_no_two_seals_are_alike() {
        let vault = vault(&memory()).await;
        let key = key("s", "a", GrantOwner::Shared);
        let identity = Identity::Grant { key: &key, version: 1 };
        let sealed = vault.seal(&identity, SECRET).expect("sealed");
        assert_eq!(vault.open_sealed(&identity, &sealed).expect("opens").expose_secret(), SECRET);
        assert_ne!(vault.seal(&identity, SECRET).expect("sealed"), sealed);
        assert!(!sealed.as_bytes().windows(4).any(|part| part == &SECRET[..4]));
        let empty = vault.seal(&identity, b"").expect("sealed");
        assert!(vault.open_sealed(&identity, &empty).expect("opens").expose_secret().is_empty());
    }

    #[tokio::test]
    async fn a_text_that_was_moved_swapped_or_rolled_back_does_not_open() {
        let vault = vault(&memory()).await;
        let ann = key("s", "a", principal("ann"));
        let sealed = vault.seal(&Identity::Grant { key: &ann, version: 2 }, SECRET).expect("sealed");
        let state = StateKey { space: ann.space.clone(), connection: ann.connection.clone(), key: "principal".into() };
        let others = [
            key("t", "a", principal("ann")),
            key("s", "b", principal("ann")),
            key("s", "a", principal("bob")),
            key("s", "a", GrantOwner::Shared),
        ];
        let wrong = others
            .iter()
            .map(|key| Identity::Grant { key, version: 2 })
            .chain([1, 3].map(|version| Identity::Grant { key: &ann, version }))
            .chain([
                Identity::Connection { space: &ann.space, id: &ann.connection, version: 2 },
                Identity::State { key: &state, version: 2 },
                Identity::Authorization {
                    state_hash: &[0; 32],
                    space: &ann.space,
                    connection: &ann.connection,
                    owner: &ann.owner,
                },
            ]);
        for identity in wrong {
            let error = vault.open_sealed(&identity, &sealed).expect_err("another record");
            assert!(matches!(error, VaultError::DoesNotOpen(_)), "{identity:?}: {error}");
        }
    }

    #[tokio::test]
    async fn a_text_of_which_any_byte_changed_does_not_open() {
        let vault = vault(&memory()).await;
        let key = key("s", "a", GrantOwner::Shared);
        let identity = Identity::Grant { key: &key, version: 1 };
        let sealed = vault.seal(&identity, SECRET).expect("sealed");
        for place in 1..sealed.as_bytes().len() {
            let mut bytes = sealed.as_bytes().to_vec();
            bytes[place] ^= 1;
            let changed = Sealed::from_bytes(bytes).expect("well formed");
            let error = vault.open_sealed(&identity, &changed).expect_err("changed");
            assert!(!error.to_string().contains("refresh-token"), "{error}");
        }
    }

    #[tokio::test]
    async fn a_lost_key_is_named_with_the_keys_that_are_there() {
        let store = memory();
        let first = vault(&store).await;
        let lost = read(&first.keyring).first_id().to_owned();
        let other = Keyring::generate(&SeededRandom::new(50));
        let has = other.first_id().to_owned();
        let error = Vault::open(other, &store, Arc::new(SeededRandom::new(2))).await.expect_err("lost");
        assert!(matches!(&error, VaultError::LostKey { needs, .. } if *needs == lost), "{error}");
        assert!(error.to_string().contains(&lost) && error.to_string().contains(&has), "{error}");
    }

    #[tokio::test]
    async fn another_key_under_the_same_id_is_told_apart_from_a_lost_one() {
        let store = memory();
        let text = |letter: &str| format!("same:{}=", letter.repeat(43));
        let open = async |letter: &str| {
            let keyring = Keyring::parse(&text(letter)).expect("a keyring");
            Vault::open(keyring, &store, Arc::new(SeededRandom::new(2))).await
        };
        open("A").await.expect("a vault");
        let error = open("E").await.expect_err("another key");
        assert!(matches!(error, VaultError::WrongKey { .. }), "{error}");
    }

    #[tokio::test]
    async fn a_data_key_under_another_number_does_not_open() {
        let store = memory();
        let vault = vault(&store).await;
        let mut moved = store.data_keys().await.expect("listed").remove(0);
        moved.id = DataKeyId(2);
        store.add_data_key(moved).await.expect("added");
        assert!(matches!(vault.reload(&store).await, Err(VaultError::WrongKey { .. })));
    }

    #[tokio::test]
    async fn a_vault_prints_no_key() {
        let vault = vault(&memory()).await;
        assert_eq!(format!("{vault:?}"), "Vault { newest_data_key: DataKeyId(1), .. }");
    }
}

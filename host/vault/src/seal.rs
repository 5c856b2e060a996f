//! Sealed texts, and the identity that each of them is bound to.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::ids::{ConnectionId, GrantKey, GrantOwner, SpaceId};
use crate::repositories::StateKey;

/// A secret encrypted with AES-256-GCM under a data key. Holds no plain text; still, `Debug` shows nothing of it.
///
/// Layout: one byte of format, eight of the data key's id (big-endian), twelve of nonce, the cipher text, sixteen of tag.
/// Serialised as base64 text where the format is for people, as bytes elsewhere.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(Vec<u8>);

impl Sealed {
    /// Takes what [`Self::as_bytes`] gave. Says nothing about whether it opens.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, InvalidSealed> {
        if bytes.len() < HEADER + TAG || bytes[0] != FORMAT {
            return Err(InvalidSealed);
        }
        Ok(Self(bytes))
    }

    /// The whole of it, for storage.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The data key it was sealed under.
    pub fn data_key(&self) -> DataKeyId {
        let mut id = [0; 8];
        id.copy_from_slice(&self.0[1..9]);
        DataKeyId(u64::from_be_bytes(id))
    }

    /// A buffer that starts with the header, with room for the cipher text of `length` bytes and the tag.
    pub(crate) fn header(key: DataKeyId, nonce: &[u8; NONCE], length: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER + length + TAG);
        bytes.push(FORMAT);
        bytes.extend_from_slice(&key.0.to_be_bytes());
        bytes.extend_from_slice(nonce);
        bytes
    }

    /// Nonce, cipher text, tag.
    pub(crate) fn parts(&self) -> (&[u8], &[u8], &[u8]) {
        let (head, tag) = self.0.split_at(self.0.len() - TAG);
        (&head[HEADER - NONCE..HEADER], &head[HEADER..], tag)
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[sealed]")
    }
}

impl Serialize for Sealed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.serialize_str(&STANDARD.encode(&self.0))
        } else {
            serializer.serialize_bytes(&self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Sealed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = if deserializer.is_human_readable() {
            let text = String::deserialize(deserializer)?;
            // The decoder's own message quotes the text.
            STANDARD.decode(text).map_err(|_| de::Error::custom(InvalidSealed))?
        } else {
            Vec::deserialize(deserializer)?
        };
        Self::from_bytes(bytes).map_err(de::Error::custom)
    }
}

/// Bytes that were never sealed by a vault, or were cut short.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sealed value is malformed: it was cut short, or was not written by a vault")]
pub struct InvalidSealed;

/// Numbers the data keys, from 1; the newest seals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DataKeyId(pub u64);

impl fmt::Display for DataKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A data key as the store keeps it: encrypted under a key of the keyring.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrappedDataKey {
    /// Its number.
    pub id: DataKeyId,
    /// Id of the keyring's key it is wrapped under.
    pub wrapped_under: String,
    /// The data key, sealed. The header's key id repeats `id`.
    pub wrapped: Sealed,
}

/// Which record a sealed text belongs to. All of it is authenticated: under another identity the text does not open.
///
/// This finds a text that was moved to another record, swapped with another's, or put back from an earlier version. It cannot
/// find that a whole record was put back together with its version number: who can do that has the store's whole past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity<'a> {
    /// A grant.
    Grant {
        /// Whose.
        key: &'a GrantKey,
        /// Of the record that holds it.
        version: u64,
    },
    /// The secret fields of a connection.
    Connection {
        /// The tenant.
        space: &'a SpaceId,
        /// Which connection.
        id: &'a ConnectionId,
        /// Of the record that holds it.
        version: u64,
    },
    /// The PKCE verifier of an authorization that has begun.
    Authorization {
        /// SHA-256 of the state parameter.
        state_hash: &'a [u8; 32],
        /// The tenant.
        space: &'a SpaceId,
        /// For which connection.
        connection: &'a ConnectionId,
        /// Who will own the grant.
        owner: &'a GrantOwner,
    },
    /// A value of guest state.
    State {
        /// Where it lives.
        key: &'a StateKey,
        /// Of the record that holds it.
        version: u64,
    },
}

impl Identity<'_> {
    /// The additional data of the encryption: the kind and every part of the identity, each after its length.
    pub(crate) fn additional_data(&self) -> Vec<u8> {
        let mut parts = Parts::default();
        match self {
            Self::Grant { key, version } => {
                parts.text("grant").text(key.space.as_str()).text(key.connection.as_str()).owner(&key.owner);
                parts.number(*version);
            }
            Self::Connection { space, id, version } => {
                parts.text("connection").text(space.as_str()).text(id.as_str()).number(*version);
            }
            Self::Authorization { state_hash, space, connection, owner } => {
                parts
                    .text("authorization")
                    .bytes(*state_hash)
                    .text(space.as_str())
                    .text(connection.as_str())
                    .owner(owner);
            }
            Self::State { key, version } => {
                parts.text("state").text(key.space.as_str()).text(key.connection.as_str()).text(&key.key);
                parts.number(*version);
            }
        }
        parts.0
    }
}

/// For people, without the guest's own keys and the hash of the state.
impl fmt::Display for Identity<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Grant { key: GrantKey { space, connection, owner }, version } => match owner {
                GrantOwner::Shared => write!(f, "shared grant of {space}/{connection}, version {version}"),
                GrantOwner::Principal(who) => write!(f, "grant of {who} for {space}/{connection}, version {version}"),
            },
            Self::Connection { space, id, version } => {
                write!(f, "secret fields of connection {space}/{id}, version {version}")
            }
            Self::Authorization { space, connection, .. } => write!(f, "pending authorization of {space}/{connection}"),
            Self::State { key, version } => {
                write!(f, "guest state of {}/{}, version {version}", key.space, key.connection)
            }
        }
    }
}

/// What a wrapped data key is bound to: its own number and the key it is wrapped under.
pub(crate) fn data_key_additional_data(id: DataKeyId, wrapped_under: &str) -> Vec<u8> {
    let mut parts = Parts::default();
    parts.text("data-key").number(id.0).text(wrapped_under);
    parts.0
}

#[derive(Default)]
struct Parts(Vec<u8>);

impl Parts {
    fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
        self.0.extend_from_slice(bytes);
        self
    }

    fn text(&mut self, text: &str) -> &mut Self {
        self.bytes(text.as_bytes())
    }

    fn number(&mut self, number: u64) -> &mut Self {
        self.bytes(&number.to_be_bytes())
    }

    fn owner(&mut self, owner: &GrantOwner) -> &mut Self {
        match owner {
            GrantOwner::Shared => self.text("shared"),
            GrantOwner::Principal(principal) => self.text("principal").text(principal.as_str()),
        }
    }
}

const FORMAT: u8 = 1;
pub(crate) const NONCE: usize = 12;
const HEADER: usize = 1 + 8 + NONCE;
pub(crate) const TAG: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_an_identity_cannot_be_shifted_into_each_other() {
        let state = |connection: &str, key: &str| StateKey {
            space: SpaceId::default(),
            connection: ConnectionId::parse(connection).expect("an id"),
            key: key.to_owned(),
        };
        let data = |key: &StateKey| Identity::State { key, version: 1 }.additional_data();
        assert_ne!(data(&state("ab", "c")), data(&state("a", "bc")));
    }

    #[test]
    fn a_sealed_text_shows_nothing_when_printed_and_survives_json() {
        let mut bytes = Sealed::header(DataKeyId(7), &[1; NONCE], 0);
        bytes.extend_from_slice(&[2; TAG]);
        let sealed = Sealed::from_bytes(bytes).expect("well formed");
        assert_eq!(format!("{sealed:?}"), "[sealed]");
        assert_eq!(sealed.data_key(), DataKeyId(7));
        let json = serde_json::to_string(&sealed).expect("serialises");
        assert_eq!(serde_json::from_str::<Sealed>(&json).expect("reads back"), sealed);
    }

    #[test]
    fn a_text_that_was_cut_short_is_no_sealed_text() {
        assert_eq!(Sealed::from_bytes(vec![FORMAT; HEADER + TAG - 1]), Err(InvalidSealed));
        assert_eq!(Sealed::from_bytes(vec![0; HEADER + TAG]), Err(InvalidSealed));
        assert!(serde_json::from_str::<Sealed>("\"c2VjcmV0\"").is_err());
    }
}

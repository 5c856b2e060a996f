//! Sealed texts as a store has them.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A secret encrypted with AES-256-GCM under a data key. Contains no plain text, yet `Debug` shows nothing of it.
///
/// Layout: one byte for the format, eight for the data key's id (big-endian), twelve for the nonce, the cipher text, sixteen
/// for the tag. Serialised as base64 text in human-readable formats, as bytes in others.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(Vec<u8>);

impl Sealed {
    /// Bytes of the nonce.
    pub const NONCE: usize = 12;
    /// Bytes of the tag.
    pub const TAG: usize = 16;

    /// Reads the bytes of [`Self::as_bytes`]. Does not check whether the text opens.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, InvalidSealed> {
        if bytes.len() < HEADER + Sealed::TAG || bytes[0] != FORMAT {
            return Err(InvalidSealed);
        }
        Ok(Self(bytes))
    }

    /// All bytes, for storage.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The data key it was sealed under.
    pub fn data_key(&self) -> DataKeyId {
        let mut id = [0; 8];
        id.copy_from_slice(&self.0[1..9]);
        DataKeyId(u64::from_be_bytes(id))
    }

    /// A buffer that starts with the header and has room for `length` bytes of cipher text and the tag. For a vault.
    pub fn header(key: DataKeyId, nonce: &[u8; Sealed::NONCE], length: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER + length + Sealed::TAG);
        bytes.push(FORMAT);
        bytes.extend_from_slice(&key.0.to_be_bytes());
        bytes.extend_from_slice(nonce);
        bytes
    }

    /// The nonce, cipher text and tag. For a vault.
    pub fn parts(&self) -> (&[u8], &[u8], &[u8]) {
        let (head, tag) = self.0.split_at(self.0.len() - Sealed::TAG);
        (&head[HEADER - Sealed::NONCE..HEADER], &head[HEADER..], tag)
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

/// The bytes were not sealed by a vault, or were truncated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sealed value is malformed: it is truncated, or was not written by a vault")]
pub struct InvalidSealed;

/// The number of a data key, from 1; the newest seals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DataKeyId(pub u64);

impl fmt::Display for DataKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A data key as it is stored: encrypted under a key of the keyring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrappedDataKey {
    /// Its number.
    pub id: DataKeyId,
    /// The id of the keyring's key that it is wrapped under.
    pub wrapped_under: String,
    /// The data key, sealed. The header's key id repeats `id`.
    pub wrapped: Sealed,
}

const FORMAT: u8 = 1;
const HEADER: usize = 1 + 8 + Sealed::NONCE;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_text_shows_nothing_when_printed_and_survives_json() {
        let mut bytes = Sealed::header(DataKeyId(7), &[1; Sealed::NONCE], 0);
        bytes.extend_from_slice(&[2; Sealed::TAG]);
        let sealed = Sealed::from_bytes(bytes).expect("well formed");
        assert_eq!(format!("{sealed:?}"), "[sealed]");
        assert_eq!(sealed.data_key(), DataKeyId(7));
        let json = serde_json::to_string(&sealed).expect("serialises");
        assert_eq!(serde_json::from_str::<Sealed>(&json).expect("reads back"), sealed);
    }

    #[test]
    fn a_text_that_was_cut_short_is_no_sealed_text() {
        assert_eq!(Sealed::from_bytes(vec![FORMAT; HEADER + Sealed::TAG - 1]), Err(InvalidSealed));
        assert_eq!(Sealed::from_bytes(vec![0; HEADER + Sealed::TAG]), Err(InvalidSealed));
        assert!(serde_json::from_str::<Sealed>("\"c2VjcmV0\"").is_err());
    }
}

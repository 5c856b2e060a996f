//! The connection's small memory.

use std::fmt;

use serde::{Serialize, de::DeserializeOwned};

use crate::error::Error;
use crate::transport::Link;

/// Small sealed memory of one connection: cursors, etags, sync positions. Values are JSON.
#[derive(Clone, Copy)]
pub struct State<'a>(pub(crate) &'a Link);

/// A value and its version, which starts at 1 and grows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry<T> {
    /// What was kept.
    pub value: T,
    /// To be named when the value is replaced by [`State::cas`].
    pub version: u64,
}

impl State<'_> {
    /// The value under this key.
    pub fn get<T: DeserializeOwned>(self, key: &str) -> Result<Option<T>, StateError> {
        Ok(self.entry(key)?.map(|entry| entry.value))
    }

    /// The value under this key with its version.
    pub fn entry<T: DeserializeOwned>(self, key: &str) -> Result<Option<Entry<T>>, StateError> {
        let Some((bytes, version)) = self.0.state_get(key)? else { return Ok(None) };
        let value = serde_json::from_slice(&bytes).map_err(|error| StateError::Malformed(error.to_string()))?;
        Ok(Some(Entry { value, version }))
    }

    /// Replaces whatever is there; answers the new version.
    pub fn set<T: Serialize + ?Sized>(self, key: &str, value: &T) -> Result<u64, StateError> {
        self.0.state_set(key, &encode(value)?, None)
    }

    /// Replaces the value only while its version is still `version` (0: only if absent); answers the new version.
    pub fn cas<T: Serialize + ?Sized>(self, key: &str, value: &T, version: u64) -> Result<u64, StateError> {
        self.0.state_set(key, &encode(value)?, Some(version))
    }

    /// Forgets the value; what is absent is no error.
    pub fn delete(self, key: &str) -> Result<(), StateError> {
        self.0.state_delete(key)
    }
}

fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, StateError> {
    serde_json::to_vec(value).map_err(|error| StateError::Malformed(error.to_string()))
}

/// Why the memory did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StateError {
    /// Somebody else wrote in between: the version that is there now, 0 when there is none.
    Conflict(u64),
    /// The memory is full, or the key or value is longer than it may be.
    QuotaExceeded,
    /// The store cannot be reached.
    Unavailable,
    /// The value is not the JSON that the connector expects.
    Malformed(String),
}

impl fmt::Display for StateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conflict(version) => write!(f, "state: somebody else wrote in between (version {version} now)"),
            Self::QuotaExceeded => f.write_str("state: no room is left, or the key or value is too long"),
            Self::Unavailable => f.write_str("state: the store cannot be reached"),
            Self::Malformed(message) => write!(f, "state: not the expected JSON: {message}"),
        }
    }
}

impl std::error::Error for StateError {}

impl From<StateError> for Error {
    fn from(error: StateError) -> Self {
        Self::Internal(error.to_string())
    }
}

//! The connection's state.

use std::fmt;

use serde::{Serialize, de::DeserializeOwned};

use crate::error::Error;
use crate::transport::Link;

/// A small sealed store for one connection: cursors, etags, sync positions. Values are JSON.
#[derive(Clone, Copy)]
pub struct State<'a>(pub(crate) &'a Link);

/// A value and its version, which starts at 1 and grows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry<T> {
    /// The stored value.
    pub value: T,
    /// The version to pass to [`State::cas`] when the value is replaced.
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

    /// Writes the value, replacing any existing one; returns the new version.
    pub fn set<T: Serialize + ?Sized>(self, key: &str, value: &T) -> Result<u64, StateError> {
        self.0.state_set(key, &encode(value)?, None)
    }

    /// Replaces the value only if its version is still `version` (0: only if absent); returns the new version.
    pub fn cas<T: Serialize + ?Sized>(self, key: &str, value: &T, version: u64) -> Result<u64, StateError> {
        self.0.state_set(key, &encode(value)?, Some(version))
    }

    /// Deletes the value; deleting an absent value is not an error.
    pub fn delete(self, key: &str) -> Result<(), StateError> {
        self.0.state_delete(key)
    }
}

fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, StateError> {
    serde_json::to_vec(value).map_err(|error| StateError::Malformed(error.to_string()))
}

/// Why reading or writing the state failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StateError {
    /// Another call wrote in between. Holds the current version, 0 if there is none.
    Conflict(u64),
    /// The store is full, or the key or value is too long.
    QuotaExceeded,
    /// The store cannot be reached.
    Unavailable,
    /// The value is not the JSON that the connector expects.
    Malformed(String),
}

impl fmt::Display for StateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conflict(version) => write!(f, "state: another call wrote in between (current version: {version})"),
            Self::QuotaExceeded => f.write_str("state: the store is full, or the key or value is too long"),
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

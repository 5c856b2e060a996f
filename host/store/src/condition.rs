//! Compare and swap: the version that a write replaces, and the condition under which it happens.
//!
//! The rules are implemented here, once. A store is given a [`Condition`] and checks it in the transaction that writes.

use crate::error::{StoreError, StoreFault};

/// The version that a write replaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// None: the record is new.
    Absent,
    /// This version.
    Version(u64),
    /// Any version, or none.
    Any,
}

/// The outcome of a write that names the version it replaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// The write is durable, under this version.
    Version(u64),
    /// Another writer was first; this is the current version, 0 if there is none. Nothing was changed.
    Conflict(u64),
}

/// The condition on the current record under which a write happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Condition {
    /// The versions that the record may have.
    pub version: Versions,
    /// The largest fencing number that the record may have. Only grants have one.
    pub fence: u64,
}

/// A set of versions, and whether the record may be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Versions {
    /// No record.
    Absent,
    /// This version.
    Is(u64),
    /// This version or no record.
    IsOrAbsent(u64),
    /// A smaller version or no record.
    Below(u64),
    /// Any version or no record.
    Any,
}

impl Condition {
    /// Whether a record of this version and fencing number, or a missing record, may be replaced or removed.
    pub fn holds(self, there: Option<(u64, u64)>) -> bool {
        let Some((version, fence)) = there else { return !matches!(self.version, Versions::Is(_)) };
        let fits = match self.version {
            Versions::Absent => false,
            Versions::Is(wanted) | Versions::IsOrAbsent(wanted) => version == wanted,
            Versions::Below(bound) => version < bound,
            Versions::Any => true,
        };
        fits && fence <= self.fence
    }
}

impl From<Option<u64>> for Expected {
    fn from(version: Option<u64>) -> Self {
        version.map_or(Self::Absent, Self::Version)
    }
}

impl Expected {
    /// The condition for writing a record of version `next`. It must be the version after the expected one: the record is
    /// already sealed under its version, and a store cannot correct that.
    pub(crate) fn to_write(self, next: u64) -> Result<Condition, StoreError> {
        let (version, before) = match self {
            Self::Absent => (Versions::Absent, Some(0)),
            Self::Version(version) => (Versions::Is(version), Some(version)),
            Self::Any => (Versions::Below(next), next.checked_sub(1)),
        };
        // A guest may expect the last version there is: the store then says what is there.
        if before.map(|before| before.saturating_add(1)) != Some(next) {
            let detail = format!("version {next} was to be written where {self:?} was expected");
            return Err(StoreError::new(StoreFault::Other, detail));
        }
        Ok(Condition { version, fence: u64::MAX })
    }

    /// The condition for removing a record. A record that is already gone counts as removed.
    pub(crate) fn to_remove(self) -> Condition {
        let version = match self {
            Self::Absent => Versions::Absent,
            Self::Version(version) => Versions::IsOrAbsent(version),
            Self::Any => Versions::Any,
        };
        Condition { version, fence: u64::MAX }
    }
}

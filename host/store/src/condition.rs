//! Compare and swap: which version a write replaces, and what must be there for it to happen.
//!
//! The rules are worked out here, once. A store is given a [`Condition`] and checks it in the transaction that writes.

use crate::error::{StoreError, StoreFault};

/// Which version a write replaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// None: it is new.
    Absent,
    /// This one.
    Version(u64),
    /// Whatever is there.
    Any,
}

/// What came of a write that names the version it replaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// It is durable, under this version.
    Version(u64),
    /// Somebody else wrote in between; this version is there now, 0 when there is none. Nothing was changed.
    Conflict(u64),
}

/// What must be there for a write to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Condition {
    /// The version of the record.
    pub version: Versions,
    /// The largest fencing number it may have. Only grants have one.
    pub fence: u64,
}

/// A set of versions, and whether there may be no record at all.
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
    /// Whether a record of this version and fencing number, or none, may be replaced or removed.
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

impl Expected {
    /// The condition under which a record of version `next` is written. It must be the next version after the expected one, as it
    /// is sealed under its version already and no store could put that right.
    pub(crate) fn to_write(self, next: u64) -> Result<Condition, StoreError> {
        let (version, before) = match self {
            Self::Absent => (Versions::Absent, Some(0)),
            Self::Version(version) => (Versions::Is(version), Some(version)),
            Self::Any => (Versions::Below(next), next.checked_sub(1)),
        };
        if before.and_then(|before| before.checked_add(1)) != Some(next) {
            let detail = format!("version {next} was to be written where {self:?} was expected");
            return Err(StoreError::new(StoreFault::Other, detail));
        }
        Ok(Condition { version, fence: u64::MAX })
    }

    /// The condition under which a record is removed. One that is gone already is what was asked for.
    pub(crate) fn to_remove(self) -> Condition {
        let version = match self {
            Self::Absent => Versions::Absent,
            Self::Version(version) => Versions::IsOrAbsent(version),
            Self::Any => Versions::Any,
        };
        Condition { version, fence: u64::MAX }
    }
}

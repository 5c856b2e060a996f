//! Compare and swap by version.

use crate::fault::Fault;

use innkeeper_store::{Expected, StoreError};

/// What is to be done with a write.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Write,
    /// This version is there, 0 for none.
    Conflict(u64),
}

/// Whether a grant under the fencing number `next` may follow one under `current`: who was overtaken may not.
pub(crate) fn is_fenced_off(current: u64, next: u64) -> bool {
    next < current
}

/// Whether a record of version `next` may replace what is there.
pub(crate) fn step(current: Option<u64>, expected: Expected, next: u64) -> Result<Step, Fault> {
    let there = current.unwrap_or(0);
    let matches = match expected {
        Expected::Absent => current.is_none(),
        Expected::Version(version) => current == Some(version),
        Expected::Any => return Ok(if next > there { Step::Write } else { Step::Conflict(there) }),
    };
    if !matches {
        return Ok(Step::Conflict(there));
    }
    // It is sealed under its version already, so the store cannot put it right.
    if Some(next) != there.checked_add(1) {
        return Err(StoreError::Unavailable(format!("version {next} was to be written over version {there}")).into());
    }
    Ok(Step::Write)
}

/// Whether what is there may be removed.
pub(crate) fn removal(current: Option<u64>, expected: Expected) -> Step {
    let matches = match expected {
        Expected::Absent => current.is_none(),
        // Gone is what was asked for.
        Expected::Version(version) => current.is_none_or(|there| there == version),
        Expected::Any => true,
    };
    if matches { Step::Write } else { Step::Conflict(current.unwrap_or(0)) }
}

//! What the guests of a runtime have in common.

use std::sync::Arc;

use innkeeper_ambient::{Clock, Random};

use crate::limits::Limits;

/// The limits of every guest, and the source of its time and randomness.
pub(crate) struct Sandbox {
    pub(crate) limits: Limits,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
}

//! What authorization servers gave: kept, refreshed, and never lost by us.

mod content;
mod grants;
mod life;
mod memory;
#[cfg(test)]
mod model;
mod round;
mod status;
#[cfg(test)]
mod tests;
mod turn;

pub(crate) use content::Grant;
pub(crate) use grants::{Grants, Removed};
pub use life::State as GrantState;
pub(crate) use life::{Margins, Purpose};
pub(crate) use memory::Entry;
pub use status::GrantStatus;

//! What authorization servers gave: kept, refreshed, and never lost by us.

mod content;
mod grants;
mod life;
mod memory;
mod round;
mod status;
#[cfg(test)]
mod tests;

pub(crate) use content::Grant;
pub(crate) use grants::Grants;
pub(crate) use memory::Entry;
pub use status::GrantStatus;

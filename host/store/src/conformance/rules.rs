//! One rule a function.

mod audit;
mod authorizations;
mod connections;
mod connectors;
mod data_keys;
mod grants;
mod leases;
mod sealed;
mod state;

pub use audit::*;
pub use authorizations::*;
pub use connections::*;
pub use connectors::*;
pub use data_keys::*;
pub use grants::*;
pub use leases::*;
pub use sealed::*;
pub use state::*;

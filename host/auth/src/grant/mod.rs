//! The grants that authorization servers issued: stored, refreshed, and never lost by the host.

mod answer;
mod content;
mod grants;
mod life;
mod memory;
#[cfg(test)]
mod model;
mod refresh_driver;
mod refresh_plan;
mod source;
mod status;
#[cfg(test)]
mod tests;
mod token_error;

pub(crate) use answer::is_token_type;
pub use answer::{TokenAnswer, check_token};
pub use content::Grant;
pub(crate) use grants::{Grants, Removed};
pub use life::State as GrantState;
pub(crate) use life::{Margins, Purpose};
pub(crate) use memory::Entry;
pub use source::{
    Attach, Authorization, GrantSource, PlaceOnRequest, Placement, Renewal, Renewed, SOURCE_TIMEOUT, SourceContext,
    TokenKind,
};
pub(crate) use source::{BoundSource, Origin};
pub use status::GrantStatus;
pub use token_error::{ErrorCode, Nature, TokenError};

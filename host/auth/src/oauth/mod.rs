//! Speaking to authorization servers.

mod answer;
mod client;
mod error;
mod revocation;
mod transport;

pub(crate) use answer::{AnswerShape, TokenAnswer, is_token_type};
pub use client::{ClientAuthentication, OAuthClient};
pub(crate) use client::{Consent, TokenEndpoint};
pub(crate) use error::Nature;
pub use error::{ErrorCode, TokenError};
pub(crate) use transport::PATIENCE;

//! Speaking to authorization servers.

mod answer;
mod client;
mod error;
mod revocation;
mod transport;

pub(crate) use answer::{AnswerShape, TokenAnswer, is_token_type};
pub(crate) use client::{Consent, TokenEndpoint};
pub use client::{ClientAuthentication, OAuthClient};
pub use error::{ErrorCode, TokenError};
pub(crate) use error::Nature;

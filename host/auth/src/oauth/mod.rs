//! Speaking to authorization servers.

mod answer;
mod authentication;
mod client;
mod consent;
mod device;
mod ears;
mod endpoint;
mod error;
mod form;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod jwt;
mod metadata;
mod own;
mod pem;
mod private_key;
mod provider;
mod revocation;
mod transport;

pub(crate) use answer::{AnswerShape, TokenAnswer, is_token_type};
pub use authentication::{ClientAssertion, ClientAuthentication};
pub use client::OAuthClient;
pub(crate) use consent::{Asked, Consent};
pub(crate) use ears::client as redirect_service_client;
pub(crate) use endpoint::TokenEndpoint;
pub(crate) use error::Nature;
pub use error::{ErrorCode, TokenError};
pub(crate) use form::BodyFormat;
pub(crate) use jwt::{Algorithm, CertificateProblem, Certificates, KeyReference, Signer};
pub(crate) use metadata::Metadata;
pub(crate) use own::{JwtBearer, OwnGrant, Password};
pub(crate) use private_key::{KeyProblem, PrivateKey};
pub use provider::{ConsentRequest, ProviderClient, ProviderSettings, ProviderTokens, Revocation};
pub(crate) use transport::PATIENCE;

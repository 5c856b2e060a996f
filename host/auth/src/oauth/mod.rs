//! Speaking to authorization servers.

mod answer;
mod authentication;
mod client;
mod device;
mod ears;
mod endpoint;
mod error;
mod form;
mod jwt;
mod metadata;
mod own;
mod pem;
mod private_key;
mod revocation;
mod transport;

pub(crate) use answer::{AnswerShape, TokenAnswer, is_token_type};
pub use authentication::{ClientAssertion, ClientAuthentication};
pub(crate) use client::Consent;
pub use client::OAuthClient;
pub(crate) use ears::{Asked, client as redirect_service_client, parameters as redirect_service_parameters};
pub(crate) use endpoint::TokenEndpoint;
pub(crate) use error::Nature;
pub use error::{ErrorCode, TokenError};
pub(crate) use form::BodyFormat;
pub(crate) use jwt::{Algorithm, CertificateProblem, Certificates, KeyReference, Signer};
pub(crate) use metadata::Metadata;
pub(crate) use own::{JwtBearer, OwnGrant, Password};
pub(crate) use private_key::{KeyProblem, PrivateKey};
pub(crate) use transport::PATIENCE;

//! The OAuth client.

mod answer;
mod authentication;
mod client;
mod consent;
mod device;
mod ears;
mod endpoint;
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
mod source;
mod transport;

pub(crate) use answer::AnswerShape;
pub use authentication::{ClientAssertion, ClientAuthentication};
pub use client::OAuthClient;
pub(crate) use client::Way;
pub(crate) use consent::Consent;
pub(crate) use ears::client as redirect_service_client;
pub(crate) use form::BodyFormat;
pub(crate) use jwt::{Algorithm, CertificateProblem, Certificates, JwtSigner, KeyReference};
pub(crate) use metadata::Metadata;
pub(crate) use own::{JwtBearer, OwnGrant, Password};
pub(crate) use private_key::{KeyProblem, PrivateKey};
pub use provider::{ProviderClient, ProviderSettings, Revocation};

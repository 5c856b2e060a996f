//! Why nothing could be measured.

use std::io;

/// Why nothing could be measured.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The component to call has not been built.
    #[error("the component {path} cannot be read ({reason}): build it with `cargo xtask guests`")]
    Component { path: String, reason: io::Error },
    /// The system refused something.
    #[error("the system refused: {0}")]
    System(#[from] io::Error),
    /// The host refused something.
    #[error(transparent)]
    Host(#[from] innkeeper::Error),
    /// The runtime could not be created.
    #[error(transparent)]
    Runtime(#[from] innkeeper_runtime::SetupError),
    /// The connector does not load.
    #[error(transparent)]
    Load(#[from] innkeeper::LoadError),
    /// A call has no result.
    #[error(transparent)]
    Call(#[from] innkeeper::CallError),
    /// Egress could not be created, or a request failed.
    #[error("egress: {0}")]
    Egress(String),
    /// There is no credential.
    #[error(transparent)]
    Auth(#[from] innkeeper_auth::AuthError),
    /// The store.
    #[error(transparent)]
    Store(#[from] innkeeper::StoreError),
    /// The keyring.
    #[error(transparent)]
    Keyring(#[from] innkeeper::KeyringError),
    /// The vault.
    #[error(transparent)]
    Vault(#[from] innkeeper::VaultError),
    /// The plain client, or the service.
    #[error("the service of the benchmark: {0}")]
    Service(#[from] reqwest::Error),
    /// The auth redirect service could not be created.
    #[error("the auth redirect service: {0}")]
    Ears(#[from] innkeeper_ears::EarsError),
    /// It did not answer as expected.
    #[error("the auth redirect service did not answer with {0}")]
    Redirect(&'static str),
    /// The fetched document is not the expected one.
    #[error("the response is not the requested document: {0}")]
    Document(#[from] serde_json::Error),
    /// A file that the benchmark fills by itself.
    #[error("the file with the grants of many users: {0}")]
    Crowd(#[from] redb::Error),
    /// A process that the benchmark started.
    #[error("the process that the benchmark started as {role} ended without a result")]
    Child { role: &'static str },
}

impl From<innkeeper_egress::EgressError> for Failure {
    fn from(error: innkeeper_egress::EgressError) -> Self {
        Self::Egress(error.to_string())
    }
}

impl From<innkeeper_egress::SetupError> for Failure {
    fn from(error: innkeeper_egress::SetupError) -> Self {
        Self::Egress(error.to_string())
    }
}

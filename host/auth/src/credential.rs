//! The credential of one connection and owner, for egress.

use std::sync::Arc;

use async_trait::async_trait;
use innkeeper_egress::{Attachment, CredentialError, CredentialSource, RequestHead};

use crate::auth_type::FixedCredential;
use crate::error::AuthError;
use crate::grant::{Entry, Grants};
use crate::oauth::TokenEndpoint;

/// What a connection and owner authenticate with. Cheap to make, and good for as long as the connection is not changed.
#[derive(Debug)]
pub struct ConnectionCredential(pub(crate) Source);

#[derive(Debug)]
pub(crate) enum Source {
    Bare,
    Fixed(Arc<FixedCredential>),
    Grant { grants: Arc<Grants>, entry: Arc<Entry>, endpoint: TokenEndpoint },
}

impl ConnectionCredential {
    /// As [`CredentialSource::attach`], with the error that says why and for whom.
    pub async fn attachment(&self, rejected: Option<&Attachment>) -> Result<Option<Attachment>, AuthError> {
        match &self.0 {
            Source::Bare => Ok(rejected.is_none().then(bare)),
            // What was rejected will be rejected again.
            Source::Fixed(fixed) => Ok(rejected.is_none().then(|| fixed.attachment())),
            Source::Grant { grants, entry, endpoint } => {
                let rejected = rejected.map(|attachment| attachment.generation);
                let token = grants.token(entry, endpoint, rejected).await?;
                let identity = endpoint.client.identity_of_requests().cloned();
                Ok(token.map(|token| Attachment { identity, ..token.attachment() }))
            }
        }
    }

    /// Why the token was not renewed the last time: what a service's 401 really comes from when nothing newer than the
    /// rejected token can be had for now.
    pub fn last_failure(&self) -> Option<AuthError> {
        match &self.0 {
            Source::Bare | Source::Fixed(_) => None,
            Source::Grant { entry, .. } => entry.last_failure(),
        }
    }
}

#[async_trait]
impl CredentialSource for ConnectionCredential {
    async fn attach(
        &self,
        _head: &RequestHead,
        rejected: Option<&Attachment>,
    ) -> Result<Option<Attachment>, CredentialError> {
        Ok(self.attachment(rejected).await?)
    }
}

fn bare() -> Attachment {
    Attachment {
        headers: Vec::new(),
        query: Vec::new(),
        secrets: Vec::new(),
        generation: 0,
        bare: true,
        identity: None,
    }
}

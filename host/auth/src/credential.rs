//! The credential of one connection and owner, for egress.

use std::sync::Arc;

use async_trait::async_trait;
use innkeeper_egress::{Attachment, CredentialError, CredentialSource, RequestHead};
use secrecy::SecretString;

use crate::error::AuthError;
use crate::grant::{Authorization, BoundSource, Entry, Grants};

/// The credential of a connection and owner. Cheap to make, and valid until the connection changes.
#[derive(Debug)]
pub struct ConnectionCredential(pub(crate) Source);

#[derive(Debug)]
pub(crate) enum Source {
    /// Adds the secret fields of the connection.
    Bare(Arc<[SecretString]>),
    Fixed(Arc<Attachment>),
    Grant {
        grants: Arc<Grants>,
        entry: Arc<Entry>,
        source: BoundSource,
    },
}

impl ConnectionCredential {
    /// The same as [`CredentialSource::attach`], with an error that names the reason, connection and owner.
    pub async fn attachment(
        &self,
        head: &RequestHead,
        rejected: Option<&Attachment>,
    ) -> Result<Option<Arc<Attachment>>, AuthError> {
        match &self.0 {
            Source::Bare(_) => Ok(rejected.is_none().then(|| bare().into())),
            // A retry with the same settings would be rejected again.
            Source::Fixed(fixed) => Ok(rejected.is_none().then(|| fixed.clone())),
            Source::Grant { grants, entry, source } => {
                let rejected = rejected.map(|attachment| attachment.generation);
                let token = grants.token(entry, source, rejected).await?;
                Ok(token.map(|token| token.attachment(head)))
            }
        }
    }

    /// Whether a user can repair it by authorizing the connection.
    pub fn is_authorized_by_a_person(&self) -> bool {
        match &self.0 {
            Source::Bare(_) | Source::Fixed(_) => false,
            Source::Grant { source, .. } => !matches!(source.authorization(), Authorization::Nobody),
        }
    }

    /// Why the last renewal failed: the real reason for a service's 401 while no newer token than the rejected one is
    /// available.
    pub fn last_failure(&self) -> Option<AuthError> {
        match &self.0 {
            Source::Bare(_) | Source::Fixed(_) => None,
            Source::Grant { entry, .. } => entry.last_failure(),
        }
    }
}

#[async_trait]
impl CredentialSource for ConnectionCredential {
    async fn attach(
        &self,
        head: &RequestHead,
        rejected: Option<&Attachment>,
    ) -> Result<Option<Arc<Attachment>>, CredentialError> {
        Ok(self.attachment(head, rejected).await?)
    }

    async fn secrets(&self) -> Result<Arc<[SecretString]>, CredentialError> {
        match &self.0 {
            Source::Bare(secrets) => Ok(secrets.clone()),
            Source::Fixed(fixed) => Ok(fixed.secrets.as_slice().into()),
            Source::Grant { grants, entry, source } => Ok(grants.secrets(entry, source).await?),
        }
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

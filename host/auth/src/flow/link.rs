//! The link that a user opens to authorize: it leads to a page of the host, is for one user and works once.

use std::fmt;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use innkeeper_ambient::{Clock, Random, Timestamp};
use innkeeper_store::{ConnectionId, PrincipalId, SpaceId};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use url::Url;

use super::{Signer, digest};
use crate::auth::Auth;
use crate::error::AuthError;

/// How long a link is valid by default.
pub const LINK_LIFE: Duration = Duration::from_mins(10);
/// The maximum lifetime of a link.
pub const LONGEST_LINK_LIFE: Duration = Duration::from_hours(24);
/// The purpose that the key for links is derived for.
pub const LINK_PURPOSE: &str = "start-link";

/// What a start link is for. The link is this value, signed: nothing is stored until it is opened.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartLink {
    /// The tenant.
    #[serde(rename = "s")]
    pub space: SpaceId,
    /// The connection.
    #[serde(rename = "c")]
    pub connection: ConnectionId,
    /// The user who is to open it; `None`: any user who may authorize a shared connection.
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    pub principal: Option<PrincipalId>,
    /// The address that the browser goes to at the end.
    #[serde(rename = "r", default, skip_serializing_if = "Option::is_none")]
    pub return_url: Option<Url>,
    /// When the link expires.
    #[serde(rename = "e")]
    pub expires_at: Timestamp,
    /// 256 random bits: no two links are the same.
    #[serde(rename = "n")]
    nonce: String,
}

impl StartLink {
    /// Creates a link that is valid for `life`, at most a day.
    pub fn new(
        space: SpaceId,
        connection: ConnectionId,
        principal: Option<PrincipalId>,
        return_url: Option<Url>,
        life: Duration,
        clock: &dyn Clock,
        random: &dyn Random,
    ) -> Self {
        let expires_at = clock.now().plus(life.min(LONGEST_LINK_LIFE));
        let nonce = BASE64_URL_SAFE_NO_PAD.encode(random.bytes::<32>());
        Self { space, connection, principal, return_url, expires_at, nonce }
    }

    /// The token in the link. In deployments where the link proves the user's identity, it is as powerful as a password.
    pub fn sign(&self, signer: &Signer) -> SecretString {
        SecretString::from(signer.sign(self))
    }
}

impl fmt::Debug for StartLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StartLink")
            .field("space", &self.space)
            .field("connection", &self.connection)
            .field("principal", &self.principal)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// Why a start link is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LinkFailure {
    /// This host did not sign it.
    #[error("this link is incomplete or was not created by this host; ask for a new one")]
    Invalid,
    /// It has expired.
    #[error("this link has expired; ask for a new one")]
    Expired,
    /// It was already opened.
    #[error("this link was already used; ask for a new one")]
    Used,
}

impl Auth {
    /// Signs texts for the caller's purpose, under the keyring's current first key.
    pub fn signer(&self, purpose: &str) -> Signer {
        Signer::new(self.vault().mac_key(purpose))
    }

    /// What a link is for, read from its token. Reads nothing but the token and does not use the link up.
    pub fn read_link(&self, token: &str) -> Result<StartLink, LinkFailure> {
        let link: StartLink = self.signer(LINK_PURPOSE).open(token).ok_or(LinkFailure::Invalid)?;
        if self.clock().now() >= link.expires_at {
            return Err(LinkFailure::Expired);
        }
        Ok(link)
    }

    /// Uses a link up: of several requests that open it, only one succeeds, even if the host restarts in between.
    pub async fn use_link(&self, link: &StartLink) -> Result<Result<(), LinkFailure>, AuthError> {
        let first = self.store().use_link(&digest(&link.nonce), link.expires_at).await?;
        Ok(if first { Ok(()) } else { Err(LinkFailure::Used) })
    }
}

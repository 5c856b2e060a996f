//! Errors between a connection and its credential.

use std::fmt;
use std::time::Duration;

use innkeeper_address::AddressProblem;
use innkeeper_egress::CredentialError;
use innkeeper_shown::Quoted;
use innkeeper_spec::AuthTypeId;
use innkeeper_store::{ConnectionId, GrantOwner, LossReason, StoreError};
use innkeeper_vault::VaultError;
use serde::{Serialize, Serializer};

use crate::grant::TokenError;
use crate::settings_errors::SettingsErrors;

/// Why a user must authorize again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// No user has authorized yet, or the grant was disconnected.
    NoGrant,
    /// The access token has expired and there is no refresh token.
    Expired,
    /// The refresh token has expired.
    RefreshTokenExpired,
    /// The provider no longer honours the grant.
    Revoked,
    /// The answer to a refresh was lost, and the provider no longer honours the refresh token that was used for it.
    RefreshFailed,
}

impl Reason {
    /// The name that is stored and shown to programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoGrant => "no-grant",
            Self::Expired => "expired",
            Self::RefreshTokenExpired => "refresh-token-expired",
            Self::Revoked => "revoked",
            Self::RefreshFailed => "refresh-failed",
        }
    }

    /// The reason as text for people.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::NoGrant => "nobody has authorized it yet",
            Self::Expired => "its access token has expired and there is no refresh token",
            Self::RefreshTokenExpired => "its refresh token has expired",
            Self::Revoked => "the provider no longer accepts the grant",
            Self::RefreshFailed => "the response to a refresh was lost and the provider does not accept the old token",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl From<LossReason> for Reason {
    fn from(reason: LossReason) -> Self {
        match reason {
            LossReason::Revoked => Self::Revoked,
            LossReason::RefreshFailed => Self::RefreshFailed,
        }
    }
}

/// Why there is no credential, or why a flow cannot begin.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthError {
    /// A user must authorize.
    #[error("connection {connection} ({}) needs authorization: {}; begin a new authorization for it", whose(.owner), .reason.sentence())]
    NeedsAuthorization {
        /// The connection.
        connection: ConnectionId,
        /// The owner of the grant.
        owner: GrantOwner,
        /// The reason.
        reason: Reason,
    },
    /// The service does not accept the connection's credential, and authorizing again would not change that.
    #[error(
        "the service does not accept the credential of connection {connection} (auth type {auth_type}); set another \
         credential for the connection, or grant the account the missing permission"
    )]
    Rejected {
        /// The connection.
        connection: ConnectionId,
        /// The auth type.
        auth_type: AuthTypeId,
    },
    /// A connection with one grant per principal was used without a principal.
    #[error("connection {0} has a grant for each principal: name the principal that the call is for")]
    PrincipalNeeded(ConnectionId),
    /// A principal's grant was requested of a shared connection.
    #[error("connection {0} has one grant that all users share: principal {1} has no separate grant")]
    NotPerUser(ConnectionId, innkeeper_store::PrincipalId),
    /// The provider cannot be reached or fails for now; the grant is kept.
    #[error("connection {connection} ({}) has no valid token at the moment, but its grant is kept: {problem}; try again later", whose(.owner))]
    Unavailable {
        /// The connection.
        connection: ConnectionId,
        /// The owner of the grant.
        owner: GrantOwner,
        /// The failure.
        problem: TokenError,
    },
    /// The provider rejects the settings of the connection; the grant is kept.
    #[error("connection {connection} ({}) cannot get a token with its settings: {problem}; correct the settings", whose(.owner))]
    Misconfigured {
        /// The connection.
        connection: ConnectionId,
        /// The owner of the grant.
        owner: GrantOwner,
        /// What was rejected.
        problem: TokenError,
    },
    /// The stored settings do not fit the auth type, or no longer do.
    #[error("connection {connection} does not fit its auth type {auth_type}: {errors}; set its fields again")]
    Settings {
        /// The connection.
        connection: ConnectionId,
        /// The auth type.
        auth_type: AuthTypeId,
        /// Every mistake.
        errors: SettingsErrors,
    },
    /// The host has no such auth type.
    #[error("there is no auth type {}; there is {known}", Quoted::new(given).at_most(80))]
    UnknownAuthType {
        /// The requested auth type.
        given: String,
        /// The auth types of this host, comma-separated.
        known: String,
    },
    /// The address of the auth redirect service is not valid.
    #[error("the address {address} of the auth redirect service {why}; set another, or none")]
    RedirectService {
        /// The given address.
        address: String,
        /// The rule that it breaks.
        why: AddressProblem,
    },
    /// The auth type is not authorized in a browser.
    #[error("connection {connection} authenticates with {auth_type}, which is not authorized in a browser")]
    NotInteractive {
        /// The connection.
        connection: ConnectionId,
        /// The auth type.
        auth_type: AuthTypeId,
    },
    /// The auth type is not authorized by a device code.
    #[error("connection {connection} authenticates with {auth_type}, which is not authorized with a device code")]
    NoDeviceCode {
        /// The connection.
        connection: ConnectionId,
        /// The auth type.
        auth_type: AuthTypeId,
    },
    /// The browser must not be sent to this address at the end.
    #[error("the return URL of an authorization for connection {connection} must be an http or https address")]
    ReturnUrl {
        /// The connection.
        connection: ConnectionId,
    },
    /// A user begins authorizations too often.
    #[error("there were too many authorizations in a short time; try again in {} s", .retry_after.as_secs().max(1))]
    TooManyAuthorizations {
        /// The time until another one may begin.
        retry_after: Duration,
    },
    /// Every attempt lost the race against another writer.
    #[error("the grant of connection {0} kept being changed by others; try again")]
    Contended(ConnectionId),
    /// A task of this process stopped before its work was done.
    #[error("the refresh for connection {0} was interrupted because the host is stopping")]
    Interrupted(ConnectionId),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A secret could not be sealed or opened.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl AuthError {
    /// The reason, if a user must authorize.
    pub const fn reason(&self) -> Option<Reason> {
        match self {
            Self::NeedsAuthorization { reason, .. } => Some(*reason),
            _ => None,
        }
    }

    /// When to try again, if known.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::TooManyAuthorizations { retry_after } => Some(*retry_after),
            Self::Unavailable { problem, .. } => problem.retry_after(),
            _ => None,
        }
    }
}

impl From<AuthError> for CredentialError {
    fn from(error: AuthError) -> Self {
        Self::from(&error)
    }
}

/// What egress, and through it the guest, may see: only the kind. The names of people and of the host's parts, and the
/// provider's texts, are for the caller.
impl From<&AuthError> for CredentialError {
    fn from(error: &AuthError) -> Self {
        match error {
            AuthError::NeedsAuthorization { .. } => Self::NeedsAuthorization,
            AuthError::Unavailable { .. }
            | AuthError::Contended(_)
            | AuthError::Interrupted(_)
            | AuthError::Store(_)
            | AuthError::Vault(_) => {
                Self::Unavailable("there is no credential at the moment; try again later".to_owned())
            }
            _ => Self::Misconfigured("its settings are not valid; the host shows its owner why".to_owned()),
        }
    }
}

fn whose(owner: &GrantOwner) -> String {
    match owner {
        GrantOwner::Shared => "shared".to_owned(),
        GrantOwner::Principal(principal) => format!("principal {principal}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_grant_names_connection_and_principal_and_what_to_do() {
        let error = AuthError::NeedsAuthorization {
            connection: ConnectionId::parse("drive").expect("an id"),
            owner: GrantOwner::Principal(innkeeper_store::PrincipalId::parse("ada").expect("an id")),
            reason: Reason::Revoked,
        };
        assert_eq!(
            error.to_string(),
            "connection drive (principal ada) needs authorization: the provider no longer accepts the grant; begin a \
             new authorization for it"
        );
    }
}

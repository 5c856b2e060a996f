//! What goes wrong between a connection and its credential.

use std::fmt;
use std::time::Duration;

use innkeeper_address::AddressProblem;
use innkeeper_egress::CredentialError;
use innkeeper_shown::Quoted;
use innkeeper_spec::{AuthMode, AuthTypeId};
use innkeeper_store::{ConnectionId, GrantOwner, LossReason, StoreError};
use innkeeper_vault::VaultError;
use serde::{Serialize, Serializer};

use crate::grant::TokenError;
use crate::settings_errors::SettingsErrors;

/// Why a person must authorize again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// Nobody has authorized yet, or the grant was disconnected.
    NoGrant,
    /// The access token has ended and there is no refresh token.
    Expired,
    /// The refresh token has ended.
    RefreshTokenExpired,
    /// The provider no longer honours the grant.
    Revoked,
    /// An answer to a refresh was lost, and the provider no longer honours the token that was spent for it.
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

    /// The same for people.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::NoGrant => "nobody has authorized it yet",
            Self::Expired => "its access token has ended and there is no refresh token",
            Self::RefreshTokenExpired => "its refresh token has ended",
            Self::Revoked => "the provider no longer honours the grant",
            Self::RefreshFailed => "the answer to a refresh was lost and the provider does not honour the old token",
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

/// Why there is no credential, or a flow cannot begin.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthError {
    /// A person must authorize.
    #[error("connection {connection} ({}) needs authorization: {}; begin a new authorization for it", whose(.owner), .reason.sentence())]
    NeedsAuthorization {
        /// Which connection.
        connection: ConnectionId,
        /// Whose grant.
        owner: GrantOwner,
        /// Why.
        reason: Reason,
    },
    /// The service does not accept what the connection authenticates with, and no authorization by a person could change that.
    #[error(
        "the service does not accept the credential of connection {connection} (auth type {auth_type}); give the connection \
         another, or the account the right that is missing"
    )]
    Rejected {
        /// Which connection.
        connection: ConnectionId,
        /// How it authenticates.
        auth_type: AuthTypeId,
    },
    /// A connection with a grant for each principal was used for none.
    #[error("connection {0} keeps a grant for each principal: name the principal that the call is made for")]
    PrincipalNeeded(ConnectionId),
    /// A principal's grant was asked of a connection that all share.
    #[error("connection {0} has one grant that all share: principal {1} has none of its own")]
    NotPerUser(ConnectionId, innkeeper_store::PrincipalId),
    /// The provider or the way to it fails for now; the grant is kept.
    #[error("connection {connection} ({}) has no live token for now and its grant is kept: {problem}; try again later", whose(.owner))]
    Unavailable {
        /// Which connection.
        connection: ConnectionId,
        /// Whose grant.
        owner: GrantOwner,
        /// What failed.
        problem: TokenError,
    },
    /// The provider refuses the settings of the connection; the grant is kept.
    #[error("connection {connection} ({}) gets no token with its settings: {problem}; correct the settings", whose(.owner))]
    Misconfigured {
        /// Which connection.
        connection: ConnectionId,
        /// Whose grant.
        owner: GrantOwner,
        /// What is refused.
        problem: TokenError,
    },
    /// The stored settings do not fit the auth type (any more).
    #[error("connection {connection} does not fit its auth type {auth_type}: {errors}; set its fields again")]
    Settings {
        /// Which connection.
        connection: ConnectionId,
        /// How it authenticates.
        auth_type: AuthTypeId,
        /// All that is wrong.
        errors: SettingsErrors,
    },
    /// The host has no such auth type.
    #[error("auth type {} is not known; known are {known}", Quoted::new(given).at_most(80))]
    UnknownAuthType {
        /// What was asked for.
        given: String,
        /// What there is, comma-separated.
        known: String,
    },
    /// No auth redirect service can be at that address.
    #[error("the address {address} of the auth redirect service {why}; give another, or none")]
    RedirectService {
        /// What was given.
        address: String,
        /// Which rule it breaks.
        why: AddressProblem,
    },
    /// The auth type cannot own grants in this way.
    #[error("auth type {auth_type} has no mode {mode}; it has {}", modes_text(.possible))]
    UnfitMode {
        /// How it would authenticate.
        auth_type: AuthTypeId,
        /// What was asked for.
        mode: AuthMode,
        /// What is possible.
        possible: Vec<AuthMode>,
    },
    /// There is no page to send a person to.
    #[error(
        "connection {connection} authenticates with {auth_type}, which no person authorizes in a browser that comes back"
    )]
    NotInteractive {
        /// Which connection.
        connection: ConnectionId,
        /// How it authenticates.
        auth_type: AuthTypeId,
    },
    /// There is no code for a person to type.
    #[error("connection {connection} authenticates with {auth_type}, which no person authorizes with a device code")]
    NoDeviceCode {
        /// Which connection.
        connection: ConnectionId,
        /// How it authenticates.
        auth_type: AuthTypeId,
    },
    /// The browser cannot be sent there at the end.
    #[error("the return URL of an authorization for connection {connection} must be an http or https address")]
    ReturnUrl {
        /// Which connection.
        connection: ConnectionId,
    },
    /// A user begins authorizations too often.
    #[error("there were too many authorizations within a short time; try again in {} s", .retry_after.as_secs().max(1))]
    TooManyAuthorizations {
        /// After this time one more is possible.
        retry_after: Duration,
    },
    /// Other writers were always faster.
    #[error("the grant of connection {0} is changed by others all the time; try again")]
    Contended(ConnectionId),
    /// A task of this process ended before its work was done.
    #[error("the refresh for connection {0} was cut off because the host is stopping")]
    Interrupted(ConnectionId),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A secret could not be sealed or opened.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl AuthError {
    /// The reason, when a person must authorize.
    pub const fn reason(&self) -> Option<Reason> {
        match self {
            Self::NeedsAuthorization { reason, .. } => Some(*reason),
            _ => None,
        }
    }

    /// When the same may be tried again, where that is known.
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

/// What egress, and through it the guest, may know: the kind. Names of people, of the host's parts and of what providers said
/// are for the caller.
impl From<&AuthError> for CredentialError {
    fn from(error: &AuthError) -> Self {
        match error {
            AuthError::NeedsAuthorization { .. } => Self::NeedsAuthorization,
            AuthError::Unavailable { .. }
            | AuthError::Contended(_)
            | AuthError::Interrupted(_)
            | AuthError::Store(_)
            | AuthError::Vault(_) => Self::Unavailable("there is none for now; try again later".to_owned()),
            _ => Self::Misconfigured("its settings do not fit; the host tells its owner why".to_owned()),
        }
    }
}

fn whose(owner: &GrantOwner) -> String {
    match owner {
        GrantOwner::Shared => "shared".to_owned(),
        GrantOwner::Principal(principal) => format!("principal {principal}"),
    }
}

fn modes_text(modes: &[AuthMode]) -> String {
    modes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ")
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
            "connection drive (principal ada) needs authorization: the provider no longer honours the grant; begin a new authorization for it"
        );
    }
}

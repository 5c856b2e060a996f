//! A client at one authorization server.

use std::fmt;

use innkeeper_address::SecureUrl;
use innkeeper_egress::ClientIdentity;

use super::answer::AnswerShape;
use super::authentication::ClientAuthentication;
use super::consent::Consent;
use super::own::OwnGrant;
use crate::scope::Scope;

/// Who takes part when a client gets its first token.
#[derive(Clone, Debug)]
pub(crate) enum Way {
    /// A user in a browser (RFC 6749, section 4.1).
    Browser(Consent),
    /// A user on another device; the authorization begins at this address (RFC 8628, section 3.1).
    Device(SecureUrl),
    /// No user.
    Alone(OwnGrant),
}

/// The protocol of the server.
#[derive(Clone, Debug)]
pub(crate) enum Dialect {
    /// OAuth, as in the RFCs.
    Rfc,
    /// That of an auth redirect service, which owns the client.
    RedirectService {
        /// The separate address for refresh tokens.
        refresh_url: SecureUrl,
    },
}

/// A client that is registered at an authorization server.
pub struct OAuthClient {
    /// The token URL.
    pub token_url: SecureUrl,
    /// The revocation URL (RFC 7009).
    pub revocation_url: Option<SecureUrl>,
    /// The id of the registered app.
    pub client_id: String,
    /// How it authenticates.
    pub authentication: ClientAuthentication,
    /// The requested scope.
    pub scope: Option<Scope>,
    /// Whether tokens are bound to the client's certificate (RFC 8705, section 3): the certificate is then presented to
    /// services, too.
    pub certificate_bound: bool,
    pub(crate) shape: AnswerShape,
    pub(crate) way: Way,
    pub(crate) dialect: Dialect,
}

impl OAuthClient {
    /// A public client that gets its tokens without a user, with client credentials.
    pub fn new(token_url: SecureUrl, client_id: String) -> Self {
        Self {
            token_url,
            revocation_url: None,
            client_id,
            authentication: ClientAuthentication::Public,
            scope: None,
            certificate_bound: false,
            shape: AnswerShape::default(),
            way: Way::Alone(OwnGrant::ClientCredentials),
            dialect: Dialect::Rfc,
        }
    }

    /// The certificate presented to services besides the token.
    pub(crate) fn identity_of_requests(&self) -> Option<&ClientIdentity> {
        match &self.authentication {
            ClientAuthentication::Certificate(identity) if self.certificate_bound => Some(identity),
            _ => None,
        }
    }
}

impl fmt::Debug for OAuthClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuthClient")
            .field("token_url", &self.token_url.as_str())
            .field("client_id", &self.client_id)
            .field("authentication", &self.authentication)
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

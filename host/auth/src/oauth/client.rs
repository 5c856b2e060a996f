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
    /// Nobody.
    Alone(OwnGrant),
}

/// In which words the server is spoken to.
#[derive(Clone, Debug)]
pub(crate) enum Dialect {
    /// Those of the RFCs.
    Rfc,
    /// Those of an auth redirect service, which owns the client.
    RedirectService {
        /// It takes refresh tokens at an address of its own.
        refresh_url: SecureUrl,
    },
}

/// A client that is registered at an authorization server.
pub struct OAuthClient {
    /// Where tokens are given.
    pub token_url: SecureUrl,
    /// Where they are given back (RFC 7009).
    pub revocation_url: Option<SecureUrl>,
    /// Of the registered app.
    pub client_id: String,
    /// How it proves itself.
    pub authentication: ClientAuthentication,
    /// What is asked for.
    pub scope: Option<Scope>,
    /// Whether tokens are bound to the client's certificate (RFC 8705, section 3): then services are shown it too.
    pub certificate_bound: bool,
    pub(crate) shape: AnswerShape,
    pub(crate) way: Way,
    pub(crate) dialect: Dialect,
}

impl OAuthClient {
    /// A public client that gets its tokens by itself, with client credentials.
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

    /// What services are shown in the TLS handshake beside the token.
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

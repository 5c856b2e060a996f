//! A client at one authorization server.

use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use innkeeper_egress::ClientIdentity;
use sha2::{Digest as _, Sha256};
use url::Url;

use super::answer::AnswerShape;
use super::authentication::ClientAuthentication;
use super::consent::Consent;
use super::ears::RedirectService;
use super::own::OwnGrant;

/// A client that is registered at an authorization server.
pub struct OAuthClient {
    /// Where tokens are given.
    pub token_url: Url,
    /// Where they are given back (RFC 7009).
    pub revocation_url: Option<Url>,
    /// Of the registered app.
    pub client_id: String,
    /// How it proves itself.
    pub authentication: ClientAuthentication,
    /// What is asked for, separated by spaces.
    pub scope: Option<String>,
    /// Whether tokens are bound to the client's certificate (RFC 8705, section 3): then services are shown it too.
    pub certificate_bound: bool,
    pub(crate) shape: AnswerShape,
    pub(crate) consent: Option<Consent>,
    /// The auth redirect service that owns the client, where it is not this host's own.
    pub(crate) service: Option<RedirectService>,
    /// Where a user's authorization on another device begins (RFC 8628, section 3.1).
    pub(crate) device_url: Option<Url>,
    /// What it does where no user takes part.
    pub(crate) own: OwnGrant,
}

impl OAuthClient {
    /// A public client that gets its tokens by itself, with client credentials.
    pub fn new(token_url: Url, client_id: String) -> Self {
        Self {
            token_url,
            revocation_url: None,
            client_id,
            authentication: ClientAuthentication::Public,
            scope: None,
            certificate_bound: false,
            shape: AnswerShape::default(),
            consent: None,
            service: None,
            device_url: None,
            own: OwnGrant::ClientCredentials,
        }
    }

    /// A digest of the server and the client, and of `connection`, which tells apart connections that had the same id one
    /// after the other. Where no user takes part it is also of what is asked for: a token for something else is no use.
    pub(crate) fn origin(&self, connection: &str) -> String {
        let mut parts = vec![connection, self.token_url.as_str(), &self.client_id];
        if self.consent.is_none() && self.device_url.is_none() {
            parts.extend(self.scope.as_deref());
            parts.extend(self.own.subject());
        }
        let digest = Sha256::digest(parts.join("\n").as_bytes());
        BASE64_URL_SAFE_NO_PAD.encode(digest)
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

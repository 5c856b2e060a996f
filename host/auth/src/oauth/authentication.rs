//! How a client authenticates to its authorization server.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::header::AUTHORIZATION;
use innkeeper_ambient::{Random, Timestamp};
use innkeeper_egress::ClientIdentity;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use url::form_urlencoded;
use zeroize::Zeroizing;

use super::client::OAuthClient;
use super::form::Form;
use super::jwt::JwtSigner;
use crate::grant::{Placement, TokenError};

/// How long an assertion is valid: long enough for clocks that differ.
const ASSERTION_LIFE: Duration = Duration::from_mins(5);
/// RFC 7523, section 2.2.
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// How a client authenticates.
#[derive(Clone, Debug)]
pub enum ClientAuthentication {
    /// Not at all: a public client only names itself in the request's body.
    Public,
    /// A secret in the Authorization header: `client_secret_basic` (RFC 6749, section 2.3.1).
    Basic(SecretString),
    /// A secret in the request's body: `client_secret_post`.
    Post(SecretString),
    /// A signed assertion: `private_key_jwt` (RFC 7523, section 2.2).
    Assertion(ClientAssertion),
    /// A certificate in the TLS handshake: `tls_client_auth` and `self_signed_tls_client_auth` (RFC 8705, section 2).
    Certificate(ClientIdentity),
}

/// Signs a client's assertions. Auth types make it from a connection's fields.
#[derive(Clone)]
pub struct ClientAssertion {
    pub(crate) signer: Arc<JwtSigner>,
    /// The audience of the assertions; `None`: the token URL.
    pub(crate) audience: Option<String>,
}

impl fmt::Debug for ClientAssertion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientAssertion").field("audience", &self.audience).finish_non_exhaustive()
    }
}

impl OAuthClient {
    /// Adds to `form` what belongs in the body, and returns the rest.
    pub(crate) fn prove(&self, form: &mut Form, now: Timestamp, random: &dyn Random) -> Result<Placement, TokenError> {
        let mut proof = Placement::default();
        match &self.authentication {
            ClientAuthentication::Basic(secret) => {
                proof.headers.push((AUTHORIZATION, basic(&self.client_id, secret)));
                return Ok(proof);
            }
            ClientAuthentication::Public => {}
            ClientAuthentication::Post(secret) => form.set("client_secret", secret.expose_secret()),
            ClientAuthentication::Assertion(assertion) => {
                let audience = assertion.audience.as_deref().unwrap_or(self.token_url.as_str());
                // RFC 7523, section 3, and OpenID Connect Core, section 9.
                let claims: Map<String, Value> =
                    [("iss", &*self.client_id), ("sub", &self.client_id), ("aud", audience)]
                        .map(|(name, text)| (name.to_owned(), Value::from(text)))
                        .into_iter()
                        .collect();
                let assertion = assertion.signer.sign(claims, ASSERTION_LIFE, now, random)?;
                form.set("client_assertion_type", ASSERTION_TYPE);
                form.set("client_assertion", assertion.expose_secret());
            }
            ClientAuthentication::Certificate(identity) => proof.identity = Some(identity.clone()),
        }
        // A server that knows clients only by the grant's assertion issues no id.
        if !self.client_id.is_empty() {
            form.set("client_id", &self.client_id);
        }
        Ok(proof)
    }
}

/// RFC 6749, section 2.3.1: both are form-encoded first.
fn basic(id: &str, secret: &SecretString) -> SecretString {
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = Zeroizing::new(format!("{}:{}", encode(id), encode(secret.expose_secret())));
    SecretString::from(format!("Basic {}", BASE64_STANDARD.encode(pair.as_bytes())))
}

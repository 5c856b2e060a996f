//! How a client gets a token without a user.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use innkeeper_ambient::{Random, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use url::Url;

use super::form::{BodyFormat, Form};
use super::jwt::JwtSigner;
use crate::grant::TokenError;

/// How a client gets a token without a user.
#[derive(Clone, Debug)]
pub(crate) enum OwnGrant {
    /// Its own identity is enough (RFC 6749, section 4.4).
    ClientCredentials,
    /// It states the subject that it acts for (RFC 7523, section 2.1).
    JwtBearer(JwtBearer),
    /// It sends a user's name and password (RFC 6749, section 4.3).
    Password(Password),
}

/// The claims of an assertion, and the key that signs it.
#[derive(Clone, Debug)]
pub(crate) struct JwtBearer {
    pub(crate) signer: Arc<JwtSigner>,
    pub(crate) issuer: String,
    pub(crate) subject: String,
    /// The audience; `None`: the token URL.
    pub(crate) audience: Option<String>,
    pub(crate) life: Duration,
    /// Claims besides those that are set here.
    pub(crate) claims: Map<String, Value>,
}

/// A user's password, and how the server expects it.
#[derive(Clone)]
pub(crate) struct Password {
    /// The server's name for the user name.
    pub(crate) username_field: String,
    pub(crate) username: String,
    pub(crate) secret: SecretString,
    pub(crate) format: BodyFormat,
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password([redacted])")
    }
}

impl OwnGrant {
    /// The subject of the token, if that is not the client itself.
    pub(crate) fn subject(&self) -> Vec<&str> {
        match self {
            Self::ClientCredentials => Vec::new(),
            Self::JwtBearer(JwtBearer { issuer, subject, audience, .. }) => {
                [Some(issuer.as_str()), Some(subject.as_str()), audience.as_deref()].into_iter().flatten().collect()
            }
            Self::Password(Password { username, .. }) => vec![username],
        }
    }

    /// The request's fields and their encoding.
    pub(crate) fn form(
        &self,
        token_url: &Url,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<(Form, BodyFormat), TokenError> {
        match self {
            Self::ClientCredentials => Ok((Form::grant("client_credentials"), BodyFormat::Form)),
            Self::JwtBearer(bearer) => {
                let assertion = bearer.assertion(token_url, now, random)?;
                let form = Form::grant("urn:ietf:params:oauth:grant-type:jwt-bearer");
                Ok((form.with("assertion", assertion.expose_secret()), BodyFormat::Form))
            }
            Self::Password(password) => {
                let form = Form::grant("password").with(&password.username_field, &password.username);
                Ok((form.with("password", password.secret.expose_secret()), password.format))
            }
        }
    }
}

impl JwtBearer {
    fn assertion(&self, token_url: &Url, now: Timestamp, random: &dyn Random) -> Result<SecretString, TokenError> {
        let mut claims = self.claims.clone();
        let audience = self.audience.as_deref().unwrap_or(token_url.as_str());
        for (name, text) in [("iss", self.issuer.as_str()), ("sub", &self.subject), ("aud", audience)] {
            claims.insert(name.to_owned(), text.into());
        }
        self.signer.sign(claims, self.life, now, random)
    }
}

//! The answer of a source that issues a token.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::token_error::TokenError;

/// The maximum length of an access or refresh token, in bytes.
const LONGEST_TOKEN: usize = 16 * 1024;

/// A token and the values that came with it, in the terms of RFC 6749, section 5.1. `Debug` shows no text from the server,
/// because any of it may repeat a token.
#[derive(Clone)]
#[non_exhaustive]
pub struct TokenAnswer {
    /// The access token.
    pub access_token: SecretString,
    /// The scheme of its header, usually `Bearer`.
    pub token_type: String,
    /// How long it is valid from now on; `None`: unknown.
    pub expires_in: Option<Duration>,
    /// The refresh token.
    pub refresh_token: Option<SecretString>,
    /// How long the refresh token is valid; `None`: unknown.
    pub refresh_token_expires_in: Option<Duration>,
    /// The granted scope, separated by spaces; `None`: the requested scope.
    pub scope: Option<String>,
    /// All other fields. They may contain secrets too, such as an ID token.
    pub extra: BTreeMap<String, Value>,
}

impl TokenAnswer {
    /// A bearer token without further values.
    pub fn new(access_token: impl Into<SecretString>) -> Self {
        Self {
            access_token: access_token.into(),
            token_type: "Bearer".to_owned(),
            expires_in: None,
            refresh_token: None,
            refresh_token_expires_in: None,
            scope: None,
            extra: BTreeMap::new(),
        }
    }

    /// Adds an expiry, counted from now.
    #[must_use]
    pub fn expires_in(mut self, life: Duration) -> Self {
        self.expires_in = Some(life);
        self
    }

    /// Adds a refresh token.
    #[must_use]
    pub fn refresh_token(mut self, token: impl Into<SecretString>) -> Self {
        self.refresh_token = Some(token.into());
        self
    }

    /// Adds another field of the answer, which a connector may read as a claim if its spec declares it.
    #[must_use]
    pub fn extra(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.extra.insert(name.into(), value.into());
        self
    }
}

impl TokenAnswer {
    /// Whether its tokens can be stored and put onto requests. The tokens of every source are checked before they are stored.
    pub(super) fn check(&self) -> Result<(), TokenError> {
        for token in std::iter::once(&self.access_token).chain(&self.refresh_token) {
            check_token(token.expose_secret())?;
        }
        if is_token_type(&self.token_type) {
            Ok(())
        } else {
            Err(TokenError::Malformed("its token type is not a name"))
        }
    }
}

/// RFC 6749, appendix A.12 and A.17: visible characters. Other characters could add a header or a parameter.
pub fn check_token(text: &str) -> Result<(), TokenError> {
    if text.is_empty() {
        return Err(TokenError::Malformed("a token in it is empty"));
    }
    if text.len() > LONGEST_TOKEN {
        return Err(TokenError::Malformed("a token in it is longer than 16 KiB"));
    }
    if !text.bytes().all(|b| b.is_ascii_graphic() || b == b' ') {
        return Err(TokenError::Malformed("a token in it contains characters that are not allowed in tokens"));
    }
    Ok(())
}

/// Whether `text` can precede a token in a header: it must be a token of RFC 9110.
pub(crate) fn is_token_type(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 64
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

impl fmt::Debug for TokenAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenAnswer")
            .field("expires_in", &self.expires_in)
            .field("refresh_token", &self.refresh_token.is_some())
            .field("scope", &self.scope.is_some())
            .finish_non_exhaustive()
    }
}

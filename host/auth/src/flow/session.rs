//! What binds a flow to the browser, or the process, that began it.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use innkeeper_ambient::Random;
use secrecy::{ExposeSecret, SecretString};

use super::digest;

/// A secret that only the browser (in a cookie) or the process that began a flow knows.
#[derive(Clone)]
pub struct SessionSecret(SecretString);

impl SessionSecret {
    /// A new one of 256 random bits.
    pub fn random(random: &dyn Random) -> Self {
        Self(SecretString::from(BASE64_URL_SAFE_NO_PAD.encode(random.bytes::<32>())))
    }

    /// The one that a browser brought back.
    pub fn from_text(text: impl Into<String>) -> Self {
        Self(SecretString::from(text.into()))
    }

    /// For the cookie.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    pub(super) fn hash(&self) -> [u8; 32] {
        digest(self.expose())
    }
}

impl fmt::Debug for SessionSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionSecret([redacted])")
    }
}

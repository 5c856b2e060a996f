//! The address that an authorization server sends a browser back to.

use std::fmt;
use std::ops::Deref;
use std::str::FromStr;

use serde::Serialize;
use url::Url;

use crate::{AddressProblem, SecureUrl};

/// A redirect URI (RFC 6749, section 3.1.2): a [`SecureUrl`], so https, or http on loopback (RFC 8252, sections 7 and 8),
/// without a fragment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct RedirectUri(SecureUrl);

impl RedirectUri {
    /// The plain URL.
    pub fn into_url(self) -> Url {
        self.0.into_url()
    }
}

impl TryFrom<Url> for RedirectUri {
    type Error = AddressProblem;

    fn try_from(url: Url) -> Result<Self, AddressProblem> {
        SecureUrl::try_from(url).map(Self)
    }
}

impl FromStr for RedirectUri {
    type Err = AddressProblem;

    fn from_str(text: &str) -> Result<Self, AddressProblem> {
        text.parse().map(Self)
    }
}

impl Deref for RedirectUri {
    type Target = Url;

    fn deref(&self) -> &Url {
        &self.0
    }
}

impl fmt::Display for RedirectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

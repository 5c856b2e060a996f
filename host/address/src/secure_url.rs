//! An address that credentials, secrets and users may be sent to.

use std::fmt;
use std::ops::Deref;
use std::str::FromStr;

use serde::Serialize;
use url::{ParseError, Url};

use crate::is_loopback;

/// An address that credentials, secrets and users may be sent to: https, or http on loopback; without user name, password and
/// fragment; at most [`LONGEST_ADDRESS`] characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct SecureUrl(Url);

/// The maximum length of an address, in characters.
pub const LONGEST_ADDRESS: usize = 2048;

/// Why an address is not one that secrets may be sent to. The text follows the address, or the name of the setting that
/// contains it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressProblem {
    /// It cannot be parsed.
    #[error("is not a valid URL: {0}")]
    Unreadable(ParseError),
    /// It has no host.
    #[error("has no host")]
    NoHost,
    /// It is http, and not on loopback.
    #[error("must use https, or http on loopback: secrets would cross the network in the clear")]
    PlainHttp,
    /// It is neither https nor http.
    #[error("must be an https address")]
    OtherScheme,
    /// It contains a user name or password.
    #[error("must not contain a user name or password")]
    UserInfo,
    /// It has a query, although paths are joined to it.
    #[error("must not have a query (?...)")]
    Query,
    /// It has a fragment.
    #[error("must not have a fragment (#...)")]
    Fragment,
    /// It has more than [`LONGEST_ADDRESS`] characters.
    #[error("must have at most {LONGEST_ADDRESS} characters")]
    TooLong,
}

impl SecureUrl {
    /// Checks an address that paths are joined to: it has no query.
    pub fn base(url: Url) -> Result<Self, AddressProblem> {
        let secure = Self::try_from(url)?;
        if secure.query().is_some() { Err(AddressProblem::Query) } else { Ok(secure) }
    }

    /// Another path at the same origin.
    #[must_use]
    pub fn at_path(&self, path: &str) -> Self {
        let mut url = self.0.clone();
        url.set_path(path);
        Self(url)
    }

    /// The plain URL.
    pub fn into_url(self) -> Url {
        self.0
    }
}

impl TryFrom<Url> for SecureUrl {
    type Error = AddressProblem;

    fn try_from(url: Url) -> Result<Self, AddressProblem> {
        if !url.has_host() {
            return Err(AddressProblem::NoHost);
        }
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&url) => {}
            "http" => return Err(AddressProblem::PlainHttp),
            _ => return Err(AddressProblem::OtherScheme),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(AddressProblem::UserInfo);
        }
        if url.fragment().is_some() {
            return Err(AddressProblem::Fragment);
        }
        if url.as_str().len() > LONGEST_ADDRESS {
            return Err(AddressProblem::TooLong);
        }
        Ok(Self(url))
    }
}

impl FromStr for SecureUrl {
    type Err = AddressProblem;

    fn from_str(text: &str) -> Result<Self, AddressProblem> {
        let url = Url::parse(text).map_err(AddressProblem::Unreadable)?;
        let secure = Self::try_from(url)?;
        // The parsed form may be shorter than the given text.
        if text.len() > LONGEST_ADDRESS { Err(AddressProblem::TooLong) } else { Ok(secure) }
    }
}

impl Deref for SecureUrl {
    type Target = Url;

    fn deref(&self) -> &Url {
        &self.0
    }
}

impl fmt::Display for SecureUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<SecureUrl, AddressProblem> {
        text.parse()
    }

    #[test]
    fn secrets_go_over_tls_or_stay_on_this_machine() {
        for good in ["https://a.example/b/?q", "http://127.0.0.1:1/", "http://localhost/", "http://a.localhost:8080/"] {
            assert_eq!(read(good).expect(good).as_str(), good);
        }
        for (bad, why) in [
            ("a.example", AddressProblem::Unreadable(ParseError::RelativeUrlWithoutBase)),
            ("http://a.example/", AddressProblem::PlainHttp),
            ("http://10.0.0.1/", AddressProblem::PlainHttp),
            ("ftp://a.example/", AddressProblem::OtherScheme),
            ("data:x", AddressProblem::NoHost),
            ("https://u@a.example/", AddressProblem::UserInfo),
            ("https://:p@a.example/", AddressProblem::UserInfo),
            ("https://a.example/#f", AddressProblem::Fragment),
        ] {
            assert_eq!(read(bad), Err(why), "{bad}");
        }
    }

    #[test]
    fn an_address_is_bounded_as_it_is_written_and_as_it_is_read() {
        let long = |part: &str| format!("https://a.example/{}", part.repeat(LONGEST_ADDRESS));
        assert_eq!(read(&long("a")), Err(AddressProblem::TooLong));
        assert_eq!(read(&long("./")), Err(AddressProblem::TooLong), "as it is written");
        assert_eq!(read(&long("\u{e9}")[..LONGEST_ADDRESS]), Err(AddressProblem::TooLong), "as it is read");
    }

    #[test]
    fn a_base_is_nothing_but_a_place() {
        let base = |text: &str| SecureUrl::base(Url::parse(text).expect("an address"));
        assert!(base("https://a.example/b/").is_ok() && base("http://127.0.0.1:1/").is_ok());
        assert_eq!(base("https://a.example/?q"), Err(AddressProblem::Query));
        assert_eq!(base("https://a.example/#f"), Err(AddressProblem::Fragment));
        assert_eq!(base("http://a.example/"), Err(AddressProblem::PlainHttp));
    }
}

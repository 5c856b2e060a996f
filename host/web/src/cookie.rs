//! The session of one flow, in a cookie of the browser that began it.

use axum::http::{HeaderMap, HeaderValue, header};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use secrecy::SecretString;
use sha2::{Digest as _, Sha256};

/// A cookie for each flow: two tabs do not disturb each other, and no cookie that existed before is trusted.
#[derive(Clone, Debug)]
pub struct SessionCookies {
    /// With the prefix `__Host-`, the browser sends the cookie only to this host and only over TLS (RFC 6265bis,
    /// section 4.1.3.2). Browsers refuse it on plain http, which only loopback may use: there, the cookie has neither
    /// the prefix nor `Secure`.
    secure: bool,
}

impl SessionCookies {
    /// Cookies of a service that is reached over TLS (`secure`), or over plain http on loopback.
    pub fn new(secure: bool) -> Self {
        Self { secure }
    }

    /// `Set-Cookie` for the flow of this state.
    pub fn set(&self, state: &str, session: &str) -> Option<HeaderValue> {
        self.header(state, session, LIFE)
    }

    /// `Set-Cookie` that deletes it.
    pub fn clear(&self, state: &str) -> Option<HeaderValue> {
        self.header(state, "", 0)
    }

    /// The session of the flow of this state, if the browser sent it.
    pub fn read(&self, headers: &HeaderMap, state: &str) -> Option<SecretString> {
        let name = self.name(state);
        let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
        let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(key, value)| *key == name && !value.is_empty()).map(|(_, value)| SecretString::from(value))
    }

    fn header(&self, state: &str, value: &str, life: u32) -> Option<HeaderValue> {
        let secure = if self.secure { "; Secure" } else { "" };
        let name = self.name(state);
        let text = format!("{name}={value}; Path=/; Max-Age={life}; HttpOnly; SameSite=Lax{secure}");
        let mut header = HeaderValue::try_from(text).ok()?;
        header.set_sensitive(true);
        Some(header)
    }

    fn name(&self, state: &str) -> String {
        let hash = Sha256::digest(state.as_bytes());
        let tag = BASE64_URL_SAFE_NO_PAD.encode(&hash[..12]);
        format!("{}innkeeper-{tag}", if self.secure { "__Host-" } else { "" })
    }
}

/// The lifetime of a flow, in seconds.
const LIFE: u32 = 600;

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn a_cookie_is_for_this_host_over_tls_and_for_no_script() {
        let text = |cookies: &SessionCookies| {
            let header = cookies.set("state", "secret").expect("a header");
            assert!(header.is_sensitive());
            header.to_str().expect("text").to_owned()
        };
        let secure = text(&SessionCookies::new(true));
        assert!(secure.starts_with("__Host-innkeeper-") && secure.contains("=secret; Path=/; Max-Age=600"), "{secure}");
        assert!(secure.ends_with("; HttpOnly; SameSite=Lax; Secure") && !secure.contains("Domain"), "{secure}");
        let plain = text(&SessionCookies::new(false));
        assert!(plain.starts_with("innkeeper-") && plain.ends_with("; HttpOnly; SameSite=Lax"), "{plain}");
    }

    #[test]
    fn each_flow_has_a_session_of_its_own() {
        let cookies = SessionCookies::new(false);
        let pair = |state: &str, value: &str| {
            let header = cookies.set(state, value).expect("a header");
            header.to_str().expect("text").split(';').next().expect("a pair").to_owned()
        };
        let mut headers = HeaderMap::new();
        let line = format!("other=1; {}; {}", pair("a", "one"), pair("b", "two"));
        headers.insert(header::COOKIE, line.parse().expect("a header"));
        let read = |state| cookies.read(&headers, state).map(|session| session.expose_secret().to_owned());
        assert_eq!([read("a"), read("b"), read("c")], [Some("one".to_owned()), Some("two".to_owned()), None]);
    }
}

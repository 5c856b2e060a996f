//! Authentication that belongs to a connection instead of a request: NTLM, and Negotiate with Kerberos or NTLM in it
//! (RFC 4559).
//!
//! A service that has authenticated a connection attributes every later request on it to the same user, whoever sends it. Such
//! credentials are sent over connections that serve only one request. If a service shows that it works this way, its
//! connections are no longer shared, whatever the credential: it may have authenticated one already.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};

use http::HeaderMap;
use http::header::{PROXY_AUTHENTICATE, WWW_AUTHENTICATE};
use innkeeper_ambient::lock::Mutex;
use innkeeper_spec::registrable_domain;
use secrecy::ExposeSecret;
use url::Url;

use crate::Attachment;

/// The maximum number of domains that are remembered; beyond it, no connection is shared any longer.
const MOST: usize = 10_000;

/// Services that authenticate connections, by registrable domain.
#[derive(Default)]
pub(crate) struct BoundServices {
    any: AtomicBool,
    known: Mutex<HashSet<String>>,
}

impl BoundServices {
    /// Whether connections to this address must not be shared.
    pub(crate) fn has(&self, url: &Url) -> bool {
        if !self.any.load(Ordering::Relaxed) {
            return false;
        }
        let known = self.known.lock();
        known.len() >= MOST || url.host_str().is_some_and(|host| known.contains(registrable_domain(host)))
    }

    /// Remembers the address's service if its answer shows that it authenticates connections.
    pub(crate) fn learn(&self, url: &Url, answer: &HeaderMap) {
        if !is_said(answer) {
            return;
        }
        let Some(host) = url.host_str() else { return };
        let mut known = self.known.lock();
        if known.len() < MOST && known.insert(registrable_domain(host).to_owned()) {
            tracing::info!(host, "the service authenticates connections: from now on, no connection to it is reused");
        }
        self.any.store(true, Ordering::Relaxed);
    }
}

/// Whether the credential authenticates the connection that it is sent over.
pub(crate) fn is_bound(attachment: &Attachment) -> bool {
    attachment.headers.iter().any(|(_, value)| is_scheme(value.expose_secret().as_bytes()))
}

fn is_said(answer: &HeaderMap) -> bool {
    let challenges = answer.get_all(WWW_AUTHENTICATE).into_iter().chain(answer.get_all(PROXY_AUTHENTICATE));
    answer.contains_key("persistent-auth")
        || challenges.into_iter().any(|value| value.as_bytes().split(|&byte| byte == b',').any(is_scheme))
}

/// Whether the text begins with the name of a scheme that authenticates connections.
fn is_scheme(text: &[u8]) -> bool {
    let text = text.trim_ascii_start();
    let name = text.split(|byte| !byte.is_ascii_alphanumeric() && *byte != b'-').next().unwrap_or_default();
    SCHEMES.iter().any(|scheme| name.eq_ignore_ascii_case(scheme.as_bytes()))
}

const SCHEMES: [&str; 5] = ["Kerberos", "Negotiate", "Nego2", "NTLM", "PKU2U"];

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn answer(name: &'static str, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(HeaderName::from_static(name), HeaderValue::from_static(value))])
    }

    #[test]
    fn credentials_that_authenticate_a_connection_are_told_from_those_of_a_request() {
        let with = |value: &str| Attachment {
            headers: vec![(http::header::AUTHORIZATION, value.into())],
            ..Attachment::default()
        };
        for bound in ["NTLM TlRMTVNTUAAB", "negotiate YII=", " Negotiate", "Kerberos x"] {
            assert!(is_bound(&with(bound)), "{bound}");
        }
        for free in ["Bearer NTLM", "Basic bnRsbTp4", "ntlmx y", "", "k-negotiate"] {
            assert!(!is_bound(&with(free)), "{free}");
        }
    }

    #[test]
    fn a_service_that_authenticates_connections_is_known_with_all_its_hosts() {
        let services = BoundServices::default();
        let url = |text: &str| -> Url { text.parse().expect(text) };
        services.learn(&url("https://a.example.com/"), &answer("www-authenticate", "Bearer realm=\"NTLM\""));
        assert!(!services.has(&url("https://a.example.com/")));
        services.learn(&url("https://a.example.com/"), &answer("www-authenticate", "Basic realm=\"x\", ntlm"));
        services.learn(&url("https://10.0.0.1/"), &answer("persistent-auth", "true"));
        assert!(services.has(&url("https://b.example.com/")) && services.has(&url("https://10.0.0.1:8443/")));
        assert!(!services.has(&url("https://example.org/")) && !services.has(&url("https://127.0.0.1/")));
    }
}

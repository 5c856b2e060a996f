//! The allow list.

pub(crate) mod address;
pub(crate) mod disguise;
pub(crate) mod networks;
pub(crate) mod resolver;

use http::Method;
use innkeeper_spec::{ApprovedHost, CredentialUse, NEVER_SENT, check_method, path_doubt};
use url::Url;

use crate::EgressError;
use crate::wall::resolver::Refused;

/// Rejects requests that no rule can allow: another scheme, a user name, a fragment, a method for proxies.
pub(crate) fn check_shape(method: &Method, url: &Url) -> Result<(), EgressError> {
    let wrong = |text: &str| Err(EgressError::InvalidRequest(text.to_owned()));
    if !matches!(url.scheme(), "https" | "http") {
        return wrong("the address is neither https nor http: write an absolute https address");
    }
    if url.host_str().is_none_or(str::is_empty) {
        return wrong("the address has no host: write an absolute https address");
    }
    let is_named = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
    if url.domain().is_some_and(|name| !is_named(name)) {
        return wrong("the host of the address has characters that are not allowed in host names: write only its name");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return wrong("the address contains a user name or password: leave it out; the host adds the credential");
    }
    if url.fragment().is_some() {
        return wrong("the address contains a fragment (`#...`), which is never sent: leave it out");
    }
    check_spelling(method.as_str())
}

/// Methods are case-sensitive (RFC 9110 section 9.1), but not for all servers: only the spelling that a rule can have is sent.
fn check_spelling(method: &str) -> Result<(), EgressError> {
    if NEVER_SENT.iter().any(|never| never.eq_ignore_ascii_case(method)) {
        let never = NEVER_SENT.join(", ");
        return Err(EgressError::InvalidRequest(format!("the methods {never} are never sent, in any spelling")));
    }
    check_method(method).map_err(|reason| EgressError::InvalidRequest(format!("the method {reason}")))
}

/// Whether the owner approved this; returns whether the credential may be attached. If several rules match, the most specific
/// decides: one host before a wildcard, a longer path before a shorter, then the stricter.
pub(crate) fn admit(allow: &[ApprovedHost], method: &Method, url: &Url) -> Option<CredentialUse> {
    let (scheme, host, path) = (url.scheme(), url.host_str()?, url.path());
    let port = url.port_or_known_default()?;
    // If the path decides anything, it must be one that every server reads alike.
    let restricts_path = |rule: &ApprovedHost| rule.path_prefix.is_some() && rule.is_for(scheme, host, port);
    if path_doubt(path).is_some() && allow.iter().any(restricts_path) {
        return None;
    }
    allow
        .iter()
        .filter(|rule| rule.permits(scheme, host, port, method.as_str(), path))
        .max_by_key(|rule| {
            let prefix = rule.path_prefix.as_ref().map_or(0, String::len);
            (!rule.host.is_wildcard(), prefix, rule.credential == CredentialUse::Never)
        })
        .map(|rule| rule.credential)
}

/// A rule for the origin that restricts method or path, if there is one.
pub(crate) fn restricting<'r>(allow: &'r [ApprovedHost], url: &Url) -> Option<&'r ApprovedHost> {
    let (scheme, host) = (url.scheme(), url.host_str()?);
    let port = url.port_or_known_default()?;
    let restricts = |rule: &ApprovedHost| !rule.methods.is_empty() || rule.path_prefix.is_some();
    allow.iter().find(|rule| restricts(rule) && rule.is_for(scheme, host, port))
}

/// The name of a request in errors and logs: never with its query. `url` is the form that may be shown.
pub(crate) fn describe(method: &Method, url: &Url) -> String {
    format!("{} {method} {}", origin(url), url.path())
}

/// The error for a request that was not approved.
pub(crate) fn not_approved(method: &Method, url: &Url, redirected: bool) -> EgressError {
    let lead = if redirected { "a redirect led there, and " } else { "" };
    if let Some(doubt) = path_doubt(url.path()) {
        return EgressError::Denied {
            address: describe(method, url),
            reason: format!("{lead}its path {doubt}, and a rule restricts the path"),
            remedy: "write the path plainly, with each character escaped at most once".to_owned(),
        };
    }
    EgressError::Denied {
        address: describe(method, url),
        reason: format!("{lead}the connection's owner has not approved it"),
        remedy: format!("to allow it, approve `{}` with {method} and this path for the connection", origin(url)),
    }
}

/// The error for a request with a credential where none may be attached.
pub(crate) fn not_with_credential(method: &Method, url: &Url) -> EgressError {
    EgressError::Denied {
        address: describe(method, url),
        reason: "it is approved without the connection's credential".to_owned(),
        remedy: "send the request with the credential omitted, or approve the host with the credential".to_owned(),
    }
}

/// The error for a request into a network that is not allowed.
pub(crate) fn closed(refused: &Refused, method: &Method, url: &Url) -> EgressError {
    let host = url.host_str().unwrap_or_default();
    let port = url.port_or_known_default().unwrap_or_default();
    let setting = match refused {
        Refused::NotPublic(_) => "private networks",
        Refused::Plain => "plain-http hosts",
    };
    EgressError::Denied {
        address: describe(method, url),
        reason: refused.to_string(),
        remedy: format!("only the operator can allow it, by adding `{host}:{port}` to the allowed {setting}"),
    }
}

fn origin(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{}://{host}:{port}", url.scheme()),
        None => format!("{}://{host}", url.scheme()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn approved(rules: &[&str]) -> Vec<ApprovedHost> {
        rules.iter().map(|rule| rule.parse().expect(rule)).collect()
    }

    fn url(text: &str) -> Url {
        text.parse().expect(text)
    }

    #[test]
    fn the_most_specific_rule_decides_about_the_credential() {
        let allow = approved(&[
            "https://*.example.com, no credential",
            "https://api.example.com",
            "https://api.example.com/public, no credential",
        ]);
        let admitted = |text: &str| admit(&allow, &Method::GET, &url(text));
        assert_eq!(admitted("https://cdn.example.com/x"), Some(CredentialUse::Never));
        assert_eq!(admitted("https://api.example.com/x"), Some(CredentialUse::Allowed));
        assert_eq!(admitted("https://api.example.com/public/x"), Some(CredentialUse::Never));
        assert_eq!(admitted("https://example.org/"), None);
    }

    #[test]
    fn a_denial_says_what_to_approve_and_never_the_query() {
        let error = not_approved(&Method::GET, &url("https://api.example.com:8443/v1/x?key=hidden"), false).to_string();
        assert!(error.contains("https://api.example.com:8443 GET /v1/x"), "{error}");
        assert!(!error.contains("hidden"), "{error}");
    }

    #[test]
    fn addresses_with_more_than_an_address_are_refused() {
        for text in [
            "https://user@a.example.com/",
            "https://:pass@a.example.com/",
            "https://a.example.com/#x",
            "https://${secret.a}.example.com/",
            "ftp://a.example.com/",
        ] {
            assert!(matches!(check_shape(&Method::GET, &url(text)), Err(EgressError::InvalidRequest(_))), "{text}");
        }
    }

    #[test]
    fn methods_are_sent_in_the_spelling_that_rules_have_and_some_in_none() {
        let shape = |method: &str| {
            let method = Method::from_bytes(method.as_bytes()).expect("a token");
            check_shape(&method, &url("https://a.example.com/")).map_err(|error| error.to_string())
        };
        for never in ["CONNECT", "connect", "Trace", "TRACE", "track", "PRI"] {
            assert!(shape(never).is_err_and(|error| error.contains("never sent")), "{never}");
        }
        for odd in ["get", "Get", "GET_", "G!", "GET1"] {
            assert!(shape(odd).is_err_and(|error| error.contains("upper case")), "{odd}");
        }
        for sent in ["GET", "PATCH", "PROPFIND", "M-SEARCH", "VERSION-CONTROL"] {
            assert_eq!(shape(sent), Ok(()), "{sent}");
        }
    }

    #[test]
    fn a_path_in_doubt_passes_no_rule_where_one_restricts_the_path() {
        let allow = approved(&[
            "https://a.example.com",
            "https://a.example.com/public, no credential",
            "https://b.example.com",
        ]);
        let admitted = |text: &str| admit(&allow, &Method::GET, &url(text));
        assert_eq!(admitted("https://a.example.com/x/..%2fpublic"), None);
        assert_eq!(admitted("https://a.example.com/x%2fy"), Some(CredentialUse::Allowed));
        assert_eq!(admitted("https://b.example.com/x/..%2fpublic"), Some(CredentialUse::Allowed));
        let error = not_approved(&Method::GET, &url("https://a.example.com/x/..%2fpublic"), false).to_string();
        assert!(error.contains("contains hidden dot segments"), "{error}");
    }
}

//! Addresses that browsers, credentials and secrets may be sent to.

use url::{Host, Url};

/// Whether an address is of this machine itself: then plain http crosses no network.
pub fn is_loopback(url: &Url) -> bool {
    is_loopback_number(url) || matches!(url.host(), Some(Host::Domain("localhost")))
}

/// The same, by number alone: a name could be pointed elsewhere (RFC 8252, section 8.3).
pub fn is_loopback_number(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        _ => false,
    }
}

/// Checks an address below which paths are joined: https, or http on loopback, with neither user name, query nor fragment. The
/// error follows "it" in a sentence.
pub fn check_base(url: &Url) -> Result<(), &'static str> {
    if !(url.scheme() == "https" || url.scheme() == "http" && is_loopback(url)) {
        return Err("must be https, or http on loopback");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not hold a user name or password");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("must have neither a query nor a fragment");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_itself_is_loopback() {
        let url = |text: &str| Url::parse(text).expect("an address");
        for own in ["http://127.0.0.1/", "http://127.9.9.9:80/", "http://[::1]:1/"] {
            assert!(is_loopback(&url(own)) && is_loopback_number(&url(own)), "{own}");
        }
        assert!(is_loopback(&url("http://localhost/")) && !is_loopback_number(&url("http://localhost/")));
        for other in ["http://10.0.0.1/", "http://127.0.0.1.example/", "http://localhost.example/", "data:x"] {
            assert!(!is_loopback(&url(other)), "{other}");
        }
    }

    #[test]
    fn a_base_is_https_or_loopback_and_nothing_but_a_place() {
        let checked = |text: &str| check_base(&Url::parse(text).expect("an address")).is_ok();
        assert!(checked("https://a.example/b/") && checked("http://127.0.0.1:1/"));
        for bad in [
            "http://a.example/",
            "ftp://a.example/",
            "https://u@a.example/",
            "https://a.example/?q",
            "https://a.example/#f",
        ] {
            assert!(!checked(bad), "{bad}");
        }
    }
}

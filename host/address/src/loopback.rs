//! Recognises addresses of this machine.

use url::{Host, Url};

/// Whether an address belongs to this machine, so that plain http crosses no network: by IP address, or by the name `localhost`
/// or a name below it (RFC 6761, section 6.3).
pub fn is_loopback(url: &Url) -> bool {
    let by_name = |name: &str| name == "localhost" || name.ends_with(".localhost");
    is_loopback_number(url) || matches!(url.host(), Some(Host::Domain(name)) if by_name(name))
}

/// The same by IP address only: a name could be pointed elsewhere (RFC 8252, section 8.3).
pub fn is_loopback_number(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        _ => false,
    }
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
        for named in ["http://localhost/", "http://app.localhost:80/"] {
            assert!(is_loopback(&url(named)) && !is_loopback_number(&url(named)), "{named}");
        }
        for other in [
            "http://10.0.0.1/",
            "http://127.0.0.1.example/",
            "http://localhost.example/",
            "http://notlocalhost/",
            "data:x",
        ] {
            assert!(!is_loopback(&url(other)), "{other}");
        }
    }
}

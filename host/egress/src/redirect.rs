//! The address and method that a redirect leads to (RFC 9110 section 15.4). `exchange.rs` checks them before it follows.

use http::header::LOCATION;
use http::{HeaderMap, Method, StatusCode};
use url::Url;

use crate::EgressError;

/// The next request.
pub(crate) struct Hop {
    pub(crate) url: Url,
    pub(crate) method: Method,
    /// Whether the body is sent again.
    pub(crate) keeps_body: bool,
}

/// The target of the answer; `None` if it is not a redirect, or has no address.
pub(crate) fn next(
    method: &Method,
    from: &Url,
    status: StatusCode,
    headers: &HeaderMap,
) -> Result<Option<Hop>, EgressError> {
    let (method, keeps_body) = match status.as_u16() {
        301 | 302 if *method == Method::POST => (Method::GET, false),
        301 | 302 | 307 | 308 => (method.clone(), true),
        303 if *method == Method::HEAD => (Method::HEAD, false),
        303 => (Method::GET, false),
        _ => return Ok(None),
    };
    let Some(location) = headers.get(LOCATION) else { return Ok(None) };
    let unreadable = || EgressError::Connect("the service redirects to something that is not an address".to_owned());
    let location = std::str::from_utf8(location.as_bytes()).map_err(|_| unreadable())?;
    let mut url = from.join(location).map_err(|_| unreadable())?;
    url.set_fragment(None);
    Ok(Some(Hop { url, method, keeps_body }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hop(method: &Method, status: u16, location: &str) -> Option<(String, Method, bool)> {
        let from = "https://a.example.com/x/y?z".parse().expect("an address");
        let mut headers = HeaderMap::new();
        headers.insert(LOCATION, location.parse().expect("a header"));
        let status = StatusCode::from_u16(status).expect("a status");
        let hop = next(method, &from, status, &headers).expect("readable")?;
        Some((hop.url.to_string(), hop.method, hop.keeps_body))
    }

    #[test]
    fn method_and_body_follow_the_rules_of_each_status() {
        let to = "https://a.example.com/x/t".to_owned();
        for (method, status, expected) in [
            (Method::POST, 301, Some((Method::GET, false))),
            (Method::POST, 302, Some((Method::GET, false))),
            (Method::PUT, 302, Some((Method::PUT, true))),
            (Method::PUT, 303, Some((Method::GET, false))),
            (Method::HEAD, 303, Some((Method::HEAD, false))),
            (Method::POST, 307, Some((Method::POST, true))),
            (Method::POST, 308, Some((Method::POST, true))),
            (Method::GET, 304, None),
            (Method::GET, 300, None),
        ] {
            let expected = expected.map(|(method, keeps)| (to.clone(), method, keeps));
            assert_eq!(hop(&method, status, "t#fragment"), expected, "{method} {status}");
        }
    }
}

//! What every answer of ours to a browser keeps to, and the cookies of a browser that runs no script.

use std::collections::BTreeMap;

use reqwest::header::{self, HeaderMap};

/// Cookies of one origin, by name.
pub type Cookies = BTreeMap<String, String>;

/// The header `Cookie`, if there are any.
pub fn cookie_header(cookies: &Cookies) -> Option<String> {
    let pairs: Vec<_> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    (!pairs.is_empty()).then(|| pairs.join("; "))
}

/// Keeps the cookies of an answer over plain HTTP, and holds each to its attributes. An empty one is a removal.
pub fn keep_cookies(cookies: &mut Cookies, headers: &HeaderMap) {
    for line in headers.get_all(header::SET_COOKIE) {
        let line = line.to_str().expect("text");
        let (pair, attributes) = line.split_once(';').expect("attributes");
        let (name, value) = pair.split_once('=').expect("a pair");
        assert!(name.starts_with("innkeeper-"), "plain http on loopback: {line}");
        let seconds = if value.is_empty() { 0 } else { 600 };
        assert_eq!(attributes, format!(" Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax"));
        if value.is_empty() {
            cookies.remove(name);
        } else {
            cookies.insert(name.to_owned(), value.to_owned());
        }
    }
}

/// Holds an answer to the headers that each must have, and to no script.
#[track_caller]
pub fn assert_guarded(headers: &HeaderMap, text: &str) {
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ] {
        assert!(headers.get(&name).is_some_and(|found| found == value), "{name} of {headers:?}");
    }
    let policy = headers.get(header::CONTENT_SECURITY_POLICY).and_then(|policy| policy.to_str().ok());
    for part in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"] {
        assert!(policy.is_some_and(|policy| policy.contains(part)), "{policy:?}");
    }
    assert!(!text.contains("<script"), "{text}");
}

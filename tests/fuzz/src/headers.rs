//! Headers of requests and answers.

use http::{HeaderMap, HeaderName, HeaderValue};
use innkeeper_ambient::{SeededRandom, Timestamp};
use innkeeper_egress::fuzzing;
use innkeeper_spec::Policies;
use serde_json::json;

use crate::shown::assert_one_plain_line;

const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);
/// The longest wait that the policies below allow, in milliseconds.
const LONGEST_WAIT: u64 = 60_000;

/// What a request may bring leaves as the lines that were given and touches neither transport nor credential; what an answer brings
/// is bounded.
///
/// Each line is a header; invalid ones are left out.
pub fn headers(bytes: &[u8]) {
    let mut headers = HeaderMap::new();
    for line in bytes.split(|&byte| byte == b'\n').take(1_000) {
        let mut parts = line.splitn(2, |&byte| byte == b':');
        let (name, value) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default().trim_ascii());
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name), HeaderValue::from_bytes(value)) {
            headers.append(name, value);
        }
    }
    of_request(&headers);
    of_spec(&headers);
    of_answer(headers);
}

fn of_request(headers: &HeaderMap) {
    if let Err(error) = fuzzing::check_headers(headers) {
        assert_one_plain_line(&error.to_string());
    } else {
        assert_eq!(headers.keys().find(|name| belongs_to_host(name.as_str())), None);
        assert_eq!(lines(headers).len(), headers.len(), "a header makes a line of its own");
    }
    let mut moved = headers.clone();
    fuzzing::strip_for_other_origin(&mut moved);
    let authorizing =
        |name: &HeaderName| ["auth", "token", "secret", "api-key"].iter().any(|mark| name.as_str().contains(mark));
    assert_eq!(moved.keys().find(|name| authorizing(name)), None, "another origin sees it");
    assert!(moved.iter().all(|(name, value)| headers.get_all(name).iter().any(|given| given == value)));
}

/// Defaults add to the request's own headers and change none.
fn of_spec(headers: &HeaderMap) {
    let texts = headers.iter().filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())));
    let texts: Vec<_> = texts.collect();
    let own = HeaderMap::from_iter([(HeaderName::from_static("x-own"), HeaderValue::from_static("own"))]);
    let mut all = own.clone();
    if let Err(error) = fuzzing::add_defaults(&mut all, &texts) {
        assert_one_plain_line(&error.to_string());
    } else {
        assert_eq!(all.get_all("x-own").iter().count(), 1);
        assert_eq!(all["x-own"], own["x-own"]);
        assert_eq!(all.keys().find(|name| belongs_to_host(name.as_str())), None);
    }
}

fn of_answer(mut headers: HeaderMap) {
    let policies = json!({
        "retry": { "max_retries": 3, "max_delay_ms": LONGEST_WAIT },
        "rate_limit": { "strategy": "header", "remaining_header": "x-ratelimit-remaining", "reset_header": "x-ratelimit-reset" },
    });
    let policies: Policies = serde_json::from_value(policies).expect("these are policies");
    let wait = fuzzing::wait_before_retry(&policies, &headers, NOW, &SeededRandom::new(1));
    assert!(wait.is_none_or(|wait| wait <= LONGEST_WAIT), "{wait:?}");
    fuzzing::strip_answer(&mut headers);
    for name in ["set-cookie", "set-cookie2", "connection", "transfer-encoding", "keep-alive"] {
        assert!(!headers.contains_key(name), "{name} is handed on");
    }
}

fn belongs_to_host(name: &str) -> bool {
    let owned = [
        "accept-encoding",
        "authorization",
        "connection",
        "content-length",
        "cookie",
        "expect",
        "host",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    ];
    owned.contains(&name) || name.starts_with("proxy-")
}

/// The lines of a request, as a server that takes any line break for one reads them.
fn lines(headers: &HeaderMap) -> Vec<Vec<u8>> {
    let mut wire = Vec::new();
    for (name, value) in headers {
        wire.extend_from_slice(&[name.as_str().as_bytes(), b": ", value.as_bytes(), b"\n"].concat());
    }
    let lines = wire.split(|byte| matches!(byte, b'\r' | b'\n' | 0)).filter(|line| !line.is_empty());
    lines.map(<[u8]>::to_vec).collect()
}

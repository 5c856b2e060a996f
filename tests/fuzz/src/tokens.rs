//! What a token endpoint, or a device endpoint, answers.

use std::time::Duration;

use http::HeaderValue;
use innkeeper_auth::fuzzing::{self, Shape};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::metadata::is_own;
use crate::shown::assert_one_plain_line;

const LONGEST_TOKEN: usize = 16 * 1024;
const CENTURY: Duration = Duration::from_hours(876_600);

/// Tokens can stand in a header and show up nowhere else; times are bounded; a user is sent to a safe address.
///
/// Where the first line is `shape` and a list of `nested`, `typed`, `fixed` and `refresh`, it says how the answer is read.
pub fn tokens(bytes: &[u8]) {
    let (shape, refresh, body) = reading(bytes);
    match fuzzing::tokens(body, shape, refresh) {
        Err(error) => assert_one_plain_line(&error.to_string()),
        Ok(answer) => {
            let debug = format!("{answer:?}");
            check_token(&answer.access_token, &debug);
            let header = format!("{} {}", answer.token_type, answer.access_token.expose_secret());
            let header = HeaderValue::from_str(&header).expect("a token can stand in a header");
            let scheme = header.to_str().ok().and_then(|text| text.split(' ').next());
            assert_eq!(scheme, Some(answer.token_type.as_str()), "the scheme is one word");
            answer.refresh_token.iter().for_each(|token| check_token(token, &debug));
            for life in [answer.expires_in, answer.refresh_token_expires_in].into_iter().flatten() {
                assert!((Duration::from_secs(1)..=CENTURY).contains(&life), "{life:?}");
            }
            assert!(answer.scope.is_none_or(|scope| !scope.is_empty() && scope.trim() == scope));
            for (name, value) in &answer.extra {
                assert!(!matches!(name.as_str(), "access_token" | "refresh_token"), "a token is no claim");
                assert!(!value.is_object() && !value.is_array() && !value.is_null(), "{name} is no plain value");
            }
        }
    }
    match fuzzing::device(body) {
        Err(error) => assert_one_plain_line(&error.to_string()),
        Ok(answer) => {
            check_token(&answer.device_code, "");
            assert!((1..=64).contains(&answer.user_code.chars().count()), "{:?}", answer.user_code);
            assert_one_plain_line(&answer.user_code);
            for url in [Some(answer.verification_uri), answer.verification_uri_complete].into_iter().flatten() {
                assert_eq!(Url::parse(url.as_str()).as_ref(), Ok(&*url), "an address is what it prints");
                assert!(url.scheme() == "https" || is_own(&url), "{url}");
            }
            assert!(answer.expires_in <= Duration::from_hours(1) && answer.interval <= Duration::from_mins(1));
        }
    }
}

fn reading(bytes: &[u8]) -> (Shape, bool, &[u8]) {
    let mut shape = Shape::default();
    let mut lines = bytes.splitn(2, |&byte| byte == b'\n');
    let Some(words) = lines.next().and_then(|line| line.strip_prefix(b"shape ")) else { return (shape, false, bytes) };
    let mut refresh = false;
    for word in words.split(|&byte| byte == b' ') {
        match word {
            b"nested" => shape.access_token_path = Some("authed_user.access_token".to_owned()),
            b"typed" => shape.token_type_path = Some("authed_user.token_type".to_owned()),
            b"fixed" => shape.token_type = Some("Bearer".to_owned()),
            b"refresh" => refresh = true,
            _ => {}
        }
    }
    (shape, refresh, lines.next().unwrap_or_default())
}

fn check_token(token: &SecretString, printed: &str) {
    let token = token.expose_secret();
    assert!((1..=LONGEST_TOKEN).contains(&token.len()));
    assert!(token.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()));
    // A short one is found in any text.
    assert!(token.len() < 24 || !printed.contains(token), "a token is printed");
}

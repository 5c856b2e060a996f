//! Headers that a connector puts on every request.

use crate::disguise;
use crate::mistake::{Mistakes, quoted};

/// Headers that the transport or the credential own.
const FORBIDDEN: [&str; 18] = [
    "accept-encoding",
    "authorization",
    "connection",
    "content-length",
    "cookie",
    "cookie2",
    "expect",
    "host",
    "http2-settings",
    "if-range",
    "keep-alive",
    "range",
    "set-cookie",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "www-authenticate",
];

/// Notes every header that may not be a default.
pub(crate) fn check(headers: &[(String, String)], mistakes: &mut Mistakes) {
    mistakes.check_count("/headers", headers.len(), 64);
    for (index, (name, value)) in headers.iter().enumerate().take(64) {
        let name_place = format!("/headers/{index}/0");
        let given = quoted(name);
        let folded = disguise::fold(name);
        if !is_token(name) {
            mistakes.note(name_place, format!("{given} is not a header name (RFC 9110, section 5.1)"));
        } else if FORBIDDEN.contains(&&*folded) || folded.starts_with("proxy-") {
            mistakes.note(name_place, format!("{given} is set by the host: leave it out"));
        } else if let Some(disguise) = disguise::of_header(name) {
            let changed = disguise.as_str();
            let reason = format!("with {given}, a service could treat every request as one {changed}: leave it out");
            mistakes.note(name_place, reason);
        } else if headers[..index].iter().any(|(other, _)| other.eq_ignore_ascii_case(name)) {
            mistakes.note(name_place, format!("{given} is declared twice: keep one"));
        }
        if value.len() > 4096 || !is_value(value) {
            let reason = "may contain at most 4096 visible ASCII characters and spaces, without line breaks or spaces at its ends";
            mistakes.note(format!("/headers/{index}/1"), reason);
        }
    }
}

/// RFC 9110, section 5.6.2.
fn is_token(name: &str) -> bool {
    (1..=128).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// RFC 9110, section 5.5, without the obsolete forms.
fn is_value(value: &str) -> bool {
    value.bytes().all(|byte| byte == b' ' || byte == b'\t' || byte.is_ascii_graphic()) && value.trim() == value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistakes(headers: &[(&str, &str)]) -> Vec<String> {
        let mut mistakes = Mistakes::default();
        let headers: Vec<_> = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        check(&headers, &mut mistakes);
        mistakes.0.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn plain_headers_pass() {
        assert_eq!(mistakes(&[("Notion-Version", "2022-06-28"), ("accept", "application/json; q=1")]), [""; 0]);
    }

    #[test]
    fn headers_of_the_transport_and_the_credential_are_refused_in_any_case() {
        for name in [
            "Authorization",
            "HOST",
            "cookie",
            "Content-Length",
            "connection",
            "transfer-encoding",
            "Proxy-Authorization",
            "proxy-x",
        ] {
            let found = mistakes(&[(name, "x")]);
            assert_eq!(found, [format!("/headers/0/0: `{name}` is set by the host: leave it out")]);
        }
    }

    #[test]
    fn headers_that_have_requests_taken_for_others_are_refused() {
        for name in ["X-HTTP-Method-Override", "x_original_url", "X-Forwarded-For", "Forwarded", "via"] {
            let found = mistakes(&[(name, "x")]);
            assert!(
                found.len() == 1 && found[0].contains(name) && found[0].contains("treat every request"),
                "{found:?}"
            );
        }
        assert_eq!(mistakes(&[("Content_Length", "x")]).len(), 1, "CGI makes one variable of both spellings");
    }

    #[test]
    fn malformed_and_repeated_headers_are_refused() {
        let found = mistakes(&[("a b", "x"), ("", "x"), ("x", "a\r\nb: c"), ("X", "ok")]);
        assert_eq!(found.len(), 4);
        assert!(found[3].contains("/headers/3/0: `X` is declared twice"), "{found:?}");
    }
}

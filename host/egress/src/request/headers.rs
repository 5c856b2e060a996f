//! Rules for headers.

use http::header::Entry;
use http::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CONNECTION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_LOCATION,
    CONTENT_TYPE, COOKIE, EXPECT, HOST, SET_COOKIE, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, HeaderName, HeaderValue};
use innkeeper_spec::disguise::{self, Disguise};

use crate::EgressError;

/// The maximum number of headers of one request, including those of the spec.
const MOST: usize = 256;
/// The maximum size of all names and values of one request, in bytes. Hardly any server accepts more.
const LARGEST: usize = 64 << 10;

/// Rejects too many headers, headers that the transport or the credential own, and headers that no rule can allow because they
/// say that the request is for another host or from another sender.
pub(crate) fn check(headers: &HeaderMap) -> Result<(), EgressError> {
    check_size(headers)?;
    for name in headers.keys() {
        if is_owned(name) {
            return Err(EgressError::InvalidRequest(format!(
                "the header `{name}` cannot be set by a request: the host sets it where necessary; leave it out"
            )));
        }
        if let Some(disguise) = never_allowed(name) {
            let changed = disguise.as_str();
            return Err(EgressError::InvalidRequest(format!(
                "the header `{name}` cannot be set by a request: with it, a service could treat the request as one \
                 {changed}; leave it out"
            )));
        }
    }
    Ok(())
}

/// Rejects too many or too long headers.
pub(crate) fn check_size(headers: &HeaderMap) -> Result<(), EgressError> {
    if headers.len() > MOST {
        let count = headers.len();
        return Err(EgressError::InvalidRequest(format!(
            "the request has {count} headers; the limit is {MOST}: leave some out"
        )));
    }
    let size = size(headers);
    if size > LARGEST {
        return Err(EgressError::InvalidRequest(format!(
            "the headers of the request have {size} bytes; the limit is {LARGEST}: put long values into the body"
        )));
    }
    Ok(())
}

fn is_owned(name: &HeaderName) -> bool {
    let owned = [
        AUTHORIZATION,
        COOKIE,
        HOST,
        CONTENT_LENGTH,
        CONNECTION,
        TRANSFER_ENCODING,
        TE,
        UPGRADE,
        ACCEPT_ENCODING,
        EXPECT,
        TRAILER,
    ];
    // CGI maps `Content-Length` and `Content_Length` to the same variable.
    let text = disguise::fold(name.as_str());
    owned.iter().any(|owned| *owned == *text)
        || text.starts_with("proxy-")
        || matches!(&*text, "cookie2" | "keep-alive" | "http2-settings" | "content-transfer-encoding")
}

fn never_allowed(name: &HeaderName) -> Option<Disguise> {
    disguise::of_header(name.as_str()).filter(|disguise| disguise.is_never_allowed())
}

/// Adds the default headers of a spec that the request does not set itself.
pub(crate) fn add_defaults<'d>(
    headers: &mut HeaderMap,
    defaults: impl IntoIterator<Item = &'d (String, String)>,
) -> Result<(), EgressError> {
    for (name, value) in defaults {
        let parsed = HeaderName::from_bytes(name.as_bytes()).ok();
        let parsed = parsed.filter(|name| !is_owned(name) && never_allowed(name).is_none());
        let (Some(name), Ok(value)) = (parsed, HeaderValue::from_str(value)) else {
            return Err(EgressError::Misconfigured(format!(
                "the connector's default header `{name}` cannot be sent: its name or value is not allowed; change the spec"
            )));
        };
        let entry = headers.try_entry(name).map_err(|_| too_many_defaults())?;
        if let Entry::Vacant(vacant) = entry {
            vacant.try_insert(value).map_err(|_| too_many_defaults())?;
        }
    }
    check_size(headers)
}

fn too_many_defaults() -> EgressError {
    EgressError::Misconfigured(
        "the connector has more default headers than a request can have; change the spec".to_owned(),
    )
}

/// Removes the headers that another origin must not see: those with filled-in secrets, and those whose name says that they
/// authorize.
pub(crate) fn strip_for_other_origin(headers: &mut HeaderMap, secret: &[HeaderName]) {
    const MARKS: [&str; 9] =
        ["auth", "token", "api-key", "apikey", "secret", "session", "password", "credential", "signature"];
    let authorizing: Vec<HeaderName> = headers
        .keys()
        .filter(|name| MARKS.iter().any(|mark| disguise::fold(name.as_str()).contains(mark)))
        .cloned()
        .collect();
    for name in authorizing.iter().chain(secret) {
        headers.remove(name);
    }
}

/// Removes the headers that describe a body that is not sent again (RFC 9110 section 15.4).
pub(crate) fn strip_for_no_body(headers: &mut HeaderMap) {
    for name in [CONTENT_TYPE, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LOCATION, CONTENT_LENGTH] {
        headers.remove(name);
    }
    headers.remove("digest");
    headers.remove("content-digest");
    headers.remove("content-md5");
}

/// Removes the headers that do not concern the reader of the answer: cookies, and those of the connection.
pub(crate) fn strip_answer(headers: &mut HeaderMap) {
    for name in [SET_COOKIE, CONNECTION, TRANSFER_ENCODING, UPGRADE, TRAILER] {
        headers.remove(name);
    }
    headers.remove("set-cookie2");
    headers.remove("keep-alive");
}

/// Removes the headers that measure the body as the service sent it: compared with the scrubbed body, they would reveal the
/// length of a secret.
pub(crate) fn strip_measures(headers: &mut HeaderMap) {
    headers.remove(CONTENT_LENGTH);
    for name in ["digest", "content-digest", "repr-digest", "content-md5"] {
        headers.remove(name);
    }
}

/// The size of names and values in bytes.
pub(crate) fn size(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_the_transport_and_the_credential_are_refused_by_name() {
        for name in [
            "authorization",
            "cookie",
            "host",
            "content-length",
            "connection",
            "transfer-encoding",
            "te",
            "upgrade",
            "accept-encoding",
            "expect",
            "trailer",
            "proxy-authorization",
            "proxy-anything",
            "keep-alive",
            "content_length",
            "transfer.encoding",
            "forwarded",
            "via",
            "x-forwarded-for",
            "x_forwarded_host",
            "x-real-ip",
            "true-client-ip",
            "cf-connecting-ip",
            "x-host",
            "x-original-host",
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static("hidden"));
            let error = check(&headers).expect_err(name).to_string();
            assert!(error.contains(&format!("`{name}`")) && !error.contains("hidden"), "{error}");
        }
    }

    #[test]
    fn more_headers_than_a_request_may_have_are_refused() {
        let mut headers = HeaderMap::new();
        for number in 0..MOST {
            headers.append("x-many", HeaderValue::from(number));
        }
        check(&headers).expect("as many as there may be");
        let default = [("x-default".to_owned(), "1".to_owned())];
        let error = add_defaults(&mut headers.clone(), &default).expect_err("one too many").to_string();
        assert!(error.contains("257 headers; the limit is 256"), "{error}");
        headers.append("x-many", HeaderValue::from_static("one too many"));
        assert!(check(&headers).expect_err("refused").to_string().contains("257 headers; the limit is 256"));
    }

    #[test]
    fn no_number_of_headers_is_a_panic() {
        let mut headers = HeaderMap::new();
        for number in 0..30_000 {
            let name = HeaderName::try_from(format!("x-{number}")).expect("a name");
            let _ = headers.try_append(name, HeaderValue::from_static("1"));
        }
        let defaults: Vec<_> = (0..30_000).map(|number| (format!("x-{number}"), "1".to_owned())).collect();
        let mut full = HeaderMap::new();
        assert!(add_defaults(&mut full, &defaults).is_err());
        assert!(check(&headers).is_err());
    }

    #[test]
    fn headers_longer_than_a_request_may_have_are_refused() {
        let mut headers = HeaderMap::new();
        headers.insert("x-long", "v".repeat(LARGEST).parse().expect("a value"));
        let error = check(&headers).expect_err("refused").to_string();
        assert!(error.contains("65546 bytes; the limit is 65536"), "{error}");
    }

    #[test]
    fn a_default_header_gives_way_to_the_requests_own() {
        let mut headers = HeaderMap::new();
        headers.insert("x-version", HeaderValue::from_static("own"));
        add_defaults(&mut headers, &[("X-Version".into(), "spec".into()), ("X-Other".into(), "spec".into())])
            .expect("allowed");
        assert_eq!(
            (&headers["x-version"], &headers["x-other"]),
            (&"own".parse().expect("ok"), &"spec".parse().expect("ok"))
        );
        for bad in ["Authorization", "Bad Name", "X-Forwarded-For"] {
            assert!(matches!(
                add_defaults(&mut headers, &[(bad.into(), "x".into())]),
                Err(EgressError::Misconfigured(_))
            ));
        }
    }

    #[test]
    fn another_origin_sees_nothing_that_authorizes() {
        let mut headers = HeaderMap::new();
        for name in ["x-api-key", "x_api_key", "x-auth-token", "x-filled", "accept"] {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static("v"));
        }
        strip_for_other_origin(&mut headers, &[HeaderName::from_static("x-filled")]);
        assert_eq!(headers.keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["accept"]);
    }
}

//! Requests that ask the service to treat them as other requests.
//!
//! The owner's rules restrict the method and path of a request; a service that takes the method or the path from a header would
//! do something else than what was checked.

use std::borrow::Cow;

use http::HeaderValue;
use innkeeper_spec::{ApprovedHost, disguise};
use percent_encoding::percent_decode_str;
use url::Url;

use crate::{Body, EgressError, Part, PartContent, RequestBody, RequestHead, wall};

/// Rejects a request that asks to be treated as another one, if a rule for its origin restricts method or path. `shown` is its
/// address in a form that may be shown; `field` names the part of its body that requests another method.
pub(crate) fn check(
    allow: &[ApprovedHost],
    head: &RequestHead,
    shown: &Url,
    field: Option<&str>,
) -> Result<(), EgressError> {
    let mut disguises = head.headers.keys().filter_map(|name| Some((name, disguise::of_header(name.as_str())?)));
    let header = disguises.next();
    let parameter = head.url.query().and_then(method_parameter);
    if header.is_none() && parameter.is_none() && field.is_none() {
        return Ok(());
    }
    let what = match (&header, parameter, field) {
        (Some((name, disguise)), ..) => {
            format!("because of its header `{name}`, the service could treat it as one {}", disguise.as_str())
        }
        (None, Some(name), _) => {
            format!("because of its parameter `{name}`, the service could treat it as one with another method")
        }
        (None, None, field) => {
            format!("because of {}, the service could treat it as one with another method", field.unwrap_or_default())
        }
    };
    let Some(rule) = wall::restricting(allow, &head.url) else { return Ok(()) };
    Err(EgressError::Denied {
        address: wall::describe(&head.method, shown),
        reason: format!("{what}, and the rule `{rule}` restricts method or path"),
        remedy: "leave it out and send the intended request directly, or approve the host for any method and path"
            .to_owned(),
    })
}

/// The parameter of a query, or of a form in one, that requests another method.
pub(crate) fn method_parameter(query: &str) -> Option<String> {
    // Some servers separate pairs at `;`.
    query.split(['&', ';']).find_map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decoded(name), decoded(value));
        disguise::is_method_parameter(&name, &value).then(|| shortened(&name))
    })
}

/// The part of a body that requests another method, if there is one. `content_type` is the request's own header; some servers
/// treat a body without a type as a form.
pub(crate) fn method_field(body: &RequestBody, content_type: Option<&HeaderValue>) -> Option<String> {
    let field = match body {
        RequestBody::Form(pairs) => {
            let found = pairs.iter().find(|(name, value)| disguise::is_method_parameter(name, value));
            found.map(|(name, _)| shortened(name))
        }
        RequestBody::Multipart(parts) => {
            let asks = |part: &&Part| match &part.content {
                PartContent::Bytes(value) => {
                    disguise::is_method_parameter(&part.name, &String::from_utf8_lossy(&value[..value.len().min(64)]))
                }
                // The content of a stream is not known in advance.
                PartContent::Stream(_) => disguise::is_method_parameter(&part.name, "POST"),
            };
            parts.iter().find(asks).map(|part| shortened(&part.name))
        }
        RequestBody::Bytes(bytes) => field_of_bytes(bytes, content_type),
        RequestBody::Stream(body) => return in_passing(body, content_type),
        RequestBody::Empty => None,
    };
    field.map(|name| format!("the field `{name}` of its form"))
}

/// The same for a body that is passed through: its bytes may be in memory, or still arriving.
fn in_passing(body: &Body, content_type: Option<&HeaderValue>) -> Option<String> {
    let own = body.content_type().and_then(|text| HeaderValue::from_str(text).ok());
    let content_type = content_type.or(own.as_ref());
    if let Some(bytes) = body.whole() {
        return field_of_bytes(bytes, content_type).map(|name| format!("the field `{name}` of its form"));
    }
    let text = String::from_utf8_lossy(content_type?.as_bytes()).to_ascii_lowercase();
    let is_form = text.contains("x-www-form-urlencoded") || text.contains("form-data");
    is_form.then(|| "its form, which is a stream and cannot be checked".to_owned())
}

fn field_of_bytes(bytes: &[u8], content_type: Option<&HeaderValue>) -> Option<String> {
    match FormKind::of(content_type)? {
        FormKind::Pairs => method_parameter(&String::from_utf8_lossy(bytes)),
        FormKind::Parts => parts_name_method(bytes),
    }
}

enum FormKind {
    Pairs,
    Parts,
}

impl FormKind {
    fn of(content_type: Option<&HeaderValue>) -> Option<Self> {
        let Some(text) = content_type else { return Some(Self::Pairs) };
        let text = String::from_utf8_lossy(text.as_bytes()).to_ascii_lowercase();
        if text.contains("x-www-form-urlencoded") {
            Some(Self::Pairs)
        } else if text.contains("multipart/") {
            Some(Self::Parts)
        } else {
            None
        }
    }
}

/// A hand-written multipart body: a part's name is searched for wherever one can be.
fn parts_name_method(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let mut rest = &*text;
    while let Some(at) = find_ignoring_case(rest, "name") {
        rest = &rest[at + "name".len()..];
        let given = rest.trim_start_matches(['*', ' ', '\t']);
        let Some(given) = given.strip_prefix('=') else { continue };
        let given =
            given.trim_start().trim_start_matches("utf-8''").trim_start_matches("UTF-8''").trim_start_matches('"');
        let name = &given[..given.find(['"', ';', '\r', '\n']).unwrap_or(given.len())];
        let name = decoded(name);
        if name.len() <= 64 && disguise::is_method_parameter(&name, "POST") {
            return Some(shortened(&name));
        }
    }
    None
}

fn find_ignoring_case(text: &str, lower: &str) -> Option<usize> {
    text.as_bytes().windows(lower.len()).position(|window| window.eq_ignore_ascii_case(lower.as_bytes()))
}

fn decoded(text: &str) -> String {
    let text: Cow<'_, str> = if text.contains('+') { text.replace('+', " ").into() } else { text.into() };
    percent_decode_str(&text).decode_utf8_lossy().into_owned()
}

fn shortened(name: &str) -> String {
    name.chars().take(40).flat_map(char::escape_default).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_that_asks_for_another_method_is_found_however_it_is_written() {
        for query in
            ["a=b&_method=DELETE", "%5fmethod=put", "a=b;_method=put", "X-HTTP-Method-Override=put", "method=delete"]
        {
            assert!(method_parameter(query).is_some(), "{query}");
        }
        for query in ["", "a=_method", "method=flickr.photos.search", "payment_method=card"] {
            assert_eq!(method_parameter(query), None, "{query}");
        }
    }

    #[test]
    fn a_field_that_asks_for_another_method_is_found_in_every_kind_of_form() {
        let form = HeaderValue::from_static("application/x-www-form-urlencoded; charset=utf-8");
        let parts = HeaderValue::from_static("multipart/form-data; boundary=b");
        let by_hand = "--b\r\nContent-Disposition: form-data; NAME=\"_method\"\r\n\r\nDELETE\r\n--b--";
        for (body, content_type) in [
            (RequestBody::Form(vec![("_method".into(), "put".into())]), None),
            (RequestBody::Bytes("a=b&%5Fmethod=put".into()), Some(&form)),
            (RequestBody::Bytes("_method=put".into()), None),
            (RequestBody::Bytes(by_hand.into()), Some(&parts)),
            (RequestBody::Bytes(by_hand.replace('"', "").into()), Some(&parts)),
            (RequestBody::Stream(Body::from_bytes("_method=put", None)), Some(&form)),
            (RequestBody::Stream(Body::from_bytes(by_hand, Some("multipart/form-data; boundary=b".into()))), None),
            (RequestBody::Stream(Body::from_stream(futures::stream::empty(), None, None)), Some(&form)),
        ] {
            assert!(method_field(&body, content_type).is_some(), "{body:?}");
        }
        let json = HeaderValue::from_static("application/json");
        assert_eq!(method_field(&RequestBody::Bytes(r#"{"_method":"x"}"#.into()), Some(&json)), None);
        assert_eq!(method_field(&RequestBody::Form(vec![("name".into(), "_method".into())]), None), None);
    }
}

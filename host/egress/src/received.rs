//! From what arrived to what may be read: scrubbed, without cookies.

use std::sync::Arc;

use http::header::{CONTENT_ENCODING, CONTENT_TYPE, TRANSFER_ENCODING};
use http::{HeaderMap, Method, StatusCode};
use url::Url;

use crate::answer::Answer;
use crate::scrub::{REDACTED, ScrubStream, Scrubber};
use crate::{Body, EgressError, Response, headers, unsearchable};

/// How the request may be spoken of.
pub(crate) struct Shown {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) sent: u32,
}

/// The answer as its reader gets it. With a scrubber, what cannot be looked through is refused.
pub(crate) fn response(
    mut answer: Answer,
    scrubber: Option<Arc<Scrubber>>,
    shown: Shown,
) -> Result<Response, EgressError> {
    let status = answer.response().status();
    let length = if scrubber.is_some() { None } else { answer.length() };
    let mut fields = answer.take_headers();
    if let Some(scrubber) = scrubber {
        unsearchable::check_part(status, &fields)?;
        let has_body =
            shown.method != Method::HEAD && !matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        if has_body && let Some(coding) = foreign_coding(&fields) {
            return Err(EgressError::Connect(format!(
                "the service answered in the encoding `{}`, which was not asked for and cannot be searched for the credential: have it send plain or gzip answers, or omit the credential",
                scrubber.scrub_text(&coding)
            )));
        }
        fields = scrubbed(fields, &scrubber);
        answer.scrub(ScrubStream::new(scrubber));
    }
    headers::strip_answer(&mut fields);
    let content_type = fields.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let body = Body::from_answer(answer, length, content_type);
    Ok(Response { status, url: shown.url, headers: fields, body, sent: shown.sent })
}

/// The address as it may be shown.
pub(crate) fn shown(url: &Url, scrubber: Option<&Scrubber>) -> Url {
    let Some(scrubber) = scrubber else { return url.clone() };
    if url.host_str().is_some_and(|host| scrubber.is_in_name(host)) {
        return Url::parse("https://redacted.invalid/").expect("a well-formed address");
    }
    if !scrubber.is_in(url.as_str()) {
        return url.clone();
    }
    let mut clean = url.clone();
    clean.set_path(&scrubber.scrub_text(url.path()));
    clean.set_query(url.query().map(|query| scrubber.scrub_text(query)).as_deref());
    if scrubber.is_in(clean.as_str()) {
        // It lay across path and query.
        clean.set_path(REDACTED);
        clean.set_query(None);
    }
    clean
}

/// A coding that is still on the body: gzip has been taken off on the way in.
fn foreign_coding(fields: &HeaderMap) -> Option<String> {
    let codings = |name, plain: &'static str| {
        fields
            .get_all(name)
            .into_iter()
            .flat_map(|value| {
                let text = String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase();
                text.split(',').map(|coding| coding.trim().to_owned()).collect::<Vec<_>>()
            })
            .find(move |coding| !coding.is_empty() && coding != plain)
    };
    let coding = codings(CONTENT_ENCODING, "identity").or_else(|| codings(TRANSFER_ENCODING, "chunked"))?;
    Some(coding.chars().take(40).collect())
}

fn scrubbed(fields: HeaderMap, scrubber: &Scrubber) -> HeaderMap {
    if !fields.iter().any(|(name, value)| scrubber.is_in_header(name, value)) {
        return fields;
    }
    let mut clean = HeaderMap::with_capacity(fields.len());
    let mut last = None;
    for (name, value) in fields {
        // A name comes with the first of its values only.
        let Some(name) = name.or_else(|| last.clone()) else { continue };
        if let Some(value) = scrubber.scrub_header(&name, value) {
            clean.append(name.clone(), value);
        }
        last = Some(name);
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_secrets() {
        let scrubber = Scrubber::new(["s3cr/t"]).expect("long enough");
        for (url, clean) in [
            ("https://a.example.com/x?y=1", "https://a.example.com/x?y=1"),
            ("https://a.example.com/s3cr%2Ft/x?y=s3cr/t", "https://a.example.com/[redacted]/x?y=[redacted]"),
            ("https://s3cr%2ft.example.com/", "https://redacted.invalid/"),
        ] {
            let Ok(url) = url.parse() else { continue };
            assert_eq!(shown(&url, Some(&scrubber)).as_str(), clean);
        }
        let scrubber = Scrubber::new(["ToKeN"]).expect("long enough");
        let host = "https://token.example.com/".parse().expect("an address");
        assert_eq!(shown(&host, Some(&scrubber)).as_str(), "https://redacted.invalid/");
    }
}

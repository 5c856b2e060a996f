//! Makes an answer readable: scrubbed, without cookies.

use std::sync::Arc;

use http::HeaderMap;
use http::header::CONTENT_TYPE;
use url::Url;

use crate::answer::incoming::Answer;
use crate::request::headers;
use crate::scrub::echoes::CallEchoes;
use crate::scrub::unsearchable;
use crate::scrub::{REDACTED, ScrubStream, Scrubber};
use crate::{Body, EgressError, Response};

/// How errors and logs may name the request.
pub(crate) struct SentRequest {
    pub(crate) url: Url,
    pub(crate) sent: u32,
}

/// The block size of a scrubbed body, in bytes.
pub(crate) const BLOCK: usize = 1024;
/// The same for streams of small events that are needed soon.
const BLOCK_OF_EVENTS: usize = 256;

/// The answer for its reader. With a scrubber, an answer that cannot be searched is rejected.
pub(crate) fn response(
    mut answer: Answer,
    scrubber: Option<Arc<Scrubber>>,
    echoes: Option<&CallEchoes>,
    shown: SentRequest,
) -> Result<Response, EgressError> {
    let mut fields = answer.take_headers();
    headers::strip_answer(&mut fields);
    let mut content_type = media_type(&fields);
    if let Some(scrubber) = scrubber {
        unsearchable::check_part(answer.status(), &fields)?;
        if let Some(coding) = answer.foreign_coding() {
            return Err(EgressError::Connect(format!(
                "the service answered in the encoding `{}`, which was not requested and cannot be searched for the \
                 credential: make it send plain or gzip responses",
                scrubber.scrub_text(coding)
            )));
        }
        let block = if is_of_events(content_type.as_deref()) { BLOCK_OF_EVENTS } else { BLOCK };
        headers::strip_measures(&mut fields);
        let mut echoes = echoes.cloned();
        if fields.iter().any(|(name, value)| scrubber.is_in_header(name, value)) {
            if let Some(echoes) = echoes.take() {
                echoes.count()?;
            }
            fields = scrubbed(fields, &scrubber);
            content_type = media_type(&fields);
        }
        answer.scrub(ScrubStream::new(scrubber, block), echoes);
    }
    let (status, length) = (answer.status(), answer.length());
    let body = Body::from_answer(answer, length, content_type);
    Ok(Response { status, url: shown.url, headers: fields, body, sent: shown.sent })
}

fn media_type(fields: &HeaderMap) -> Option<String> {
    fields.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

fn is_of_events(content_type: Option<&str>) -> bool {
    let essence = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    matches!(&*essence, "text/event-stream" | "application/x-ndjson" | "application/ndjson" | "application/stream+json")
}

/// The address in a form that may be shown.
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
        // The secret extended across path and query.
        clean.set_path(REDACTED);
        clean.set_query(None);
    }
    clean
}

fn scrubbed(fields: HeaderMap, scrubber: &Scrubber) -> HeaderMap {
    if !fields.iter().any(|(name, value)| scrubber.is_in_header(name, value)) {
        return fields;
    }
    let mut clean = HeaderMap::with_capacity(fields.len());
    let mut last = None;
    for (name, value) in fields {
        // Only the first value of a name carries the name.
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

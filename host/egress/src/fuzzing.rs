//! Entry points for the fuzz targets and benchmarks into otherwise private code. Each runs one step that every request takes.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use innkeeper_ambient::{Random, Timestamp};
use innkeeper_spec::{ApprovedHost, CredentialUse, Policies};
use url::Url;

use crate::request::placeholders::Filler;
use crate::request::{headers, multipart};
use crate::retry::Retries;
use crate::scrub::{ScrubStream, Scrubber};
use crate::wall::address;
use crate::{EgressError, Part, redirect, wall};

/// Whether a request may be sent, and whether the credential may be attached.
pub fn admitted(allow: &[ApprovedHost], method: &Method, url: &Url) -> Result<Option<CredentialUse>, EgressError> {
    wall::check_shape(method, url)?;
    Ok(wall::admit(allow, method, url))
}

/// The name of a request in errors and logs.
pub fn described(method: &Method, url: &Url) -> String {
    wall::describe(method, url)
}

/// The kind of an address that is not public.
pub fn not_public(address: std::net::IpAddr) -> Option<&'static str> {
    address::not_public(address)
}

/// The target of an answer's redirect.
pub fn redirected(
    method: &Method,
    from: &Url,
    status: StatusCode,
    headers: &HeaderMap,
) -> Result<Option<(Method, Url)>, EgressError> {
    Ok(redirect::next(method, from, status, headers)?.map(|hop| (hop.method, hop.url)))
}

/// Rejects headers that a request may not set.
pub fn check_headers(headers: &HeaderMap) -> Result<(), EgressError> {
    headers::check(headers)
}

/// Adds the default headers of a spec.
pub fn add_defaults(headers: &mut HeaderMap, defaults: &[(String, String)]) -> Result<(), EgressError> {
    headers::add_defaults(headers, defaults)
}

/// Removes the headers that another origin must not see.
pub fn strip_for_other_origin(headers: &mut HeaderMap) {
    headers::strip_for_other_origin(headers, &[]);
}

/// Removes the headers that the reader of an answer must not see.
pub fn strip_answer(headers: &mut HeaderMap) {
    headers::strip_answer(headers);
}

/// How long to wait before a request is sent again, in milliseconds; `None`: it is not sent again.
pub fn wait_before_retry(policies: &Policies, headers: &HeaderMap, now: Timestamp, random: &dyn Random) -> Option<u64> {
    let mut retries = Retries::new(policies);
    let wait = retries.after_answer(&Method::GET, StatusCode::TOO_MANY_REQUESTS, headers, None, now, random);
    wait.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX))
}

/// A multipart form in memory: its media type and its bytes.
pub fn form(parts: Vec<Part>, random: &dyn Random) -> Result<(HeaderValue, Bytes), EgressError> {
    let address = Url::parse("https://a.example.com/").expect("an address");
    let payload = multipart::encode(parts, &Filler::new(None, false, &Method::POST, &address), random)?;
    let media_type = payload.content_type.clone().expect("a form has a media type");
    let body = payload.to_send()?.expect("a form has bytes");
    Ok((media_type, body.as_bytes().map(Bytes::copy_from_slice).expect("parts in memory make one piece")))
}

/// Searches bodies for a secret.
#[derive(Clone)]
pub struct Scrubbing(Arc<Scrubber>);

impl Scrubbing {
    /// Creates it for this secret.
    pub fn of(secret: &str) -> Self {
        Self(Arc::new(Scrubber::new([secret]).expect("the secret is long enough")))
    }

    /// The bytes returned for a body that arrives in these pieces, in blocks of this size: at each piece, and at the end.
    pub fn scrubbed(&self, pieces: &[&[u8]], block: usize) -> Vec<Bytes> {
        let mut stream = ScrubStream::new(Arc::clone(&self.0), block);
        let mut out: Vec<Bytes> = pieces.iter().map(|piece| stream.push(Bytes::copy_from_slice(piece))).collect();
        out.push(stream.finish());
        out
    }

    /// The number of bytes returned for a body that arrives in these pieces, in the blocks of large answers.
    pub fn through(&self, pieces: &[Bytes]) -> usize {
        let mut stream = ScrubStream::new(Arc::clone(&self.0), crate::answer::readable::BLOCK);
        let handed: usize = pieces.iter().map(|piece| stream.push(piece.clone()).len()).sum();
        handed + stream.finish().len()
    }
}

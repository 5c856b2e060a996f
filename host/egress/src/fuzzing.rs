//! Entries for the fuzz targets, and for benchmarks, into what is private otherwise. Each does one thing that every request does.

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

/// Whether a request may leave, and whether the credential may go along.
pub fn admitted(allow: &[ApprovedHost], method: &Method, url: &Url) -> Result<Option<CredentialUse>, EgressError> {
    wall::check_shape(method, url)?;
    Ok(wall::admit(allow, method, url))
}

/// A request as errors and logs name it.
pub fn described(method: &Method, url: &Url) -> String {
    wall::describe(method, url)
}

/// What an address is when it is not public.
pub fn not_public(address: std::net::IpAddr) -> Option<&'static str> {
    address::not_public(address)
}

/// Where an answer leads.
pub fn redirected(
    method: &Method,
    from: &Url,
    status: StatusCode,
    headers: &HeaderMap,
) -> Result<Option<(Method, Url)>, EgressError> {
    Ok(redirect::next(method, from, status, headers)?.map(|hop| (hop.method, hop.url)))
}

/// Refuses headers that a request may not bring.
pub fn check_headers(headers: &HeaderMap) -> Result<(), EgressError> {
    headers::check(headers)
}

/// Adds the default headers of a spec.
pub fn add_defaults(headers: &mut HeaderMap, defaults: &[(String, String)]) -> Result<(), EgressError> {
    headers::add_defaults(headers, defaults)
}

/// Takes off what another origin must not see.
pub fn strip_for_other_origin(headers: &mut HeaderMap) {
    headers::strip_for_other_origin(headers, &[]);
}

/// Takes off what the reader of an answer must not see.
pub fn strip_answer(headers: &mut HeaderMap) {
    headers::strip_answer(headers);
}

/// How long a request waits until it is sent again, in milliseconds; `None`: it is not.
pub fn wait_before_retry(policies: &Policies, headers: &HeaderMap, now: Timestamp, random: &dyn Random) -> Option<u64> {
    let mut retries = Retries::new(policies);
    let wait = retries.after_answer(&Method::GET, StatusCode::TOO_MANY_REQUESTS, headers, None, now, random);
    wait.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX))
}

/// A form of parts in memory: its media type and its bytes.
pub fn form(parts: Vec<Part>, random: &dyn Random) -> Result<(HeaderValue, Bytes), EgressError> {
    let address = Url::parse("https://a.example.com/").expect("an address");
    let payload = multipart::encode(parts, &Filler::new(None, false, &Method::POST, &address), random)?;
    let media_type = payload.content_type.clone().expect("a form has a media type");
    let body = payload.to_send()?.expect("a form has bytes");
    Ok((media_type, body.as_bytes().map(Bytes::copy_from_slice).expect("parts in memory make one piece")))
}

/// Looks for a secret in bodies.
#[derive(Clone)]
pub struct Scrubbing(Arc<Scrubber>);

impl Scrubbing {
    /// For this secret.
    pub fn of(secret: &str) -> Self {
        Self(Arc::new(Scrubber::new([secret]).expect("the secret is long enough")))
    }

    /// What is handed out of a body that arrives in these pieces, in blocks of so many bytes: at each piece, and at the end.
    pub fn scrubbed(&self, pieces: &[&[u8]], block: usize) -> Vec<Bytes> {
        let mut stream = ScrubStream::new(Arc::clone(&self.0), block);
        let mut out: Vec<Bytes> = pieces.iter().map(|piece| stream.push(Bytes::copy_from_slice(piece))).collect();
        out.push(stream.finish());
        out
    }

    /// How many bytes are handed out of a body that arrives in these pieces, in the blocks of large answers.
    pub fn through(&self, pieces: &[Bytes]) -> usize {
        let mut stream = ScrubStream::new(Arc::clone(&self.0), crate::answer::readable::BLOCK);
        let handed: usize = pieces.iter().map(|piece| stream.push(piece.clone()).len()).sum();
        handed + stream.finish().len()
    }
}

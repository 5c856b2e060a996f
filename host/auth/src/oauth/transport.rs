//! OAuth's requests and answers through egress.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use innkeeper_ambient::Clock;
use innkeeper_egress::{
    Attachment, CredentialError, CredentialMode, CredentialSource, Egress, EgressError, Redirects, Request,
    RequestBody, RequestHead, Route, retry_after,
};
use innkeeper_spec::{ApprovedHost, Policies};
use secrecy::SecretString;
use url::Url;

use super::answer::refusal;
use crate::grant::{Placement, SOURCE_TIMEOUT, SourceContext, TokenError};

/// The maximum length of an answer, in bytes.
const LONGEST_ANSWER: u64 = 64 * 1024;
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Sends a request to exactly one endpoint.
pub(crate) struct Transport<'a> {
    pub(crate) egress: &'a Egress,
    pub(crate) clock: &'a dyn Clock,
}

impl Transport<'_> {
    /// Sends a POST with the client's authentication; the allow list contains only that address. No redirect is followed.
    pub(crate) async fn post(
        &self,
        url: Url,
        media_type: HeaderValue,
        body: Vec<u8>,
        authentication: Placement,
        patience: Duration,
    ) -> Result<(StatusCode, HeaderMap, Bytes), TokenError> {
        let Placement { headers, query, identity, .. } = &authentication;
        let attaches = !headers.is_empty() || !query.is_empty() || identity.is_some();
        let proof = ClientProof(authentication);
        let headers = HeaderMap::from_iter([(ACCEPT, JSON), (CONTENT_TYPE, media_type)]);
        let request = Request {
            method: Method::POST,
            url,
            query: Vec::new(),
            headers,
            body: RequestBody::Bytes(body.into()),
            credential: if attaches { CredentialMode::Attach } else { CredentialMode::Omit },
            redirects: Redirects::Stop,
            timeout: Some(patience),
        };
        self.send(request, attaches.then_some(&proof), LONGEST_ANSWER, patience).await
    }

    /// Sends a GET for a public document of at most `longest` bytes. Redirects are followed within its origin.
    pub(crate) async fn get(
        &self,
        url: Url,
        longest: u64,
        patience: Duration,
    ) -> Result<(StatusCode, HeaderMap, Bytes), TokenError> {
        let request = Request {
            method: Method::GET,
            url,
            query: Vec::new(),
            headers: HeaderMap::from_iter([(ACCEPT, JSON)]),
            body: RequestBody::Empty,
            credential: CredentialMode::Omit,
            redirects: Redirects::Follow,
            timeout: Some(patience),
        };
        self.send(request, None, longest, patience).await
    }

    async fn send(
        &self,
        request: Request,
        proof: Option<&ClientProof>,
        longest: u64,
        patience: Duration,
    ) -> Result<(StatusCode, HeaderMap, Bytes), TokenError> {
        let allow = [origin(&request.url, &request.method)?];
        let policies = Policies::default();
        let route = Route {
            allow: &allow,
            credential: proof.map(|proof| proof as &dyn CredentialSource),
            default_headers: &[],
            placeholders: None,
            policies: &policies,
            echoes: None,
            deadline: Some(self.clock.now().plus(patience)),
            dropped_at_deadline: false,
            requests: None,
        };
        let mut response = self.egress.send(request, &route).await.map_err(|error| unreached(&error, patience))?;
        let (status, headers) = (response.status, std::mem::take(&mut response.headers));
        let answer = response.body.read_all(longest).await.map_err(|error| unreached(&error, patience))?;
        Ok((status, headers, answer))
    }

    /// The meaning of an answer that is not a success.
    pub(crate) fn failure(&self, status: StatusCode, headers: &HeaderMap, answer: &[u8]) -> TokenError {
        let retry_after = retry_after(headers, self.clock.now());
        if status == StatusCode::TOO_MANY_REQUESTS {
            return TokenError::Busy { retry_after };
        }
        if status.is_server_error() {
            return TokenError::Failed { status: status.as_u16(), retry_after };
        }
        match refusal(answer) {
            Some(code) if status.is_client_error() => TokenError::Refused(code),
            _ => TokenError::Status(status.as_u16()),
        }
    }
}

impl SourceContext {
    /// Sends a POST to this address for a source that is not OAuth, with `authentication` on it: headers, query parameters, a
    /// certificate, or nothing; `Accept` and `Content-Type` are the host's. No redirect is followed, and the answer has at most 64 KiB and must arrive within
    /// [`SOURCE_TIMEOUT`]. A status that is not a success is reported as for OAuth: a refusal with its code, a failure with the
    /// wait that the server requires.
    pub async fn post(
        &self,
        url: Url,
        authentication: Placement,
        media_type: HeaderValue,
        body: Vec<u8>,
    ) -> Result<Bytes, TokenError> {
        let transport = Transport { egress: &self.egress, clock: &*self.clock };
        let (status, headers, answer) = transport.post(url, media_type, body, authentication, SOURCE_TIMEOUT).await?;
        if status.is_success() { Ok(answer) } else { Err(transport.failure(status, &headers, &answer)) }
    }
}

/// The client's authentication outside the body: only a credential may set it.
struct ClientProof(Placement);

#[async_trait]
impl CredentialSource for ClientProof {
    async fn attach(
        &self,
        _head: &RequestHead,
        rejected: Option<&Attachment>,
    ) -> Result<Option<Arc<Attachment>>, CredentialError> {
        // The host itself reads the raw answer: nothing in it is scrubbed, and a 401 is an answer.
        let Placement { headers, query, identity, .. } = self.0.clone();
        let attachment = || Attachment { headers, query, identity, ..Attachment::default() };
        Ok(rejected.is_none().then(|| attachment().into()))
    }

    async fn secrets(&self) -> Result<Arc<[SecretString]>, CredentialError> {
        let Placement { headers, query, .. } = &self.0;
        let in_headers = headers.iter().map(|(_, value)| value);
        Ok(in_headers.chain(query.iter().map(|(_, value)| value)).cloned().collect())
    }
}

/// An address's origin, for one method only.
fn origin(url: &Url, method: &Method) -> Result<ApprovedHost, TokenError> {
    let unusable = || TokenError::NotAllowed("its address has no host or port".to_owned());
    let host = url.host_str().ok_or_else(unusable)?;
    let port = url.port_or_known_default().ok_or_else(unusable)?;
    let mut approved: ApprovedHost = format!("{}://{host}:{port}", url.scheme()).parse().map_err(|_| unusable())?;
    approved.methods = vec![method.to_string()];
    Ok(approved)
}

fn unreached(error: &EgressError, patience: Duration) -> TokenError {
    match error {
        EgressError::TooLarge { .. } => TokenError::Malformed("it is longer than any legitimate response"),
        EgressError::Timeout => TokenError::NoAnswer(format!("no response within {} s", patience.as_secs())),
        EgressError::Unsent(_) => TokenError::NotReached(error.to_string()),
        EgressError::Connect(_) => TokenError::NoAnswer(error.to_string()),
        _ => TokenError::NotAllowed(error.to_string()),
    }
}

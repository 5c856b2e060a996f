//! OAuth's requests on their way through egress, and their answers on the way back.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use async_trait::async_trait;
use http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, StatusCode};
use innkeeper_ambient::{Clock, Timestamp};
use innkeeper_egress::{
    Attachment, CredentialError, CredentialMode, CredentialSource, Egress, EgressError, Redirects, Request,
    RequestBody, RequestHead, Route,
};
use innkeeper_spec::{ApprovedHost, Policies};
use oauth2::{AsyncHttpClient, HttpRequest, HttpResponse};
use secrecy::SecretString;
use time::PrimitiveDateTime;
use time::macros::format_description;
use url::Url;

use super::answer::{AnswerShape, normalise, refusal};
use super::error::TokenError;

/// No honest answer is longer, in bytes.
const LONGEST_ANSWER: u64 = 64 * 1024;
/// How long a token endpoint may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Sends what `oauth2` asks for to the very endpoint it is meant for, follows no redirect, and gives back a standard
/// answer or a typed error.
pub(crate) struct Transport<'a> {
    pub(crate) egress: &'a Egress,
    pub(crate) clock: &'a dyn Clock,
    pub(crate) shape: &'a AnswerShape,
}

impl<'c> AsyncHttpClient<'c> for Transport<'_> {
    type Error = TokenError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, TokenError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.exchange(request))
    }
}

impl Transport<'_> {
    async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, TokenError> {
        let (head, body) = request.into_parts();
        let url =
            Url::parse(&head.uri.to_string()).map_err(|_| TokenError::Malformed("the token URL is no address"))?;
        let (status, headers, answer) = self.post(url, head.headers, body, PATIENCE).await?;
        if !status.is_success() {
            return Err(self.failure(status, &headers, &answer));
        }
        let standard = normalise(&answer, self.shape)?;
        let mut response = HttpResponse::new(standard.to_string().into_bytes());
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Ok(response)
    }

    /// One POST, with the allow list made of that address alone.
    pub(crate) async fn post(
        &self,
        url: Url,
        mut headers: HeaderMap,
        body: Vec<u8>,
        patience: Duration,
    ) -> Result<(StatusCode, HeaderMap, bytes::Bytes), TokenError> {
        let proof = headers.remove(AUTHORIZATION).as_ref().map(ClientProof::new).transpose()?;
        let allow = [endpoint(&url)?];
        let policies = Policies::default();
        let route = Route {
            allow: &allow,
            credential: proof.as_ref().map(|proof| proof as &dyn CredentialSource),
            default_headers: &[],
            placeholders: None,
            policies: &policies,
            deadline: Some(self.clock.now().plus(patience)),
        };
        let request = Request {
            method: http::Method::POST,
            url,
            query: Vec::new(),
            headers,
            body: RequestBody::Bytes(body.into()),
            credential: if proof.is_some() { CredentialMode::Attach } else { CredentialMode::Omit },
            redirects: Redirects::Stop,
            timeout: Some(patience),
        };
        let mut response = self.egress.send(request, &route).await.map_err(|error| unreached(&error))?;
        let (status, headers) = (response.status, std::mem::take(&mut response.headers));
        let answer = response.body.read_all(LONGEST_ANSWER).await.map_err(|error| unreached(&error))?;
        Ok((status, headers, answer))
    }

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

/// Client id and secret in the Authorization header, which only a credential may set.
struct ClientProof(SecretString);

impl ClientProof {
    fn new(header: &HeaderValue) -> Result<Self, TokenError> {
        let text =
            header.to_str().map_err(|_| TokenError::Malformed("the client id or secret does not fit a header"))?;
        Ok(Self(SecretString::from(text)))
    }
}

#[async_trait]
impl CredentialSource for ClientProof {
    async fn attach(
        &self,
        _head: &RequestHead,
        rejected: Option<&Attachment>,
    ) -> Result<Option<Attachment>, CredentialError> {
        // The answer is ours to read as it came: nothing in it is scrubbed, and a 401 is an answer.
        Ok(rejected.is_none().then(|| Attachment {
            headers: vec![(AUTHORIZATION, self.0.clone())],
            query: Vec::new(),
            secrets: Vec::new(),
            generation: 0,
            bare: false,
        }))
    }
}

/// The endpoint's origin, for POST alone.
fn endpoint(url: &Url) -> Result<ApprovedHost, TokenError> {
    let unusable = || TokenError::NotAllowed("its address has no host or port".to_owned());
    let host = url.host_str().ok_or_else(unusable)?;
    let port = url.port_or_known_default().ok_or_else(unusable)?;
    let mut approved: ApprovedHost = format!("{}://{host}:{port}", url.scheme()).parse().map_err(|_| unusable())?;
    approved.methods = vec!["POST".to_owned()];
    Ok(approved)
}

fn unreached(error: &EgressError) -> TokenError {
    match error {
        EgressError::TooLarge { .. } => TokenError::Malformed("it is longer than 64 KiB"),
        EgressError::Timeout => TokenError::Unreachable("no answer within 30 s".to_owned()),
        EgressError::Connect(_) => TokenError::Unreachable(error.to_string()),
        _ => TokenError::NotAllowed(error.to_string()),
    }
}

/// RFC 9110, section 10.2.3: seconds or a date.
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let format =
        format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");
    let date = PrimitiveDateTime::parse(text, &format).ok()?.assume_utc().unix_timestamp();
    Some(Timestamp::from_secs(u64::try_from(date).ok()?).since(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_may_ask_for_patience_in_seconds_or_by_date() {
        let now = Timestamp::from_secs(1_700_000_000);
        let wait = |text: &'static str| {
            retry_after(&HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static(text))]), now)
        };
        assert_eq!(wait("120"), Some(Duration::from_mins(2)));
        assert_eq!(wait("Tue, 14 Nov 2023 22:13:50 GMT"), Some(Duration::from_secs(30)));
        assert_eq!(wait("Tue, 14 Nov 2022 22:13:50 GMT"), Some(Duration::ZERO));
        assert_eq!(wait("later"), None);
    }
}

//! `http`: turns the guest's requests into the egress crate's and its answers back. No policy lives here.

use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use ::http::{HeaderMap, HeaderName, HeaderValue, Method};
use bytes::Bytes;
use futures::StreamExt;
use innkeeper_ambient::Timestamp;
use innkeeper_egress::{
    Body, CallEchoes, CredentialMode, CredentialSource, Egress, EgressError, Part, PartContent, Redirects, Request,
    RequestBody, Response, Route, SecretFields,
};
use innkeeper_spec::{ApprovedHost, ConnectorSpec};
use url::Url;
use wasmtime::component::{HasSelf, Linker, Resource, ResourceTable};

use crate::capabilities::held::{Charge, Held};
use crate::contract::innkeeper::connector::http as wit;
use crate::guest::{Guest, Working};

/// The most bytes of one `read`.
const CHUNK: usize = 1 << 20;

/// A body that the guest holds by handle.
#[allow(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct GuestBody {
    body: Body,
    /// Read from the body and not yet by the guest.
    pending: Bytes,
    /// Where it is scrubbed: bytes of a block of it, and how many of one the guest has read.
    block: Option<usize>,
    into_block: usize,
    /// Of its media type, where the guest gave one.
    _charge: Option<Charge>,
    /// The limit of bytes held for the guest, where these were too many: then there are none, and every use says so.
    refused: Option<u64>,
}

impl GuestBody {
    pub(crate) fn new(body: Body) -> Self {
        let block = body.block();
        Self { body, pending: Bytes::new(), block, into_block: 0, _charge: None, refused: None }
    }

    /// A body of the guest's own bytes, within its room.
    fn from_guest(held: &Held, content: Vec<u8>, content_type: Option<String>) -> Self {
        let named = held.charge(content_type.as_ref().map_or(0, String::len));
        match named.and_then(|charge| Ok((charge, held.bytes(content)?))) {
            Ok((charge, bytes)) => Self { _charge: Some(charge), ..Self::new(Body::from_bytes(bytes, content_type)) },
            Err(_) => Self { refused: Some(held.limit()), ..Self::new(Body::empty()) },
        }
    }

    fn usable(&self) -> Result<(), EgressError> {
        self.refused.map_or(Ok(()), |limit| Err(EgressError::TooLarge { limit }))
    }

    /// What is left of it, for a request: its connection may keep it after the call is gone, until `end`.
    fn hand_over(mut self, end: Timestamp) -> Result<Body, EgressError> {
        self.usable()?;
        self.body.end_at(end);
        Ok(self.into_body())
    }

    /// What is left of it.
    fn into_body(self) -> Body {
        let Self { body, pending, .. } = self;
        if pending.is_empty() {
            return body;
        }
        let length = body.length().map(|length| length.saturating_add(pending.len() as u64));
        let content_type = body.content_type().map(str::to_owned);
        let bytes = futures::stream::iter([Ok(pending)]).chain(body.into_stream());
        Body::from_stream(bytes, length, content_type)
    }

    /// What is left of it, for the caller: a download outlives its call for as long as bytes keep coming.
    pub(crate) fn hand_out(mut self, patience: Duration) -> Body {
        if let Err(refused) = self.usable() {
            return Body::from_stream(futures::stream::iter([Err(refused)]), None, None);
        }
        self.body.outlive_the_call(patience);
        self.into_body()
    }

    async fn read(&mut self, most: usize) -> Result<Bytes, EgressError> {
        self.usable()?;
        let mut most = most;
        while self.pending.is_empty() {
            match self.body.next().await? {
                Some(chunk) => self.pending = chunk,
                None => return Ok(Bytes::new()),
            }
        }
        // How much has arrived depends on where secrets are. How much of it is read does not.
        if let Some(block) = self.block {
            most = most.min(block - self.into_block);
        }
        let read = self.pending.split_to(most.min(self.pending.len()));
        if let Some(block) = self.block {
            self.into_block = (self.into_block + read.len()) % block;
        }
        Ok(read)
    }

    async fn read_all(&mut self, limit: u64) -> Result<Vec<u8>, EgressError> {
        let too_large = || EgressError::TooLarge { limit };
        if self.body.length().is_some_and(|length| length > limit) {
            return Err(too_large());
        }
        self.usable()?;
        let mut all = Vec::new();
        let mut next = Some(std::mem::take(&mut self.pending));
        loop {
            let Some(chunk) = next else { return Ok(all) };
            if (all.len() + chunk.len()) as u64 > limit {
                return Err(too_large());
            }
            all.extend_from_slice(&chunk);
            next = self.body.next().await?;
        }
    }
}

/// One call's way out.
pub(crate) struct PerCall {
    pub(crate) egress: Egress,
    pub(crate) allow: Arc<[ApprovedHost]>,
    pub(crate) credential: Arc<dyn CredentialSource>,
    pub(crate) placeholders: Option<Arc<dyn SecretFields>>,
    /// Counts the answers that hold a secret.
    pub(crate) echoes: CallEchoes,
    pub(crate) deadline: Timestamp,
    /// Room for the guest's own bytes.
    pub(crate) held: Held,
    /// Requests that the guest may still make.
    pub(crate) left: u32,
    /// Requests that left the host, redirects and retries included.
    pub(crate) sent: Arc<AtomicU32>,
}

impl PerCall {
    fn count(&mut self, requests: usize) -> Result<(), EgressError> {
        let requests = u32::try_from(requests).unwrap_or(u32::MAX);
        self.left = self.left.checked_sub(requests).ok_or_else(|| {
            EgressError::InvalidRequest("the call has made as many requests as one call may make".to_owned())
        })?;
        Ok(())
    }

    fn send<'a>(
        &'a self,
        spec: &'a ConnectorSpec,
        request: Request,
    ) -> impl Future<Output = Result<Response, EgressError>> + Send + use<'a> {
        let route = Route {
            allow: &self.allow,
            credential: Some(&*self.credential),
            default_headers: &spec.headers,
            placeholders: self.placeholders.as_deref(),
            policies: &spec.policies,
            echoes: Some(&self.echoes),
            deadline: Some(self.deadline),
            dropped_at_deadline: true,
            sent: Some(&self.sent),
        };
        self.egress.send(request, &route)
    }
}

pub(crate) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    wit::add_to_linker::<Guest, HasSelf<Guest>>(linker, |guest| guest)
}

type Answer = Result<wit::Response, wit::HttpError>;

impl wit::Host for Guest {
    async fn send(&mut self, request: wit::Request) -> wasmtime::Result<Answer> {
        let answer = {
            let http = &self.working("http.send")?.http;
            let (held, end) = (http.held.clone(), http.deadline);
            let request = take_request(&mut self.table, &held, end, request)?;
            let Working { http, spec, .. } = self.working("http.send")?;
            match http.count(1).and(request) {
                Ok(request) => http.send(spec, request).await,
                Err(error) => Err(error),
            }
        };
        self.hand_over(answer)
    }

    async fn send_all(&mut self, requests: Vec<wit::Request>) -> wasmtime::Result<Vec<Answer>> {
        let at_once = self.shared.limits.requests_at_once.max(1);
        let http = &self.working("http.send-all")?.http;
        let (held, end) = (http.held.clone(), http.deadline);
        let mut taken = Vec::with_capacity(requests.len());
        for request in requests {
            taken.push(take_request(&mut self.table, &held, end, request)?);
        }
        let Working { http, spec, .. } = self.working("http.send-all")?;
        let answers: Vec<_> = match http.count(taken.len()) {
            Ok(()) => {
                let (http, spec) = (&*http, &**spec);
                let sending = taken.into_iter().map(|request| async move { http.send(spec, request?).await });
                futures::stream::iter(sending).buffered(at_once).collect().await
            }
            Err(error) => taken.iter().map(|_| Err(EgressError::InvalidRequest(error.to_string()))).collect(),
        };
        answers.into_iter().map(|answer| self.hand_over(answer)).collect()
    }
}

impl Guest {
    fn hand_over(&mut self, answer: Result<Response, EgressError>) -> wasmtime::Result<Answer> {
        let response = match answer {
            Ok(response) => response,
            Err(error) => return Ok(Err(http_error(error))),
        };
        let headers = response.headers.iter().map(|(name, value)| wit::Header {
            name: name.as_str().to_owned(),
            value: String::from_utf8_lossy(value.as_bytes()).into_owned(),
        });
        Ok(Ok(wit::Response {
            status: response.status.as_u16(),
            url: response.url.to_string(),
            headers: headers.collect(),
            body: self.table.push(GuestBody::new(response.body))?,
        }))
    }
}

impl wit::HostBody for Guest {
    fn from_bytes(&mut self, content: Vec<u8>, content_type: Option<String>) -> wasmtime::Result<Resource<GuestBody>> {
        let body = GuestBody::from_guest(&self.working("http.body")?.http.held, content, content_type);
        Ok(self.table.push(body)?)
    }

    fn length(&mut self, body: Resource<GuestBody>) -> wasmtime::Result<Option<u64>> {
        let body = self.table.get(&body)?;
        if body.refused.is_some() {
            return Ok(None);
        }
        Ok(body.body.length().map(|length| length.saturating_add(body.pending.len() as u64)))
    }

    fn content_type(&mut self, body: Resource<GuestBody>) -> wasmtime::Result<Option<String>> {
        Ok(self.table.get(&body)?.body.content_type().map(str::to_owned))
    }

    async fn read(&mut self, body: Resource<GuestBody>, max: u32) -> wasmtime::Result<Result<Vec<u8>, wit::HttpError>> {
        let most = usize::try_from(max).unwrap_or(CHUNK).clamp(1, CHUNK);
        let read = self.table.get_mut(&body)?.read(most).await;
        Ok(read.map(Vec::from).map_err(http_error))
    }

    async fn read_all(
        &mut self,
        body: Resource<GuestBody>,
        limit: u64,
    ) -> wasmtime::Result<Result<Vec<u8>, wit::HttpError>> {
        let limit = limit.min(self.shared.limits.answer);
        Ok(self.table.get_mut(&body)?.read_all(limit).await.map_err(http_error))
    }

    fn drop(&mut self, body: Resource<GuestBody>) -> wasmtime::Result<()> {
        self.table.delete(body)?;
        Ok(())
    }
}

fn http_error(error: EgressError) -> wit::HttpError {
    match error {
        EgressError::NeedsAuthorization => wit::HttpError::NeedsAuthorization,
        EgressError::Unsent(reason) | EgressError::Connect(reason) | EgressError::CredentialUnavailable(reason) => {
            wit::HttpError::Connect(reason)
        }
        EgressError::Timeout => wit::HttpError::Timeout,
        EgressError::TooLarge { limit } => wit::HttpError::TooLarge(limit),
        EgressError::InvalidRequest(reason) => wit::HttpError::InvalidRequest(reason),
        denied => wit::HttpError::Denied(denied.to_string()),
    }
}

/// Takes the request's handles out of the table, whatever becomes of it: handing a body to a request consumes it, and ends
/// it at `end`.
fn take_request(
    table: &mut ResourceTable,
    held: &Held,
    end: Timestamp,
    request: wit::Request,
) -> wasmtime::Result<Result<Request, EgressError>> {
    let body = take_body(table, held, end, request.body)?;
    Ok((|| {
        let method = Method::from_bytes(request.method.as_bytes())
            .map_err(|_| invalid(format!("{:?} is not an HTTP method", cut(&request.method))))?;
        let url = Url::parse(&request.url)
            .map_err(|error| invalid(format!("{:?} is not an absolute address: {error}", cut(&request.url))))?;
        Ok(Request {
            method,
            url,
            query: request.query.into_iter().map(|pair| (pair.name, pair.value)).collect(),
            headers: headers(&request.headers)?,
            body: body?,
            credential: match request.credential {
                wit::Credential::Attach => CredentialMode::Attach,
                wit::Credential::Omit => CredentialMode::Omit,
            },
            redirects: match request.redirects {
                wit::Redirects::Follow => Redirects::Follow,
                wit::Redirects::Stop => Redirects::Stop,
            },
            timeout: request.timeout.map(|millis| Duration::from_millis(millis.into())),
        })
    })())
}

fn headers(headers: &[wit::Header]) -> Result<HeaderMap, EgressError> {
    let mut map = HeaderMap::with_capacity(headers.len());
    for header in headers {
        let name = HeaderName::from_bytes(header.name.as_bytes())
            .map_err(|_| invalid(format!("{:?} is not a header name", cut(&header.name))))?;
        let value = HeaderValue::from_str(&header.value).or_else(|_| HeaderValue::from_bytes(header.value.as_bytes()));
        let value = value.map_err(|_| invalid(format!("the value of the header {name} has control characters")))?;
        map.append(name, value);
    }
    Ok(map)
}

fn take_body(
    table: &mut ResourceTable,
    held: &Held,
    end: Timestamp,
    body: wit::RequestBody,
) -> wasmtime::Result<Result<RequestBody, EgressError>> {
    Ok(match body {
        wit::RequestBody::Empty => Ok(RequestBody::Empty),
        wit::RequestBody::Bytes(bytes) => held.bytes(bytes).map(RequestBody::Bytes),
        wit::RequestBody::Form(pairs) => {
            Ok(RequestBody::Form(pairs.into_iter().map(|pair| (pair.name, pair.value)).collect()))
        }
        wit::RequestBody::Multipart(parts) => {
            let parts: wasmtime::Result<Vec<_>> =
                parts.into_iter().map(|part| take_part(table, held, end, part)).collect();
            parts?.into_iter().collect::<Result<_, _>>().map(RequestBody::Multipart)
        }
        wit::RequestBody::Body(body) => table.delete(body)?.hand_over(end).map(RequestBody::Stream),
    })
}

fn take_part(
    table: &mut ResourceTable,
    held: &Held,
    end: Timestamp,
    part: wit::Part,
) -> wasmtime::Result<Result<Part, EgressError>> {
    let content = match part.content {
        wit::PartContent::Bytes(bytes) => held.bytes(bytes).map(PartContent::Bytes),
        wit::PartContent::Body(body) => table.delete(body)?.hand_over(end).map(PartContent::Stream),
    };
    let wit::Part { name, file_name, content_type, .. } = part;
    Ok(content.map(|content| Part { name, file_name, content_type, content }))
}

fn invalid(reason: String) -> EgressError {
    EgressError::InvalidRequest(reason)
}

fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(80)]
}

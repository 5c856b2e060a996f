//! `http`: turns the guest's requests into the egress crate's and its answers back. No policy lives here.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use ::http::{HeaderMap, HeaderName, HeaderValue, Method};
use bytes::Bytes;
use futures::StreamExt;
use innkeeper_ambient::{Clock, Timestamp};
use innkeeper_egress::{
    Body, CallEchoes, CredentialMode, CredentialSource, Echoes, Egress, EgressError, Part, PartContent, Redirects,
    Request, RequestBody, RequestBudget, Response, Route, SecretFields,
};
use innkeeper_spec::{ApprovedHost, Policies};
use url::Url;
use wasmtime::component::{HasData, Linker, Resource, ResourceTable};

use super::in_call;
use crate::account::{Account, Charge};
use crate::body::GuestBody;
use crate::contract::innkeeper::connector::http as wit;
use crate::limits::Limits;
use crate::text;

/// A connection's outgoing HTTP access: where its guest may send requests, and with which credential.
#[derive(Clone)]
pub struct HttpAccess {
    /// Sends the requests.
    pub egress: Egress,
    /// The hosts that the connection's owner approved.
    pub allow: Arc<[ApprovedHost]>,
    /// Puts the credential on requests.
    pub credential: Arc<dyn CredentialSource>,
    /// Fills in placeholders, if the spec declares any.
    pub placeholders: Option<Arc<dyn SecretFields>>,
    /// Counts the calls of the connection whose answers contained a secret.
    pub echoes: Arc<Echoes>,
    /// Requests that left the host, including redirects and retries, counted while the call runs: a call that is
    /// dropped has an audit record, too.
    pub sent: Arc<AtomicU32>,
}

/// The outgoing HTTP access of one call.
pub(crate) struct PerCall {
    access: HttpAccess,
    /// Counts the answers that contain a secret.
    echoes: CallEchoes,
    deadline: Timestamp,
    /// The number of requests that the guest may still send.
    left: u32,
    /// The number of requests that may leave the host in total, including redirects and retries.
    most: u32,
}

impl PerCall {
    pub(crate) fn new(access: HttpAccess, limits: &Limits, clock: &Arc<dyn Clock>) -> Self {
        Self {
            echoes: access.echoes.of_a_call(limits.echoes, clock.clone()),
            deadline: clock.now().plus(limits.wall),
            left: limits.requests,
            most: limits.requests,
            access,
        }
    }

    /// Requests that left the host.
    pub(crate) fn sent(&self) -> u32 {
        self.access.sent.load(Ordering::Relaxed)
    }

    fn count(&mut self, requests: usize) -> Result<(), EgressError> {
        let requests = u32::try_from(requests).unwrap_or(u32::MAX);
        self.left = self.left.checked_sub(requests).ok_or_else(EgressError::out_of_requests)?;
        Ok(())
    }
}

pub(crate) fn link<T: Send + 'static>(
    linker: &mut Linker<T>,
    view: fn(&mut T) -> HttpView<'_>,
) -> wasmtime::Result<()> {
    wit::add_to_linker::<T, PerCall>(linker, view)
}

/// The import for one guest.
pub(crate) struct HttpView<'a> {
    /// `None` while the spec is read.
    pub(crate) way_out: Option<WayOut<'a>>,
    pub(crate) table: &'a mut ResourceTable,
    pub(crate) account: &'a Account,
    pub(crate) limits: &'a Limits,
}

/// The outgoing HTTP access, and what the guest's spec declares for all its requests.
pub(crate) struct WayOut<'a> {
    pub(crate) call: &'a mut PerCall,
    /// Headers on every request that does not set them itself.
    pub(crate) headers: &'a [(String, String)],
    pub(crate) policies: &'a Policies,
}

impl WayOut<'_> {
    fn send(&self, request: Request) -> impl Future<Output = Result<Response, EgressError>> + Send {
        let PerCall { access, echoes, deadline, most, .. } = &*self.call;
        let route = Route {
            allow: &access.allow,
            credential: Some(&*access.credential),
            default_headers: self.headers,
            placeholders: access.placeholders.as_deref(),
            policies: self.policies,
            echoes: Some(echoes),
            deadline: Some(*deadline),
            dropped_at_deadline: true,
            requests: Some(RequestBudget { sent: &access.sent, most: *most }),
        };
        access.egress.send(request, &route)
    }

    fn taking<'a>(&self, account: &'a Account) -> Taking<'a> {
        Taking { account, end: self.call.deadline, fills: self.call.access.placeholders.is_some() }
    }
}

impl HasData for PerCall {
    type Data<'a> = HttpView<'a>;
}

type Answer = Result<wit::Response, wit::HttpError>;

impl wit::Host for HttpView<'_> {
    async fn send(&mut self, request: wit::Request) -> wasmtime::Result<Answer> {
        let way_out = in_call(self.way_out.as_mut(), "http.send")?;
        let taken = way_out.taking(self.account).request(self.table, request)?;
        let answer = match way_out.call.count(1).and(taken) {
            Ok(Taken { request, _charge }) => way_out.send(request).await,
            Err(error) => Err(error),
        };
        self.hand_over(answer)
    }

    async fn send_all(&mut self, requests: Vec<wit::Request>) -> wasmtime::Result<Vec<Answer>> {
        let at_once = self.limits.requests_at_once.max(1);
        let way_out = in_call(self.way_out.as_mut(), "http.send-all")?;
        // There may be a million of them, for a call that may send fifty.
        let answers = size_of::<Taken>() + size_of::<Answer>() + LONGEST_REFUSAL;
        let _answers =
            self.account.charge(requests.len().saturating_mul(answers)).map_err(|full| full.ended("requests"))?;
        let counted = way_out.call.count(requests.len());
        let taking = way_out.taking(self.account);
        let mut taken = Vec::with_capacity(requests.len());
        for request in requests {
            let request = taking.request(self.table, request)?;
            taken.push(counted.clone().and(request));
        }
        let way_out = &*way_out;
        let sending = taken.into_iter().map(|taken| async move {
            let Taken { request, _charge } = taken?;
            way_out.send(request).await
        });
        let answers: Vec<_> = futures::stream::iter(sending).buffered(at_once).collect().await;
        answers.into_iter().map(|answer| self.hand_over(answer)).collect()
    }
}

impl HttpView<'_> {
    fn hand_over(&mut self, answer: Result<Response, EgressError>) -> wasmtime::Result<Answer> {
        let handed = answer.and_then(|mut response| {
            let body = std::mem::replace(&mut response.body, Body::empty());
            Ok((GuestBody::of_answer(self.account, body)?, response))
        });
        let (body, response) = match handed {
            Ok(handed) => handed,
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
            body: self.table.push(body)?,
        }))
    }
}

impl wit::HostBody for HttpView<'_> {
    fn from_bytes(&mut self, content: Vec<u8>, content_type: Option<String>) -> wasmtime::Result<Resource<GuestBody>> {
        in_call(self.way_out.as_ref(), "http.body")?;
        let body = GuestBody::from_guest(self.account, content, content_type);
        Ok(self.table.push(body)?)
    }

    fn length(&mut self, body: Resource<GuestBody>) -> wasmtime::Result<Option<u64>> {
        Ok(self.table.get(&body)?.length())
    }

    fn content_type(&mut self, body: Resource<GuestBody>) -> wasmtime::Result<Option<String>> {
        Ok(self.table.get(&body)?.content_type().map(str::to_owned))
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
        let limit = limit.min(self.limits.answer);
        Ok(self.table.get_mut(&body)?.read_all(limit).await.map_err(http_error))
    }

    fn drop(&mut self, body: Resource<GuestBody>) -> wasmtime::Result<()> {
        self.table.delete(body)?;
        Ok(())
    }
}

fn http_error(error: EgressError) -> wit::HttpError {
    let told = |reason| text::bounded(reason, text::LONGEST);
    match error {
        EgressError::NeedsAuthorization => wit::HttpError::NeedsAuthorization,
        EgressError::Unsent(reason) | EgressError::Connect(reason) | EgressError::CredentialUnavailable(reason) => {
            wit::HttpError::Connect(told(reason))
        }
        EgressError::Timeout => wit::HttpError::Timeout,
        EgressError::TooLarge { limit } => wit::HttpError::TooLarge(limit),
        EgressError::InvalidRequest(reason) => wit::HttpError::InvalidRequest(told(reason)),
        denied => wit::HttpError::Denied(told(denied.to_string())),
    }
}

/// A request, and the room that it takes until it is answered.
struct Taken {
    request: Request,
    _charge: Charge,
}

/// What is needed to take a request over from the guest.
struct Taking<'a> {
    account: &'a Account,
    /// When the bodies that a request carries expire.
    end: Timestamp,
    /// Whether placeholders may be filled in: then there is a second copy of the values that contain them.
    fills: bool,
}

impl Taking<'_> {
    /// Takes the request's handles out of the table, even if the request fails: passing a body to a request consumes
    /// it.
    fn request(
        &self,
        table: &mut ResourceTable,
        request: wit::Request,
    ) -> wasmtime::Result<Result<Taken, EgressError>> {
        let charge = check_address(&request).and_then(|()| Ok(self.account.charge(self.size(&request))?));
        let body = self.body(table, request.body)?;
        Ok((|| {
            let charge = charge?;
            let method = Some(request.method.as_bytes()).filter(|method| method.len() <= LONGEST_METHOD);
            let method = method.and_then(|method| Method::from_bytes(method).ok());
            let method = method.ok_or_else(|| invalid(format!("{:?} is not an HTTP method", cut(&request.method))))?;
            let url = Url::parse(&request.url)
                .map_err(|error| invalid(format!("{:?} is not an absolute address: {error}", cut(&request.url))))?;
            let request = Request {
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
            };
            Ok(Taken { request, _charge: charge })
        })())
    }

    /// What the host holds for a request in addition to its bytes, which have their own room: as many copies as exist
    /// at the same time of what is encoded, shown, and sent.
    fn size(&self, request: &wit::Request) -> usize {
        let headers = request.headers.iter().map(|header| ENTRY + 3 * (header.name.len() + header.value.len()));
        let query = request.query.iter().map(|pair| ENTRY + 9 * (pair.name.len() + pair.value.len()));
        let filled = |bytes: &[u8]| if self.fills { bytes.len() } else { 0 };
        let body = match &request.body {
            wit::RequestBody::Empty | wit::RequestBody::Body(_) => 0,
            wit::RequestBody::Bytes(bytes) => filled(bytes),
            wit::RequestBody::Form(pairs) => {
                sum(pairs.iter().map(|pair| ENTRY + 4 * (pair.name.len() + pair.value.len())))
            }
            wit::RequestBody::Multipart(parts) => sum(parts.iter().map(|part| {
                let names = [Some(&part.name), part.file_name.as_ref(), part.content_type.as_ref()];
                let content = match &part.content {
                    wit::PartContent::Bytes(bytes) => filled(bytes),
                    wit::PartContent::Body(_) => 0,
                };
                PART + content + sum(names.into_iter().flatten().map(|name| 4 * name.len()))
            })),
        };
        let address = 6 * request.url.len() + request.method.len();
        sum([EXCHANGE, address, sum(headers), sum(query), body].into_iter())
    }

    fn body(
        &self,
        table: &mut ResourceTable,
        body: wit::RequestBody,
    ) -> wasmtime::Result<Result<RequestBody, EgressError>> {
        Ok(match body {
            wit::RequestBody::Empty => Ok(RequestBody::Empty),
            wit::RequestBody::Bytes(bytes) => self.bytes(bytes).map(RequestBody::Bytes),
            wit::RequestBody::Form(pairs) => {
                Ok(RequestBody::Form(pairs.into_iter().map(|pair| (pair.name, pair.value)).collect()))
            }
            wit::RequestBody::Multipart(parts) => {
                let mut taken = Ok(Vec::new());
                for part in parts {
                    let part = self.part(table, part)?;
                    // After the first one that cannot be taken, only the handles are taken.
                    taken = taken.and_then(|mut parts| {
                        parts.push(part?);
                        Ok(parts)
                    });
                }
                taken.map(RequestBody::Multipart)
            }
            wit::RequestBody::Body(body) => table.delete(body)?.hand_over(self.end).map(RequestBody::Stream),
        })
    }

    fn part(&self, table: &mut ResourceTable, part: wit::Part) -> wasmtime::Result<Result<Part, EgressError>> {
        let content = match part.content {
            wit::PartContent::Bytes(bytes) => self.bytes(bytes).map(PartContent::Bytes),
            wit::PartContent::Body(body) => table.delete(body)?.hand_over(self.end).map(PartContent::Stream),
        };
        let wit::Part { name, file_name, content_type, .. } = part;
        Ok(content.map(|content| Part { name, file_name, content_type, content }))
    }

    fn bytes(&self, bytes: Vec<u8>) -> Result<Bytes, EgressError> {
        Ok(self.account.bytes(bytes)?)
    }
}

fn check_address(request: &wit::Request) -> Result<(), EgressError> {
    let pairs = sum(request.query.iter().map(|pair| pair.name.len() + pair.value.len() + 2));
    let length = request.url.len().saturating_add(pairs);
    if length > LONGEST_ADDRESS {
        return Err(invalid(format!(
            "the address has {length} bytes with its query; at most {LONGEST_ADDRESS} can be sent: put long values into the body"
        )));
    }
    Ok(())
}

fn headers(headers: &[wit::Header]) -> Result<HeaderMap, EgressError> {
    let too_many = || invalid(format!("{} headers are more than a request can have", headers.len()));
    let mut map = HeaderMap::try_with_capacity(headers.len()).map_err(|_| too_many())?;
    for header in headers {
        let name = HeaderName::from_bytes(header.name.as_bytes())
            .map_err(|_| invalid(format!("{:?} is not a header name", cut(&header.name))))?;
        let value = HeaderValue::from_str(&header.value).or_else(|_| HeaderValue::from_bytes(header.value.as_bytes()));
        let value = value.map_err(|_| {
            invalid(format!("the value of the header {} contains control characters", cut(&header.name)))
        })?;
        map.try_append(name, value).map_err(|_| too_many())?;
    }
    Ok(map)
}

fn invalid(reason: String) -> EgressError {
    EgressError::InvalidRequest(reason)
}

fn cut(text: &str) -> String {
    text::cut(text, 80)
}

fn sum(sizes: impl Iterator<Item = usize>) -> usize {
    sizes.fold(0, usize::saturating_add)
}

/// The maximum number of bytes of one `read`.
const CHUNK: usize = 1 << 20;
/// The longest address with its query, in bytes: the HTTP client does not accept a longer one.
const LONGEST_ADDRESS: usize = 65_534;
/// The longest method in bytes: registered methods have at most 17.
const LONGEST_METHOD: usize = 64;
/// What a request under way takes in addition to everything that it carries.
const EXCHANGE: usize = 4 << 10;
/// What one header, or one pair of a query or a form, takes in addition to its bytes.
const ENTRY: usize = 96;
/// What one part of a form takes in addition to its names and bytes.
const PART: usize = 1 << 10;
/// The longest text that says why a request of a batch was not even considered.
const LONGEST_REFUSAL: usize = 160;

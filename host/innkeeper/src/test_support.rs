//! Scripted answers instead of the network, for tests of components. Only with the feature `test-support`.
//!
//! A component runs as it does in production: the approvals of its connection's owner, the address check, the credential,
//! placeholders, redirects, retries, scrubbing and limits all apply. Only the network is missing.
//!
//! ```no_run
//! # async fn test() -> Result<(), innkeeper::Error> {
//! use innkeeper::test_support::{Answer, Scripted};
//! use innkeeper::{CallRequest, Innkeeper, NewConnection, SpaceId};
//! use serde_json::json;
//!
//! let network = Scripted::in_order([
//!     Answer::status(429).header("retry-after", "0"),
//!     Answer::json(&json!({ "object": "page" })),
//! ]);
//! let host = Innkeeper::builder().folder("host").transport(network.clone()).open().await?;
//! let connector = host.load_file("notion.wasm").await?;
//! let connection = NewConnection::new(SpaceId::default(), connector.id(), "bearer").secret("token", "ntn_1");
//! let connection = host.connect(host.plan(connection).await?.approved()).await?;
//!
//! let call = CallRequest::new(connection.space, connection.id, "getPage", json!({ "pageId": "1" }));
//! assert_eq!(host.call(call).await?.value["object"], "page");
//! assert_eq!(network.sent().len(), 2);
//! assert_eq!(network.sent()[0].header("authorization"), Some("Bearer ntn_1"));
//! # Ok(())
//! # }
//! ```

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use innkeeper_ambient::lock::Mutex;
use innkeeper_egress::{Body, EgressError};
pub use innkeeper_egress::{Resolver, Transport};
use serde_json::Value;
use url::Url;

/// Answers requests as a script says, and stores what was sent. Clones share both, so a test keeps one and passes the
/// other to [`Builder::transport`](crate::Builder::transport).
#[derive(Clone)]
pub struct Scripted {
    script: Arc<Mutex<Script>>,
    sent: Arc<Mutex<Vec<Sent>>>,
    addresses: Arc<Mutex<HashMap<String, IpAddr>>>,
}

type Script = dyn FnMut(&Sent) -> Result<Answer, EgressError> + Send;

impl Scripted {
    /// One answer per request, in this order. After the last one, connections break.
    pub fn in_order(answers: impl IntoIterator<Item = Answer>) -> Self {
        let mut answers: VecDeque<_> = answers.into_iter().collect();
        Self::by(move |sent| {
            let none =
                || EgressError::Connect(format!("the script has no answer for {} {}", sent.method, sent.url.path()));
            answers.pop_front().ok_or_else(none)
        })
    }

    /// The answer to each request is the result of `script`. [`EgressError::Unsent`] stands for a service that cannot
    /// be reached, [`EgressError::Connect`] for a connection that breaks.
    pub fn by(script: impl FnMut(&Sent) -> Result<Answer, EgressError> + Send + 'static) -> Self {
        Self { script: Arc::new(Mutex::new(script)), sent: Arc::default(), addresses: Arc::default() }
    }

    /// Sets the address that this host name resolves to. By default it is a public address.
    pub fn address(self, host: impl Into<String>, address: IpAddr) -> Self {
        self.addresses.lock().insert(host.into(), address);
        self
    }

    /// The requests sent so far, including redirects and retries.
    pub fn sent(&self) -> Vec<Sent> {
        self.sent.lock().clone()
    }
}

/// The number of requests sent, without their content.
impl fmt::Debug for Scripted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scripted").field("sent", &self.sent.lock().len()).finish_non_exhaustive()
    }
}

#[async_trait]
impl Transport for Scripted {
    async fn send(&self, request: http::Request<Body>) -> Result<http::Response<Body>, EgressError> {
        let (head, mut body) = request.into_parts();
        let url = head.uri.to_string().parse();
        let url = url.map_err(|_| EgressError::InvalidRequest("the address cannot be read".to_owned()))?;
        let body = body.read_all(LONGEST_BODY).await?;
        let sent = Sent { method: head.method, url, headers: head.headers, body };
        self.sent.lock().push(sent.clone());
        (self.script.lock())(&sent).map(|answer| answer.0)
    }
}

#[async_trait]
impl Resolver for Scripted {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        Ok(vec![self.addresses.lock().get(host).copied().unwrap_or(PUBLIC)])
    }
}

/// A request that was sent, as the service would have received it: with its credential.
#[derive(Clone)]
#[non_exhaustive]
pub struct Sent {
    /// The method.
    pub method: Method,
    /// The address, with its query.
    pub url: Url,
    /// The headers, without those that the HTTP client adds.
    pub headers: HeaderMap,
    /// The whole body, of at most 64 MiB.
    pub body: Bytes,
}

impl Sent {
    /// A header, if it is present and text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// Method and origin only: the rest can hold secrets.
impl fmt::Debug for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origin = self.url.origin().ascii_serialization();
        f.debug_struct("Sent").field("method", &self.method).field("origin", &origin).finish_non_exhaustive()
    }
}

/// An answer of a script.
#[derive(Debug)]
pub struct Answer(http::Response<Body>);

impl Answer {
    /// An answer with this status, without headers or a body.
    ///
    /// # Panics
    /// If it is not a valid HTTP status.
    pub fn status(status: u16) -> Self {
        let mut answer = http::Response::new(Body::empty());
        *answer.status_mut() = StatusCode::from_u16(status).expect("a status has three digits");
        Self(answer)
    }

    /// JSON, with status 200.
    pub fn json(value: &Value) -> Self {
        Self::status(200).header("content-type", "application/json").body(Body::from_bytes(value.to_string(), None))
    }

    /// Adds a header.
    ///
    /// # Panics
    /// If it is not a valid header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("the name of a header");
        self.0.headers_mut().append(name, HeaderValue::from_str(value).expect("the value of a header"));
        self
    }

    /// Sets the body, which may be a stream.
    pub fn body(mut self, body: Body) -> Self {
        *self.0.body_mut() = body;
        self
    }
}

/// In a public network; nothing is ever sent there.
const PUBLIC: IpAddr = IpAddr::V4(Ipv4Addr::new(93, 184, 215, 14));
/// Bytes of a request that are stored.
const LONGEST_BODY: u64 = 64 << 20;

//! A service that returns what reached it, including what it should not reveal.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use futures::stream::{self, Stream, StreamExt};
use innkeeper_ambient::lock::Mutex;
use serde_json::json;
use tokio::net::TcpListener;

/// What reached the service.
#[derive(Clone, Debug)]
pub struct Received {
    /// The method.
    pub method: Method,
    /// Path and query.
    pub uri: Uri,
    /// All headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

impl Received {
    /// The `Authorization` header.
    pub fn authorization(&self) -> Option<&str> {
        self.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok())
    }
}

#[derive(Debug, Default)]
struct Journal {
    received: Mutex<Vec<Received>>,
    unauthorized: AtomicUsize,
}

/// An HTTP service on loopback. `/` and any other path echo the request in every form they can; `/redirect` leads to
/// `/elsewhere`; `/bytes/N` answers N bytes; `/back` answers the body as it came; `/slow` never answers; `/stall` begins to and
/// never goes on.
#[derive(Debug)]
pub struct EchoService {
    base: String,
    journal: Arc<Journal>,
    server: tokio::task::JoinHandle<()>,
}

impl EchoService {
    /// Starts it on a free port of 127.0.0.1.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let base = format!("http://{}", listener.local_addr().expect("a bound listener has an address"));
        let journal = Arc::new(Journal::default());
        let router = Router::new().fallback(answer).with_state(journal.clone());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.expect("the echo service serves") });
        Self { base, journal, server }
    }

    /// `http://127.0.0.1:port`.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// All that reached it, in order.
    pub fn received(&self) -> Vec<Received> {
        self.journal.received.lock().clone()
    }

    /// Answers the next `times` requests with 401.
    pub fn refuse(&self, times: usize) {
        self.journal.unauthorized.store(times, Ordering::SeqCst);
    }
}

impl Drop for EchoService {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn answer(State(journal): State<Arc<Journal>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let path = head.uri.path().to_owned();
    if let Some(count) = path.strip_prefix("/bytes/").and_then(|count| count.parse::<usize>().ok()) {
        return Body::from(vec![b'x'; count]).into_response();
    }
    let body = axum::body::to_bytes(body, 64 << 20).await.unwrap_or_default();
    let received = Received { method: head.method, uri: head.uri, headers: head.headers, body };
    journal.received.lock().push(received.clone());
    let refused =
        journal.unauthorized.try_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
    if refused {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    match path.as_str() {
        "/unauthorized" => StatusCode::UNAUTHORIZED.into_response(),
        "/redirect" => (StatusCode::FOUND, [(header::LOCATION, "/elsewhere")]).into_response(),
        "/back" => Body::from(received.body).into_response(),
        "/slow" => std::future::pending().await,
        "/stall" => Body::from_stream(first_bytes()).into_response(),
        _ => echo(&received),
    }
}

fn percent_encoded(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat()
}

fn first_bytes() -> impl Stream<Item = Result<Bytes, Infallible>> {
    stream::iter([Ok(Bytes::from_static(b"the first bytes"))]).chain(stream::pending())
}

/// Every header and the body: as they are, in both alphabets of base64 at each alignment, percent-encoded.
fn echo(received: &Received) -> Response {
    let mut headers = Vec::new();
    for (name, value) in &received.headers {
        let value = value.as_bytes();
        let shifted = [&b"a"[..], b"ab"].map(|pad| STANDARD.encode([pad, value].concat()));
        headers.push(json!({
            "name": name.as_str(),
            "value": String::from_utf8_lossy(value),
            "base64": STANDARD.encode(value),
            "base64url": URL_SAFE_NO_PAD.encode(value),
            "shifted": shifted,
            "percent": percent_encoded(value),
        }));
    }
    let body = json!({
        "method": received.method.as_str(),
        "uri": received.uri.to_string(),
        "headers": headers,
        "body": String::from_utf8_lossy(&received.body),
        "body_base64": STANDARD.encode(&received.body),
    });
    let mut response = axum::Json(body).into_response();
    for (name, value) in &received.headers {
        if let Ok(name) = header::HeaderName::from_bytes(format!("x-echo-{name}").as_bytes()) {
            response.headers_mut().append(name, value.clone());
        }
    }
    response
}

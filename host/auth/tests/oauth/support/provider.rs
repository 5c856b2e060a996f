//! The scripted authorization server.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use innkeeper_ambient::lock::Mutex;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use url::form_urlencoded;

use super::tls::{self, Peer};

/// Sends the scripted answers, and otherwise a fresh token with a fresh refresh token: `access-N` and `refresh-N`.
pub(crate) struct Provider {
    pub(crate) url: String,
    script: Arc<Script>,
    server: JoinHandle<std::io::Result<()>>,
}

/// A request that arrived.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) path: String,
    pub(crate) authorization: Option<String>,
    pub(crate) form: BTreeMap<String, String>,
    pub(crate) body: String,
    /// The certificate that the client presented in the TLS handshake.
    pub(crate) certificate: Option<Vec<u8>>,
}

/// An answer to send.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

struct Script {
    replies: Mutex<VecDeque<Reply>>,
    seen: Mutex<Vec<Seen>>,
    issued: Mutex<u32>,
    gate: Semaphore,
}

const OPEN: usize = 1_000_000;

impl Reply {
    pub(crate) fn json(body: &str) -> Self {
        Self { status: 200, headers: vec![("content-type", "application/json".to_owned())], body: body.into() }
    }

    pub(crate) fn error(code: &str) -> Self {
        let body = format!(r#"{{"error":"{code}","error_description":"provider-words <script>"}}"#);
        Self { status: 400, ..Self::json(&body) }
    }

    pub(crate) fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: b"<html>provider-words</html>".to_vec() }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn body(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: vec![("content-type", content_type.to_owned())], body: body.into() }
    }
}

impl Provider {
    pub(crate) async fn start() -> Self {
        let (listener, script) = (bind().await, Arc::new(Script::new()));
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let service = script.router().into_make_service_with_connect_info::<Peer>();
        let server = tokio::spawn(async move { axum::serve(listener, service).await });
        Self { url, script, server }
    }

    /// The same with TLS; it requests a certificate from clients and also accepts those without one.
    pub(crate) async fn start_secure() -> Self {
        let (listener, script) = (tls::Listener::new(bind().await), Arc::new(Script::new()));
        let url = format!("https://{}", axum::serve::Listener::local_addr(&listener).expect("an address"));
        let service = script.router().into_make_service_with_connect_info::<Peer>();
        let server = tokio::spawn(async move { axum::serve(listener, service).await });
        Self { url, script, server }
    }

    /// The next answers, in order.
    pub(crate) fn answers(&self, replies: impl IntoIterator<Item = Reply>) {
        self.script.replies.lock().extend(replies);
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.script.seen.lock().clone()
    }

    pub(crate) fn count(&self, grant_type: &str) -> usize {
        self.seen().iter().filter(|seen| seen.form.get("grant_type").is_some_and(|kind| kind == grant_type)).count()
    }

    /// From now on, nothing listens at its address.
    pub(crate) async fn leave(&mut self) {
        self.server.abort();
        (&mut self.server).await.expect_err("it does not end by itself");
    }

    /// From now on refresh requests wait before they are answered.
    pub(crate) fn hold(&self) {
        self.script.gate.forget_permits(OPEN);
    }

    /// Lets this number of requests be answered.
    pub(crate) fn release(&self, requests: usize) {
        self.script.gate.add_permits(requests);
    }

    /// Returns once this number of requests has arrived.
    pub(crate) async fn arrived(&self, requests: usize) {
        while self.seen().len() < requests {
            tokio::task::yield_now().await;
        }
    }
}

async fn bind() -> tokio::net::TcpListener {
    tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a port on loopback")
}

impl Script {
    fn new() -> Self {
        Self { replies: Mutex::default(), seen: Mutex::default(), issued: Mutex::new(0), gate: Semaphore::new(OPEN) }
    }

    fn router(self: &Arc<Self>) -> Router {
        Router::new().fallback(answer).with_state(self.clone())
    }
}

async fn answer(
    State(script): State<Arc<Script>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let authorization = headers.get("authorization").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let form: BTreeMap<String, String> = form_urlencoded::parse(&body).into_owned().collect();
    let refresh = form.get("grant_type").is_some_and(|kind| kind == "refresh_token");
    let reply = script.replies.lock().pop_front();
    script.seen.lock().push(Seen {
        path: uri.path().to_owned(),
        authorization,
        form,
        body: String::from_utf8_lossy(&body).into_owned(),
        certificate: peer.0,
    });
    if refresh {
        script.gate.acquire().await.expect("the gate stays").forget();
    }
    let reply = reply.unwrap_or_else(|| {
        let mut issued = script.issued.lock();
        *issued += 1;
        Reply::json(&format!(
            r#"{{"access_token":"access-{issued}","token_type":"bearer","expires_in":3600,"refresh_token":"refresh-{issued}"}}"#
        ))
    });
    let mut response = (StatusCode::from_u16(reply.status).expect("a status"), reply.body).into_response();
    response.headers_mut().remove("content-type");
    for (name, value) in reply.headers {
        response.headers_mut().insert(name, value.parse().expect("a header"));
    }
    response
}

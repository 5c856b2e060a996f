//! A relay in front of an authorization server that keeps what passes: the only way to learn every secret of a flow.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tokio::net::TcpListener;
use url::{Url, form_urlencoded};

use crate::oidc::plain_client;

/// What passed.
#[derive(Clone, Debug)]
pub struct Passed {
    /// The `Authorization` header of the request.
    pub authorization: Option<String>,
    /// The form that was sent.
    pub form: Vec<(String, String)>,
    /// What was answered, null where it was no JSON.
    pub answer: Value,
}

impl Passed {
    /// A field of the form.
    pub fn sent(&self, name: &str) -> Option<&str> {
        self.form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// Hands POSTs with forms on to another server, path by path.
#[derive(Debug)]
pub struct Relay {
    base: Url,
    passed: Arc<Mutex<Vec<Passed>>>,
    server: tokio::task::JoinHandle<()>,
}

#[derive(Clone)]
struct Way {
    to: Url,
    http: reqwest::Client,
    passed: Arc<Mutex<Vec<Passed>>>,
}

impl Relay {
    /// Starts it on a free port of 127.0.0.1.
    pub async fn start(to: &Url) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let address = listener.local_addr().expect("a bound listener has an address");
        let passed = Arc::<Mutex<Vec<Passed>>>::default();
        let http = plain_client().expect("a client for loopback");
        let router = Router::new().fallback(hand_on).with_state(Way { to: to.clone(), http, passed: passed.clone() });
        let server = tokio::spawn(async move { axum::serve(listener, router).await.expect("the relay serves") });
        let base = Url::parse(&format!("http://{address}/")).expect("an address and port make a URL");
        Self { base, passed, server }
    }

    /// Where a path of the other server is reached through this one.
    pub fn url(&self, path: &str) -> Url {
        self.base.join(path).expect("a plain path joins any address")
    }

    /// All that passed, in order.
    pub fn passed(&self) -> Vec<Passed> {
        self.passed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn hand_on(State(way): State<Way>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let authorization = headers.get(header::AUTHORIZATION).cloned();
    let mut request = way.http.post(way.to.join(uri.path()).expect("a path joins any address")).body(body.clone());
    for name in [header::AUTHORIZATION, header::CONTENT_TYPE, header::ACCEPT] {
        request = request.headers(headers.get(&name).map(|value| (name, value.clone())).into_iter().collect());
    }
    let answered = match request.send().await {
        Ok(response) => (response.status(), response.headers().get(header::CONTENT_TYPE).cloned(), response.bytes().await),
        Err(_) => return StatusCode::BAD_GATEWAY.into_response(),
    };
    let (status, content_type, Ok(answer)) = answered else { return StatusCode::BAD_GATEWAY.into_response() };
    let passed = Passed {
        authorization: authorization.and_then(|value| value.to_str().ok().map(str::to_owned)),
        form: form_urlencoded::parse(&body).into_owned().collect(),
        answer: serde_json::from_slice(&answer).unwrap_or_default(),
    };
    way.passed.lock().unwrap_or_else(PoisonError::into_inner).push(passed);
    let headers: HeaderMap = content_type.map(|value| (header::CONTENT_TYPE, value)).into_iter().collect();
    (status, headers, answer).into_response()
}

//! A provider that answers what a test tells it to, however little that is OAuth.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use futures::stream;
use innkeeper_ambient::lock::Mutex;
use innkeeper_ears::EarsProvider;
use serde_json::json;
use tokio::net::TcpListener;
use url::{Url, form_urlencoded};

use crate::service::{Service, unreached};

/// How one request is answered.
pub(crate) enum Script {
    /// With this status, these headers and this body.
    Answer(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// With a body that has no end.
    Endless,
    /// Never.
    Silence,
}

/// What reached the provider.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) authorization: Option<String>,
    pub(crate) form: Vec<(String, String)>,
}

pub(crate) struct ScriptedProvider {
    base: Url,
    shared: Arc<Shared>,
    server: tokio::task::JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    scripts: Mutex<VecDeque<Script>>,
    asked: Mutex<Vec<Asked>>,
}

impl ScriptedProvider {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let base = format!("http://{}", listener.local_addr().expect("a bound listener has an address"));
        let shared = Arc::<Shared>::default();
        let router = Router::new().fallback(answer).with_state(shared.clone());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.expect("the provider serves") });
        Self { base: base.parse().expect("an address"), shared, server }
    }

    /// The next request is answered so; several are used up in their order.
    pub(crate) fn script(&self, script: Script) {
        self.shared.scripts.lock().push_back(script);
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.shared.asked.lock().clone()
    }

    pub(crate) fn url(&self, path: &str) -> Url {
        self.base.join(path).expect("a plain path joins any address")
    }

    /// A client at it.
    pub(crate) fn client(&self) -> EarsProvider {
        EarsProvider {
            authorization_url: Some(self.url("authorize")),
            token_url: Some(self.url("token")),
            revocation_url: Some(self.url("revoke")),
            ..unreached()
        }
    }
}

impl Drop for ScriptedProvider {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// A user's consent at a provider that asks for none: where the browser is sent back to.
pub(crate) fn consented(service: &Service, at_provider: &Url, code: &str) -> Url {
    let asked = |name| crate::app::parameter(at_provider, name).expect("it is asked");
    let mut callback: Url = asked("redirect_uri").parse().expect("an address");
    assert!(callback.as_str().starts_with(&service.base), "{callback}");
    callback.query_pairs_mut().append_pair("code", code).append_pair("state", &asked("state"));
    callback
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap_or_default();
    let authorization = head.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    shared.asked.lock().push(Asked {
        path: head.uri.path().to_owned(),
        authorization: authorization.map(str::to_owned),
        form: form_urlencoded::parse(&body).into_owned().collect(),
    });
    let script = shared.scripts.lock().pop_front();
    match script {
        None => axum::Json(json!({ "access_token": "at", "token_type": "Bearer" })).into_response(),
        Some(Script::Answer(status, headers, body)) => {
            let mut response = Response::new(Body::from(body));
            *response.status_mut() = StatusCode::from_u16(status).expect("a status");
            for (name, value) in headers {
                response.headers_mut().append(name, value.parse().expect("a header"));
            }
            response
        }
        Some(Script::Endless) => {
            let block = Bytes::from(vec![b' '; 8192]);
            Body::from_stream(stream::repeat_with(move || Ok::<_, Infallible>(block.clone()))).into_response()
        }
        Some(Script::Silence) => std::future::pending().await,
    }
}

//! An auth redirect service that knows the words of the protocol and nothing of our code: exact paths, exact bodies, and nothing
//! that the protocol does not have.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, MutexGuard};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use innkeeper_ambient::lock::Mutex;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;
use url::Url;

use crate::app::{parameter, random_text};

/// What reached the service.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    /// Path and query.
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

pub(crate) struct ScriptedService {
    /// `http://127.0.0.1:port`
    pub(crate) origin: String,
    prefix: String,
    shared: Arc<Shared>,
    server: tokio::task::JoinHandle<()>,
}

struct Shared {
    /// Before `/v1`.
    prefix: String,
    state: Mutex<Kept>,
}

/// Status, headers, body.
type Order = (u16, Vec<(&'static str, String)>, String);

#[derive(Default)]
struct Kept {
    asked: Vec<Asked>,
    /// In place of the next answer of an endpoint.
    orders: HashMap<&'static str, Vec<Order>>,
    /// Code to challenge and user.
    codes: BTreeMap<String, (String, String)>,
    /// Refresh token to user. Each is good once.
    refresh_tokens: BTreeMap<String, String>,
    /// Live access tokens, and of whom.
    access_tokens: BTreeMap<String, String>,
    life: Option<u64>,
    refused: usize,
}

const RESOURCE: &str = "/resource";

impl ScriptedService {
    /// At `prefix` of an origin of its own: empty, or a path without a slash at its end.
    pub(crate) async fn start(prefix: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let origin = format!("http://{}", listener.local_addr().expect("a bound listener has an address"));
        let state = Mutex::new(Kept { life: Some(3600), ..Kept::default() });
        let shared = Arc::new(Shared { prefix: prefix.to_owned(), state });
        let router = Router::new().route(RESOURCE, get(resource)).fallback(answer).with_state(shared.clone());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.expect("the service serves") });
        Self { origin, prefix: prefix.to_owned(), shared, server }
    }

    fn state(&self) -> MutexGuard<'_, Kept> {
        self.shared.state()
    }

    /// The next request at this endpoint is answered so and not carried out; several are used up in their order.
    pub(crate) fn order(&self, endpoint: &'static str, status: u16, body: impl Into<String>) {
        self.order_with(endpoint, status, Vec::new(), body);
    }

    pub(crate) fn order_with(
        &self,
        endpoint: &'static str,
        status: u16,
        headers: Vec<(&'static str, String)>,
        body: impl Into<String>,
    ) {
        self.state().orders.entry(endpoint).or_default().push((status, headers, body.into()));
    }

    /// How long the tokens of the next answers live, if it says so.
    pub(crate) fn set_life(&self, seconds: Option<u64>) {
        self.state().life = seconds;
    }

    /// All that reached it.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.state().asked.clone()
    }

    /// What reached one endpoint.
    pub(crate) fn asked_at(&self, endpoint: &str) -> Vec<Asked> {
        let path = format!("{}/v1/acme/oauth/{endpoint}", self.prefix);
        self.asked().into_iter().filter(|asked| asked.target == path).collect()
    }

    /// Whose live access token this is.
    pub(crate) fn user_of(&self, authorization: &str) -> Option<String> {
        self.state().access_tokens.get(authorization.strip_prefix("Bearer ")?).cloned()
    }

    /// Where something is that takes live access tokens alone, and says whose they are.
    pub(crate) fn resource(&self) -> String {
        format!("{}{RESOURCE}", self.origin)
    }

    /// Ends every access token.
    pub(crate) fn expire(&self) {
        self.state().access_tokens.clear();
    }

    /// How often the resource refused a token.
    pub(crate) fn refused(&self) -> usize {
        self.state().refused
    }

    /// Tokens that are live: access and refresh.
    pub(crate) fn live(&self) -> (usize, usize) {
        let state = self.state();
        (state.access_tokens.len(), state.refresh_tokens.len())
    }

    /// A user's way through the service and the provider behind it: the authorize address must have the protocol's parameters,
    /// each once, and no other. Where the browser is sent back to has no `iss`.
    pub(crate) fn consent(&self, authorize: &Url, user: &str) -> Url {
        assert_eq!(
            authorize.as_str().split('?').next(),
            Some(&*format!("{}{}/v1/acme/oauth/authorize", self.origin, self.prefix))
        );
        let names: Vec<_> = authorize.query_pairs().map(|(name, _)| name.into_owned()).collect();
        let known: BTreeSet<_> =
            ["callback_uri", "state", "scope", "pkce_challenge", "pkce_method"].map(str::to_owned).into();
        let given: BTreeSet<_> = names.iter().cloned().collect();
        assert!(given.is_subset(&known) && given.len() == names.len() && given.len() >= 4, "{names:?}");
        assert_eq!(parameter(authorize, "pkce_method").as_deref(), Some("S256"));
        let challenge = parameter(authorize, "pkce_challenge").expect("a challenge");
        assert_eq!(challenge.len(), 43);
        let code = random_text::<24>();
        self.state().codes.insert(code.clone(), (challenge, user.to_owned()));
        let mut callback: Url = parameter(authorize, "callback_uri").expect("an address").parse().expect("an address");
        let state = parameter(authorize, "state").expect("a state");
        callback.query_pairs_mut().append_pair("code", &code).append_pair("state", &state);
        callback
    }
}

impl Drop for ScriptedService {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, Kept> {
        self.state.lock()
    }
}

async fn resource(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let mut state = shared.state();
    let shown = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    if let Some(user) = shown.and_then(|token| state.access_tokens.get(token)) {
        return axum::Json(json!({ "sub": user })).into_response();
    }
    state.refused += 1;
    StatusCode::UNAUTHORIZED.into_response()
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap_or_default();
    let target = head.uri.to_string();
    let asked = Asked {
        method: head.method.clone(),
        target: target.clone(),
        headers: head.headers.clone(),
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    let mut state = shared.state();
    state.asked.push(asked);
    let Some(endpoint) = target.strip_prefix(&shared.prefix).and_then(|path| path.strip_prefix("/v1/acme/oauth/"))
    else {
        return refuse(404, "unknown_provider");
    };
    if let Some(orders) = state.orders.get_mut(endpoint).filter(|orders| !orders.is_empty()) {
        let (status, headers, body) = orders.remove(0);
        let mut response = (StatusCode::from_u16(status).expect("a status"), body).into_response();
        for (name, value) in headers {
            response.headers_mut().insert(name, value.parse().expect("a header"));
        }
        return response;
    }
    let is_json = head.headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/json");
    let fields = serde_json::from_slice::<BTreeMap<String, String>>(&body).ok();
    let (Method::POST, true, Some(fields)) = (head.method, is_json, fields) else {
        return refuse(400, "invalid_request");
    };
    let names: Vec<&str> = fields.keys().map(String::as_str).collect();
    match (endpoint, &names[..]) {
        ("token", ["code", "pkce_verifier"]) => {
            let taken = state.codes.remove(&fields["code"]);
            let shown = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(&fields["pkce_verifier"]));
            match taken.filter(|(challenge, _)| *challenge == shown) {
                Some((_, user)) => axum::Json(state.give(&user)).into_response(),
                None => refuse(400, "invalid_grant"),
            }
        }
        ("refresh", ["refresh_token"]) => match state.refresh_tokens.remove(&fields["refresh_token"]) {
            Some(user) => axum::Json(state.give(&user)).into_response(),
            None => refuse(400, "invalid_grant"),
        },
        ("revoke", ["token"]) => {
            let token = &fields["token"];
            state.access_tokens.remove(token);
            state.refresh_tokens.remove(token);
            axum::Json(json!({})).into_response()
        }
        _ => refuse(400, "invalid_request"),
    }
}

impl Kept {
    fn give(&mut self, user: &str) -> Value {
        let (access, refresh) = (random_text::<24>(), random_text::<24>());
        self.access_tokens.retain(|_, owner| owner != user);
        self.access_tokens.insert(access.clone(), user.to_owned());
        self.refresh_tokens.insert(refresh.clone(), user.to_owned());
        let mut tokens = json!({ "token_type": "Bearer", "access_token": access, "refresh_token": refresh });
        if let Some(life) = self.life {
            tokens["expires_in"] = json!(life);
            tokens["refresh_token_expires_in"] = json!(life * 24);
        }
        tokens
    }
}

fn refuse(status: u16, code: &str) -> Response {
    let status = StatusCode::from_u16(status).expect("a status");
    (status, axum::Json(json!({ "error": code, "error_description": "as the protocol has it" }))).into_response()
}

//! An auth type that is not built in: a custom service returns a session and the key to the next one. It uses only
//! the public trait, as an embedder's would.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use axum::extract::{Path, State};
use axum::routing::post;
use axum::{Json, Router};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::{HeaderValue, StatusCode};
use innkeeper_address::SecureUrl;
use innkeeper_ambient::lock::Mutex;
use innkeeper_auth::{
    Attach, AuthType, Authorization, Credential, DeviceCode, DeviceFlow, Grant, GrantSource, Nature, PlaceOnRequest,
    Placement, Renewal, Renewed, Settings, SettingsErrors, SourceContext, TokenAnswer, TokenError, TokenKind,
};
use innkeeper_egress::RequestHead;
use innkeeper_spec::{About, AuthMode, AuthTypeId, AuthTypeSpec, FieldKind, FieldSpec};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::Url;

/// How long a session is valid.
pub const LIFE: Duration = Duration::from_mins(10);
const ID: &str = "session_login";
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The auth type.
#[derive(Debug)]
pub struct SessionLogin(AuthTypeSpec);

impl SessionLogin {
    /// Its id.
    ///
    /// # Panics
    /// Never: it is a valid id.
    pub fn id() -> AuthTypeId {
        ID.parse().expect("an id")
    }
}

impl Default for SessionLogin {
    fn default() -> Self {
        let field = |name: &str, kind, required| FieldSpec {
            name: name.to_owned(),
            label: name.to_owned(),
            kind,
            required,
            ..FieldSpec::default()
        };
        Self(AuthTypeSpec {
            about: About {
                id: Self::id(),
                version: semver::Version::new(1, 0, 0),
                title: "Session".to_owned(),
                description: "A login that answers a session.".to_owned(),
                documentation: None,
                icon: None,
            },
            fields: vec![
                field("server", FieldKind::Url, true),
                field("alone", FieldKind::Flag, false),
                field("signs", FieldKind::Flag, false),
            ],
            modes: vec![AuthMode::Shared],
            interactive: false,
            hosts: Vec::new(),
            annotations: BTreeMap::new(),
        })
    }
}

impl AuthType for SessionLogin {
    fn spec(&self) -> &AuthTypeSpec {
        &self.0
    }

    fn credential(&self, settings: &Settings) -> Result<Credential, SettingsErrors> {
        let server = settings.text("server").and_then(|server| server.parse().ok());
        Ok(Credential::Grant(Arc::new(Source {
            server: server.ok_or_else(|| SettingsErrors::one("server", "must be an address"))?,
            alone: settings.flag("alone") == Some(true),
            signs: settings.flag("signs") == Some(true),
        })))
    }
}

/// What a connection of it renews its grant with.
#[derive(Debug)]
struct Source {
    server: SecureUrl,
    /// It logs in by itself; otherwise a person does, on another device.
    alone: bool,
    /// Each request is signed; otherwise it carries the session.
    signs: bool,
}

impl Source {
    async fn ask(&self, what: &str, body: Value, context: &SourceContext) -> Result<Value, TokenError> {
        let mut url = Url::clone(&self.server);
        url.set_path(what);
        let answer = context.post(url, Placement::default(), JSON, body.to_string().into_bytes()).await?;
        serde_json::from_slice(&answer).map_err(|_| odd("it is not JSON"))
    }

    async fn session(&self, what: &str, body: Value, context: &SourceContext) -> Result<TokenAnswer, TokenError> {
        let answer = self.ask(what, body, context).await?;
        let text = |name: &str| answer[name].as_str().ok_or_else(|| odd("it misses the session or its key"));
        let session = TokenAnswer::new(text("session")?).expires_in(LIFE);
        Ok(if self.alone { session } else { session.refresh_token(text("key")?) })
    }
}

#[async_trait]
impl GrantSource for Source {
    fn identity(&self) -> Vec<&str> {
        vec![self.server.as_str()]
    }

    fn renewal(&self) -> Renewal {
        if self.alone { Renewal::ByItself } else { Renewal::ByRefreshToken }
    }

    async fn renew(&self, grant: Option<&Grant>, _: Duration, context: &SourceContext) -> Result<Renewed, TokenError> {
        let key = grant.and_then(Grant::refresh_token).map(|key| key.expose_secret().to_owned());
        let what = if self.alone { "login" } else { "renew" };
        self.session(what, json!({ "key": key }), context).await.map(Renewed::from)
    }

    fn attach(&self, grant: &Grant) -> Attach {
        if self.signs {
            Attach::PerRequest(Box::new(Signer(grant.access_token().clone())))
        } else {
            Attach::Same(session_header(grant.access_token().clone()))
        }
    }

    fn authorization(&self) -> Authorization<'_> {
        if self.alone { Authorization::Nobody } else { Authorization::Device(Box::new(Login(self))) }
    }

    fn revokes(&self) -> bool {
        true
    }

    async fn revoke(&self, token: &SecretString, kind: TokenKind, context: &SourceContext) -> Result<(), TokenError> {
        let body = json!({ "token": token.expose_secret(), "kind": kind.as_str() });
        self.ask("logout", body, context).await.map(drop)
    }
}

/// The service carried out the request, and its answer cannot be read.
fn odd(why: &str) -> TokenError {
    TokenError::Source {
        nature: Nature::Passing { spent: true },
        reason: format!("the response of the session service cannot be read: {why}"),
        retry_after: None,
    }
}

fn session_header(value: SecretString) -> Placement {
    Placement::header("x-session", value).expect("the name of a header")
}

#[derive(Debug)]
struct Signer(SecretString);

impl PlaceOnRequest for Signer {
    fn place(&self, head: &RequestHead) -> Placement {
        session_header(signature(self.0.expose_secret(), head).into())
    }
}

/// What goes onto a request that is signed with `session`.
pub fn signature(session: &str, head: &RequestHead) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(format!("{session} {} {}", head.method, head.url)))
}

struct Login<'a>(&'a Source);

#[async_trait]
impl DeviceFlow for Login<'_> {
    async fn begin(&self, _: &SourceContext) -> Result<DeviceCode, TokenError> {
        Ok(DeviceCode {
            device_code: "device-1".into(),
            user_code: "ABCD".to_owned(),
            verification_uri: self.0.server.clone(),
            verification_uri_complete: None,
            expires_in: LIFE,
            interval: Duration::from_secs(1),
        })
    }

    async fn poll(&self, _: &SecretString, context: &SourceContext) -> Result<TokenAnswer, TokenError> {
        self.0.session("login", json!({}), context).await
    }
}

/// The service, on loopback.
#[derive(Clone, Debug)]
pub struct SessionService {
    /// Where it listens.
    pub url: Url,
    state: Arc<Asked>,
}

/// What it was asked.
#[derive(Debug, Default)]
struct Asked {
    logins: AtomicU64,
    renewals: AtomicU64,
    logouts: Mutex<Vec<String>>,
    /// The only key that it accepts.
    key: Mutex<String>,
    /// The next renewal is carried out and its answer lost; the key that was spent for it is accepted once more.
    loses: AtomicBool,
    /// What the next renewal answers.
    odd: Mutex<Option<Value>>,
    /// Every renewal is held until this is open.
    held: Mutex<Option<Arc<tokio::sync::Semaphore>>>,
}

impl SessionService {
    /// Starts one.
    ///
    /// # Panics
    /// When loopback has no port.
    pub async fn start() -> Self {
        let state = Arc::new(Asked::default());
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a port on loopback");
        let url = format!("http://{}/", listener.local_addr().expect("an address")).parse().expect("an address");
        let router = Router::new().route("/{what}", post(answer)).with_state(state.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, state }
    }

    /// How often it was logged in to, and how often a session was renewed.
    pub fn counts(&self) -> (u64, u64) {
        (self.state.logins.load(Ordering::SeqCst), self.state.renewals.load(Ordering::SeqCst))
    }

    /// The kinds of the tokens that were revoked, in order.
    pub fn logouts(&self) -> Vec<String> {
        self.state.logouts.lock().clone()
    }

    /// Loses the answer to the next renewal.
    pub fn lose_next(&self) {
        self.state.loses.store(true, Ordering::SeqCst);
    }

    /// Answers this to the next renewal.
    pub fn answer_next(&self, answer: Value) {
        *self.state.odd.lock() = Some(answer);
    }

    /// No longer accepts any key.
    pub fn end_sessions(&self) {
        self.state.key.lock().clear();
    }

    /// Holds renewals until the returned semaphore gets a permit for each.
    pub fn hold(&self) -> Arc<tokio::sync::Semaphore> {
        let gate = Arc::new(tokio::sync::Semaphore::new(0));
        *self.state.held.lock() = Some(gate.clone());
        gate
    }
}

async fn answer(
    State(asked): State<Arc<Asked>>,
    Path(what): Path<String>,
    Json(body): Json<Value>,
) -> (StatusCode, Json<Value>) {
    let sent = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    if what == "logout" {
        asked.logouts.lock().push(sent("kind"));
        return (StatusCode::OK, Json(json!({})));
    }
    let number = if what == "renew" {
        let number = asked.renewals.fetch_add(1, Ordering::SeqCst) + 1;
        let held = asked.held.lock().clone();
        if let Some(gate) = held {
            gate.acquire().await.expect("it stays open").forget();
        }
        if sent("key") != *asked.key.lock() {
            return (StatusCode::BAD_REQUEST, Json(json!({ "error": "invalid_grant" })));
        }
        if let Some(odd) = asked.odd.lock().take() {
            return (StatusCode::OK, Json(odd));
        }
        if asked.loses.swap(false, Ordering::SeqCst) {
            return (StatusCode::INTERNAL_SERVER_ERROR, Json(json!({})));
        }
        format!("r{number}")
    } else {
        format!("l{}", asked.logins.fetch_add(1, Ordering::SeqCst) + 1)
    };
    let key = format!("key-{number}");
    (*asked.key.lock()).clone_from(&key);
    (StatusCode::OK, Json(json!({ "session": format!("session-{number}"), "key": key })))
}

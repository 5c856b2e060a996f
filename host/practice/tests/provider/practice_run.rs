//! A provider with a clock that stands still, and a client for it.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use innkeeper_ambient::{ManualClock, SeededRandom, Timestamp};
use innkeeper_practice::{Decision, Practice, Running, ScriptedUser, Settings};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tokio::net::TcpStream;
use url::Url;

pub(crate) const READ: &str = "https://www.googleapis.com/auth/drive.readonly";
pub(crate) const CALLBACK: &str = "http://127.0.0.1:49152/callback";
pub(crate) const VERIFIER: &str = "a-verifier-of-at-least-forty-three-letters-0123";

pub(crate) struct PracticeRun {
    pub(crate) provider: Running,
    pub(crate) clock: Arc<ManualClock>,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }

    /// A parameter of the address that it redirects to.
    pub(crate) fn sent(&self, name: &str) -> Option<String> {
        parameter(self.header("location"), name)
    }
}

pub(crate) fn parameter(url: &str, name: &str) -> Option<String> {
    let url = Url::parse(url).unwrap_or_else(|_| panic!("no address: {url}"));
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

impl PracticeRun {
    pub(crate) async fn new() -> Self {
        Self::with(Settings::default()).await
    }

    pub(crate) async fn with(settings: Settings) -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp::from_secs(1_800_000_000)));
        let provider =
            Practice::start(settings, clock.clone(), Arc::new(SeededRandom::new(7))).await.expect("it starts");
        Self { provider, clock }
    }

    pub(crate) fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    pub(crate) async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let address = self.provider.base_url.trim_start_matches("http://");
        let stream = TcpStream::connect(address).await.expect("it listens");
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.expect("HTTP");
        tokio::spawn(connection);
        let mut request = Request::builder().method(method).uri(path);
        if !headers.iter().any(|(name, _)| *name == "host") {
            request = request.header("host", address);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(Bytes::copy_from_slice(body))).expect("a request");
        let (parts, body) = sender.send_request(request).await.expect("an answer").into_parts();
        let body = body.collect().await.expect("a body").to_bytes();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], b"").await
    }

    pub(crate) async fn post(&self, path: &str, headers: &[(&str, &str)], form: &[(&str, &str)]) -> Answer {
        let mut all = vec![("content-type", "application/x-www-form-urlencoded")];
        all.extend_from_slice(headers);
        self.send("POST", path, &all, query(form).as_bytes()).await
    }

    pub(crate) async fn token(&self, form: &[(&str, &str)]) -> Answer {
        self.post("/token", &[], form).await
    }

    /// Calls the API as the holder of `token`.
    pub(crate) async fn api(&self, token: &str, path: &str, parameters: &[(&str, &str)]) -> Answer {
        let path = format!("/drive/v3/{path}?{}", query(parameters));
        self.send("GET", &path, &[("authorization", &format!("Bearer {token}"))], b"").await
    }

    /// The query of a valid authorization request, with `changes`; an empty value omits a parameter.
    pub(crate) fn authorize_path(changes: &[(&str, &str)]) -> String {
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
        let usual = [
            ("response_type", "code"),
            ("client_id", "practice-public"),
            ("redirect_uri", CALLBACK),
            ("scope", READ),
            ("state", "a state"),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", "S256"),
        ];
        let kept = usual.iter().filter(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
        let pairs: Vec<_> = kept.chain(changes).filter(|(_, value)| !value.is_empty()).copied().collect();
        format!("/authorize?{}", query(&pairs))
    }

    /// Where the user is sent after the decision.
    pub(crate) async fn visit(&self, person: &str, decision: Decision, changes: &[(&str, &str)]) -> String {
        let url = format!("{}{}", self.provider.base_url, Self::authorize_path(changes));
        let user = ScriptedUser { person: person.to_owned(), decision, ends_at: None };
        user.visit(&url).await.expect("a callback address")
    }

    pub(crate) async fn code(&self, person: &str, changes: &[(&str, &str)]) -> String {
        parameter(&self.visit(person, Decision::Allow, changes).await, "code").expect("a code")
    }

    pub(crate) async fn exchange(&self, code: &str) -> Answer {
        self.token(&[
            ("grant_type", "authorization_code"),
            ("client_id", "practice-public"),
            ("code", code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ])
        .await
    }

    pub(crate) async fn refresh(&self, token: &str) -> Answer {
        self.token(&[("grant_type", "refresh_token"), ("client_id", "practice-public"), ("refresh_token", token)]).await
    }

    /// Access token and refresh token of a new grant.
    pub(crate) async fn grant(&self, person: &str, scope: &str) -> (String, String) {
        let code = self.code(person, &[("scope", scope)]).await;
        let answer = self.exchange(&code).await.json();
        let text = |name: &str| answer[name].as_str().expect("a token").to_owned();
        (text("access_token"), text("refresh_token"))
    }
}

pub(crate) fn query(pairs: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

pub(crate) fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

//! A client of the service that knows the words of the protocol and nothing of our code, and the browser of its user.

use std::net::SocketAddr;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use innkeeper_tests::oidc::plain_client;
use innkeeper_tests::pages::{Cookies, assert_guarded, cookie_header, keep_cookies};
use innkeeper_tests::secrets::random_text;
use reqwest::header::{self, HeaderMap, HeaderName};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use url::Url;

use crate::service::{APP, Service};

/// One user's sign-in, as a client of the service begins it.
pub(crate) struct App {
    base: String,
    pub(crate) callback_uri: String,
    pub(crate) state: String,
    pub(crate) verifier: String,
    pub(crate) scope: Option<String>,
    /// Where the service listens.
    address: SocketAddr,
    http: reqwest::Client,
}

/// Keeps cookies, follows no redirect, and holds every answer of the service to the headers that each must have.
pub(crate) struct Browser {
    pub(crate) cookies: Cookies,
    address: SocketAddr,
    http: reqwest::Client,
}

/// An answer of the service.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl App {
    /// With a state and a verifier of its own (RFC 7636, section 4.1: 128 characters are the most).
    pub(crate) fn of(service: &Service) -> Self {
        Self {
            base: service.base.clone(),
            callback_uri: format!("{APP}/oauth/callback"),
            state: random_text::<32>(),
            verifier: random_text::<96>(),
            scope: Some("openid offline_access api.read".to_owned()),
            address: service.address,
            http: plain_client().expect("a client"),
        }
    }

    /// With another address to send the code to.
    pub(crate) fn sending_to(mut self, callback_uri: &str) -> Self {
        callback_uri.clone_into(&mut self.callback_uri);
        self
    }

    /// The same sign-in at another replica.
    pub(crate) fn at(&self, service: &Service) -> Self {
        Self {
            base: self.base.clone(),
            callback_uri: self.callback_uri.clone(),
            state: self.state.clone(),
            verifier: self.verifier.clone(),
            scope: self.scope.clone(),
            address: service.address,
            http: self.http.clone(),
        }
    }

    /// Where it sends its user.
    pub(crate) fn authorize_url(&self, provider: &str) -> Url {
        let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(&self.verifier));
        let mut url: Url = format!("{}/v1/{provider}/oauth/authorize", self.base).parse().expect("an address");
        let mut query = url.query_pairs_mut();
        query.append_pair("callback_uri", &self.callback_uri).append_pair("state", &self.state);
        query.extend_pairs(self.scope.iter().map(|scope| ("scope", scope)));
        query.append_pair("pkce_challenge", &challenge).append_pair("pkce_method", "S256");
        drop(query);
        url
    }

    /// What the user's browser brings back to it: the code, after everything else was as it must be.
    pub(crate) fn code(&self, answer: &Answer) -> String {
        let arrived = answer.sent_to();
        assert!(arrived.as_str().starts_with(&format!("{}?", self.callback_uri)), "{arrived}");
        let pairs: Vec<(String, String)> = arrived.query_pairs().into_owned().collect();
        let [(code_name, code), state, issuer] = &pairs[..] else { panic!("{pairs:?}") };
        assert_eq!(code_name, "code");
        assert_eq!(state, &("state".to_owned(), self.state.clone()));
        assert_eq!(issuer, &("iss".to_owned(), self.base.clone()));
        code.clone()
    }

    pub(crate) async fn redeem(&self, provider: &str, code: &str) -> Answer {
        self.post(provider, "token", &json!({ "code": code, "pkce_verifier": self.verifier })).await
    }

    pub(crate) async fn refresh(&self, provider: &str, refresh_token: &str) -> Answer {
        self.post(provider, "refresh", &json!({ "refresh_token": refresh_token })).await
    }

    pub(crate) async fn revoke(&self, provider: &str, token: &str) -> Answer {
        self.post(provider, "revoke", &json!({ "token": token })).await
    }

    pub(crate) async fn post(&self, provider: &str, endpoint: &str, body: &Value) -> Answer {
        let url = format!("{}/v1/{provider}/oauth/{endpoint}", self.base).parse().expect("an address");
        let request = self.http.request(Method::POST, dialled(&url, self.address)).header(header::HOST, host(&url));
        let request = request.header(header::CONTENT_TYPE, "application/json").body(body.to_string());
        Answer::of(request.send().await.expect("an answer")).await
    }
}

impl Browser {
    pub(crate) fn of(service: &Service) -> Self {
        Self { cookies: Cookies::new(), address: service.address, http: plain_client().expect("a client") }
    }

    /// What follows is asked of another replica, as a proxy in front of both would.
    pub(crate) fn turn_to(&mut self, service: &Service) {
        self.address = service.address;
    }

    pub(crate) async fn open(&mut self, url: &Url) -> Answer {
        let mut request = self.http.get(dialled(url, self.address)).header(header::HOST, host(url));
        if let Some(cookies) = cookie_header(&self.cookies) {
            request = request.header(header::COOKIE, cookies);
        }
        let answer = Answer::of(request.send().await.expect("an answer")).await;
        keep_cookies(&mut self.cookies, &answer.headers);
        answer
    }

    /// Begins, and says where at the provider the browser is sent.
    pub(crate) async fn begin(&mut self, app: &App, provider: &str) -> Url {
        self.open(&app.authorize_url(provider)).await.sent_to()
    }
}

impl Answer {
    pub(crate) async fn of(response: Response) -> Self {
        let (status, headers) = (response.status(), response.headers().clone());
        let answer = Self { status, headers, text: response.text().await.expect("a text") };
        assert_guarded(&answer.headers, &answer.text);
        answer
    }

    pub(crate) fn header(&self, name: &HeaderName) -> &str {
        self.headers.get(name).map(|value| value.to_str().expect("text")).unwrap_or_default()
    }

    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.header(&header::CONTENT_TYPE), "application/json", "{}", self.text);
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// Where the browser goes next.
    #[track_caller]
    pub(crate) fn sent_to(&self) -> Url {
        assert_eq!(self.status, StatusCode::FOUND, "{}", self.text);
        assert!(self.text.is_empty(), "{}", self.text);
        self.header(&header::LOCATION).parse().expect("an address")
    }

    /// An answer of tokens.
    #[track_caller]
    pub(crate) fn tokens(&self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text);
        self.json()
    }

    /// An error as RFC 6749, section 5.2, has it, and nothing else.
    #[track_caller]
    pub(crate) fn assert_error(&self, status: u16, code: &str) {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        let body = self.json();
        assert_eq!(body["error"], code, "{body}");
        assert!(body["error_description"].as_str().is_some_and(|text| !text.is_empty()), "{body}");
        assert_eq!(body.as_object().map(serde_json::Map::len), Some(2), "{body}");
    }

    /// A page with these words, and no way on but what it says.
    #[track_caller]
    pub(crate) fn assert_page(&self, status: u16, words: &str) {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        assert!(self.text.contains(words), "{}", self.text);
        assert_eq!(self.header(&header::CONTENT_TYPE), "text/html; charset=utf-8");
        assert!(!self.headers.contains_key(header::LOCATION) && !self.headers.contains_key(header::SET_COOKIE));
        for way in ["href=", "http-equiv", "<form", "src="] {
            assert!(!self.text.contains(way), "{way}: {}", self.text);
        }
    }
}

/// The same address at the place that answers for it.
fn dialled(url: &Url, address: SocketAddr) -> Url {
    let mut url = url.clone();
    url.set_ip_host(address.ip()).expect("it has a host");
    url.set_port(Some(address.port())).expect("it has a host");
    url
}

fn host(url: &Url) -> String {
    url.authority().to_owned()
}

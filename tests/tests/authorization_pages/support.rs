//! A host with its pages on loopback, a practice provider, and browsers.

use std::sync::Arc;

use async_trait::async_trait;
use axum::http::request::Parts;
use innkeeper::spec::AuthMode;
use innkeeper::{
    Builder, ConnectionId, ConnectionView, Link, NewConnection, NewLink, PrincipalId, Reason, SpaceId, SystemClock,
    SystemRandom,
};
use innkeeper_practice::{PUBLIC_CLIENT, Practice, Running, Settings};
use innkeeper_server::{PagesSettings, User, Visitors, authorization_router};
use innkeeper_tests::components;
use innkeeper_tests::host::{TestHost, id};
use innkeeper_tests::oidc::plain_client;
use innkeeper_tests::pages::{Cookies, assert_guarded, cookie_header, keep_cookies};
use reqwest::{Method, RequestBuilder, Response, StatusCode, header};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use url::Url;

/// An origin that browsers may be sent back to.
pub(crate) const APP: &str = "https://app.example.com";

/// The header `x-user` says who it is, `space/principal`: what a service's session would say.
#[derive(Debug)]
pub(crate) struct HeaderUsers;

#[async_trait]
impl Visitors for HeaderUsers {
    async fn user(&self, request: &Parts) -> Option<User> {
        let (space, principal) = request.headers.get("x-user")?.to_str().ok()?.split_once('/')?;
        Some(User { space: SpaceId::parse(space).ok()?, principal: PrincipalId::parse(principal).ok()? })
    }
}

pub(crate) struct Site {
    pub(crate) host: TestHost,
    pub(crate) provider: Running,
    pub(crate) pages: Url,
    http: reqwest::Client,
}

impl Site {
    pub(crate) async fn start() -> Self {
        Self::start_with(HeaderUsers, |builder| builder).await
    }

    pub(crate) async fn start_with(visitors: impl Visitors + 'static, build: impl FnOnce(Builder) -> Builder) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        // Below a path, as a service mounts it; the practice provider has `/oauth/callback` registered.
        let pages = Url::parse(&format!("http://{address}/oauth")).expect("an address");
        let host = TestHost::start_on_manual_clock(|builder| build(builder.pages(pages))).await;
        let settings = PagesSettings::returning_to([Url::parse(APP).expect("an address")]);
        let routes = authorization_router(host.host.clone(), visitors, &settings).expect("the host has pages");
        let service = axum::Router::new().nest("/oauth", routes);
        tokio::spawn(async move { axum::serve(listener, service).await });
        let provider = Practice::start(Settings::default(), Arc::new(SystemClock), Arc::new(SystemRandom)).await;
        let pages = host.host.pages().expect("they were given").clone();
        let http = plain_client().expect("a client");
        Self { host, provider: provider.expect("the provider starts"), pages, http }
    }

    /// A connection where each user has a grant of their own.
    pub(crate) async fn connect(&self) -> ConnectionView {
        self.connect_with(|new| new.auth_mode(AuthMode::PerUser)).await
    }

    pub(crate) async fn connect_with(&self, settings: impl FnOnce(NewConnection) -> NewConnection) -> ConnectionView {
        let base = &self.provider.base_url;
        let connector = components::HOSTILE.parse().expect("an id");
        let new = NewConnection::new(SpaceId::default(), connector, "oauth_authorization_code")
            .id(ConnectionId::parse("drive").expect("an id"))
            .title("Ada's Drive")
            .config(json!({ "base": base }))
            .field("authorizationUrl", format!("{base}/authorize"))
            .field("tokenUrl", format!("{base}/token"))
            .field("issuer", base.as_str())
            .field("clientId", PUBLIC_CLIENT);
        innkeeper_tests::host::connect(&self.host.host, settings(new)).await.expect("the connection is made")
    }

    pub(crate) async fn link(&self, connection: &ConnectionView, principal: Option<&str>) -> Link {
        let new = NewLink::new(connection.space.clone(), connection.id.clone(), principal.map(id));
        self.host.host.start_link(new).await.expect("a link")
    }

    /// A browser where this user is signed in.
    pub(crate) fn browser(&self, user: Option<&str>) -> Browser {
        let user = user.map(|user| if user.contains('/') { user.to_owned() } else { format!("default/{user}") });
        Browser { http: self.http.clone(), pages: self.pages.clone(), user, cookies: Cookies::new() }
    }

    /// Opens the link in the browser and consents at the provider: the callback address.
    pub(crate) async fn consented(&self, browser: &mut Browser, link: &Link) -> Url {
        let started = browser.open(&link.url).await;
        assert_eq!(started.status, StatusCode::SEE_OTHER, "{}", started.text);
        let callback = innkeeper_practice::consent(&started.location()).await.expect("the user gets through");
        Url::parse(&callback).expect("an address")
    }

    pub(crate) async fn reason(&self, connection: &ConnectionView, principal: &str) -> Option<Reason> {
        self.host.status(connection, Some(principal)).await.grant.reason
    }

    pub(crate) fn exchanges(&self) -> u64 {
        self.provider.counters().code_exchanges
    }
}

/// Keeps cookies, follows no redirect, and holds every answer of ours to the headers that each must have.
#[derive(Clone)]
pub(crate) struct Browser {
    http: reqwest::Client,
    pages: Url,
    user: Option<String>,
    pub(crate) cookies: Cookies,
}

pub(crate) struct Seen {
    pub(crate) status: StatusCode,
    pub(crate) headers: header::HeaderMap,
    pub(crate) text: String,
}

impl Seen {
    pub(crate) fn header(&self, name: &header::HeaderName) -> &str {
        self.headers.get(name).map(|value| value.to_str().expect("text")).unwrap_or_default()
    }

    pub(crate) fn location(&self) -> String {
        self.header(&header::LOCATION).to_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// A page with these words, for a person, and the way on from there.
    #[track_caller]
    pub(crate) fn assert_page(&self, status: u16, words: &str) {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        assert!(self.text.contains(words), "{}", self.text);
        assert!(self.text.contains(r#"<p class="quiet">"#), "it says what to do: {}", self.text);
        assert_eq!(self.header(&header::CONTENT_TYPE), "text/html; charset=utf-8");
        assert!(self.header(&header::CONTENT_SECURITY_POLICY).contains("style-src 'sha256-"));
    }
}

impl Browser {
    pub(crate) async fn open(&mut self, url: &Url) -> Seen {
        let request = self.request(Method::GET, url);
        self.send(request).await
    }

    pub(crate) async fn post(&mut self, path: &str, body: Value) -> Seen {
        let url = self.pages.join(path).expect("a path joins");
        let request = self.request(Method::POST, &url).header(header::CONTENT_TYPE, "application/json");
        self.send(request.body(body.to_string())).await
    }

    pub(crate) fn request(&self, method: Method, url: &Url) -> RequestBuilder {
        let mut request = self.http.request(method, url.clone());
        if let Some(user) = &self.user {
            request = request.header("x-user", user);
        }
        if let Some(cookies) = cookie_header(&self.cookies) {
            request = request.header(header::COOKIE, cookies);
        }
        request
    }

    pub(crate) async fn send(&mut self, request: RequestBuilder) -> Seen {
        let response: Response = request.send().await.expect("an answer");
        let (status, headers) = (response.status(), response.headers().clone());
        keep_cookies(&mut self.cookies, &headers);
        let text = response.text().await.expect("a text");
        assert_guarded(&headers, &text);
        Seen { status, headers, text }
    }
}

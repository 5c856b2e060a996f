//! A Drive on loopback that asks the authorization server for the owner of each token, and lists to each user only
//! their own files.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use innkeeper::lock::Mutex;
use innkeeper_fixtures::oidc::owner_of;
use serde_json::json;
use tokio::net::TcpListener;
use url::Url;

/// A request that was served.
#[derive(Clone, Debug)]
pub(crate) struct Served {
    /// The owner of its token.
    pub(crate) owner: String,
    pub(crate) token: String,
}

/// The server; it stops with the tests.
#[derive(Clone)]
pub(crate) struct Drive {
    pub(crate) base: Url,
    api: Url,
    served: Arc<Mutex<Vec<Served>>>,
}

impl Drive {
    /// Starts it on a free port.
    pub(crate) async fn start(api: &Url) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let address = listener.local_addr().expect("a bound listener has an address");
        let base = format!("http://{address}").parse().expect("an address");
        let drive = Self { base, api: api.clone(), served: Arc::default() };
        let router = Router::new().route("/drive/v3/files", get(files)).with_state(drive.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        drive
    }

    /// Everything that was served, in order.
    pub(crate) fn served(&self) -> Vec<Served> {
        self.served.lock().clone()
    }
}

async fn files(State(drive): State<Drive>, headers: HeaderMap) -> Response {
    let shown = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let token = shown.strip_prefix("Bearer ").unwrap_or_default();
    let Some(owner) = owner_of(&drive.api, token).await else {
        let challenge = [(header::WWW_AUTHENTICATE, r#"Bearer error="invalid_token""#)];
        return (StatusCode::UNAUTHORIZED, challenge, Json(json!({}))).into_response();
    };
    let files = json!({ "files": [{ "id": owner, "name": format!("of {owner}"), "mimeType": "text/plain" }] });
    let served = Served { owner, token: token.to_owned() };
    drive.served.lock().push(served);
    Json(files).into_response()
}

//! A provider that only issues tokens, at once or when released: for tests of the service itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::State;
use axum::routing::post;
use axum::{Form, Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use url::Url;

use crate::service::SECRET_VARIABLE;
use crate::stage::wait;

/// The provider; it stops with the tests.
pub(crate) struct Upstream {
    base: Url,
    counts: Arc<Counts>,
}

struct Counts {
    asked: watch::Sender<usize>,
    released: watch::Sender<bool>,
    /// Under way now, and the highest number so far.
    now: AtomicUsize,
    most: AtomicUsize,
}

/// RFC 6749, section 6.
#[derive(Deserialize)]
struct Asked {
    grant_type: String,
    refresh_token: String,
}

impl Upstream {
    /// Answers at once.
    pub(crate) fn ready() -> Self {
        wait(Self::start(true))
    }

    /// Answers nothing before [`Self::release`].
    pub(crate) fn held() -> Self {
        wait(Self::start(false))
    }

    async fn start(released: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let base = format!("http://{}", listener.local_addr().expect("an address")).parse().expect("an address");
        let counts = Arc::new(Counts {
            asked: watch::Sender::new(0),
            released: watch::Sender::new(released),
            now: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
        });
        let router = Router::new().route("/token", post(token)).with_state(counts.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { base, counts }
    }

    /// The file of a service that has a client here, as the provider `plain`.
    pub(crate) fn service_file(&self) -> String {
        format!(
            r#"loopback_callbacks = true
[limits]
tokens = 4000000
connections = 4096
connections_per_address = 4096
[providers.plain]
client_id = "app"
client_secret = {{ env = "{SECRET_VARIABLE}" }}
authorization_url = "{base}authorize"
token_url = "{base}token"
"#,
            base = self.base
        )
    }

    /// Waits until it has received this many requests.
    pub(crate) async fn asked(&self, times: usize) {
        let mut asked = self.counts.asked.subscribe();
        asked.wait_for(|asked| *asked >= times).await.expect("it counts as long as it is there");
    }

    /// Answers from now on.
    pub(crate) fn release(&self) {
        self.counts.released.send_replace(true);
    }

    /// Holds answers back from now on.
    pub(crate) fn hold(&self) {
        self.counts.released.send_replace(false);
    }

    /// How many requests it has received.
    pub(crate) fn times(&self) -> usize {
        *self.counts.asked.borrow()
    }

    /// The highest number of requests under way at once.
    pub(crate) fn most_at_once(&self) -> usize {
        self.counts.most.load(Ordering::Relaxed)
    }
}

async fn token(State(counts): State<Arc<Counts>>, Form(asked): Form<Asked>) -> Json<Value> {
    assert_eq!(asked.grant_type, "refresh_token");
    let now = counts.now.fetch_add(1, Ordering::Relaxed) + 1;
    counts.most.fetch_max(now, Ordering::Relaxed);
    counts.asked.send_modify(|asked| *asked += 1);
    let mut released = counts.released.subscribe();
    released.wait_for(|released| *released).await.expect("it counts as long as it is there");
    counts.now.fetch_sub(1, Ordering::Relaxed);
    Json(json!({
        "access_token": format!("access-of-{}", asked.refresh_token),
        "token_type": "Bearer",
        "expires_in": 3600,
        "refresh_token": format!("next-{}", asked.refresh_token),
    }))
}

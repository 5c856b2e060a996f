//! Starting and stopping.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{any, get, post};
use innkeeper_ambient::{Clock, Random};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::clients::Client;
use crate::journal::{Counters, Event};
use crate::provider::Provider;
use crate::settings::Settings;
use crate::{admin, authorize, drive, echo, introspect, metadata, pages, revoke, token};

/// The time for requests in flight once the provider is stopped.
const STOPPING: Duration = Duration::from_secs(5);
/// The largest request body; only `/echo` uses a large one.
const BODY_LIMIT: usize = 1024 * 1024;

/// Starts practice providers.
#[derive(Clone, Copy, Debug)]
pub struct Practice;

/// Why a practice provider did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The port is not available.
    #[error("the practice provider cannot listen on {address}: {source}; choose another port, or 0 for a free one")]
    Listen {
        /// The address to listen on.
        address: SocketAddr,
        /// The system's error.
        source: std::io::Error,
    },
    /// An additional redirect URI is not an absolute address without fragment.
    #[error("the redirect address {0:?} is not an absolute URL without fragment (RFC 6749, section 3.1.2)")]
    RedirectUri(String),
    /// An additional scope contains characters that scopes may not contain.
    #[error(
        "the scope {0:?} is not valid: use printable ASCII without spaces, quotes or backslashes (RFC 6749, section 3.3)"
    )]
    Scope(String),
}

impl Practice {
    /// Listens on 127.0.0.1 and serves until the returned value is stopped or dropped. Must be called in a tokio
    /// runtime.
    pub async fn start(
        settings: Settings,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Running, StartError> {
        check(&settings)?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, settings.port));
        let listen = |source| StartError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let base_url = format!("http://{}", listener.local_addr().map_err(listen)?);
        let provider = Arc::new(Provider::new(settings, base_url.clone(), clock, random));
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = axum::serve(listener, router(provider.clone())).with_graceful_shutdown(async {
            // A dropped sender means stop, too.
            let _ = stopped.await;
        });
        let task = tokio::spawn(async move {
            if let Err(error) = serving.await {
                tracing::error!(%error, "the practice provider stopped");
            }
        });
        Ok(Running { base_url, provider, stop: Some(stop), task })
    }
}

/// A running practice provider. Dropping it stops it, too, without waiting.
pub struct Running {
    /// `http://127.0.0.1:<port>`, without a trailing slash. It is also the issuer.
    pub base_url: String,
    provider: Arc<Provider>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running").field("base_url", &self.base_url).finish_non_exhaustive()
    }
}

impl Running {
    /// The newest events, oldest first. No event contains more than six characters of a token.
    pub fn events(&self) -> Vec<Event> {
        self.provider.journal().events()
    }

    /// How often things happened.
    pub fn counters(&self) -> Counters {
        self.provider.journal().counters
    }

    /// The registered clients.
    pub fn clients(&self) -> &[Client] {
        &self.provider.clients
    }

    /// Expires every access token at once, as time would; refresh tokens stay valid. Returns how many were valid.
    pub fn expire_access_tokens(&self) -> usize {
        self.provider.expire_access_tokens()
    }

    /// Makes the API answer the next `requests` requests with 429 and this `Retry-After` (whole seconds).
    pub fn rate_limit(&self, requests: u64, retry_after: Duration) {
        self.provider.rate_limit(requests, retry_after);
    }

    /// Deletes every token, code, event and counter, and turns the switches off.
    pub fn reset(&self) {
        self.provider.reset();
    }

    /// Stops: no new connections, requests in flight get five seconds.
    pub async fn stop(mut self) {
        drop(self.stop.take());
        if tokio::time::timeout(STOPPING, &mut self.task).await.is_err() {
            self.task.abort();
        }
    }
}

fn check(settings: &Settings) -> Result<(), StartError> {
    for uri in &settings.redirect_uris {
        if !url::Url::parse(uri).is_ok_and(|url| url.fragment().is_none()) {
            return Err(StartError::RedirectUri(uri.clone()));
        }
    }
    let fits = |byte: u8| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    match settings.scopes.iter().find(|scope| scope.is_empty() || !scope.bytes().all(fits)) {
        Some(scope) => Err(StartError::Scope(scope.clone())),
        None => Ok(()),
    }
}

fn router(provider: Arc<Provider>) -> Router {
    Router::new()
        .route("/", get(pages::home))
        .route("/style.css", get(pages::style))
        .route("/.well-known/oauth-authorization-server", get(metadata::answer))
        .route("/authorize", get(authorize::ask).post(authorize::decide))
        .route("/token", post(token::answer))
        .route("/revoke", post(revoke::answer))
        .route("/introspect", post(introspect::answer))
        .merge(drive::routes())
        .route("/echo", any(echo::answer))
        .route("/echo/{*rest}", any(echo::answer))
        .nest("/practice", admin::routes())
        .fallback(pages::nothing_here)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(provider)
}

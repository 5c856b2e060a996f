//! The callback of an authorization that this process began itself (RFC 8252, section 7.3).

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::map_response;
use axum::response::{IntoResponse as _, Response};
use axum::routing::any;
use innkeeper::{Callback, Completed, Error, FlowFailure, Innkeeper, RedirectUri, Refused, SessionSecret};
use innkeeper_web::{Page, is_addressed, seal};
use tokio::sync::mpsc;

use crate::pages;
use crate::problem::Problem;

/// The number of callbacks of other authorizations after which something is wrong.
const MOST_STRANGERS: u32 = 100;

/// Takes the callback of an authorization whose session this process holds. A callback that belongs to another
/// authorization, or to none, is answered with a page and changes nothing.
pub struct LocalCallback {
    host: Innkeeper,
    session: SessionSecret,
    redirect_uri: RedirectUri,
    settle: mpsc::Sender<Result<Completed, LocalFailure>>,
    strangers: AtomicU32,
}

/// Why there will be no grant.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LocalFailure {
    /// The authorization was refused.
    #[error(transparent)]
    Refused(#[from] Error),
    /// Too many callbacks belong to other authorizations.
    #[error("there were more than {MOST_STRANGERS} callbacks of other authorizations; begin again")]
    Strangers,
}

/// The result of a callback.
enum Taken {
    Settled(Page, StatusCode),
    /// It belongs to another authorization.
    Ignored(FlowFailure),
}

impl LocalCallback {
    /// For the authorization that began with this session and redirect URI. The receiver gets its outcome.
    pub fn new(
        host: Innkeeper,
        session: SessionSecret,
        redirect_uri: RedirectUri,
    ) -> (Arc<Self>, mpsc::Receiver<Result<Completed, LocalFailure>>) {
        let (settle, settled) = mpsc::channel(4);
        (Arc::new(Self { host, session, redirect_uri, settle, strangers: AtomicU32::new(0) }), settled)
    }

    /// The page at the redirect URI's path, to be served at its address.
    pub fn router(self: &Arc<Self>) -> Router {
        Router::new()
            .route(self.redirect_uri.path(), any(take))
            .fallback(async || Problem::NothingHere)
            .layer(map_response(seal))
            .with_state(self.clone())
    }

    /// Takes a callback address that a person copied from a browser elsewhere. Returns why, if it does not belong to
    /// this authorization.
    pub async fn take_pasted(&self, address: &str) -> Option<FlowFailure> {
        let address = address.trim();
        let query = address.split_once('?').map_or(address, |(_, query)| query);
        let query = query.split_once('#').map_or(query, |(query, _)| query);
        if query.is_empty() {
            return None;
        }
        match self.take(query).await {
            Taken::Settled(..) => None,
            Taken::Ignored(failure) => Some(failure),
        }
    }

    async fn take(&self, query: &str) -> Taken {
        let callback = match Callback::parse(query) {
            Ok(callback) => callback,
            Err(failure) => return self.ignore(failure),
        };
        match self.host.complete_authorization(&callback, &self.session).await {
            Ok(completed) => {
                let title = self.host.connection(&completed.space, &completed.connection).await;
                let title = title.map_or_else(|_| completed.connection.to_string(), |connection| connection.title);
                self.settle(Ok(completed));
                Taken::Settled(pages::authorized(&title), StatusCode::OK)
            }
            // Not ours: a callback of another authorization, or the second visit of one that was taken.
            Err(Error::Refused(Refused { failure, flow: None })) if !matches!(failure, FlowFailure::Host(_)) => {
                self.ignore(failure)
            }
            Err(error) => {
                let problem = Problem::from(&error);
                self.settle(Err(error.into()));
                Taken::Settled(problem.page(), problem.status())
            }
        }
    }

    fn ignore(&self, failure: FlowFailure) -> Taken {
        if self.strangers.fetch_add(1, Ordering::Relaxed) >= MOST_STRANGERS {
            self.settle(Err(LocalFailure::Strangers));
        }
        tracing::info!(%failure, "a callback was ignored");
        Taken::Ignored(failure)
    }

    fn settle(&self, outcome: Result<Completed, LocalFailure>) {
        // Only the first outcome is awaited.
        let _ = self.settle.try_send(outcome);
    }
}

impl std::fmt::Debug for LocalCallback {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LocalCallback").field("redirect_uri", &self.redirect_uri.as_str()).finish_non_exhaustive()
    }
}

async fn take(State(local): State<Arc<LocalCallback>>, request: Request) -> Response {
    if !is_addressed(&local.redirect_uri, request.headers()) {
        return Problem::OtherHost.into_response();
    }
    // A HEAD request would use up the code and show nothing.
    if request.method() != Method::GET {
        return Problem::Method("GET").into_response();
    }
    let mut response = match local.take(request.uri().query().unwrap_or_default()).await {
        Taken::Settled(page, status) => page.respond(status),
        Taken::Ignored(failure) => Problem::from(&failure).into_response(),
    };
    // The listener is closed after this page.
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

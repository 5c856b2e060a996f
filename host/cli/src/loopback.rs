//! Where the browser comes back to: an address of this machine, for one authorization (RFC 8252, section 7.3).

mod page;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::{RawQuery, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::Response;
use axum::routing::any;
use innkeeper::{Callback, Completed, Error, FlowFailure, Innkeeper, Refused, SessionSecret};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use url::Url;

use crate::failure::{Exit, Failure, Outcome};
use page::Page;

/// The path that the provider sends the browser to.
const PATH: &str = "/callback";
/// How long the browser gets to read its page once the authorization is over.
const LEAVING: Duration = Duration::from_secs(2);
/// Callbacks that belong to no authorization of ours, after which something is wrong.
const MOST_STRANGERS: u32 = 100;

/// A listener on 127.0.0.1, for one authorization.
#[derive(Debug)]
pub(crate) struct Loopback {
    listener: TcpListener,
    redirect_uri: Url,
}

impl Loopback {
    /// Listens; port 0 takes a free one.
    pub(crate) async fn bind(port: u16) -> Outcome<Self> {
        let failed = |error: std::io::Error| {
            Failure::failed(format!("the browser cannot come back to 127.0.0.1:{port}: {error}"))
                .hint("choose another port, or 0 for a free one")
        };
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let redirect_uri = Url::parse(&format!("http://{address}{PATH}"))
            .map_err(|error| Failure::failed(format!("{address} makes no address: {error}")))?;
        Ok(Self { listener, redirect_uri })
    }

    /// What to register at the provider, whatever the port.
    pub(crate) fn redirect_uri(&self) -> &Url {
        &self.redirect_uri
    }

    /// Waits for the browser, or for a callback address on `pasted`, until one of them settles the authorization.
    /// What belongs to another authorization, or to none, is answered and changes nothing.
    pub(crate) async fn wait(
        self,
        host: &Innkeeper,
        session: SessionSecret,
        mut pasted: mpsc::Receiver<String>,
        patience: Duration,
    ) -> Outcome<Completed> {
        let (settle, mut settled) = mpsc::channel(4);
        let flow = Arc::new(Flow {
            host: host.clone(),
            session,
            authority: self.redirect_uri.authority().to_owned(),
            settle,
            strangers: AtomicU32::new(0),
        });
        let (stop, stopped) = oneshot::channel::<()>();
        let router = Router::new().route(PATH, any(callback)).fallback(nothing_here).with_state(flow.clone());
        let serving = axum::serve(self.listener, router).with_graceful_shutdown(async {
            // A dropped sender means stop as well.
            let _ = stopped.await;
        });
        let mut server = tokio::spawn(async move { serving.await });
        let deadline = tokio::time::sleep(patience);
        tokio::pin!(deadline);
        let outcome = loop {
            tokio::select! {
                Some(outcome) = settled.recv() => break outcome,
                Some(address) = pasted.recv() => flow.take_pasted(&address).await,
                () = &mut deadline => break Err(timed_out(patience)),
            }
        };
        drop(stop);
        if tokio::time::timeout(LEAVING, &mut server).await.is_err() {
            server.abort();
        }
        outcome
    }
}

fn timed_out(patience: Duration) -> Failure {
    let minutes = crate::time::span(patience);
    let message = format!("nobody came back from the authorization server within {minutes}");
    Failure::new(Exit::NeedsAuthorization, "authorization-timeout", message).hint("run the command again")
}

/// One authorization that is waited for.
struct Flow {
    host: Innkeeper,
    session: SessionSecret,
    authority: String,
    settle: mpsc::Sender<Outcome<Completed>>,
    strangers: AtomicU32,
}

impl Flow {
    /// Takes the parameters of a callback, and answers what to tell who brought them.
    async fn take(&self, query: &str) -> Page {
        let callback = match Callback::parse(query) {
            Ok(callback) => callback,
            Err(failure) => return self.stranger(&failure),
        };
        match self.host.complete_authorization(&callback, &self.session).await {
            Ok(completed) => {
                let page = Page::authorized(completed.connection.as_str());
                self.settle(Ok(completed));
                page
            }
            // Nothing of ours: somebody else's callback, or the second visit of one that was taken.
            Err(Error::Refused(Refused { failure, flow: None })) if !matches!(failure, FlowFailure::Host(_)) => {
                self.stranger(&failure)
            }
            Err(error) => {
                let page = Page::failed(&error.to_string());
                self.settle(Err(error.into()));
                page
            }
        }
    }

    async fn take_pasted(&self, address: &str) {
        let address = address.trim();
        let query = address.split_once('?').map_or(address, |(_, query)| query);
        let query = query.split_once('#').map_or(query, |(query, _)| query);
        if query.is_empty() {
            return;
        }
        let page = self.take(query).await;
        if page.is_ignored() {
            crate::output::say(&format!("That is not the callback of this authorization: {}.", page.text()));
        }
    }

    fn stranger(&self, failure: &FlowFailure) -> Page {
        if self.strangers.fetch_add(1, Ordering::Relaxed) >= MOST_STRANGERS {
            let message =
                format!("more than {MOST_STRANGERS} callbacks of other authorizations came; something is wrong");
            self.settle(Err(Failure::new(Exit::Denied, "authorization", message)));
        }
        tracing::info!(%failure, "a callback was ignored");
        Page::ignored(&failure.to_string())
    }

    fn settle(&self, outcome: Outcome<Completed>) {
        // Only the first outcome is waited for.
        let _ = self.settle.try_send(outcome);
    }

    /// Another name for this address is a web page that has pointed its own name at loopback.
    fn is_addressed(&self, headers: &HeaderMap) -> bool {
        let port = self.authority.rsplit_once(':').map_or("80", |(_, port)| port);
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        host == self.authority || host == format!("localhost:{port}")
    }
}

async fn callback(State(flow): State<Arc<Flow>>, RawQuery(query): RawQuery, request: Request) -> Response {
    if !flow.is_addressed(request.headers()) {
        return page::respond(StatusCode::MISDIRECTED_REQUEST, &Page::nothing_here());
    }
    // A HEAD would spend the code and show nothing.
    if request.method() != Method::GET {
        return page::respond(StatusCode::METHOD_NOT_ALLOWED, &Page::nothing_here());
    }
    let page = flow.take(query.as_deref().unwrap_or_default()).await;
    let status = if page.is_good() { StatusCode::OK } else { StatusCode::BAD_REQUEST };
    page::respond(status, &page)
}

async fn nothing_here() -> Response {
    page::respond(StatusCode::NOT_FOUND, &Page::nothing_here())
}

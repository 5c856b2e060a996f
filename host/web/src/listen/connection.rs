//! One connection: its requests one after the other, each with its time limits.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::ConnectInfo;
use axum::http::{HeaderValue, Request, Response, StatusCode, header};
use axum::response::IntoResponse as _;
use http_body_util::Limited;
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::Sleep;

use super::ListenSettings;
use super::paced::{Paced, Stage, Stages};

/// Answers the requests of a connection until either side closes it, or `ended` reports that no more are accepted.
pub(super) async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    settings: &ListenSettings,
    mut ended: watch::Receiver<()>,
) {
    // Small answers are not delayed; a system that does not support this sends them later.
    let _ = stream.set_nodelay(true);
    let stages = Stages::new();
    let stream = TokioIo::new(Paced::new(stream, stages.clone(), settings));
    let router = TowerToHyperService::new(router);
    let (body_time, body_size) = (settings.body_time, settings.body_size);
    let service = service_fn(move |request: Request<Incoming>| {
        stages.set(Stage::Answer);
        let late = Arc::new(AtomicBool::new(false));
        let timed = |body| Body::new(Limited::new(Timed::new(body, body_time, late.clone()), body_size));
        let mut request = request.map(timed);
        request.extensions_mut().insert(ConnectInfo(peer));
        let (answer, stages) = (router.call(request), stages.clone());
        async move {
            let response = answer.await?;
            let response = if late.load(Ordering::Relaxed) { too_late() } else { response };
            Ok::<_, Infallible>(response.map(|body| Answered { body, stages }))
        }
    });
    let head_size = settings.head_size.max(LEAST_HEAD);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        // The stream measures more precisely; this makes sure that it is polled at all, and applies to what it does
        // not see: a head that arrived together with the request before.
        .header_read_timeout(settings.idle_time.saturating_add(settings.head_time))
        .max_header_size(head_size)
        .max_buf_size(head_size.max(LEAST_BUFFER))
        .serve_connection(stream, service);
    tokio::pin!(connection);
    let outcome = tokio::select! {
        outcome = connection.as_mut() => outcome,
        // A dropped sender means the end, too.
        _ = ended.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = outcome {
        tracing::debug!(%peer, %error, "a connection ended early");
    }
}

/// RFC 9110, section 15.5.9.
fn too_late() -> Response<Body> {
    let text = "The body of the request did not arrive in time; nothing was done. Send it again.\n";
    let mut response = (StatusCode::REQUEST_TIMEOUT, text).into_response();
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The body of a request, which must arrive in time.
struct Timed {
    body: Incoming,
    /// `None` for a request without a body.
    deadline: Option<Pin<Box<Sleep>>>,
    late: Arc<AtomicBool>,
}

impl Timed {
    fn new(body: Incoming, time: Duration, late: Arc<AtomicBool>) -> Self {
        let deadline = (!body.is_end_stream()).then(|| Box::pin(tokio::time::sleep(time)));
        Self { body, deadline, late }
    }
}

impl HttpBody for Timed {
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Some(deadline) = &mut self.deadline
            && deadline.as_mut().poll(cx).is_ready()
        {
            self.late.store(true, Ordering::Relaxed);
            return Poll::Ready(Some(Err("the body did not come in time".into())));
        }
        Pin::new(&mut self.body).poll_frame(cx).map_err(Into::into)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The body of an answer. Once it has been sent, the connection waits for the next request.
struct Answered {
    body: Body,
    stages: Stages,
}

impl HttpBody for Answered {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Answered {
    fn drop(&mut self) {
        self.stages.set(Stage::Idle);
    }
}

/// The smallest limit of a head, in bytes; less would refuse ordinary browsers.
const LEAST_HEAD: usize = 8 << 10;
/// The smallest size of what is read or written at once, in bytes.
const LEAST_BUFFER: usize = 64 << 10;

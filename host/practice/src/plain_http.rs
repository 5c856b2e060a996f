//! A client for plain HTTP, as small as a scripted browser needs it: no redirects, no TLS, one connection per
//! request.

use std::time::Duration;

use bytes::Bytes;
use http::header::HOST;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use url::Url;

/// The largest answer that is read, in bytes.
const ANSWER_LIMIT: usize = 8 * 1024 * 1024;
/// How long one request may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// An answer, read completely.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// Why there is no answer. Contains only the host: the query of an authorization address is private.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlainHttpError {
    #[error("only plain http addresses can be visited, not {0}")]
    Scheme(String),
    #[error("{host} did not answer: {reason}")]
    NoAnswer { host: String, reason: String },
}

/// Sends one request.
pub(crate) async fn send(method: Method, url: &Url, headers: HeaderMap, body: Bytes) -> Result<Answer, PlainHttpError> {
    if url.scheme() != "http" {
        return Err(PlainHttpError::Scheme(url.scheme().to_owned()));
    }
    let host = url[url::Position::BeforeHost..url::Position::AfterPort].to_owned();
    match tokio::time::timeout(PATIENCE, exchange(method, url, &host, headers, body)).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(reason)) => Err(PlainHttpError::NoAnswer { host, reason: reason.to_string() }),
        Err(_) => Err(PlainHttpError::NoAnswer { host, reason: format!("nothing within {} s", PATIENCE.as_secs()) }),
    }
}

type AnyError = Box<dyn std::error::Error + Send + Sync>;

async fn exchange(method: Method, url: &Url, host: &str, headers: HeaderMap, body: Bytes) -> Result<Answer, AnyError> {
    let name = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    let stream = TcpStream::connect((name, url.port_or_known_default().unwrap_or(80))).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let mut request = Request::builder()
        .method(method)
        .uri(&url[url::Position::BeforePath..url::Position::AfterQuery])
        .body(Full::new(body))?;
    *request.headers_mut() = headers;
    if !request.headers().contains_key(HOST) {
        request.headers_mut().insert(HOST, host.parse()?);
    }
    let (parts, body) = sender.send_request(request).await?.into_parts();
    let body = Limited::new(body, ANSWER_LIMIT).collect().await?.to_bytes();
    connection.abort();
    Ok(Answer { status: parts.status, headers: parts.headers, body })
}

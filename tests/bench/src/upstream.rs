//! The service that is fetched from, in a separate process.
//!
//! `/document` answers 1 KB of JSON; `/token` a token; `/hold` answers once somebody asks for `/release`; `/held/N` answers
//! once N requests are held.

use std::convert::Infallible;
use std::io::Write;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::failure::Failure;

/// Serves on a free port of 127.0.0.1, whose address is the first line of standard output, until standard input ends.
pub(crate) async fn serve() -> Result<(), Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    writeln!(std::io::stdout(), "http://{}/", listener.local_addr()?)?;
    let service = Service { document: document(), held: watch::Sender::new(0), released: watch::Sender::new(0) };
    let mut parent = tokio::io::stdin();
    let mut nothing = [0; 1];
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            // Whoever started this process is gone.
            _ = parent.read(&mut nothing) => return Ok(()),
        };
        let (stream, _) = accepted?;
        stream.set_nodelay(true)?;
        let service = service.clone();
        tokio::spawn(async move {
            let answer = service_fn(move |request| {
                let service = service.clone();
                async move { Ok::<_, Infallible>(service.answer(&request).await) }
            });
            // A client that hangs up is no failure of the service's.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await;
        });
    }
}

#[derive(Clone)]
struct Service {
    document: Bytes,
    held: watch::Sender<usize>,
    /// How often `/release` was asked for.
    released: watch::Sender<usize>,
}

impl Service {
    async fn answer(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        let path = request.uri().path();
        let body = if path == "/document" {
            self.document.clone()
        } else if path == "/hold" {
            let mut released = self.released.subscribe();
            self.held.send_modify(|held| *held += 1);
            // The sender lives as long as this service does.
            let _ = released.changed().await;
            self.held.send_modify(|held| *held -= 1);
            self.document.clone()
        } else if path == "/release" {
            self.released.send_modify(|times| *times += 1);
            Bytes::from_static(b"{}")
        } else if path == "/token" {
            let token =
                json!({ "access_token": "a-token-that-lives-for-an-hour", "token_type": "Bearer", "expires_in": 3600 });
            Bytes::from(token.to_string())
        } else {
            let count = path.strip_prefix("/held/").and_then(|count| count.parse().ok()).unwrap_or(0);
            let mut held = self.held.subscribe();
            let _ = held.wait_for(|held| *held >= count).await;
            Bytes::from_static(b"{}")
        };
        let mut response = Response::new(Full::new(body));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    }
}

/// A file as a service describes it, 1 KB long: what the reader wants of it, and more.
fn document() -> Bytes {
    let mut document = json!({
        "id": "01HZX3V9K2M4N6P8Q0R2S4T6V8",
        "name": "Quarterly report, final (2).pdf",
        "size": 482_113,
        "tags": ["finance", "reviewed", "2026"],
        "mimeType": "application/pdf",
        "createdAt": "2026-01-05T08:30:00Z",
        "owners": [
            { "name": "Ada Lovelace", "mail": "ada@example.com", "roles": ["owner", "writer"] },
            { "name": "Grace Hopper", "mail": "grace@example.com", "roles": ["reader"] },
        ],
        "permissions": { "canEdit": true, "canShare": false, "inheritedFrom": ["folder-17", "drive-3"] },
        "description": "",
    });
    let length = document.to_string().len();
    document["description"] = "The figures of the quarter, with notes. ".repeat(26)[..1024 - length].into();
    Bytes::from(document.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_is_one_kilobyte() {
        assert_eq!(document().len(), 1024);
    }
}

//! A service that returns what reached it, including what it should not reveal.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use innkeeper_fixtures::scripted::{Received, Reply, ScriptedServer};
use serde_json::json;

/// An HTTP service on loopback. `/` and any other path echo the request in every form they can; `/redirect` leads to
/// `/elsewhere`; `/bytes/N` answers N bytes; `/back` answers the body as it came; `/slow` never answers; `/stall` begins to and
/// never goes on.
#[derive(Debug)]
pub struct EchoService(ScriptedServer);

impl EchoService {
    /// Starts it on a free port of 127.0.0.1.
    pub async fn start() -> Self {
        Self(ScriptedServer::start(|received, _| answer(received)).await)
    }

    /// `http://127.0.0.1:port`.
    pub fn base(&self) -> &str {
        self.0.base()
    }

    /// The address of a path.
    pub fn url(&self, path: &str) -> String {
        self.0.url(path)
    }

    /// All that reached it, in order.
    pub fn received(&self) -> Vec<Received> {
        self.0.received()
    }

    /// Answers the next `times` requests with 401.
    pub fn refuse(&self, times: usize) {
        self.0.answers(vec![Reply::new(401); times]);
    }
}

fn answer(received: &Received) -> Reply {
    match received.path() {
        "/unauthorized" => Reply::new(401),
        "/redirect" => Reply::to(302, "/elsewhere"),
        "/back" => Reply::new(200).body(&received.body),
        "/slow" => Reply::never(),
        "/stall" => Reply::new(200).body("the first bytes").stalls(),
        path => match path.strip_prefix("/bytes/").and_then(|count| count.parse().ok()) {
            Some(count) => Reply::new(200).body(vec![b'x'; count]),
            None => echo(received),
        },
    }
}

fn percent_encoded(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat()
}

/// Every header and the body: as they are, in both alphabets of base64 at each alignment, percent-encoded.
fn echo(received: &Received) -> Reply {
    let mut headers = Vec::new();
    for (name, value) in &received.headers {
        let value = value.as_bytes();
        let shifted = [&b"a"[..], b"ab"].map(|pad| STANDARD.encode([pad, value].concat()));
        headers.push(json!({
            "name": name.as_str(),
            "value": String::from_utf8_lossy(value),
            "base64": STANDARD.encode(value),
            "base64url": URL_SAFE_NO_PAD.encode(value),
            "shifted": shifted,
            "percent": percent_encoded(value),
        }));
    }
    let body = json!({
        "method": received.method.as_str(),
        "uri": received.target,
        "headers": headers,
        "body": String::from_utf8_lossy(&received.body),
        "body_base64": STANDARD.encode(&received.body),
    });
    let reply = Reply::json(body.to_string());
    received.headers.iter().fold(reply, |reply, (name, value)| reply.header(&format!("x-echo-{name}"), value))
}

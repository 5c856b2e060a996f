//! A service, or an authorization server, that answers what an attack wants it to, byte for byte: a scripted server with many
//! places.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use innkeeper_ambient::lock::Mutex;
use innkeeper_tests::scripted::{Received, Reply, ScriptedServer};

/// What is answered to a request.
pub(crate) type Answer = Arc<dyn Fn(&Received) -> Reply + Send + Sync>;

/// These bytes, then the end.
pub(crate) fn raw(bytes: impl Into<Vec<u8>>) -> Answer {
    always(Reply::raw(bytes))
}

/// An answer whose head has these lines and whose body is this.
pub(crate) fn say(status: u16, headers: &[&str], body: impl AsRef<[u8]>) -> Answer {
    always(written(status, headers, body.as_ref()))
}

/// JSON with status 200.
pub(crate) fn json(body: &serde_json::Value) -> Answer {
    say(200, &["content-type: application/json"], body.to_string())
}

/// What the request makes of it.
pub(crate) fn echo(
    headers: &'static [&'static str],
    body: impl Fn(&Received) -> Vec<u8> + Send + Sync + 'static,
) -> Answer {
    Arc::new(move |received| written(200, headers, &body(received)))
}

/// First bytes, and then these for ever.
pub(crate) fn endless(first: &str, then: &str) -> Answer {
    always(Reply::raw(first).repeats(then))
}

/// First bytes, and then nothing.
pub(crate) fn silence(first: &str) -> Answer {
    always(Reply::raw(first).stalls())
}

fn always(reply: Reply) -> Answer {
    Arc::new(move |_| reply.clone())
}

/// A whole answer, its header lines as they are on the wire.
pub(crate) fn written(status: u16, headers: &[&str], body: &[u8]) -> Reply {
    let mut head = format!("HTTP/1.1 {status} It is so\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
    for header in headers {
        head.push_str(header);
        head.push_str("\r\n");
    }
    Reply::raw([head.as_bytes(), b"\r\n", body].concat())
}

/// What stands for the credential: the bearer token, or the whole body.
pub(crate) fn credential_of(received: &Received) -> String {
    let bearer = received.authorization().and_then(|value| value.strip_prefix("Bearer "));
    bearer.map_or_else(|| received.text(), str::to_owned)
}

/// A server on loopback with many places, each with answers of its own.
#[derive(Debug)]
pub(crate) struct Upstream {
    server: ScriptedServer,
    places: Arc<Places>,
}

#[derive(Default)]
struct Places {
    next: AtomicUsize,
    of: Mutex<HashMap<String, Place>>,
}

impl std::fmt::Debug for Places {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Places").field("next", &self.next).finish_non_exhaustive()
    }
}

struct Place {
    answers: Vec<Answer>,
    received: Vec<Received>,
}

/// One place at a [`Upstream`].
#[derive(Clone, Debug)]
pub(crate) struct At {
    /// What the place is called.
    pub(crate) name: String,
    base: String,
    places: Arc<Places>,
}

impl Upstream {
    pub(crate) async fn start() -> Self {
        let places = Arc::new(Places::default());
        let own = places.clone();
        let none = written(404, &[], b"there is no such place");
        let server = ScriptedServer::start(move |received, _| {
            own.answer(received).map_or_else(|| none.clone(), |answer| answer(received))
        });
        Self { server: server.await, places }
    }

    /// `http://127.0.0.1:port`
    pub(crate) fn base(&self) -> &str {
        self.server.base()
    }

    pub(crate) fn port(&self) -> u16 {
        self.server.port
    }

    /// A place that gives these answers in turn, and the last of them from then on.
    pub(crate) fn at(&self, answers: impl IntoIterator<Item = Answer>) -> At {
        let name = format!("p{}", self.places.next.fetch_add(1, Ordering::SeqCst));
        let place = Place { answers: answers.into_iter().collect(), received: Vec::new() };
        assert!(!place.answers.is_empty(), "a place has an answer");
        self.places.of.lock().insert(name.clone(), place);
        At { name, base: self.base().to_owned(), places: self.places.clone() }
    }
}

impl At {
    /// The address of a path at this place; anything may follow.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}/{}{path}", self.base, self.name)
    }

    /// All that came.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.places.of.lock().get(&self.name).map(|place| place.received.clone()).unwrap_or_default()
    }
}

impl Places {
    /// The place is the first segment of the path that names one: the first, or the second behind `/v1`.
    fn answer(&self, received: &Received) -> Option<Answer> {
        let mut places = self.of.lock();
        let place = received.path().split('/').find(|segment| places.contains_key(*segment))?.to_owned();
        let place = places.get_mut(&place)?;
        place.received.push(received.clone());
        Some(if place.answers.len() > 1 { place.answers.remove(0) } else { place.answers[0].clone() })
    }
}

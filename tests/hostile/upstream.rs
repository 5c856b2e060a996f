//! A service, or an authorization server, that answers what an attack wants it to, byte for byte.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use innkeeper_ambient::lock::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The longest request that is read to its end, in bytes.
const LONGEST: usize = 32 << 20;
/// As many bytes of what never ends are sent; nobody takes more.
const ENDLESS: usize = 256 << 20;

/// One request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    /// Request line and headers.
    pub(crate) head: String,
    /// The body, without its framing.
    pub(crate) body: Vec<u8>,
}

impl Heard {
    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let pairs = self.head.lines().filter_map(|line| line.split_once(':'));
        pairs.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).next()
    }

    /// Method, path and query.
    pub(crate) fn line(&self) -> &str {
        self.head.lines().next().unwrap_or_default()
    }

    /// What stands for the credential: the bearer token, or the whole body.
    pub(crate) fn secret(&self) -> String {
        let bearer = self.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
        bearer.map_or_else(|| String::from_utf8_lossy(&self.body).into_owned(), str::to_owned)
    }
}

/// What is sent back.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reply {
    /// The first bytes.
    pub(crate) bytes: Vec<u8>,
    /// What comes after them, over and over.
    pub(crate) endless: Vec<u8>,
    /// Whether the connection stays open without a word after the first bytes.
    pub(crate) silent: bool,
}

/// What is answered to a request.
pub(crate) type Answer = Arc<dyn Fn(&Heard) -> Reply + Send + Sync>;

/// These bytes, then the end.
pub(crate) fn raw(bytes: impl Into<Vec<u8>>) -> Answer {
    let bytes = bytes.into();
    Arc::new(move |_| Reply { bytes: bytes.clone(), ..Reply::default() })
}

/// An answer whose head has these lines and whose body is this.
pub(crate) fn say(status: u16, headers: &[&str], body: impl AsRef<[u8]>) -> Answer {
    raw(written(status, headers, body.as_ref()))
}

/// JSON with status 200.
pub(crate) fn json(body: &serde_json::Value) -> Answer {
    say(200, &["content-type: application/json"], body.to_string())
}

/// What the request makes of it.
pub(crate) fn echo(
    headers: &'static [&'static str],
    body: impl Fn(&Heard) -> Vec<u8> + Send + Sync + 'static,
) -> Answer {
    Arc::new(move |heard| Reply { bytes: written(200, headers, &body(heard)), ..Reply::default() })
}

/// First bytes, and then these for ever.
pub(crate) fn endless(first: &'static str, then: &'static str) -> Answer {
    Arc::new(move |_| Reply { bytes: first.into(), endless: then.into(), silent: false })
}

/// First bytes, and then nothing.
pub(crate) fn silence(first: &'static str) -> Answer {
    Arc::new(move |_| Reply { bytes: first.into(), endless: Vec::new(), silent: true })
}

/// A whole answer as it is on the wire.
pub(crate) fn written(status: u16, headers: &[&str], body: &[u8]) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {status} It is so\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
    for header in headers {
        head.push_str(header);
        head.push_str("\r\n");
    }
    [head.as_bytes(), b"\r\n", body].concat()
}

/// A server on loopback with many places, each with answers of its own.
#[derive(Debug)]
pub(crate) struct Upstream {
    base: String,
    port: u16,
    places: Arc<Places>,
    server: tokio::task::JoinHandle<()>,
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
    heard: Vec<Heard>,
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
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let port = listener.local_addr().expect("a bound listener has an address").port();
        let places = Arc::new(Places::default());
        let server = tokio::spawn({
            let places = places.clone();
            async move {
                while let Ok((stream, _)) = listener.accept().await {
                    let places = places.clone();
                    // Who is attacked may hang up.
                    tokio::spawn(async move { serve(stream, &places).await.unwrap_or_default() });
                }
            }
        });
        Self { base: format!("http://127.0.0.1:{port}"), port, places, server }
    }

    /// `http://127.0.0.1:port`
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// A place that gives these answers in turn, and the last of them from then on.
    pub(crate) fn at(&self, answers: impl IntoIterator<Item = Answer>) -> At {
        let name = format!("p{}", self.places.next.fetch_add(1, Ordering::SeqCst));
        let place = Place { answers: answers.into_iter().collect(), heard: Vec::new() };
        assert!(!place.answers.is_empty(), "a place has an answer");
        self.places.lock().insert(name.clone(), place);
        At { name, base: self.base.clone(), places: self.places.clone() }
    }
}

impl At {
    /// The address of a path at this place; anything may follow.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}/{}{path}", self.base, self.name)
    }

    /// All that came.
    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.places.lock().get(&self.name).map(|place| place.heard.clone()).unwrap_or_default()
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Places {
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Place>> {
        self.of.lock()
    }

    /// The place is the first segment of the path that names one: the first, or the second behind `/v1`.
    fn answer(&self, heard: Heard) -> Option<(Answer, Heard)> {
        let mut places = self.lock();
        let path = heard.line().split(' ').nth(1)?.split('?').next()?.to_owned();
        let place = path.split('/').find_map(|segment| places.contains_key(segment).then(|| segment.to_owned()))?;
        let place = places.get_mut(&place)?;
        place.heard.push(heard.clone());
        let answer = if place.answers.len() > 1 { place.answers.remove(0) } else { place.answers[0].clone() };
        Some((answer, heard))
    }
}

async fn serve(mut stream: TcpStream, places: &Places) -> io::Result<()> {
    let Some(heard) = read(&mut stream).await? else { return Ok(()) };
    let Some((answer, heard)) = places.answer(heard) else {
        return stream.write_all(&written(404, &[], b"there is no such place")).await;
    };
    let reply = answer(&heard);
    stream.write_all(&reply.bytes).await?;
    if reply.silent {
        // Until the other side hangs up.
        while stream.read(&mut [0; 1024]).await? > 0 {}
    }
    let mut sent = 0;
    while !reply.endless.is_empty() && sent < ENDLESS {
        stream.write_all(&reply.endless).await?;
        sent += reply.endless.len();
    }
    stream.shutdown().await
}

async fn read(stream: &mut TcpStream) -> io::Result<Option<Heard>> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = find(&bytes, b"\r\n\r\n") {
            break end;
        }
        if bytes.len() > LONGEST || stream.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut request = Heard { head, body: bytes.split_off(end + 4) };
    if let Some(length) = request.header("content-length").and_then(|length| length.parse::<usize>().ok()) {
        while request.body.len() < length.min(LONGEST) && stream.read_buf(&mut request.body).await? > 0 {}
    } else if request.header("transfer-encoding").is_some() {
        while !request.body.ends_with(b"0\r\n\r\n") && request.body.len() < LONGEST {
            if stream.read_buf(&mut request.body).await? == 0 {
                break;
            }
        }
    }
    Ok(Some(request))
}

fn find(bytes: &[u8], text: &[u8]) -> Option<usize> {
    bytes.windows(text.len()).position(|window| window == text)
}

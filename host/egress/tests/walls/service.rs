//! A small HTTP/1.1 server whose answers are scripted to the byte.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// A request that a service received.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// The service's answer.
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(String, Vec<u8>)>,
    pieces: Option<Vec<Vec<u8>>>,
    body: Vec<u8>,
    stalls: bool,
    silent: bool,
}

impl Reply {
    pub(crate) fn new(status: u16) -> Self {
        Self { status, headers: Vec::new(), pieces: None, body: Vec::new(), stalls: false, silent: false }
    }

    pub(crate) fn to(status: u16, location: &str) -> Self {
        Self::new(status).header("location", location)
    }

    pub(crate) fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    pub(crate) fn body(mut self, body: impl AsRef<[u8]>) -> Self {
        self.body = body.as_ref().to_vec();
        self
    }

    /// Sends the body in chunks, each flushed separately.
    pub(crate) fn pieces(mut self, pieces: impl IntoIterator<Item = Vec<u8>>) -> Self {
        self.pieces = Some(pieces.into_iter().collect());
        self
    }

    /// The body never ends after its pieces.
    pub(crate) fn stalls(mut self) -> Self {
        self.stalls = true;
        self
    }

    /// Closes the connection instead of answering.
    pub(crate) fn silent() -> Self {
        Self { silent: true, ..Self::new(200) }
    }

    /// Never answers.
    pub(crate) fn never() -> Self {
        Self { silent: true, stalls: true, ..Self::new(200) }
    }
}

pub(crate) struct Service {
    pub(crate) port: u16,
    asked: Arc<Mutex<Vec<Asked>>>,
    connections: Arc<AtomicUsize>,
}

impl Service {
    /// Listens on loopback; `answer` receives each request and its number, from 0.
    pub(crate) async fn start(answer: impl Fn(&Asked, usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
        let port = listener.local_addr().expect("bound").port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (seen, answer) = (Arc::clone(&asked), Arc::new(answer));
        let connections = Arc::new(AtomicUsize::new(0));
        let made = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                made.fetch_add(1, Ordering::SeqCst);
                let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
                tokio::spawn(async move { serve(stream, &seen, &*answer).await });
            }
        });
        Self { port, asked, connections }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub(crate) fn rule(&self) -> String {
        self.url("")
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("not poisoned").clone()
    }

    /// The number of connections made to it.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn last(&self) -> Asked {
        self.asked().pop().expect("was asked")
    }
}

async fn serve(stream: TcpStream, seen: &Mutex<Vec<Asked>>, answer: &(dyn Fn(&Asked, usize) -> Reply + Send + Sync)) {
    stream.set_nodelay(true).expect("a socket option");
    let mut stream = BufReader::new(stream);
    while let Some(asked) = read(&mut stream).await {
        let number = {
            let mut seen = seen.lock().expect("not poisoned");
            seen.push(asked.clone());
            seen.len() - 1
        };
        let reply = answer(&asked, number);
        if reply.silent {
            if reply.stalls {
                std::future::pending::<()>().await;
            }
            return;
        }
        if write(&mut stream, &asked, reply).await.is_none() {
            return;
        }
    }
}

async fn read(stream: &mut (impl AsyncBufReadExt + AsyncRead + Unpin)) -> Option<Asked> {
    let mut line = String::new();
    stream.read_line(&mut line).await.ok().filter(|read| *read > 0)?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let mut asked = Asked { method: words.next()?, target: words.next()?, ..Asked::default() };
    loop {
        let mut line = Vec::new();
        stream.read_until(b'\n', &mut line).await.ok()?;
        let line = String::from_utf8_lossy(&line).trim_end().to_owned();
        let Some((name, value)) = line.split_once(": ") else { break };
        asked.headers.push((name.to_lowercase(), value.to_owned()));
    }
    if let Some(length) = asked.header("content-length") {
        asked.body = vec![0; length.parse().ok()?];
        stream.read_exact(&mut asked.body).await.ok()?;
    } else if asked.header("transfer-encoding").is_some() {
        loop {
            let mut size = String::new();
            stream.read_line(&mut size).await.ok()?;
            let mut piece = vec![0; usize::from_str_radix(size.trim(), 16).ok()? + 2];
            stream.read_exact(&mut piece).await.ok()?;
            if piece.len() == 2 {
                break;
            }
            asked.body.extend_from_slice(&piece[..piece.len() - 2]);
        }
    }
    Some(asked)
}

async fn write(stream: &mut (impl AsyncWrite + Unpin), asked: &Asked, reply: Reply) -> Option<()> {
    let mut head = format!("HTTP/1.1 {} Scripted\r\n", reply.status).into_bytes();
    for (name, value) in &reply.headers {
        head.extend_from_slice(name.as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value);
        head.extend_from_slice(b"\r\n");
    }
    if let Some(pieces) = reply.pieces {
        head.extend_from_slice(b"transfer-encoding: chunked\r\n\r\n");
        stream.write_all(&head).await.ok()?;
        for piece in pieces.into_iter().filter(|piece| !piece.is_empty()) {
            stream.write_all(format!("{:x}\r\n", piece.len()).as_bytes()).await.ok()?;
            stream.write_all(&piece).await.ok()?;
            stream.write_all(b"\r\n").await.ok()?;
            stream.flush().await.ok()?;
            tokio::task::yield_now().await;
        }
        if reply.stalls {
            std::future::pending::<()>().await;
        }
        stream.write_all(b"0\r\n\r\n").await.ok()?;
    } else {
        head.extend_from_slice(format!("content-length: {}\r\n\r\n", reply.body.len()).as_bytes());
        if asked.method != "HEAD" {
            head.extend_from_slice(&reply.body);
        }
        stream.write_all(&head).await.ok()?;
    }
    stream.flush().await.ok()
}

use std::future::pending;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::routing::{get, post};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::*;

/// The longest that a test waits; what it waits for happens much earlier.
const LONG: Duration = Duration::from_secs(30);
const SHORT: Duration = Duration::from_millis(100);
/// More bytes than a socket holds.
const ENDLESS: usize = 64 << 20;

struct Served {
    address: SocketAddr,
    end: Option<oneshot::Sender<()>>,
    listening: JoinHandle<()>,
}

/// No limit is reached unless a test lowers it.
fn patient() -> ListenSettings {
    ListenSettings { head_time: LONG, body_time: LONG, idle_time: LONG, answer_time: LONG, ..ListenSettings::default() }
}

async fn serve(settings: ListenSettings) -> Served {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port on loopback");
    let address = listener.local_addr().expect("an address");
    let router = Router::new()
        .route("/", get(async |ConnectInfo(peer): ConnectInfo<SocketAddr>| format!("to {}", peer.ip())))
        .route("/echo", post(async |body: axum::body::Bytes| body))
        .route("/endless", get(async || Body::from(vec![b'x'; ENDLESS])))
        .route("/never", get(async || pending::<String>().await));
    let (end, ended) = oneshot::channel();
    let listening = tokio::spawn(listen(listener, router, settings, async {
        let _ = ended.await;
    }));
    Served { address, end: Some(end), listening }
}

impl Served {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("it listens")
    }

    async fn say(&self, text: &str) -> TcpStream {
        let mut stream = self.connect().await;
        stream.write_all(text.as_bytes()).await.expect("it reads");
        stream
    }

    /// Asks it to stop, and waits until it has.
    async fn end(&mut self) {
        drop(self.end.take());
        tokio::time::timeout(LONG, &mut self.listening).await.expect("it ends").expect("no panic");
    }
}

const GET: &str = "GET / HTTP/1.1\r\nhost: inn\r\n\r\n";
const GET_AND_CLOSE: &str = "GET / HTTP/1.1\r\nhost: inn\r\nconnection: close\r\n\r\n";

/// Everything that arrives until the connection is closed, in any way.
async fn rest(stream: &mut TcpStream) -> String {
    let mut all = Vec::new();
    let read = async {
        let mut some = [0; 4096];
        while let Ok(count @ 1..) = stream.read(&mut some).await {
            all.extend_from_slice(&some[..count]);
        }
    };
    tokio::time::timeout(LONG, read).await.expect("the connection ends");
    String::from_utf8_lossy(&all).into_owned()
}

/// The first answer, whose body is `to 127.0.0.1`.
async fn answer(stream: &mut TcpStream) -> String {
    let mut all = Vec::new();
    let read = async {
        while !all.ends_with(b"to 127.0.0.1") {
            all.push(stream.read_u8().await.expect("an answer"));
        }
    };
    tokio::time::timeout(LONG, read).await.expect("an answer");
    String::from_utf8(all).expect("text")
}

#[tokio::test]
async fn requests_are_answered_one_after_the_other_and_carry_the_peer() {
    let served = serve(patient()).await;
    let mut stream = served.say(GET).await;
    assert!(answer(&mut stream).await.starts_with("HTTP/1.1 200 OK\r\n"));
    stream.write_all(GET_AND_CLOSE.as_bytes()).await.expect("it reads");
    assert!(rest(&mut stream).await.ends_with("to 127.0.0.1"));
}

#[tokio::test]
async fn a_head_that_comes_byte_by_byte_is_cut_off_in_time() {
    let served = serve(ListenSettings { head_time: SHORT, ..patient() }).await;
    let mut silent = served.connect().await;
    assert_eq!(rest(&mut silent).await, "");
    let stream = served.say("GET / HTTP/1.1\r\nhost: inn\r\nx-slow: ").await;
    let (mut read, mut write) = stream.into_split();
    let drip = tokio::spawn(async move {
        while write.write_all(b"x").await.is_ok() {
            tokio::time::sleep(SHORT / 10).await;
        }
    });
    let mut all = Vec::new();
    let ended = tokio::time::timeout(LONG, read.read_to_end(&mut all)).await.expect("the connection ends");
    assert!(ended.is_err() || all.is_empty(), "{all:?}");
    drip.abort();
    let mut next = served.say(GET).await;
    answer(&mut next).await;
}

#[tokio::test]
async fn a_further_head_has_its_time_from_its_first_byte() {
    let served = serve(ListenSettings { head_time: SHORT, ..patient() }).await;
    let mut stream = served.say(GET).await;
    answer(&mut stream).await;
    stream.write_all(b"GET / HT").await.expect("it reads");
    assert_eq!(rest(&mut stream).await, "");
}

#[tokio::test]
async fn a_connection_that_asks_nothing_more_is_closed() {
    let served = serve(ListenSettings { idle_time: SHORT, ..patient() }).await;
    let mut stream = served.say(GET).await;
    answer(&mut stream).await;
    assert_eq!(rest(&mut stream).await, "");
}

#[tokio::test]
async fn a_body_that_does_not_come_is_told_so() {
    let served = serve(ListenSettings { body_time: SHORT, ..patient() }).await;
    let mut stream = served.say("POST /echo HTTP/1.1\r\nhost: inn\r\ncontent-length: 10\r\n\r\nabc").await;
    let answer = rest(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("connection: close"), "{answer}");
}

#[tokio::test]
async fn large_heads_and_bodies_are_refused() {
    let served = serve(ListenSettings { head_size: 8 << 10, body_size: 100, ..patient() }).await;
    let long = format!("GET / HTTP/1.1\r\nhost: inn\r\nx-long: {}\r\n\r\n", "x".repeat(9 << 10));
    let answer = rest(&mut served.say(&long).await).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    let mut stream =
        served.say("POST /echo HTTP/1.1\r\nhost: inn\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n").await;
    for _ in 0..10 {
        // It need not read all of it.
        let _ = stream.write_all(format!("64\r\n{}\r\n", "x".repeat(100)).as_bytes()).await;
    }
    let answer = rest(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[tokio::test]
async fn a_reader_that_takes_nothing_gives_its_place_back() {
    let served = serve(ListenSettings { answer_time: SHORT, connections: 1, ..patient() }).await;
    let _unread = served.say("GET /endless HTTP/1.1\r\nhost: inn\r\n\r\n").await;
    let again = async {
        loop {
            if rest(&mut served.say(GET_AND_CLOSE).await).await.ends_with("to 127.0.0.1") {
                break;
            }
        }
    };
    tokio::time::timeout(LONG, again).await.expect("there is room again");
}

#[tokio::test]
async fn a_connection_too_many_is_told_when_to_come_again() {
    let served = serve(ListenSettings { connections_per_peer: 2, ..patient() }).await;
    let mut held = [served.say(GET).await, served.say(GET).await];
    for stream in &mut held {
        answer(stream).await;
    }
    let refused = rest(&mut served.say(GET).await).await;
    assert!(refused.starts_with("HTTP/1.1 503 ") && refused.contains("Retry-After: 5\r\n"), "{refused}");
    assert!(refused.ends_with("\r\n\r\nThis service is busy; try again in 5 s.\r\n"), "{refused}");
    drop(held);
    let again = async { while !rest(&mut served.say(GET_AND_CLOSE).await).await.ends_with("to 127.0.0.1") {} };
    tokio::time::timeout(LONG, again).await.expect("there is room again");
}

#[tokio::test]
async fn the_end_waits_for_nobody_who_never_reads_or_is_never_answered() {
    let mut served = serve(ListenSettings { ending_time: SHORT, ..patient() }).await;
    let _silent = served.connect().await;
    let _half = served.say("GET / HTTP").await;
    let _unread = served.say("GET /endless HTTP/1.1\r\nhost: inn\r\n\r\n").await;
    let _unanswered = served.say("GET /never HTTP/1.1\r\nhost: inn\r\n\r\n").await;
    let mut idle = served.say(GET).await;
    answer(&mut idle).await;
    served.end().await;
    assert_eq!(rest(&mut idle).await, "");
    assert!(TcpStream::connect(served.address).await.is_err(), "nothing new is taken");
}

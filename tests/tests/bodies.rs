//! Bytes that pass through a connector without entering it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use innkeeper::{Body, CallRequest, CallResult, ConnectionView, EgressError, File, Limits, ManualClock, NewConnection};
use innkeeper_tests::echo::EchoService;
use innkeeper_tests::host::{TestHost, clock};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

const MIB: usize = 1 << 20;

/// A host whose guests have too little memory for what passes.
async fn narrow() -> (TestHost, EchoService, Arc<ManualClock>) {
    let clock = clock();
    let mut limits = Limits::default();
    limits.memory = 16 * MIB;
    let host = TestHost::start_warm(|builder| builder.clock(clock.clone()).limits(limits)).await;
    (host, EchoService::start().await, clock)
}

/// The byte at a place: no piece can be lost, doubled or moved without notice.
fn byte(place: usize) -> u8 {
    u8::try_from((place / 3 + place / 1021) % 251).expect("it is below 251")
}

fn pattern(length: usize) -> impl Iterator<Item = Bytes> {
    (0..length).step_by(MIB / 2).map(move |from| (from..length.min(from + MIB / 2)).map(byte).collect())
}

async fn send(host: &TestHost, connection: &ConnectionView, url: String, content: Body) -> CallResult {
    let file = File { name: "in.bin".to_owned(), content_type: None, content };
    let request = CallRequest::new(connection.space.clone(), connection.id.clone(), "send_body", json!({ "url": url }));
    host.host.call(request.file(file)).await.expect("the file is sent")
}

/// Reads to the end; how many bytes came, all of them checked.
async fn read(body: &mut Body, expected: impl Fn(usize) -> u8) -> usize {
    let mut place = 0;
    while let Some(piece) = body.next().await.expect("bytes") {
        assert!(
            piece.iter().zip(place..).all(|(found, place)| *found == expected(place)),
            "a piece differs at {place}"
        );
        place += piece.len();
    }
    place
}

#[tokio::test]
async fn twenty_mebibytes_pass_through_a_guest_that_has_sixteen() {
    let (host, service, _) = narrow().await;
    let bare = host.hostile(&service).await;
    let scrubbed =
        host.hostile_with(&service, |new: NewConnection| new.secret("token", "not-in-the-file"), "bearer").await;
    for (connection, known) in [(bare, true), (scrubbed, false)] {
        let length = 20 * MIB;
        let pieces = pattern(length).map(Ok::<_, EgressError>);
        let content = Body::from_stream(futures::stream::iter(pieces), known.then_some(length as u64), None);
        let mut result = send(&host, &connection, service.url("/back"), content).await;
        assert_eq!(result.value["status"], 200);
        assert_eq!(read(&mut result.files[0].content, byte).await, length);
        assert_eq!(service.received().last().expect("a request").body.len(), length);
    }
}

#[tokio::test]
async fn a_file_in_memory_arrives_with_its_length() {
    let (host, service, _) = narrow().await;
    let connection = host.hostile(&service).await;
    let content: Vec<u8> = (0..3 * MIB).map(byte).collect();
    let mut result = send(&host, &connection, service.url("/back"), Body::from_bytes(content, None)).await;
    let received = service.received().pop().expect("a request");
    assert_eq!(received.headers["content-length"], (3 * MIB).to_string().as_str());
    assert_eq!(result.files[0].content.length(), Some(3 * MIB as u64));
    assert_eq!(read(&mut result.files[0].content, byte).await, 3 * MIB);
}

#[tokio::test]
async fn a_large_download_continues_after_the_end_of_its_call() {
    let (host, service, clock) = narrow().await;
    let connection = host.hostile(&service).await;
    let length = 64 * MIB;
    let url = service.url(&format!("/bytes/{length}"));
    let mut result = send(&host, &connection, url, Body::empty()).await;
    let download = &mut result.files[0].content;
    assert_eq!(download.length(), Some(length as u64));
    let first = download.next().await.expect("bytes").expect("more than none").len();
    // The call could not have taken that long.
    clock.advance(Limits::default().wall * 60);
    assert_eq!(first + read(download, |_| b'x').await, length);
}

#[tokio::test]
async fn a_download_whose_service_falls_silent_ends_with_an_error() {
    let (host, service, clock) = narrow().await;
    let connection = host.hostile(&service).await;
    let mut result = send(&host, &connection, service.url("/stall"), Body::empty()).await;
    let download = &mut result.files[0].content;
    assert_eq!(download.next().await.expect("bytes").as_deref(), Some(&b"the first bytes"[..]));
    let waiting = download.next();
    let passing = async {
        while clock.sleepers() == 0 {
            tokio::task::yield_now().await;
        }
        clock.advance(Limits::default().wall + Duration::from_secs(1));
    };
    let (silence, ()) = tokio::join!(waiting, passing);
    assert_eq!(silence, Err(EgressError::Timeout));
}

/// A service that never ends: a GET gets the beginning of an answer, a POST a whole one before its body was read. Tells when a
/// connection with a GET on it is closed.
async fn endless() -> (String, mpsc::UnboundedReceiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
    let base = format!("http://{}", listener.local_addr().expect("bound"));
    let (tell, closed) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let tell = tell.clone();
            tokio::spawn(async move {
                let mut head = [0; 4096];
                let length = stream.read(&mut head).await.expect("a request");
                let gets = head[..length].starts_with(b"GET");
                let answer =
                    if gets { "transfer-encoding: chunked\r\n\r\n5\r\nfirst\r\n" } else { "content-length: 0\r\n\r\n" };
                stream.write_all(format!("HTTP/1.1 200 OK\r\n{answer}").as_bytes()).await.expect("written");
                while stream.read(&mut head).await.is_ok_and(|length| length > 0) {}
                if gets {
                    let _ = tell.send(());
                }
            });
        }
    });
    (base, closed)
}

#[tokio::test]
async fn an_answer_that_was_passed_on_to_another_request_ends_with_its_call() {
    let (host, service, clock) = narrow().await;
    let (base, mut closed) = endless().await;
    let connection = host.hostile_with(&service, |new| new.config(json!({ "base": base })), "none").await;
    let input = json!({ "from": format!("{base}/from"), "to": format!("{base}/to") });
    assert_eq!(host.call(&connection, "forward", input).await.expect("answered").value, json!(200));
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(closed.try_recv().is_err(), "it still flows");
    clock.advance(Limits::default().wall);
    let end = tokio::time::timeout(Duration::from_secs(20), closed.recv()).await;
    assert_eq!(end, Ok(Some(())), "nobody reads it any more");
}

//! Bytes that pass through a connector without entering it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use innkeeper::{Body, CallRequest, CallResult, ConnectionView, EgressError, File, Limits, ManualClock, NewConnection};
use innkeeper_tests::echo::EchoService;
use innkeeper_tests::host::{TestHost, clock};
use serde_json::json;

const MIB: usize = 1 << 20;

/// A host whose guests have too little memory for what passes.
async fn narrow() -> (TestHost, EchoService, Arc<ManualClock>) {
    let clock = clock();
    let limits = Limits { memory: 16 * MIB, ..Limits::default() };
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

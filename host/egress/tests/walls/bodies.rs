//! Bodies of requests.

use bytes::Bytes;
use http::Method;
use innkeeper_egress::{Body, EgressError, Part, PartContent, Request, RequestBody};
use innkeeper_fixtures::scripted::{Reply, ScriptedServer};

use crate::{Out, bare};

fn post(service: &ScriptedServer, body: RequestBody) -> Request {
    Request { method: Method::POST, body, ..bare(&service.url("/")) }
}

fn stream(pieces: &[&'static str], length: Option<u64>) -> Body {
    let pieces: Vec<_> = pieces.iter().map(|piece| Ok(Bytes::from_static(piece.as_bytes()))).collect();
    Body::from_stream(futures::stream::iter(pieces), length, Some("text/x".into()))
}

#[tokio::test]
async fn a_stream_arrives_with_its_length_and_media_type_or_in_chunks() {
    let service = ScriptedServer::start(|_, _| Reply::new(200)).await;
    let out = Out::new(&[service.url("")]);
    for length in [Some(6), None] {
        out.send(post(&service, RequestBody::Stream(stream(&["one", "two"], length)))).await.expect("sent");
        let asked = service.last();
        assert_eq!((asked.text().as_str(), asked.header("content-type")), ("onetwo", Some("text/x")));
        assert_eq!(asked.header("content-length"), length.map(|_| "6"));
    }
}

#[tokio::test]
async fn the_error_of_a_stream_is_the_error_of_the_request() {
    let service = ScriptedServer::start(|_, _| Reply::new(200)).await;
    let pieces = futures::stream::iter([Ok(Bytes::from_static(b"one")), Err(EgressError::TooLarge { limit: 3 })]);
    let body = RequestBody::Stream(Body::from_stream(pieces, None, None));
    assert_eq!(
        Out::new(&[service.url("")]).send(post(&service, body)).await.err(),
        Some(EgressError::TooLarge { limit: 3 })
    );
}

#[tokio::test]
async fn an_answer_can_be_sent_on_without_being_read() {
    let source =
        ScriptedServer::start(|_, _| Reply::new(200).header("content-type", "image/png").body("picture")).await;
    let target = ScriptedServer::start(|_, _| Reply::new(200)).await;
    let out = Out::new(&[source.url(""), target.url("")]);
    let answer = out.get(&source.url("/")).await.expect("answered");
    let part = Part {
        name: "file".into(),
        file_name: Some("a.png".into()),
        content_type: None,
        content: PartContent::Stream(answer.body),
    };
    out.send(post(&target, RequestBody::Multipart(vec![part]))).await.expect("sent");
    let asked = target.last();
    let length = asked.body.len().to_string();
    assert_eq!(asked.header("content-length"), Some(length.as_str()));
    assert!(
        asked.text().contains("filename=\"a.png\"\r\ncontent-type: image/png\r\n\r\npicture\r\n--"),
        "{}",
        asked.text()
    );
}

#[tokio::test]
async fn a_form_is_encoded() {
    let service = ScriptedServer::start(|_, _| Reply::new(200)).await;
    let form = vec![("a b".into(), "c&d=e".into()), ("ü".into(), String::new())];
    Out::new(&[service.url("")]).send(post(&service, RequestBody::Form(form))).await.expect("sent");
    let asked = service.last();
    assert_eq!(
        (asked.text().as_str(), asked.header("content-type")),
        ("a%20b=c%26d%3De&%C3%BC=", Some("application/x-www-form-urlencoded"))
    );
}

//! `${secret.field}` in requests.

use std::sync::Mutex;

use bytes::Bytes;
use http::{HeaderValue, Method};
use innkeeper_egress::{EgressError, Part, PartContent, Request, RequestBody};
use innkeeper_fixtures::scripted::{Reply, ScriptedServer};

use crate::{Out, Tokens, attached, bare, text};

fn out(service: &ScriptedServer) -> Out {
    Out::new(&[service.url("")]).tokens(Tokens::new(&["token-one"]))
}

async fn refused(out: &Out, request: Request) -> bool {
    matches!(out.send(request).await, Err(EgressError::InvalidRequest(_) | EgressError::Denied { .. }))
}

#[tokio::test]
async fn secrets_are_filled_in_as_each_place_wants_it() {
    let service = ScriptedServer::start(|_, _| Reply::new(200)).await;
    let mut request = attached(&service.url("/bot${secret.key}/x?a=${secret.key}"));
    request.query.push(("b".into(), "<${secret.key}>".into()));
    request.headers.insert("x-key", HeaderValue::from_static("k ${secret.key}"));
    request.headers.insert("content-type", HeaderValue::from_static("application/json"));
    request.method = Method::POST;
    request.body = RequestBody::Bytes(r#"{"a":"${secret.key}"}"#.into());
    let response = out(&service).send(request).await.expect("sent");
    let asked = service.last();
    assert_eq!(asked.target, "/botfilled%2F%22secret/x?a=filled%2F%22secret&b=%3Cfilled%2F%22secret%3E");
    assert_eq!(asked.header("x-key"), Some("k filled/\"secret"));
    assert_eq!(asked.text(), r#"{"a":"filled/\"secret"}"#);
    assert!(!response.url.as_str().contains("filled"), "{}", response.url);
}

#[tokio::test]
async fn forms_and_text_parts_are_filled_and_files_are_not() {
    let service = ScriptedServer::start(|_, _| Reply::new(200)).await;
    let mut request = attached(&service.url("/"));
    request.method = Method::POST;
    request.body = RequestBody::Form(vec![("a".into(), "${secret.key}".into())]);
    out(&service).send(request).await.expect("sent");
    assert_eq!(service.last().text(), "a=filled%2F%22secret");
    let part = |file_name: Option<&str>| Part {
        name: "p".into(),
        file_name: file_name.map(str::to_owned),
        content_type: None,
        content: PartContent::Bytes("${secret.key}".into()),
    };
    let mut request = attached(&service.url("/"));
    request.method = Method::POST;
    request.body = RequestBody::Multipart(vec![part(None), part(Some("f"))]);
    out(&service).send(request).await.expect("sent");
    let text = service.last().text();
    assert_eq!((text.matches("filled/\"secret").count(), text.matches("${secret.key}").count()), (1, 1), "{text}");
}

#[tokio::test]
async fn bytes_that_are_no_text_are_left_alone() {
    let service = ScriptedServer::start(|_, _| Reply::new(200)).await;
    let mut request = attached(&service.url("/"));
    request.method = Method::POST;
    request.body = RequestBody::Bytes(Bytes::from_static(b"\xff${secret.key}"));
    out(&service).send(request).await.expect("sent");
    assert_eq!(service.last().body[..], *b"\xff${secret.key}");
}

#[tokio::test]
async fn what_cannot_be_filled_in_is_not_sent() {
    let service = ScriptedServer::start(|_, _| Reply::new(200)).await;
    let out = out(&service);
    assert!(refused(&out, attached(&service.url("/${secret.unknown}"))).await);
    assert!(refused(&out, attached(&service.url("/a/${secret.dots}/b"))).await);
    assert!(refused(&out, bare(&service.url("/${secret.key}"))).await);
    let mut request = bare(&service.url("/"));
    request.headers.insert("x-key", HeaderValue::from_static("${secret.key}"));
    assert!(refused(&out, request).await);
    assert!(service.received().is_empty());
}

#[tokio::test]
async fn a_secret_cannot_move_the_path_out_of_what_was_approved() {
    let service = ScriptedServer::start(|_, _| Reply::new(200)).await;
    let out = Out::new(&[format!("{}/public", service.url(""))]).tokens(Tokens::new(&["token-one"]));
    assert!(refused(&out, attached(&service.url("/public/${secret.slip}"))).await);
    assert!(service.received().is_empty());
}

#[tokio::test]
async fn a_default_header_with_a_secret_goes_only_with_the_credential() {
    let service = ScriptedServer::start(|_, _| Reply::new(200)).await;
    let mut out = out(&service);
    out.default_headers = vec![("x-filled".into(), "${secret.key}".into())];
    out.send(attached(&service.url("/"))).await.expect("sent");
    assert_eq!(service.last().header("x-filled"), Some("filled/\"secret"));
    out.send(bare(&service.url("/"))).await.expect("sent");
    assert_eq!(service.last().header("x-filled"), None);
}

#[tokio::test]
async fn filled_in_secrets_are_scrubbed_as_well() {
    let service = ScriptedServer::start(|asked, _| {
        Reply::new(200).body(format!("{} {}", asked.target, asked.header("x-key").unwrap_or_default()))
    })
    .await;
    let mut request = attached(&service.url("/${secret.key}"));
    request.headers.insert("x-key", HeaderValue::from_static("${secret.key}"));
    let response = out(&service).send(request).await.expect("sent");
    assert_eq!(text(response).await, "/[redacted] [redacted]");
}

#[tokio::test]
async fn a_secret_that_an_earlier_request_left_with_the_service_is_scrubbed_from_every_later_answer() {
    let kept = Mutex::new(String::new());
    let service = ScriptedServer::start(move |asked, _| {
        let mut kept = kept.lock().expect("not poisoned");
        if asked.target == "/keep" {
            *kept = asked.text();
        }
        Reply::new(200).header("x-kept", kept.as_str()).body(kept.as_str())
    })
    .await;
    let out = out(&service);
    let mut keep = attached(&service.url("/keep"));
    keep.method = Method::POST;
    keep.body = RequestBody::Bytes("${secret.key}".into());
    out.send(keep).await.expect("sent");
    for request in [attached(&service.url("/")), bare(&service.url("/"))] {
        let response = out.send(request).await.expect("sent");
        assert_eq!(response.headers["x-kept"], "[redacted]");
        assert_eq!(text(response).await, "[redacted]");
    }
}

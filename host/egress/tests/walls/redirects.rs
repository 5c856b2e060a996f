//! Each hop passes the same checks as the first, and secrets stay with their origin.

use std::sync::atomic::Ordering;

use http::{HeaderValue, Method};
use innkeeper_egress::{Body, EgressError, Redirects, RequestBody};
use innkeeper_fixtures::scripted::{Reply, ScriptedServer};

use crate::{Out, Tokens, attached, bare, denial, text};

#[tokio::test]
async fn a_redirect_within_the_origin_keeps_the_credential() {
    let service = ScriptedServer::start(
        |asked, _| if asked.target == "/a" { Reply::to(302, "/b#part") } else { Reply::new(200) },
    )
    .await;
    let out = Out::new(&[service.url("")]).tokens(Tokens::new(&["token-one"]));
    let response = out.send(attached(&service.url("/a"))).await.expect("followed");
    assert_eq!((response.url.as_str(), response.sent), (service.url("/b").as_str(), 2));
    assert_eq!(service.last().header("x-credential"), Some("token-one"));
}

/// A credential that is computed from each request has the same number for all of them.
#[tokio::test]
async fn what_signed_an_earlier_hop_is_scrubbed_from_the_answer_to_a_later_one() {
    let service = ScriptedServer::start(|asked, _| match asked.target.as_str() {
        "/a" => Reply::to(302, "/b"),
        // It remembers the earlier ones.
        _ => Reply::new(200).body("signature-of-the-first then all"),
    })
    .await;
    let out =
        Out::new(&[service.url("")]).tokens(Tokens::signatures(&["signature-of-the-first", "signature-of-the-second"]));
    let response = out.send(attached(&service.url("/a"))).await.expect("followed");
    assert_eq!(text(response).await, "[redacted] then all");
}

#[tokio::test]
async fn another_origin_gets_neither_credential_nor_headers_that_authorize() {
    let other = ScriptedServer::start(|_, _| Reply::new(200)).await;
    let there = other.url("/there");
    let service = ScriptedServer::start(move |_, _| Reply::to(307, &there)).await;
    let mut out = Out::new(&[service.url(""), other.url("")]).tokens(Tokens::new(&["token-one"]));
    out.default_headers = vec![("x-plain".into(), "plain".into()), ("x-filled".into(), "${secret.key}".into())];
    let mut request = attached(&service.url("/"));
    request.headers.insert("x-api-key", HeaderValue::from_static("guest"));
    assert_eq!(out.send(request).await.expect("followed").status, 200);
    let asked = other.last();
    for name in ["x-credential", "x-filled", "x-api-key"] {
        assert!(service.last().header(name).is_some() && asked.header(name).is_none(), "{name}");
    }
    assert_eq!(asked.header("x-plain"), Some("plain"));
}

#[tokio::test]
async fn the_way_back_does_not_bring_the_credential_back() {
    let (send, port) = std::sync::mpsc::channel::<u16>();
    let port = std::sync::Mutex::new(port);
    let other = ScriptedServer::start(move |_, _| {
        let port = port.lock().expect("not poisoned").recv().expect("told");
        Reply::to(302, &format!("http://127.0.0.1:{port}/back"))
    })
    .await;
    let there = other.url("/");
    let service = ScriptedServer::start(
        move |asked, _| if asked.target == "/back" { Reply::new(200) } else { Reply::to(302, &there) },
    )
    .await;
    send.send(service.port).expect("waited for");
    let out = Out::new(&[service.url(""), other.url("")]).tokens(Tokens::new(&["token-one"]));
    out.send(attached(&service.url("/"))).await.expect("followed");
    assert_eq!((service.last().target.as_str(), service.last().header("x-credential")), ("/back", None));
}

#[tokio::test]
async fn a_redirect_that_leads_out_of_what_was_approved_is_refused() {
    for target in [
        "http://169.254.169.254/latest/meta-data/",
        "http://127.0.0.1:1/",
        "http://user:pass@127.0.0.1:1/",
        "file:///etc/passwd",
        "/private",
    ] {
        let service = ScriptedServer::start(move |_, _| Reply::to(302, target)).await;
        let out = Out::new(&[format!("{}/public", service.url(""))]);
        let denial = denial(out.get(&service.url("/public")).await);
        assert!(denial.contains("redirect") && !denial.contains("pass@"), "{denial}");
        assert_eq!(service.received().len(), 1);
    }
}

#[tokio::test]
async fn a_redirect_to_a_metadata_address_is_refused_even_when_a_rule_lets_it_through() {
    let service = ScriptedServer::start(|_, _| Reply::to(302, "http://169.254.169.254/latest/")).await;
    let out = Out::new(&[service.url(""), "http://169.254.169.254".into()]);
    assert!(denial(out.get(&service.url("/")).await).contains("metadata"));
}

#[tokio::test]
async fn a_redirect_that_carries_the_credential_away_is_refused() {
    let other = ScriptedServer::start(|_, _| Reply::new(200)).await;
    let there = other.url("/?t=token%2Done");
    let service = ScriptedServer::start(move |_, _| Reply::to(302, &there)).await;
    let out = Out::new(&[service.url(""), other.url("")]).tokens(Tokens::new(&["token-one"]));
    let denial = denial(out.send(attached(&service.url("/"))).await);
    assert!(!denial.contains("token-one") && other.received().is_empty(), "{denial}");
}

#[tokio::test]
async fn a_loop_ends() {
    let service = ScriptedServer::start(|_, _| Reply::to(302, "/again")).await;
    let out = Out::new(&[service.url("")]);
    assert!(matches!(out.get(&service.url("/")).await, Err(EgressError::Connect(text)) if text.contains("10 times")));
    assert_eq!(service.received().len(), 11);
}

#[tokio::test]
async fn a_redirect_can_be_the_answer() {
    let service = ScriptedServer::start(|_, _| Reply::to(302, "https://elsewhere.test/")).await;
    let mut request = bare(&service.url("/"));
    request.redirects = Redirects::Stop;
    let response = Out::new(&[service.url("")]).send(request).await.expect("answered");
    assert_eq!(
        (response.status.as_u16(), &response.headers["location"]),
        (302, &HeaderValue::from_static("https://elsewhere.test/"))
    );
}

#[tokio::test]
async fn a_post_becomes_a_get_without_body_and_a_307_keeps_both() {
    for (status, method, body) in [(302, "GET", ""), (303, "GET", ""), (307, "POST", "text"), (308, "POST", "text")] {
        let service =
            ScriptedServer::start(
                move |asked, _| if asked.target == "/a" { Reply::to(status, "/b") } else { Reply::new(200) },
            )
            .await;
        let mut request = bare(&service.url("/a"));
        request.method = Method::POST;
        request.body = RequestBody::Bytes("text".into());
        request.headers.insert("content-type", HeaderValue::from_static("text/plain"));
        Out::new(&[service.url("")]).send(request).await.expect("followed");
        let last = service.last();
        assert_eq!((last.method.as_str(), last.text().as_str()), (method, body));
        assert_eq!(last.header("content-type").is_some(), !body.is_empty());
    }
}

#[tokio::test]
async fn a_body_with_a_secret_in_it_stays_with_its_origin() {
    let other = ScriptedServer::start(|_, _| Reply::new(200)).await;
    let there = other.url("/");
    let service = ScriptedServer::start(move |_, _| Reply::to(307, &there)).await;
    let out = Out::new(&[service.url(""), other.url("")]).tokens(Tokens::new(&["token-one"]));
    let mut request = attached(&service.url("/"));
    request.method = Method::POST;
    request.body = RequestBody::Bytes("${secret.key}".into());
    assert!(denial(out.send(request).await).contains("body"));
    assert!(other.received().is_empty());
}

#[tokio::test]
async fn a_spent_stream_cannot_be_redirected() {
    let service = ScriptedServer::start(|_, _| Reply::to(307, "/b")).await;
    let mut request = bare(&service.url("/a"));
    request.method = Method::PUT;
    request.body = RequestBody::Stream(Body::from_stream(futures::stream::iter([Ok("once".into())]), None, None));
    assert!(matches!(Out::new(&[service.url("")]).send(request).await, Err(EgressError::InvalidRequest(_))));
}

#[tokio::test]
async fn an_address_that_echoes_the_credential_is_shown_without_it() {
    let service =
        ScriptedServer::start(
            |asked, _| if asked.target == "/" { Reply::to(302, "/b/token-one") } else { Reply::new(200) },
        )
        .await;
    let out = Out::new(&[service.url("")]).tokens(Tokens::new(&["token-one"]));
    let response = out.send(attached(&service.url("/"))).await.expect("followed");
    assert_eq!(response.url.as_str(), service.url("/b/[redacted]"));
    assert_eq!(text(response).await, "");
}

#[tokio::test]
async fn a_host_name_cannot_carry_the_credential_away() {
    let service = ScriptedServer::start(|_, _| Reply::to(302, "http://token-one.evil.test/")).await;
    let out = Out::new(&[service.url(""), "http://*.evil.test".into()]).tokens(Tokens::new(&["token-one"]));
    let denial = denial(out.send(attached(&service.url("/"))).await);
    assert!(denial.contains("redacted.invalid") && out.names.asked() == 0, "{denial}");
}

#[tokio::test]
async fn what_left_is_counted_though_no_answer_comes_of_it() {
    let service = ScriptedServer::start(|asked, _| match asked.target.as_str() {
        "/a" => Reply::to(302, "/b"),
        _ => Reply::to(302, "https://elsewhere.example/"),
    })
    .await;
    let out = Out::new(&[service.url("")]);
    denial(out.get(&service.url("/a")).await);
    assert_eq!((service.received().len(), out.sent.load(Ordering::Relaxed)), (2, 2));
    denial(out.get("https://elsewhere.example/").await);
    assert_eq!(out.sent.load(Ordering::Relaxed), 2, "this one did not leave");
    let closed = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let out = Out::new(&[format!("http://{closed}")]);
    assert!(matches!(out.get(&format!("http://{closed}/")).await, Err(EgressError::Unsent(_))));
    assert_eq!(out.sent.load(Ordering::Relaxed), 0, "nor did one without a connection");
}

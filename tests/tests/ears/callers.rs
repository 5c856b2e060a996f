//! Callers who mean no good: what they send is refused in a word, before it reaches anybody.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use innkeeper_ears::Quota;
use innkeeper_tests::query::{parameter, with};
use reqwest::{Method, StatusCode, header};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use url::Url;

use crate::app::{Answer, App, Browser};
use crate::service::{ACME, RIVAL, Seat, Service, unreached};

const JSON: &str = "application/json";

async fn send(service: &Service, method: Method, endpoint: &str, kind: Option<&str>, body: Vec<u8>) -> Answer {
    let http = innkeeper_tests::oidc::plain_client().expect("a client");
    let mut request = http.request(method, service.url(ACME, endpoint));
    if let Some(kind) = kind {
        request = request.header(header::CONTENT_TYPE, kind);
    }
    Answer::of(request.body(body).send().await.expect("an answer")).await
}

async fn post(service: &Service, endpoint: &str, body: impl Into<Vec<u8>>) -> Answer {
    send(service, Method::POST, endpoint, Some(JSON), body.into()).await
}

/// Writes bytes as they are, and returns the head of the answer.
async fn raw(service: &Service, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(service.address).await.expect("connected");
    // The service may have answered and gone before it has read all.
    let _ = stream.write_all(bytes).await;
    let mut answer = vec![0; 16 * 1024];
    let read = tokio::time::timeout(Duration::from_secs(20), stream.read(&mut answer));
    let read = read.await.expect("the service answers").expect("an answer");
    String::from_utf8_lossy(&answer[..read]).into_owned()
}

#[tokio::test]
async fn a_body_that_is_none_of_the_protocol_is_refused_without_a_word_of_it() {
    let service = Service::alone().await;
    let nested = "[".repeat(30_000);
    for endpoint in ["token", "refresh", "revoke"] {
        for body in [
            "",
            "null",
            "[]",
            "\"sesame\"",
            "sesame",
            "{",
            "{\"token\": }",
            "{}{}",
            "{\"code\":1,\"pkce_verifier\":2,\"refresh_token\":3,\"token\":4}",
            "{\"token\":\"sesame\",\"token\":\"b\",\"refresh_token\":\"a\",\"refresh_token\":\"b\",\"code\":\"a\",\"code\":\"b\"}",
            "code=sesame&pkce_verifier=b&refresh_token=c&token=d",
            "<xml>sesame</xml>",
            "{'token':'sesame'}",
            &nested,
        ] {
            let answer = post(&service, endpoint, body).await;
            answer.assert_error(400, "invalid_request");
            assert!(!answer.text.contains("sesame"), "{}", answer.text);
        }
        post(&service, endpoint, *b"{\"token\":\"\xff\xfe\"}").await.assert_error(400, "invalid_request");
    }
}

#[tokio::test]
async fn a_body_of_another_type_is_refused() {
    let service = Service::alone().await;
    let body = r#"{"code":"c","pkce_verifier":"v","refresh_token":"r","token":"t"}"#;
    for endpoint in ["token", "refresh", "revoke"] {
        for kind in [
            None,
            Some("text/plain"),
            Some("application/x-www-form-urlencoded"),
            Some("multipart/form-data; boundary=x"),
            Some("application/jsonp"),
            Some("text/json"),
            Some(""),
        ] {
            let answer = send(&service, Method::POST, endpoint, kind, body.into()).await;
            answer.assert_error(415, "invalid_request");
        }
    }
    // No web page of a stranger gets through either: browsers ask first for this type, and nobody says yes.
    let preflight = send(&service, Method::OPTIONS, "token", None, Vec::new()).await;
    preflight.assert_error(405, "invalid_request");
    assert!(!preflight.headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN));
    let good = send(&service, Method::POST, "refresh", Some("Application/JSON; charset=utf-8"), body.into()).await;
    good.assert_error(503, "temporarily_unavailable");
}

#[tokio::test]
async fn a_body_beyond_all_measure_is_refused_while_it_arrives() {
    let service = Service::alone().await;
    for endpoint in ["token", "refresh", "revoke"] {
        let padded = json!({ "code": "c", "pkce_verifier": "v", "refresh_token": "r", "token": "t", "more": "x".repeat(40_000) });
        post(&service, endpoint, padded.to_string()).await.assert_error(413, "invalid_request");
        // Announced, and not sent.
        let path = service.url(ACME, endpoint).path().to_owned();
        let head = format!("POST {path} HTTP/1.1\r\nhost: {}\r\ncontent-type: {JSON}\r\n", service.address);
        let answer = raw(&service, format!("{head}content-length: 1000000000\r\n\r\n{{").as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
        // Without an end.
        let chunks = format!("2000\r\n{}\r\n", "x".repeat(0x2000)).repeat(8);
        let answer = raw(&service, format!("{head}transfer-encoding: chunked\r\n\r\n{chunks}").as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    }
}

#[tokio::test]
async fn a_body_that_does_not_arrive_is_given_up() {
    let service = Service::alone().await;
    let path = service.url(ACME, "token").path().to_owned();
    let request = format!(
        "POST {path} HTTP/1.1\r\nhost: {}\r\ncontent-type: {JSON}\r\ncontent-length: 100\r\n\r\n{{",
        service.address
    );
    let clock = service.clock.clone();
    let tick = tokio::spawn(async move {
        while clock.sleepers() == 0 {
            tokio::task::yield_now().await;
        }
        clock.advance(Duration::from_secs(10));
    });
    let answer = raw(&service, request.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    tick.await.expect("it ticks");
}

#[tokio::test]
async fn a_token_is_text_of_a_measured_length_and_nothing_else() {
    let service = Service::alone().await;
    let app = App::of(&service);
    let longest = "t".repeat(16 * 1024);
    app.refresh(ACME, &longest).await.assert_error(503, "temporarily_unavailable");
    app.revoke(ACME, &longest).await.assert_error(503, "temporarily_unavailable");
    let longer = "t".repeat(16 * 1024 + 1);
    for token in ["", "\0", "a\r\nEvil: 1", "a\tb", "\u{7f}", "t\u{f6}ken", "\u{1f511}", "\u{2028}", &longer] {
        app.refresh(ACME, token).await.assert_error(400, "invalid_request");
        app.revoke(ACME, token).await.assert_error(400, "invalid_request");
        app.redeem(ACME, token).await.assert_error(400, "invalid_grant");
    }
}

#[tokio::test]
async fn each_address_takes_its_method_alone_and_says_which() {
    let service = Service::alone().await;
    let body = r#"{"code":"c","pkce_verifier":"v","refresh_token":"r","token":"t"}"#;
    for endpoint in ["authorize", "callback", "token", "refresh", "revoke"] {
        let own = if ["authorize", "callback"].contains(&endpoint) { "GET" } else { "POST" };
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get"] {
            if method == own {
                continue;
            }
            let method = Method::from_bytes(method.as_bytes()).expect("a method");
            let head = method == Method::HEAD;
            let answer = send(&service, method.clone(), endpoint, Some(JSON), body.into()).await;
            assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{method} {endpoint}");
            assert_eq!(answer.header(&header::ALLOW), own, "{method} {endpoint}");
            if head {
                assert!(answer.text.is_empty());
            } else {
                answer.assert_error(405, "invalid_request");
            }
        }
    }
}

#[tokio::test]
async fn a_head_request_uses_nothing_up() {
    let service = Service::alone().await;
    let (app, mut browser) = (App::of(&service), Browser::of(&service));
    let at_provider = browser.begin(&app, ACME).await;
    let mut callback = service.url(ACME, "callback");
    callback.query_pairs_mut().append_pair("code", "code");
    callback.query_pairs_mut().append_pair("state", &parameter(&at_provider, "state").expect("a state"));
    let http = innkeeper_tests::oidc::plain_client().expect("a client");
    let cookies: Vec<_> = browser.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    // What looks at links ahead of their user: a scanner of mail, a messenger's preview.
    for url in [&callback, &app.authorize_url(ACME)] {
        let asked = http.head(url.clone()).header(header::COOKIE, cookies.join("; "));
        let answer = Answer::of(asked.send().await.expect("an answer")).await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
        assert!(!answer.headers.contains_key(header::LOCATION) && !answer.headers.contains_key(header::SET_COOKIE));
    }
    app.code(&browser.open(&callback).await);
}

#[tokio::test]
async fn a_parameter_that_comes_twice_is_refused() {
    let service = Service::alone().await;
    let (app, mut browser) = (App::of(&service), Browser::of(&service));
    let authorize = app.authorize_url(ACME);
    for name in ["callback_uri", "state", "scope", "pkce_challenge", "pkce_method"] {
        for value in [parameter(&authorize, name).expect("it is there"), "https://evil.example".to_owned()] {
            let mut twice = authorize.clone();
            twice.query_pairs_mut().append_pair(name, &value);
            browser.open(&twice).await.assert_page(400, "The address contains a parameter twice.");
        }
    }
    let at_provider = browser.begin(&app, ACME).await;
    let state = parameter(&at_provider, "state").expect("a state");
    let mut callback = service.url(ACME, "callback");
    callback.query_pairs_mut().append_pair("code", "code").append_pair("state", &state).append_pair("iss", "x");
    for name in ["code", "state", "iss"] {
        let mut twice = callback.clone();
        twice.query_pairs_mut().append_pair(name, "evil");
        browser.open(&twice).await.assert_page(400, "The address contains a parameter twice.");
    }
    app.code(&browser.open(&callback).await);
}

#[tokio::test]
async fn a_giant_or_mangled_address_is_refused_and_not_shown() {
    let service = Service::alone().await;
    let (app, mut browser) = (App::of(&service), Browser::of(&service));
    let giant = "evil".repeat(6000);
    for name in ["callback_uri", "state", "scope", "pkce_challenge", "pkce_method", "other"] {
        let url = with(&app.authorize_url(ACME), name, Some(&giant));
        let answer = browser.open(&url).await;
        assert!(!answer.text.contains("evil"), "{name}");
        assert!(answer.header(&header::LOCATION).len() < 8192, "{name}");
    }
    let mut callback = service.url(ACME, "callback");
    callback.query_pairs_mut().append_pair("state", &giant).append_pair("code", &giant);
    browser.open(&callback).await.assert_page(400, "Unknown sign-in");
    for query in ["%00%ff&&&=;;", "state=%00", "code", "state%3Da=code", "=", "&", "state=%F0%28%8C%28"] {
        for endpoint in ["authorize", "callback"] {
            let url = format!("{}?{query}", service.url(ACME, endpoint)).parse::<Url>().expect("an address");
            let answer = browser.open(&url).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{endpoint} {query}");
        }
    }
    let path = service.url(ACME, "authorize").path().to_owned();
    let head = format!("GET {path}?state={} HTTP/1.1\r\nhost: {}\r\n\r\n", "x".repeat(100_000), service.address);
    let answer = raw(&service, head.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 414 ") || answer.starts_with("HTTP/1.1 431 "), "{answer}");
    let callback = answered(&service, &mut browser, &app).await;
    app.code(&browser.open(&callback).await);
}

async fn answered(service: &Service, browser: &mut Browser, app: &App) -> Url {
    let at_provider = browser.begin(app, ACME).await;
    let mut callback = service.url(ACME, "callback");
    let state = parameter(&at_provider, "state").expect("a state");
    callback.query_pairs_mut().append_pair("code", "code").append_pair("state", &state);
    callback
}

#[tokio::test]
async fn a_web_page_that_points_its_name_at_the_service_is_not_served() {
    let service = Service::alone().await;
    for host in ["evil.example", "127.0.0.1", "127.0.0.1:1", ""] {
        for endpoint in ["authorize", "token"] {
            let path = service.url(ACME, endpoint).path().to_owned();
            let answer = raw(&service, format!("GET {path} HTTP/1.1\r\nhost: {host}\r\n\r\n").as_bytes()).await;
            assert!(answer.starts_with("HTTP/1.1 421 "), "{host}: {answer}");
        }
    }
}

/// A service that takes three of each kind a minute.
async fn strict(trusted: &[&str]) -> Service {
    let seat = Seat::take().await;
    let quota = Quota { count: NonZeroU32::new(3).expect("not zero"), window: Duration::from_mins(1) };
    let plan = seat.plan().provider(ACME, unreached()).provider(RIVAL, unreached()).set(|settings| {
        (settings.limits.consents, settings.limits.tokens) = (quota, quota);
        settings.trusted_proxies = trusted.iter().map(|network| network.parse().expect("a network")).collect();
    });
    seat.serve(plan)
}

/// A refresh from an address of this machine, which says for whom it speaks.
async fn refresh_from(service: &Service, from: [u8; 4], provider: &str, forwarded: Option<&str>) -> Answer {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind((from, 0).into()).expect("an address of this machine");
    let mut stream = socket.connect(service.address).await.expect("connected");
    let body = r#"{"refresh_token":"t"}"#;
    let path = service.url(provider, "refresh").path().to_owned();
    let forwarded = forwarded.map(|forwarded| format!("x-forwarded-for: {forwarded}\r\n")).unwrap_or_default();
    let request = format!(
        "POST {path} HTTP/1.1\r\nhost: {}\r\ncontent-type: {JSON}\r\ncontent-length: {}\r\nconnection: close\r\n{forwarded}\r\n{body}",
        service.address,
        body.len()
    );
    stream.write_all(request.as_bytes()).await.expect("written");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    let (head, text) = answer.split_once("\r\n\r\n").expect("a head");
    let (line, fields) = head.split_once("\r\n").expect("fields");
    let status = line.split(' ').nth(1).and_then(|status| status.parse::<u16>().ok()).expect("a status");
    let fields = fields.lines().filter_map(|field| field.split_once(": "));
    let headers = fields.map(|(name, value)| (name.parse().expect("a name"), value.parse().expect("a value")));
    let status = StatusCode::from_u16(status).expect("a status");
    Answer { status, headers: headers.collect(), text: text.to_owned() }
}

const HERE: [u8; 4] = [127, 0, 0, 1];
const THERE: [u8; 4] = [127, 0, 0, 2];

#[tokio::test]
async fn a_flood_is_told_to_wait_by_address_and_provider() {
    let service = strict(&[]).await;
    for _ in 0..3 {
        refresh_from(&service, HERE, ACME, None).await.assert_error(503, "temporarily_unavailable");
    }
    let flooded = refresh_from(&service, HERE, ACME, None).await;
    flooded.assert_error(429, "too_many_requests");
    assert_eq!(flooded.header(&header::RETRY_AFTER), "20");
    // The three addresses for hosts are one count.
    let app = App::of(&service);
    app.redeem(ACME, "c").await.assert_error(429, "too_many_requests");
    app.revoke(ACME, "t").await.assert_error(429, "too_many_requests");
    refresh_from(&service, HERE, RIVAL, None).await.assert_error(503, "temporarily_unavailable");
    refresh_from(&service, THERE, ACME, None).await.assert_error(503, "temporarily_unavailable");
    assert_eq!(Browser::of(&service).open(&app.authorize_url(ACME)).await.status, StatusCode::FOUND, "users go on");

    service.clock.advance(Duration::from_secs(20));
    refresh_from(&service, HERE, ACME, None).await.assert_error(503, "temporarily_unavailable");
    refresh_from(&service, HERE, ACME, None).await.assert_error(429, "too_many_requests");
}

#[tokio::test]
async fn a_flood_of_sign_ins_gets_a_page_that_says_when() {
    let service = strict(&[]).await;
    let app = App::of(&service);
    let mut browser = Browser::of(&service);
    // Refused ones count, and callbacks with them.
    browser.begin(&app, ACME).await;
    browser.open(&service.url(ACME, "authorize")).await.assert_page(400, "Unknown destination");
    browser.open(&service.url(ACME, "callback")).await.assert_page(400, "Unknown sign-in");
    for url in [app.authorize_url(ACME), service.url(ACME, "callback")] {
        let page = browser.open(&url).await;
        page.assert_page(429, "Too many sign-ins");
        assert_eq!(page.header(&header::RETRY_AFTER), "20");
    }
    assert_eq!(browser.open(&app.authorize_url(RIVAL)).await.status, StatusCode::FOUND);
    service.clock.advance(Duration::from_secs(20));
    assert_eq!(browser.open(&app.authorize_url(ACME)).await.status, StatusCode::FOUND);
}

#[tokio::test]
async fn what_a_caller_says_of_its_own_address_is_not_believed() {
    let service = strict(&["127.0.0.2/32"]).await;
    for last in 1..=3 {
        let forwarded = format!("192.0.2.{last}");
        refresh_from(&service, HERE, ACME, Some(&forwarded)).await.assert_error(503, "temporarily_unavailable");
    }
    for forwarded in ["192.0.2.4", "127.0.0.2", "192.0.2.5, 127.0.0.2", "for=192.0.2.6"] {
        refresh_from(&service, HERE, ACME, Some(forwarded)).await.assert_error(429, "too_many_requests");
    }
    // The operator's proxy is: what it appended counts, not what the caller wrote left of it.
    for _ in 0..3 {
        let answer = refresh_from(&service, THERE, ACME, Some("198.51.100.7")).await;
        answer.assert_error(503, "temporarily_unavailable");
    }
    for forwarded in ["198.51.100.7", "192.0.2.9, 198.51.100.7", "192.0.2.9,198.51.100.7 , 127.0.0.2"] {
        refresh_from(&service, THERE, ACME, Some(forwarded)).await.assert_error(429, "too_many_requests");
    }
    refresh_from(&service, THERE, ACME, Some("198.51.100.8")).await.assert_error(503, "temporarily_unavailable");
}

#[tokio::test]
async fn two_hundred_at_once_are_counted_to_the_last() {
    let service = Arc::new(strict(&[]).await);
    let app = Arc::new(App::of(&service));
    let asked = (0..200).map(|_| {
        let app = app.clone();
        tokio::spawn(async move { app.redeem(ACME, "c").await.status })
    });
    let mut statuses = Vec::new();
    for asked in asked.collect::<Vec<_>>() {
        statuses.push(asked.await.expect("an answer"));
    }
    let taken = statuses.iter().filter(|status| **status == StatusCode::BAD_REQUEST).count();
    let told = statuses.iter().filter(|status| **status == StatusCode::TOO_MANY_REQUESTS).count();
    assert_eq!((taken, told), (3, 197));
}

//! Destinations of requests.

use std::sync::Arc;

use http::{HeaderName, HeaderValue};
use innkeeper_ambient::SystemClock;
use innkeeper_egress::{EgressError, PrivateNetworks, Settings};
use innkeeper_fixtures::scripted::{Reply, ScriptedServer};

use crate::{Out, attached, bare, denial, loopback, text};

fn settings(private: &[&str], plain: &[&str]) -> Settings {
    let networks = |texts: &[&str]| texts.iter().map(|text| text.parse().expect(text)).collect::<PrivateNetworks>();
    let mut settings = Settings::opened_to(networks(private));
    settings.plain_http = networks(plain);
    settings
}

#[tokio::test]
async fn what_was_not_approved_stays_here_and_the_denial_says_what_to_approve() {
    let service = ScriptedServer::start(|_, _| Reply::new(200)).await;
    let out = Out::new(&[format!("{}/v1 (GET)", service.url(""))]);
    assert!(out.get(&service.url("/v1/x")).await.is_ok());
    for path in ["/v2/x?key=concealed", "/v1/../v2", "/v1/%2e%2e/v2", "/v1/..%2fv2", "/v10"] {
        let denial = denial(out.get(&service.url(path)).await);
        assert!(denial.contains(&format!("{} GET /v", service.url(""))), "{denial}");
        assert!(!denial.contains("concealed"), "{denial}");
    }
    let mut post = bare(&service.url("/v1/x"));
    post.method = http::Method::POST;
    assert!(denial(out.send(post).await).contains("POST /v1/x"));
    assert_eq!(service.received().len(), 1);
}

#[tokio::test]
async fn an_approved_name_that_leads_into_a_private_network_is_refused() {
    let out = Out::with(&["https://api.test".into()], settings(&[], &[]), Arc::new(SystemClock));
    for address in [
        "127.0.0.1",
        "10.0.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "::1",
        "fd00::1",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
    ] {
        out.names.answer("api.test", &[&[address]]);
        let denial = denial(out.get("https://api.test/").await);
        assert!(denial.contains("operator") && !denial.contains(address), "{denial}");
    }
}

#[tokio::test]
async fn address_literals_are_checked_in_every_spelling() {
    let hosts = [
        "127.0.0.1",
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "127.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::]",
        "169.254.169.254",
        "0",
    ];
    for host in hosts {
        let request = bare(&format!("https://{host}/"));
        let rule = format!("https://{}", request.url.host_str().expect("a host"));
        let out = Out::with(&[rule], settings(&[], &[]), Arc::new(SystemClock));
        assert!(denial(out.send(request).await).contains("operator"), "{host}");
    }
}

#[tokio::test]
async fn a_name_that_changes_its_address_later_gains_nothing() {
    let service = ScriptedServer::start(|_, _| Reply::new(200).header("connection", "close")).await;
    let address = format!("http://api.test:{}", service.port);
    let out = Out::with(std::slice::from_ref(&address), settings(&["127.0.0.1"], &["api.test"]), Arc::new(SystemClock));
    out.names.answer("api.test", &[&["127.0.0.1"], &["127.0.0.2"]]);
    text(out.get(&address).await.expect("the first address is allowed")).await;
    assert_eq!(out.names.asked(), 1, "the address that was checked is the one that was connected to");
    assert!(denial(out.get(&address).await).contains("loopback"));
    assert_eq!(service.received().len(), 1);
}

#[tokio::test]
async fn of_several_addresses_only_the_allowed_ones_are_tried() {
    let service = ScriptedServer::start(|_, _| Reply::new(200)).await;
    let address = format!("http://api.test:{}", service.port);
    let out = Out::with(std::slice::from_ref(&address), settings(&["127.0.0.1"], &["api.test"]), Arc::new(SystemClock));
    out.names.answer("api.test", &[&["10.255.255.1", "127.0.0.1"]]);
    assert_eq!(out.get(&address).await.expect("one is allowed").status, 200);
}

#[tokio::test]
async fn an_exception_for_one_port_opens_no_other() {
    let (one, other) =
        (ScriptedServer::start(|_, _| Reply::new(200)).await, ScriptedServer::start(|_, _| Reply::new(200)).await);
    let only = format!("127.0.0.1:{}", one.port);
    let named = format!("http://api.test:{}", other.port);
    let out = Out::with(
        &[one.url(""), other.url(""), named.clone()],
        settings(&[&only], &["127.0.0.1", "api.test"]),
        Arc::new(SystemClock),
    );
    out.names.answer("api.test", &[&["127.0.0.1"]]);
    assert!(out.get(&one.url("/")).await.is_ok());
    denial(out.get(&other.url("/")).await);
    denial(out.get(&named).await);
}

#[tokio::test]
async fn plain_http_goes_only_where_the_operator_allowed_it() {
    let service = ScriptedServer::start(|_, _| Reply::new(200)).await;
    let named = format!("http://api.test:{}", service.port);
    for plain in [&[][..], &["other.test"], &["10.0.0.0/8"]] {
        let out =
            Out::with(&[service.url(""), named.clone()], settings(&["127.0.0.0/8"], plain), Arc::new(SystemClock));
        out.names.answer("api.test", &[&["127.0.0.1"]]);
        for url in [&service.url("/"), &named] {
            assert!(denial(out.get(url).await).contains("plain http"), "{plain:?}");
        }
    }
    assert!(service.received().is_empty());
}

#[tokio::test]
async fn headers_of_the_host_are_refused_by_name() {
    let out = Out::new(&["http://127.0.0.1:1".into()]);
    let mut request = attached("http://127.0.0.1:1/");
    request.headers.insert(HeaderName::from_static("authorization"), HeaderValue::from_static("mine"));
    match out.send(request).await {
        Err(EgressError::InvalidRequest(text)) => assert!(text.contains("`authorization`") && !text.contains("mine")),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_connection_that_cannot_be_made_is_told_without_the_query() {
    let out = Out::with(&["https://api.test".into()], loopback(), Arc::new(SystemClock));
    match out.get("https://api.test/?key=hidden").await {
        Err(EgressError::Unsent(text)) => assert!(text.contains("api.test") && !text.contains("hidden"), "{text}"),
        other => panic!("{other:?}"),
    }
}

//! Codes go where the operator said, and nowhere else: the service sends no browser to an address of a stranger (RFC 9700,
//! section 4.11).

use innkeeper_ears::CallbackAddress;
use innkeeper_tests::query::parameter;

use crate::app::{App, Browser};
use crate::service::{ACME, Seat, Service, unreached};

/// What a stranger tries; none is registered. Each has a word that no page of ours has.
const WICKED: [&str; 34] = [
    "https://evil.example",
    "https://evil.example/https://app.example.com",
    "//evil.example",
    "///evil.example",
    "\\\\evil.example",
    "https:evil.example",
    "https:\\\\evil.example\\app.example.com",
    "https:///evil.example",
    "http://app.example.com/evil",
    "https://app.example.com.evil.example/",
    "https://app.example.com@evil.example/",
    "https://app.example.com:evil@evil.example/",
    "https://app.example.com%2eevil.example/",
    "https://app.example.com%00.evil.example/",
    "https://app.example.com%0d%0aevil.example/",
    "https://app.example.com\r\nLocation: https://evil.example",
    "https://evil.example\\@app.example.com",
    "https://evil@app.example.com/",
    "https://app.example.com:8443/evil",
    "https://app.example.com:80/evil",
    "https://app.example.com/evil#fragment",
    "https://xapp.example.com/evil",
    "https://example.com/evil",
    "https://app.example.com./evil",
    "https://app.example.co\u{217f}evil.example/",
    "javascript:alert('evil')//app.example.com",
    "data:text/html,evil",
    "file:///evil",
    "about:evil",
    "evil",
    "/evil",
    "?evil",
    "http://127.0.0.1:4000/evil",
    "http://localhost:4000/evil",
];

#[tokio::test]
async fn no_browser_is_sent_to_an_address_that_is_not_registered() {
    let service = Service::alone().await;
    for callback_uri in WICKED {
        let mut browser = Browser::of(&service);
        let app = App::of(&service).sending_to(callback_uri);
        let page = browser.open(&app.authorize_url(ACME)).await;
        page.assert_page(400, "Unknown destination");
        assert!(!page.text.contains("evil"), "{callback_uri}: {}", page.text);
        assert!(!page.text.contains(&app.state), "{callback_uri}: {}", page.text);
        assert!(browser.cookies.is_empty());
    }
    let long = format!("https://app.example.com/{}", "evil".repeat(300));
    for callback_uri in [String::new(), " ".to_owned(), "\0".to_owned(), long] {
        let app = App::of(&service).sending_to(&callback_uri);
        let page = Browser::of(&service).open(&app.authorize_url(ACME)).await;
        page.assert_page(400, "Unknown destination");
        assert!(!page.text.contains("evil"), "{}", page.text);
    }
}

#[tokio::test]
async fn an_address_with_a_path_is_registered_alone_and_keeps_its_own_query() {
    let seat = Seat::take().await;
    let registered: CallbackAddress = "https://other.example.com/connect/callback".parse().expect("an address");
    let plan = seat.plan().provider(ACME, unreached()).set(|settings| settings.callbacks = vec![registered]);
    let service = seat.serve(plan);
    let begin = async |callback_uri: &str| {
        let app = App::of(&service).sending_to(callback_uri);
        Browser::of(&service).open(&app.authorize_url(ACME)).await
    };
    for bad in [
        "https://other.example.com/",
        "https://other.example.com/connect/callback/",
        "https://other.example.com/connect/callback/more",
        "https://other.example.com/connect/callback/../../evil",
        "https://other.example.com/connect/callback/%2e%2e/evil",
        "https://other.example.com/connect%2fcallback",
        "https://other.example.com//connect/callback",
        "https://other.example.com/CONNECT/callback",
    ] {
        begin(bad).await.assert_page(400, "Unknown destination");
    }
    for good in [
        "https://other.example.com/connect/callback",
        "https://OTHER.example.com:443/connect/callback",
        "https://other.example.com/x/../connect/callback",
        "https://other.example.com/connect/callback?tab=2",
    ] {
        begin(good).await.sent_to();
    }
}

#[tokio::test]
async fn an_app_on_the_users_machine_gets_codes_at_any_port_where_the_operator_allows_it() {
    let seat = Seat::take().await;
    let plan = seat.plan().provider(ACME, unreached()).set(|settings| settings.loopback_callbacks = true);
    let service = seat.serve(plan);
    for (callback_uri, taken) in [
        ("http://127.0.0.1:4321/callback", true),
        ("http://[::1]:4321/callback", true),
        ("http://localhost:4321/callback", false),
        ("http://127.0.0.1.evil.example/callback", false),
        ("http://10.0.0.1/callback", false),
        ("ftp://127.0.0.1/callback", false),
    ] {
        let app = App::of(&service).sending_to(callback_uri);
        let answer = Browser::of(&service).open(&app.authorize_url(ACME)).await;
        assert_eq!(answer.status.is_redirection(), taken, "{callback_uri}");
    }
}

#[tokio::test]
async fn what_is_no_longer_registered_gets_no_code_of_a_flow_that_began_before() {
    let seat = Seat::take().await;
    let plan = seat.plan().provider(ACME, unreached());
    let (keyring, clock) = (plan.keyring.clone(), plan.clock.clone());
    let public_url = plan.settings.public_url.clone();
    let service = seat.serve(plan);
    let (app, mut browser) = (App::of(&service), Browser::of(&service));
    let at_provider = browser.begin(&app, ACME).await;
    let state = parameter(&at_provider, "state").expect("a state");

    let seat = Seat::take().await;
    let plan = crate::service::Plan { keyring, clock, ..seat.plan() }.provider(ACME, unreached());
    let restarted = seat.serve(plan.set(|settings| {
        settings.public_url = public_url;
        settings.callbacks = vec!["https://other.example.com".parse().expect("an address")];
    }));
    let mut callback = service.url(ACME, "callback");
    callback.query_pairs_mut().append_pair("code", "code").append_pair("state", &state);
    browser.turn_to(&restarted);
    browser.open(&callback).await.assert_page(400, "Unknown destination");
}

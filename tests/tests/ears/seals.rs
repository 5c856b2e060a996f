//! What travels through the browser is sealed: it ends, and nobody changes, shortens or makes it.

use std::sync::Arc;
use std::time::Duration;

use innkeeper::{Keyring, SystemRandom};
use innkeeper_tests::query::{parameter, with};
use serde_json::json;
use url::Url;

use crate::app::{App, Browser};
use crate::service::{ACME, Plan, Seat, Service, oidc, unreached};

/// The provider's answer to a flow that `browser` has just begun.
async fn answered(service: &Service, app: &App, browser: &mut Browser) -> Url {
    let at_provider = browser.begin(app, ACME).await;
    let state = parameter(&at_provider, "state").expect("a state");
    let mut callback = service.url(ACME, "callback");
    callback.query_pairs_mut().append_pair("code", "the code of the provider").append_pair("state", &state);
    callback
}

/// Each text that differs from this one in a character or has fewer.
fn damaged(text: &str) -> Vec<String> {
    // A step that meets every position of a base64 group, and both ends.
    let places = (0..text.len()).step_by(13).chain([text.len() - 1]);
    let changed = places.clone().map(|at| {
        let other = if &text[at..=at] == "A" { "B" } else { "A" };
        format!("{}{other}{}", &text[..at], &text[at + 1..])
    });
    let cut = places.map(|at| text[..at].to_owned());
    let added = ["A", "=", " ", ".", "\0"].map(|more| format!("{text}{more}"));
    changed.chain(cut).chain(added).chain([text.to_uppercase(), text.chars().rev().collect()]).collect()
}

#[tokio::test]
async fn a_flow_ends_after_ten_minutes() {
    let service = Service::alone().await;
    let (app, mut browser) = (App::of(&service), Browser::of(&service));
    let callback = answered(&service, &app, &mut browser).await;
    service.clock.advance(Duration::from_mins(10).checked_sub(Duration::from_millis(1)).expect("positive"));
    let cookies = browser.cookies.clone();
    app.code(&browser.open(&callback).await);
    browser.cookies = cookies;
    service.clock.advance(Duration::from_millis(1));
    browser.open(&callback).await.assert_page(400, "Too late");
}

#[tokio::test]
async fn a_code_ends_after_a_minute() {
    let provider = oidc().await;
    let service = Service::at(&provider).await;
    let (app, mut browser) = (App::of(&service), Browser::of(&service));
    let at_provider = browser.begin(&app, ACME).await;
    let callback = provider.authorize_as(at_provider.as_str(), "ada").await.expect("the user gets through");
    let cookies = browser.cookies.clone();
    let early = app.code(&browser.open(&callback).await);
    service.clock.advance(Duration::from_secs(1));
    browser.cookies = cookies;
    let late = app.code(&browser.open(&callback).await);
    service.clock.advance(Duration::from_secs(59));
    app.redeem(ACME, &early).await.assert_error(400, "invalid_grant");
    assert_eq!(
        provider.counts().await.expect("counts").all("authorization_code"),
        0,
        "it ends here, not at the provider"
    );
    app.redeem(ACME, &late).await.tokens();
}

#[tokio::test]
async fn a_state_that_was_changed_or_cut_is_of_no_flow() {
    let service = Service::alone().await;
    let (app, mut browser) = (App::of(&service), Browser::of(&service));
    let callback = answered(&service, &app, &mut browser).await;
    let state = parameter(&callback, "state").expect("a state");
    for damaged in damaged(&state) {
        let page = browser.open(&with(&callback, "state", Some(&damaged))).await;
        page.assert_page(400, "Unknown sign-in");
    }
    browser.open(&with(&callback, "state", None)).await.assert_page(400, "Unknown sign-in");
    app.code(&browser.open(&callback).await);
}

#[tokio::test]
async fn a_code_that_was_changed_or_cut_is_no_code() {
    let service = Service::alone().await;
    let (app, mut browser) = (App::of(&service), Browser::of(&service));
    let callback = answered(&service, &app, &mut browser).await;
    let code = app.code(&browser.open(&callback).await);
    for damaged in damaged(&code) {
        app.redeem(ACME, &damaged).await.assert_error(400, "invalid_grant");
    }
    app.redeem(ACME, "the code of the provider").await.assert_error(400, "invalid_grant");
    // The code itself goes on to the provider, which is not there.
    app.redeem(ACME, &code).await.assert_error(503, "temporarily_unavailable");
}

#[tokio::test]
async fn a_state_is_no_code_and_a_code_no_state() {
    let service = Service::alone().await;
    let (app, mut browser) = (App::of(&service), Browser::of(&service));
    let callback = answered(&service, &app, &mut browser).await;
    let state = parameter(&callback, "state").expect("a state");
    app.redeem(ACME, &state).await.assert_error(400, "invalid_grant");
    let code = app.code(&browser.open(&callback).await);
    browser.open(&with(&callback, "state", Some(&code))).await.assert_page(400, "Unknown sign-in");
}

#[tokio::test]
async fn what_another_keyring_sealed_is_foreign() {
    let (service, stranger) = (Service::alone().await, Service::alone().await);
    let (theirs, mut their_browser) = (App::of(&stranger), Browser::of(&stranger));
    let callback = answered(&stranger, &theirs, &mut their_browser).await;
    let state = parameter(&callback, "state").expect("a state");
    let code = theirs.code(&their_browser.open(&callback).await);

    let app = App::of(&service);
    let body = json!({ "code": code, "pkce_verifier": theirs.verifier });
    app.post(ACME, "token", &body).await.assert_error(400, "invalid_grant");
    let mut callback = service.url(ACME, "callback");
    callback.query_pairs_mut().append_pair("code", "code").append_pair("state", &state);
    Browser::of(&service).open(&callback).await.assert_page(400, "Unknown sign-in");
}

#[tokio::test]
async fn what_the_key_before_sealed_is_good_while_it_is_kept_and_foreign_after() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let file = folder.path().join("keyring");
    let before = Keyring::create_file(&file, &SystemRandom).expect("a keyring");
    let both = Keyring::rotate_file(&file, &SystemRandom).expect("one more key");
    let after = Keyring::retire_file(&file, &SystemRandom).expect("one key fewer");

    let seat = Seat::take().await;
    let plan = Plan { keyring: Arc::new(before), ..seat.plan() }.provider(ACME, unreached());
    let clock = plan.clock.clone();
    let public_url = plan.settings.public_url.clone();
    let service = seat.serve(plan);
    let (app, mut browser) = (App::of(&service), Browser::of(&service));
    let callback = answered(&service, &app, &mut browser).await;
    let cookies = browser.cookies.clone();

    let replica = async |keyring: Keyring| {
        let seat = Seat::take().await;
        let plan = Plan { keyring: Arc::new(keyring), clock: clock.clone(), ..seat.plan() }.provider(ACME, unreached());
        seat.serve(plan.set(|settings| settings.public_url = public_url.clone()))
    };
    let (rotated, retired) = (replica(both).await, replica(after).await);
    browser.turn_to(&retired);
    browser.open(&callback).await.assert_page(400, "Unknown sign-in");
    browser.turn_to(&rotated);
    app.code(&browser.open(&callback).await);
    browser.cookies = cookies;
    browser.turn_to(&service);
    app.code(&browser.open(&callback).await);
}

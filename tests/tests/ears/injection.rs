//! Codes in hands that they are not meant for (RFC 9700, section 4.5), and codes that are used twice.

use innkeeper_tests::oidc::OidcProvider;
use innkeeper_tests::query::{parameter, with};
use innkeeper_tests::secrets::random_text;
use serde_json::json;
use url::Url;

use crate::app::{App, Browser};
use crate::service::{ACME, RIVAL, Service, oidc};

/// A user's sign-in up to the provider's answer, which the browser has not opened yet.
struct Consented {
    app: App,
    browser: Browser,
    callback: Url,
}

async fn consented(service: &Service, provider: &OidcProvider, name: &str, login: &str) -> Consented {
    let (app, mut browser) = (App::of(service), Browser::of(service));
    let at_provider = browser.begin(&app, name).await;
    let callback = provider.authorize_as(at_provider.as_str(), login).await.expect("the user gets through");
    Consented { app, browser, callback }
}

impl Consented {
    async fn code(&mut self) -> String {
        self.app.code(&self.browser.open(&self.callback).await)
    }
}

async fn exchanges(provider: &OidcProvider) -> u64 {
    provider.counts().await.expect("counts").all("authorization_code")
}

#[tokio::test]
async fn a_stolen_code_is_refused_with_any_other_verifier_and_with_none() {
    let provider = oidc().await;
    let service = Service::at(&provider).await;
    let mut ada = consented(&service, &provider, ACME, "ada").await;
    let code = ada.code().await;

    let thief = App::of(&service);
    thief.redeem(ACME, &code).await.assert_error(400, "invalid_grant");
    let challenge = parameter(&ada.app.authorize_url(ACME), "pkce_challenge").expect("a challenge");
    for verifier in [
        json!(challenge),
        json!(""),
        json!(ada.app.verifier.to_uppercase()),
        json!(ada.app.verifier[..127]),
        json!(format!("{} ", ada.app.verifier)),
    ] {
        let body = json!({ "code": code, "pkce_verifier": verifier });
        thief.post(ACME, "token", &body).await.assert_error(400, "invalid_grant");
    }
    for body in [
        json!({ "code": code }),
        json!({ "code": code, "pkce_verifier": null }),
        json!({ "code": code, "pkce_verifier": [ada.app.verifier] }),
        json!({ "code": code, "code_verifier": ada.app.verifier }),
    ] {
        thief.post(ACME, "token", &body).await.assert_error(400, "invalid_request");
    }
    assert_eq!(exchanges(&provider).await, 0, "the provider was not even asked");
    ada.app.redeem(ACME, &code).await.tokens();
}

#[tokio::test]
async fn a_code_is_good_once_and_the_provider_refuses_the_second_time() {
    let provider = oidc().await;
    let service = Service::at(&provider).await;
    let mut ada = consented(&service, &provider, ACME, "ada").await;
    let code = ada.code().await;
    let tokens = ada.app.redeem(ACME, &code).await.tokens();
    ada.app.redeem(ACME, &code).await.assert_error(400, "invalid_grant");
    let counts = provider.counts().await.expect("counts");
    assert_eq!((counts.of("authorization_code", "success"), counts.of("authorization_code", "invalid_grant")), (1, 1));
    // A second use is a sign of theft: this provider ends what the first one gave (RFC 6749, section 4.1.2).
    let refresh_token = tokens["refresh_token"].as_str().expect("a token");
    ada.app.refresh(ACME, refresh_token).await.assert_error(400, "invalid_grant");
}

#[tokio::test]
async fn a_callback_opened_twice_gives_no_second_code() {
    let provider = oidc().await;
    let service = Service::at(&provider).await;
    let mut ada = consented(&service, &provider, ACME, "ada").await;
    let cookies = ada.browser.cookies.clone();
    let code = ada.code().await;
    ada.browser.open(&ada.callback).await.assert_page(403, "Begun in another browser");
    ada.app.redeem(ACME, &code).await.tokens();

    // A browser that kept the cookie all the same gets a code that the provider no longer takes.
    ada.browser.cookies = cookies;
    let code = ada.code().await;
    ada.app.redeem(ACME, &code).await.assert_error(400, "invalid_grant");
}

#[tokio::test]
async fn a_victims_code_is_of_no_use_in_the_attackers_flow() {
    let provider = oidc().await;
    let service = Service::at(&provider).await;
    let ada = consented(&service, &provider, ACME, "ada").await;
    let mut mallory = consented(&service, &provider, ACME, "mallory").await;
    // The attacker has seen the provider's answer to the victim and puts its code into a flow of their own: the service seals
    // it for them, and its own PKCE at the provider holds.
    mallory.callback = with(&mallory.callback, "code", parameter(&ada.callback, "code").as_deref());
    let code = mallory.code().await;
    mallory.app.redeem(ACME, &code).await.assert_error(400, "invalid_grant");
    let counts = provider.counts().await.expect("counts");
    assert_eq!((counts.all("authorization_code"), counts.of("authorization_code", "invalid_grant")), (1, 1));
}

#[tokio::test]
async fn a_victims_answer_in_the_attackers_browser_is_refused() {
    let provider = oidc().await;
    let service = Service::at(&provider).await;
    let mut ada = consented(&service, &provider, ACME, "ada").await;
    let mut mallory = consented(&service, &provider, ACME, "mallory").await;
    mallory.browser.open(&ada.callback).await.assert_page(403, "Begun in another browser");
    assert_eq!(mallory.browser.cookies.len(), 1, "the attacker's own flow goes on");
    // And the reverse: nobody is signed in for somebody else.
    ada.browser.open(&mallory.callback).await.assert_page(403, "Begun in another browser");
    let code = ada.code().await;
    ada.app.redeem(ACME, &code).await.tokens();
}

#[tokio::test]
async fn a_stolen_state_is_of_no_use_in_a_browser_without_its_cookie() {
    let service = Service::alone().await;
    let (app, mut browser) = (App::of(&service), Browser::of(&service));
    let at_provider = browser.begin(&app, ACME).await;
    let state = parameter(&at_provider, "state").expect("a state");
    let mut callback = service.url(ACME, "callback");
    callback.query_pairs_mut().append_pair("code", "code").append_pair("state", &state);

    let mut other = Browser::of(&service);
    other.open(&callback).await.assert_page(403, "Begun in another browser");
    for name in browser.cookies.keys() {
        for value in ["", "wrong", &random_text::<32>()] {
            other.cookies = [(name.clone(), value.to_owned())].into();
            other.open(&callback).await.assert_page(403, "Begun in another browser");
        }
    }
    // Another flow's cookie is none of this one's.
    other.cookies.clear();
    other.begin(&App::of(&service), ACME).await;
    let value = other.cookies.values().next().expect("a cookie").clone();
    other.cookies = browser.cookies.keys().map(|name| (name.clone(), value.clone())).collect();
    other.open(&callback).await.assert_page(403, "Begun in another browser");
    app.code(&browser.open(&callback).await);
}

#[tokio::test]
async fn what_one_provider_gave_is_refused_at_the_addresses_of_another() {
    let provider = oidc().await;
    let service = Service::at(&provider).await;
    let mut ada = consented(&service, &provider, ACME, "ada").await;

    // The answer to a flow of one at the callback of the other (RFC 9700, section 4.4).
    let at_rival = Url::parse(&ada.callback.as_str().replace("/acme/", "/rival/")).expect("an address");
    ada.browser.open(&at_rival).await.assert_page(400, "Unknown sign-in");
    let code = ada.code().await;
    ada.app.redeem(RIVAL, &code).await.assert_error(400, "invalid_grant");
    assert_eq!(exchanges(&provider).await, 0, "no code went to another client");
    ada.app.redeem(ACME, &code).await.tokens();
}

#[tokio::test]
async fn an_answer_in_the_name_of_another_issuer_is_refused() {
    let provider = oidc().await;
    let service = Service::at(&provider).await;
    let mut ada = consented(&service, &provider, ACME, "ada").await;
    for issuer in [Some("https://evil.example"), Some(&*service.base), Some(""), None] {
        let page = ada.browser.open(&with(&ada.callback, "iss", issuer)).await;
        page.assert_page(400, "Another provider answered");
        assert!(!page.text.contains("evil.example"), "{}", page.text);
    }
    // The one that was promised is taken after that all the same.
    let code = ada.code().await;
    ada.app.redeem(ACME, &code).await.tokens();
}

//! The way of a user and of their tokens, as a client speaks that has read the protocol.

use innkeeper_tests::oidc::{OidcProvider, owner_of};
use innkeeper_tests::query::{parameter, with};
use serde_json::{Value, json};

use crate::app::{App, Browser};
use crate::service::{ACME, Service, oidc};

/// A user who has consented, and the tokens that the client got.
async fn authorized(service: &Service, provider: &OidcProvider, login: &str) -> (App, Value) {
    let (app, mut browser) = (App::of(service), Browser::of(service));
    let at_provider = browser.begin(&app, ACME).await;
    let callback = provider.authorize_as(at_provider.as_str(), login).await.expect("the user gets through");
    let code = app.code(&browser.open(&callback).await);
    let tokens = app.redeem(ACME, &code).await.tokens();
    (app, tokens)
}

#[tokio::test]
async fn a_user_authorizes_and_the_client_has_tokens_that_are_good_at_the_provider() {
    let provider = oidc().await;
    let service = Service::at(&provider).await;
    let (app, mut browser) = (App::of(&service), Browser::of(&service));

    let at_provider = browser.begin(&app, ACME).await;
    assert_eq!(at_provider.origin(), provider.authorization_endpoint().origin());
    assert_eq!(at_provider.path(), "/auth");
    let asked = |name| parameter(&at_provider, name).unwrap_or_default();
    assert_eq!(asked("redirect_uri"), service.url(ACME, "callback").as_str());
    assert_eq!((asked("response_type"), asked("code_challenge_method")), ("code".to_owned(), "S256".to_owned()));
    assert_eq!((asked("client_id"), asked("prompt")), ("confidential-basic".to_owned(), "consent".to_owned()));
    assert_eq!(asked("scope"), "openid offline_access api.read");
    assert_ne!(asked("code_challenge"), parameter(&app.authorize_url(ACME), "pkce_challenge").expect("a challenge"));
    assert!(!at_provider.as_str().contains(&app.state), "the caller's state stays between it and the service");
    assert!(!at_provider.as_str().contains("secret"), "{at_provider}");
    assert_eq!(browser.cookies.len(), 1);

    let callback = provider.authorize_as(at_provider.as_str(), "ada").await.expect("the user gets through");
    let provider_code = parameter(&callback, "code").expect("a code");
    let arrived = browser.open(&callback).await;
    let code = app.code(&arrived);
    assert!(!code.contains(&provider_code), "the provider's code is sealed");
    assert!(browser.cookies.is_empty(), "the flow is over");
    assert_eq!(provider.counts().await.expect("counts").all("authorization_code"), 0, "nothing is redeemed unasked");

    let tokens = app.redeem(ACME, &code).await.tokens();
    assert_eq!(tokens["token_type"], "Bearer");
    assert_eq!(tokens["expires_in"], 3600);
    assert_eq!(tokens["scope"], "openid offline_access api.read");
    assert!(tokens["refresh_token"].is_string());
    let names: Vec<_> = tokens.as_object().expect("an object").keys().map(String::as_str).collect();
    let known = ["token_type", "access_token", "expires_in", "refresh_token", "refresh_token_expires_in", "scope"];
    assert!(names.iter().all(|name| known.contains(name)), "no identity token, no other field: {names:?}");
    assert_eq!(user_of(&provider, &tokens).await.as_deref(), Some("ada"));
}

#[tokio::test]
async fn a_refresh_rotates_and_an_old_refresh_token_is_an_invalid_grant() {
    let provider = oidc().await;
    let service = Service::at(&provider).await;
    let (app, first) = authorized(&service, &provider, "ada").await;
    provider.expire_access_tokens().await.expect("expired");
    assert_eq!(user_of(&provider, &first).await, None);

    let second = app.refresh(ACME, text(&first, "refresh_token")).await.tokens();
    assert_ne!(second["refresh_token"], first["refresh_token"]);
    assert_ne!(second["access_token"], first["access_token"]);
    assert_eq!(user_of(&provider, &second).await.as_deref(), Some("ada"));

    // It is the provider that knows, and its word is passed on in kind: no status of a server's failure.
    app.refresh(ACME, text(&first, "refresh_token")).await.assert_error(400, "invalid_grant");
    // This provider ends a grant whose token was used twice.
    app.refresh(ACME, text(&second, "refresh_token")).await.assert_error(400, "invalid_grant");
    let counts = provider.counts().await.expect("counts");
    assert_eq!((counts.of("refresh_token", "success"), counts.of("refresh_token", "invalid_grant")), (1, 2));
}

#[tokio::test]
async fn a_revoked_token_is_dead_at_the_provider() {
    let provider = oidc().await;
    let service = Service::at(&provider).await;
    let (app, tokens) = authorized(&service, &provider, "ada").await;
    assert_eq!(user_of(&provider, &tokens).await.as_deref(), Some("ada"));

    let answer = app.revoke(ACME, text(&tokens, "access_token")).await;
    assert_eq!(answer.tokens(), json!({}));
    assert_eq!(user_of(&provider, &tokens).await, None);
    let again = app.revoke(ACME, text(&tokens, "access_token")).await;
    assert_eq!(again.tokens(), json!({}), "what has ended is given back (RFC 7009, section 2.2)");

    app.revoke(ACME, text(&tokens, "refresh_token")).await.tokens();
    app.refresh(ACME, text(&tokens, "refresh_token")).await.assert_error(400, "invalid_grant");
}

#[tokio::test]
async fn a_user_who_refuses_is_sent_back_with_that_word_alone() {
    let provider = oidc().await;
    let service = Service::at(&provider).await;
    let (app, mut browser) = (App::of(&service), Browser::of(&service));
    let at_provider = browser.begin(&app, ACME).await;
    let refused = provider.refuse_as(at_provider.as_str(), "ada").await.expect("the user refuses");
    assert_eq!(parameter(&refused, "error").as_deref(), Some("access_denied"));
    let refused = with(&refused, "error_description", Some("<script>alert(1)</script>"));

    let arrived = browser.open(&refused).await.sent_to();
    let pairs: Vec<(String, String)> = arrived.query_pairs().into_owned().collect();
    let expected = [("error", "access_denied"), ("state", &app.state), ("iss", &service.base)];
    assert_eq!(pairs, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert!(browser.cookies.is_empty());
}

#[tokio::test]
async fn what_the_caller_is_asked_for_wrongly_is_told_to_it_where_that_is_safe() {
    let service = Service::alone().await;
    let mut browser = Browser::of(&service);
    let app = App::of(&service);
    let good = app.authorize_url(ACME);
    for (name, value, error) in [
        ("pkce_method", None, "invalid_request"),
        ("pkce_method", Some("plain"), "invalid_request"),
        ("pkce_challenge", None, "invalid_request"),
        ("pkce_challenge", Some("short"), "invalid_request"),
        ("pkce_challenge", Some("+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+"), "invalid_request"),
        ("scope", Some("a\"b"), "invalid_scope"),
        ("scope", Some("a\nb"), "invalid_scope"),
        ("scope", Some(&*"a".repeat(2049)), "invalid_scope"),
    ] {
        let arrived = browser.open(&with(&good, name, value)).await.sent_to();
        assert!(arrived.as_str().starts_with(&app.callback_uri), "{arrived}");
        assert_eq!(parameter(&arrived, "error").as_deref(), Some(error), "{name} {value:?}");
        assert_eq!(parameter(&arrived, "state").as_deref(), Some(&*app.state));
        assert_eq!(parameter(&arrived, "iss").as_deref(), Some(&*service.base));
        assert!(browser.cookies.is_empty(), "nothing has begun");
    }
    // Without a state there is nobody who waits for an answer.
    for state in [None, Some(""), Some(&*"s".repeat(513))] {
        browser.open(&with(&good, "state", state)).await.assert_page(400, "Not a valid request");
    }
    let scopeless = browser.open(&with(&good, "scope", None)).await.sent_to();
    assert_eq!(parameter(&scopeless, "scope"), None, "the provider's default");
}

#[tokio::test]
async fn a_provider_that_is_not_set_up_is_named_as_unknown() {
    let service = Service::alone().await;
    let app = App::of(&service);
    for name in ["evil", "ACME", "acme%00", "%3Cb%3E"] {
        app.redeem(name, "code").await.assert_error(404, "unknown_provider");
        app.refresh(name, "token").await.assert_error(404, "unknown_provider");
        app.revoke(name, "token").await.assert_error(404, "unknown_provider");
        let page = Browser::of(&service).open(&app.authorize_url(name)).await;
        page.assert_page(404, "It is configured for acme, rival.");
        assert!(!page.text.contains("evil") && !page.text.contains("<b>"), "{}", page.text);
    }
    app.post("a/b", "token", &json!({})).await.assert_error(404, "not_found");
    app.post(ACME, "tokens", &json!({})).await.assert_error(404, "not_found");
}

fn text<'v>(tokens: &'v Value, name: &str) -> &'v str {
    tokens[name].as_str().expect("a text")
}

/// For whom the provider takes this access token.
async fn user_of(provider: &OidcProvider, tokens: &Value) -> Option<String> {
    owner_of(provider.api(), text(tokens, "access_token")).await
}

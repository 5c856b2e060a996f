//! Proves the authorization server that the other tests lean on, with plain requests.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use innkeeper_tests::host::REDIRECT;
use innkeeper_tests::oidc::{
    CONFIDENTIAL_BASIC, CONFIDENTIAL_POST, Fault, MACHINE, OidcClient, OidcOptions, OidcProvider, PUBLIC, plain_client,
};
use innkeeper_tests::query::parameter;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::time::Duration;
use url::{Url, form_urlencoded};

const VERIFIER: &str = "a-verifier-of-at-least-forty-three-characters-0123456789";

#[tokio::test]
async fn a_user_signs_in_consents_and_the_code_is_exchanged() {
    let provider = start(OidcOptions::default()).await;
    for client in [PUBLIC, CONFIDENTIAL_BASIC, CONFIDENTIAL_POST] {
        let callback = provider.authorize_as(link(&provider, client).as_str(), "ada").await.expect("consented");
        assert!(callback.as_str().starts_with(REDIRECT), "{callback}");
        assert_eq!(parameter(&callback, "state").as_deref(), Some("a state"));
        assert_eq!(parameter(&callback, "iss").as_deref(), Some(provider.issuer().as_str().trim_end_matches('/')));

        let (status, tokens) = exchange(&provider, client, &callback).await;
        assert_eq!(status, 200, "{tokens}");
        assert_eq!(tokens["expires_in"], 3600);
        let (status, me) = me(&provider, &tokens["access_token"]).await;
        assert_eq!((status, &me["sub"], &me["client_id"]), (200, &"ada".into(), &client.id.into()));
    }
    assert_eq!(provider.counts().await.expect("counts").of("authorization_code", "success"), 3);
}

#[tokio::test]
async fn a_code_is_refused_with_another_verifier_and_a_request_without_pkce_gets_no_code() {
    let provider = start(OidcOptions::default()).await;
    let callback = provider.authorize_as(link(&provider, PUBLIC).as_str(), "ada").await.expect("consented");
    let code = parameter(&callback, "code").expect("a code");
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", REDIRECT),
        ("code_verifier", "another-verifier-of-at-least-forty-three-characters"),
    ];
    let (status, answer) = token(&provider, PUBLIC, &form).await;
    assert_eq!((status, &answer["error"]), (400, &"invalid_grant".into()));

    let mut bare = link(&provider, PUBLIC);
    let kept: Vec<(String, String)> =
        bare.query_pairs().filter(|(name, _)| !name.starts_with("code_")).map(|(n, v)| (n.into(), v.into())).collect();
    bare.query_pairs_mut().clear().extend_pairs(kept);
    let callback = provider.authorize_as(bare.as_str(), "ada").await.expect("an answer");
    assert_eq!(parameter(&callback, "error").as_deref(), Some("invalid_request"));
}

#[tokio::test]
async fn a_user_who_refuses_sends_access_denied_to_the_callback() {
    let provider = start(OidcOptions::default()).await;
    let callback = provider.refuse_as(link(&provider, PUBLIC).as_str(), "ada").await.expect("refused");
    assert_eq!(parameter(&callback, "error").as_deref(), Some("access_denied"));
    assert_eq!(parameter(&callback, "code"), None);
}

#[tokio::test]
async fn a_refresh_token_rotates_and_its_second_use_kills_the_grant() {
    let provider = start(OidcOptions::default()).await;
    let first = authorized(&provider, PUBLIC).await;

    let (status, second) = refresh(&provider, PUBLIC, &first["refresh_token"]).await;
    assert_eq!(status, 200, "{second}");
    assert_ne!(first["refresh_token"], second["refresh_token"]);
    assert_eq!(me(&provider, &second["access_token"]).await.0, 200);

    let (status, reuse) = refresh(&provider, PUBLIC, &first["refresh_token"]).await;
    assert_eq!((status, &reuse["error"]), (400, &"invalid_grant".into()));
    let (status, dead) = refresh(&provider, PUBLIC, &second["refresh_token"]).await;
    assert_eq!((status, &dead["error"]), (400, &"invalid_grant".into()));
    assert_eq!(me(&provider, &second["access_token"]).await.0, 401);

    let counts = provider.counts().await.expect("counts");
    assert_eq!((counts.of("refresh_token", "success"), counts.of("refresh_token", "invalid_grant")), (1, 2));
    assert_eq!((counts.of("api", "served"), counts.of("api", "refused")), (1, 1));
}

#[tokio::test]
async fn expired_access_tokens_are_refused_while_the_grant_lives() {
    let provider = start(OidcOptions { access_token_ttl: Some(60), ..OidcOptions::default() }).await;
    let tokens = authorized(&provider, CONFIDENTIAL_BASIC).await;
    assert_eq!(me(&provider, &tokens["access_token"]).await.0, 200);

    provider.advance_clock(Duration::from_secs(61)).await.expect("advanced");
    let (status, answer) = me(&provider, &tokens["access_token"]).await;
    assert_eq!((status, &answer["error"]), (401, &"invalid_token".into()));

    let (_, renewed) = refresh(&provider, CONFIDENTIAL_BASIC, &tokens["refresh_token"]).await;
    assert_eq!(me(&provider, &renewed["access_token"]).await.0, 200);
    assert!(provider.expire_access_tokens().await.expect("expired") >= 1);
    assert_eq!(me(&provider, &renewed["access_token"]).await.0, 401);
    assert_eq!(refresh(&provider, CONFIDENTIAL_BASIC, &renewed["refresh_token"]).await.0, 200);

    provider.forget_refresh_tokens().await.expect("forgotten");
    let (_, answer) = refresh(&provider, CONFIDENTIAL_BASIC, &renewed["refresh_token"]).await;
    assert_eq!(answer["error"], "invalid_grant");
}

#[tokio::test]
async fn a_machine_gets_a_token_without_a_user() {
    let provider = start(OidcOptions { omit_expires_in: Some(true), ..OidcOptions::default() }).await;
    let (status, tokens) =
        token(&provider, MACHINE, &[("grant_type", "client_credentials"), ("scope", "api.read")]).await;
    assert_eq!(status, 200, "{tokens}");
    assert_eq!(tokens.get("expires_in"), None);
    assert_eq!(tokens.get("refresh_token"), None);
    let (status, me) = me(&provider, &tokens["access_token"]).await;
    assert_eq!((status, &me["sub"], &me["scope"]), (200, &Value::Null, &"api.read".into()));
}

#[tokio::test]
async fn a_revoked_refresh_token_ends_the_grant() {
    let provider = start(OidcOptions::default()).await;
    let tokens = authorized(&provider, CONFIDENTIAL_POST).await;
    let refresh_token = tokens["refresh_token"].as_str().expect("a refresh token");
    let form = [("token", refresh_token), ("token_type_hint", "refresh_token")];
    let (status, _) = post(provider.revocation_endpoint(), CONFIDENTIAL_POST, &form).await;
    assert_eq!(status, 200);
    assert_eq!(me(&provider, &tokens["access_token"]).await.0, 401);
    assert_eq!(refresh(&provider, CONFIDENTIAL_POST, &tokens["refresh_token"]).await.0, 400);
    assert_eq!(provider.counts().await.expect("counts").of("revocation", "success"), 1);
}

#[tokio::test]
async fn ordered_failures_come_once_and_a_lost_answer_has_spent_the_refresh_token() {
    let provider = start(OidcOptions::default()).await;
    let tokens = authorized(&provider, PUBLIC).await;

    let busy = Fault::Status(503, vec![("retry-after".to_owned(), "7".to_owned())]);
    provider.fail_next("refresh_token", busy).await.expect("ordered");
    assert_eq!(refresh(&provider, PUBLIC, &tokens["refresh_token"]).await.0, 503);

    provider.fail_next("refresh_token", Fault::LostAnswer).await.expect("ordered");
    let refresh_token = tokens["refresh_token"].as_str().expect("a refresh token");
    let form = encoded(&[("grant_type", "refresh_token"), ("refresh_token", refresh_token), ("client_id", PUBLIC.id)]);
    let request = plain_client().expect("a client").post(provider.token_endpoint());
    request.header("content-type", "application/x-www-form-urlencoded").body(form).send().await.expect_err("no answer");

    let counts = provider.counts().await.expect("counts");
    assert_eq!((counts.of("refresh_token", "fault 503"), counts.of("refresh_token", "lost")), (1, 1));
    let (_, reuse) = refresh(&provider, PUBLIC, &tokens["refresh_token"]).await;
    assert_eq!(reuse["error"], "invalid_grant");
}

async fn start(options: OidcOptions) -> OidcProvider {
    OidcProvider::start(options).await.expect("the authorization server starts")
}

fn link(provider: &OidcProvider, client: OidcClient) -> Url {
    let mut url = provider.authorization_endpoint();
    url.query_pairs_mut()
        .append_pair("client_id", client.id)
        .append_pair("response_type", "code")
        .append_pair("redirect_uri", REDIRECT)
        .append_pair("scope", "openid offline_access api.read")
        .append_pair("prompt", "consent")
        .append_pair("state", "a state")
        .append_pair("code_challenge", &URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER)))
        .append_pair("code_challenge_method", "S256");
    url
}

async fn authorized(provider: &OidcProvider, client: OidcClient) -> Value {
    let callback = provider.authorize_as(link(provider, client).as_str(), "ada").await.expect("consented");
    let (status, tokens) = exchange(provider, client, &callback).await;
    assert_eq!(status, 200, "{tokens}");
    tokens
}

async fn exchange(provider: &OidcProvider, client: OidcClient, callback: &Url) -> (u16, Value) {
    let code = parameter(callback, "code").expect("a code");
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
    ];
    token(provider, client, &form).await
}

async fn refresh(provider: &OidcProvider, client: OidcClient, refresh_token: &Value) -> (u16, Value) {
    let refresh_token = refresh_token.as_str().expect("a refresh token");
    token(provider, client, &[("grant_type", "refresh_token"), ("refresh_token", refresh_token)]).await
}

async fn token(provider: &OidcProvider, client: OidcClient, form: &[(&str, &str)]) -> (u16, Value) {
    post(provider.token_endpoint(), client, form).await
}

async fn post(url: Url, client: OidcClient, form: &[(&str, &str)]) -> (u16, Value) {
    let mut fields = form.to_vec();
    let mut request = plain_client().expect("a client").post(url);
    match client.secret {
        Some(secret) if client.id != CONFIDENTIAL_POST.id => {
            let plus_encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            request = request.basic_auth(plus_encoded(client.id), Some(plus_encoded(secret)));
        }
        secret => {
            fields.push(("client_id", client.id));
            fields.extend(secret.map(|secret| ("client_secret", secret)));
        }
    }
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(encoded(&fields));
    answer(request.send().await.expect("an answer")).await
}

async fn me(provider: &OidcProvider, access_token: &Value) -> (u16, Value) {
    let url = provider.api().join("api/me").expect("a path joins");
    let request = plain_client().expect("a client").get(url).bearer_auth(access_token.as_str().expect("a token"));
    answer(request.send().await.expect("an answer")).await
}

async fn answer(response: reqwest::Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let text = response.text().await.expect("a body");
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

fn encoded(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

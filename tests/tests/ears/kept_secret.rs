//! Nothing that anybody sees of a flow, of a failure or of an attack holds a code, a token, a verifier, a secret or a state.

use innkeeper_tests::oidc::CONFIDENTIAL_BASIC;
use innkeeper_tests::query::{parameter, with};
use innkeeper_tests::records;
use innkeeper_tests::relay::Relay;
use innkeeper_tests::scripted::Reply;
use innkeeper_tests::secrets::{Secrets, random_text};
use reqwest::header;
use serde_json::json;

use crate::app::{Answer, App, Browser};
use crate::scene::Scene;
use crate::scripted_provider::with_service;
use crate::service::{ACME, RIVAL, Seat, Service, client_at, oidc};

/// What was said to somebody who must not learn a secret of it.
#[derive(Default)]
struct Said(Vec<(String, String)>);

impl Said {
    fn failure(&mut self, what: &str, answer: &Answer) {
        assert!(answer.status.is_client_error() || answer.status.is_server_error(), "{what}: {}", answer.text);
        let headers: Vec<_> = answer.headers.iter().map(|(name, value)| format!("{name}: {value:?}")).collect();
        self.0.push((what.to_owned(), format!("{}\n{}", headers.join("\n"), answer.text)));
    }
}

/// Everything that goes wrong with a flow whose secrets are in these.
async fn everything_fails(said: &mut Said, service: &Service, app: &App, texts: &[String]) {
    let http = innkeeper_tests::oidc::plain_client().expect("a client");
    for text in texts {
        // Where it does not belong: in a path, a query, a field of another name, a body of another kind, a header.
        for target in [format!("v1/{text}/oauth/token"), format!("v1/acme/oauth/{text}"), text.clone()] {
            let mut url: url::Url = service.base.parse().expect("an address");
            url.set_path(&target);
            said.failure("a path", &Answer::of(http.post(url.clone()).send().await.expect("an answer")).await);
            said.failure("a path", &Answer::of(http.get(url).send().await.expect("an answer")).await);
        }
        for endpoint in ["token", "refresh", "revoke", "authorize", "callback"] {
            let mut url = service.url(ACME, endpoint);
            url.query_pairs_mut().append_pair("token", text).append_pair("code", text).append_pair("state", text);
            said.failure("a query", &Answer::of(http.get(url.clone()).send().await.expect("an answer")).await);
            let form = format!("token={text}&code={text}");
            let asked = http.post(url).header(header::AUTHORIZATION, format!("Bearer {text}")).body(form);
            said.failure("a form", &Answer::of(asked.send().await.expect("an answer")).await);
            if ["token", "refresh", "revoke"].contains(&endpoint) {
                for body in [
                    json!({ "tokens": text }),
                    json!(text),
                    json!({ "code": text }),
                    json!({ "code": { "is": text }, "token": [text], "refresh_token": [text] }),
                    json!({ "code": format!("{text}\n"), "pkce_verifier": text, "token": format!("{text}\n"), "refresh_token": format!("{text}\n") }),
                ] {
                    said.failure("a body", &app.post(ACME, endpoint, &body).await);
                }
            }
        }
        let url = app.at(service).sending_to(&format!("https://evil.example/{text}")).authorize_url(ACME);
        said.failure("a destination", &Browser::of(service).open(&url).await);
        said.failure("a provider", &Browser::of(service).open(&app.authorize_url(&format!("x{text}"))).await);
    }
}

#[tokio::test]
async fn no_log_page_error_or_metric_holds_a_secret_of_a_flow() {
    records::record();
    let provider = oidc().await;
    let relay = Relay::start(provider.issuer()).await;
    let seat = Seat::take().await;
    let mut client = client_at(&provider);
    client.token_url = Some(relay.url("token"));
    client.revocation_url = Some(relay.url("token/revocation"));
    let plan = seat.plan().provider(ACME, client.clone()).provider(RIVAL, client);
    let service = seat.serve(plan);
    let mut said = Said::default();

    // A whole flow.
    let (app, mut browser) = (App::of(&service), Browser::of(&service));
    let at_provider = browser.begin(&app, ACME).await;
    let cookies = browser.cookies.clone();
    let callback = provider.authorize_as(at_provider.as_str(), "ada").await.expect("the user gets through");
    said.failure("a callback in another browser", &Browser::of(&service).open(&callback).await);
    let other = with(&callback, "iss", Some("https://evil.example"));
    said.failure("a callback of another issuer", &browser.open(&other).await);
    let code = app.code(&browser.open(&callback).await);
    said.failure("a callback opened twice", &browser.open(&callback).await);
    said.failure("a code with another verifier", &App::of(&service).redeem(ACME, &code).await);
    said.failure("a code at another provider", &app.redeem(RIVAL, &code).await);
    let first = app.redeem(ACME, &code).await.tokens();
    let text = |tokens: &serde_json::Value, name: &str| tokens[name].as_str().expect("a token").to_owned();
    let second = app.refresh(ACME, &text(&first, "refresh_token")).await.tokens();
    app.revoke(ACME, &text(&second, "access_token")).await.tokens();
    said.failure("a code twice", &app.redeem(ACME, &code).await);
    said.failure("a refresh token twice", &app.refresh(ACME, &text(&first, "refresh_token")).await);

    let passed = relay.passed();
    let first_of = |name: &str| passed.iter().find_map(|passed| passed.sent(name)).expect("it was sent").to_owned();
    let mut texts = vec![
        ("the caller's state", app.state.clone()),
        ("the caller's verifier", app.verifier.clone()),
        ("the service's state", parameter(&at_provider, "state").expect("a state")),
        ("the sealed code", code.clone()),
        ("the provider's code", first_of("code")),
        ("the service's verifier", first_of("code_verifier")),
    ];
    texts.extend(cookies.into_values().map(|value| ("the session", value)));
    for tokens in [&first, &second] {
        texts.push(("an access token", text(tokens, "access_token")));
        texts.push(("a refresh token", text(tokens, "refresh_token")));
    }
    let proof = passed[0].authorization.clone().expect("the client proves itself");
    texts.push(("the client's proof", proof.strip_prefix("Basic ").expect("by HTTP Basic").to_owned()));
    let alone: Vec<_> = texts.iter().map(|(_, text)| text.clone()).collect();
    everything_fails(&mut said, &service, &app, &alone).await;

    let mut secrets = Secrets::default().whole("the client secret", CONFIDENTIAL_BASIC.secret.expect("it has one"));
    for (name, text) in &texts {
        secrets = secrets.random(name, text.clone());
    }
    assert!(said.0.len() > 100, "{} failures", said.0.len());
    for (what, text) in &said.0 {
        secrets.assert_not_in(what, text);
    }
    let metrics = service.ears.metrics();
    for line in [
        r#"innkeeper_ears_requests_total{provider="acme",endpoint="token",outcome="ok"} 1"#,
        r#"innkeeper_ears_requests_total{provider="acme",endpoint="refresh",outcome="ok"} 1"#,
        r#"innkeeper_ears_requests_total{provider="acme",endpoint="callback",outcome="other_issuer"} 1"#,
        r#"provider="unknown""#,
    ] {
        assert!(metrics.contains(line), "{line}\n{metrics}");
    }
    secrets.assert_not_in("the metrics", &metrics);
    secrets.assert_not_in("the service as it is shown", format!("{:?}", service.ears));
    let log = records::recorded();
    let log_text = String::from_utf8_lossy(&log);
    for word in ["TRACE", "answered", "outcome=\"invalid_grant\"", "hyper"] {
        assert!(log_text.contains(word), "the log holds {word}");
    }
    secrets.assert_not_in("the log", &log);
}

#[tokio::test]
async fn no_log_page_error_or_metric_holds_what_a_provider_says() {
    records::record();
    let (provider, service) = with_service().await;
    let app = App::of(&service);
    let mut said = Said::default();
    let [token, word] = [random_text::<32>(), random_text::<32>()];
    let location = format!("https://evil.example/{word}");
    for (status, body) in [
        (200, json!({ "error": word, "error_description": word }).to_string()),
        (400, json!({ "error": "invalid_grant", "error_description": format!("<b>{word}</b>") }).to_string()),
        (400, json!({ "error": word }).to_string()),
        (200, format!("<html>{word}</html>")),
        (200, format!("{{\"access_token\":\"{word}")),
        (200, json!({ "access_token": format!("{word}\r\n") }).to_string()),
        (200, json!({ "access_token": "a", "refresh_token": [word] }).to_string()),
        (200, json!({ "access_token": "a", "token_type": format!("<{word}>") }).to_string()),
        (302, word.clone()),
        (401, word.clone()),
        (500, word.clone()),
        (503, json!({ "error": word }).to_string()),
    ] {
        for endpoint in ["refresh", "revoke"] {
            // A token that has ended is given back: that is a success.
            if endpoint == "revoke" && (status == 200 || body.contains("invalid_grant")) {
                continue;
            }
            let reply = Reply::to(status, &location).header("x-request-id", &word).header("retry-after", &word);
            provider.answers([reply.body(&body)]);
            let body = json!({ "refresh_token": token, "token": token });
            said.failure(&format!("{endpoint} {status}"), &app.post(ACME, endpoint, &body).await);
        }
    }
    let secrets = Secrets::default().random("the token", token).random("the provider's word", word);
    for (what, text) in &said.0 {
        secrets.assert_not_in(what, text);
    }
    secrets.assert_not_in("the metrics", service.ears.metrics());
    secrets.assert_not_in("the log", records::recorded());
}

#[tokio::test]
async fn no_log_error_or_file_of_a_host_holds_a_secret_of_the_way_through_a_service() {
    records::record();
    let scene = Scene::start().await;
    let flow = scene.host.begin(&scene.connection, Some("ada")).await;
    let state = parameter(&flow.begun.authorization_url, "state").expect("a state");
    let callback = scene.service.consent(&flow.begun.authorization_url, "ada");
    let mut said = vec![format!("{flow:?}")];
    scene.service.order("token", Reply::new(400).body(r#"{"error":"invalid_grant"}"#));
    let error = scene.host.complete(&callback, &flow.session).await.expect_err("the code is refused");
    said.push(format!("{error} {error:?}"));
    scene.authorize("ada").await;
    for _ in 0..2 {
        scene.host.advance(3600);
        scene.ask("ada").await.expect("refreshed");
    }
    scene.host.advance(3600);
    scene.service.order("refresh", Reply::new(503));
    let error = scene.ask("ada").await.expect_err("an outage");
    said.push(format!("{error} {error:?}"));
    said.push(format!("{:?}", scene.host.status(&scene.connection, Some("ada")).await));
    scene.host.disconnect(&scene.connection, Some("ada")).await;

    let mut secrets = Secrets::default().random("the state", state).random("a session", flow.session.expose());
    for asked in scene.service.received() {
        let body: serde_json::Value = serde_json::from_slice(&asked.body).expect("JSON");
        for (name, value) in body.as_object().expect("an object") {
            secrets = secrets.random(name, value.as_str().expect("a text"));
        }
    }
    for received in scene.echo.received() {
        let token = received.authorization().and_then(|header| header.strip_prefix("Bearer ")).expect("a token");
        secrets = secrets.random("an access token", token);
    }
    assert!(secrets.count() >= 11, "{} secrets", secrets.count());
    for text in said {
        secrets.assert_not_in("what the host says", &text);
    }
    scene.host.host.close().await.expect("the audit is on the disk");
    secrets.assert_not_on_disk(scene.host.folder.path());
    secrets.assert_not_in("the log", records::recorded());
}

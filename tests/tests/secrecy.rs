//! A guest that returns everything it can reach returns no credential: neither what an echoing service says of its
//! requests, nor its own memory, logs or errors hold one, in any form.

use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use innkeeper::{Body, CallRequest, ConnectionView, File, NewConnection, Progress};
use innkeeper_tests::echo::EchoService;
use innkeeper_tests::host::TestHost;
use innkeeper_tests::oidc::{CONFIDENTIAL_BASIC, OidcOptions};
use innkeeper_tests::records;
use innkeeper_tests::relay::Relay;
use innkeeper_tests::scripted::Received;
use innkeeper_tests::secrets::Secrets;
use innkeeper_tests::stage::Stage;
use serde_json::json;
use tokio::sync::mpsc;
use url::form_urlencoded;

// Random, with the characters that encodings treat in their own ways.
const TOKEN: &str = r#"Vx8/Qe+2~Rt=!Yh"J0kMw\Zd5Gp"#;

/// Everything that a guest can say of a connection to the echo service, and what people can say of its calls.
async fn everything(host: &TestHost, connection: &ConnectionView, service: &EchoService) -> Vec<(String, Vec<u8>)> {
    let mut said = vec![("the connection".to_owned(), format!("{connection:?}").into_bytes())];
    let revealed = host.call(connection, "reveal", json!({ "url": service.base() })).await.expect("it reveals all");
    let value = revealed.value.to_string();
    assert!(value.contains("[redacted]"), "something was scrubbed");
    let memory = revealed.value["memory"].as_str().expect("the memory as text");
    assert!(memory.contains("hostile_connector") && memory.contains("x-echo-"), "the memory is there");
    let answers = &revealed.value["answers"];
    let pieces = &answers["pieces"];
    assert!(pieces["text"].as_str().is_some_and(|text| text.contains("[redacted]")), "it read in pieces: {pieces}");
    assert_eq!(pieces["content_type"], "application/json");
    // A length before the end would tell that of what was replaced.
    let lengths = pieces["lengths"].as_array().expect("lengths");
    assert!(lengths[0].is_null() && lengths.iter().all(|length| length.is_null() || *length == 0), "{lengths:?}");
    assert_eq!(answers["kept"][0], r#"Ok(Some("${secret.token}"))"#, "nothing is filled in in what the guest keeps");
    assert!(answers["kept"][1].as_str().is_some_and(|kept| kept.contains("[redacted]")), "it kept what it saw");
    said.push(("what reveal returned".to_owned(), value.into_bytes()));
    said.push(("what reveal logged".to_owned(), format!("{revealed:?}").into_bytes()));

    for how in ["error", "panic"] {
        let (listener, mut progress) = mpsc::channel(10);
        let input = json!({ "url": service.base(), "how": how });
        let request = CallRequest::new(connection.space.clone(), connection.id.clone(), "blurt", input);
        let error = host.host.call(request.listener(listener)).await.expect_err("it fails");
        assert!(
            error.logs().iter().any(|line| line.message.contains("[redacted]")),
            "it logged what it saw: {error:?}"
        );
        said.push((format!("the {how} of blurt"), format!("{error} {error:?}").into_bytes()));
        let Some(Progress::Event(event)) = progress.recv().await else { panic!("it emitted what it saw") };
        said.push((format!("what blurt emitted before its {how}"), event.to_string().into_bytes()));
    }

    let file = File { name: "in".to_owned(), content_type: None, content: Body::from_bytes("nothing", None) };
    let request = CallRequest::new(
        connection.space.clone(),
        connection.id.clone(),
        "send_body",
        json!({ "url": service.base() }),
    );
    let mut result = host.host.call(request.file(file)).await.expect("it sends the file");
    let echoed = result.files[0].content.read_all(1 << 20).await.expect("a file");
    assert!(String::from_utf8_lossy(&echoed).contains("[redacted]"));
    said.push(("the file that send_body handed out".to_owned(), echoed.to_vec()));

    host.host.close().await.expect("the audit is on the disk");
    said.push(("the log of the process".to_owned(), records::recorded()));
    said
}

/// Requests whose media type begins like this.
fn of_type<'a>(received: &'a [Received], media_type: &'a str) -> impl Iterator<Item = &'a Received> {
    let typed = move |value: &HeaderValue| value.as_bytes().starts_with(media_type.as_bytes());
    received.iter().filter(move |received| received.headers.get(CONTENT_TYPE).is_some_and(typed))
}

/// A credential of one auth type: nothing that the guest can say holds `secrets`, although `carries` finds the credential
/// in each request that reached the service while it said it.
async fn assert_kept_from_the_guest(
    auth_type: &str,
    settings: impl FnOnce(NewConnection) -> NewConnection,
    carries: impl Fn(&Received) -> bool,
    secrets: Secrets,
) {
    records::record();
    let host = TestHost::start_warm(|builder| builder).await;
    let service = EchoService::start().await;
    let connection = host.hostile_with(&service, settings, auth_type).await;
    for (place, text) in everything(&host, &connection, &service).await {
        secrets.assert_not_in(&place, &text);
    }
    let received = service.received();
    assert!(received.len() >= 6, "{} requests", received.len());
    assert!(received.iter().all(carries), "no request went without the credential");
    secrets.assert_not_on_disk(host.folder.path());
}

#[tokio::test]
async fn a_bearer_token_and_a_secret_in_a_placeholder_are_kept_from_the_guest() {
    records::record();
    let header = format!("Bearer {TOKEN}");
    let secrets = Secrets::default().random("the token", TOKEN);
    let settings = |new: NewConnection| new.secret("token", TOKEN);
    let host = TestHost::start_warm(|builder| builder).await;
    let service = EchoService::start().await;
    let connection = host.hostile_with(&service, settings, "bearer").await;
    for (place, text) in everything(&host, &connection, &service).await {
        secrets.assert_not_in(&place, &text);
    }
    let received = service.received();
    // A placeholder is filled in only where the credential goes: the request that leaves it out is not sent.
    assert!(received.iter().all(|received| received.authorization() == Some(header.as_str())));
    let filled = |received: &Received| String::from_utf8_lossy(&received.body).contains(TOKEN);
    let json = serde_json::to_string(&json!({ "json": TOKEN })).expect("JSON");
    assert!(received.iter().any(filled), "a text was filled in");
    assert!(received.iter().any(|received| received.body == json.replace(':', ": ").as_bytes()), "JSON was, too");
    assert!(received.iter().any(|received| received.query().is_some_and(|query| query.contains("q="))));
    let pairs = vec![("q".to_owned(), TOKEN.to_owned())];
    let form = |received: &Received| form_urlencoded::parse(&received.body).into_owned().eq(pairs.clone());
    assert!(of_type(&received, "application/x-www-form-urlencoded").any(form), "a form was, too");
    let part = format!("\r\n\r\n{TOKEN}\r\n--");
    let holds_part = |received: &Received| String::from_utf8_lossy(&received.body).contains(&part);
    assert!(of_type(&received, "multipart/form-data").any(holds_part), "the part of a form was, too");
    secrets.assert_not_on_disk(host.folder.path());
}

#[tokio::test]
async fn a_password_is_kept_from_the_guest() {
    let proof = STANDARD.encode(format!("reader:{TOKEN}"));
    let header = format!("Basic {proof}");
    let secrets = Secrets::default().random("the password", TOKEN).random("the proof", proof);
    let settings = |new: NewConnection| new.field("username", "reader").secret("password", TOKEN);
    let carries = |received: &Received| received.authorization() == Some(header.as_str());
    assert_kept_from_the_guest("basic", settings, carries, secrets).await;
}

#[tokio::test]
async fn a_key_in_a_header_is_kept_from_the_guest() {
    let settings = |new: NewConnection| new.field("headerField", "X-Key").secret("apiKey", TOKEN);
    let carries = |received: &Received| received.headers.get("x-key").is_some_and(|value| value == TOKEN);
    let secrets = Secrets::default().random("the key", TOKEN);
    assert_kept_from_the_guest("api_key_header", settings, carries, secrets).await;
}

#[tokio::test]
async fn a_key_in_the_query_is_kept_from_the_guest() {
    let settings = |new: NewConnection| new.field("paramNames", "key,token").secret("apiKey", TOKEN);
    let carries = |received: &Received| {
        let query = received.query().unwrap_or_default();
        let values =
            |name| form_urlencoded::parse(query.as_bytes()).filter(move |(key, value)| key == name && value == TOKEN);
        values("key").count() == 1 && values("token").count() == 1
    };
    let secrets = Secrets::default().random("the key", TOKEN);
    assert_kept_from_the_guest("api_key_query", settings, carries, secrets).await;
}

#[tokio::test]
async fn a_token_of_a_real_provider_is_kept_from_the_guest() {
    records::record();
    let stage = Stage::start(OidcOptions::default()).await;
    let (relay, service) = (Relay::start(stage.provider.issuer()).await, EchoService::start().await);
    let settings = |new: NewConnection| {
        new.config(json!({ "base": service.base() })).field("tokenUrl", relay.url("token").as_str())
    };
    let connection = stage.connect_with(CONFIDENTIAL_BASIC, settings).await;
    stage.authorize(&connection, None, "ada").await;
    let mut said = everything(&stage.host, &connection, &service).await;
    // Both the token that is rejected in the midst of it and the one that takes its place.
    service.refuse(1);
    said.extend(everything(&stage.host, &connection, &service).await);

    let answers: Vec<_> = relay.passed().into_iter().map(|passed| passed.answer).collect();
    assert_eq!(answers.len(), 2, "an exchange and a refresh");
    let mut secrets = Secrets::default().whole("the client secret", CONFIDENTIAL_BASIC.secret.expect("it has one"));
    for answer in &answers {
        for name in ["access_token", "refresh_token"] {
            secrets = secrets.random(name, answer[name].as_str().expect("a token"));
        }
        // What stands before the signature says who and when, as other texts may.
        let id_token = answer["id_token"].as_str().expect("a token");
        secrets = secrets.random("id_token", id_token.rsplit_once('.').expect("it is signed").1);
        let header = format!("Bearer {}", answer["access_token"].as_str().expect("a token"));
        let carried = service.received().iter().filter(|seen| seen.authorization() == Some(header.as_str())).count();
        assert!(carried >= 6, "{carried} requests carried it");
    }
    for (place, text) in said {
        secrets.assert_not_in(&place, &text);
    }
    secrets.assert_not_on_disk(stage.host.folder.path());
}

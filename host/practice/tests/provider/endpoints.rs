//! Metadata, echo, inspection, the switches, starting and stopping.

use std::sync::Arc;

use http::StatusCode;
use innkeeper_ambient::{SeededRandom, SystemClock};
use innkeeper_practice::{Practice, Settings, StartError};

use crate::practice_run::{PracticeRun, READ};

#[tokio::test]
async fn the_metadata_names_the_issuer_and_what_is_supported() {
    let stage = PracticeRun::new().await;
    let metadata = stage.get("/.well-known/oauth-authorization-server").await.json();
    let base = &stage.provider.base_url;
    assert_eq!(metadata["issuer"].as_str(), Some(base.as_str()));
    assert_eq!(metadata["token_endpoint"].as_str(), Some(format!("{base}/token").as_str()));
    assert_eq!(metadata["code_challenge_methods_supported"], serde_json::json!(["S256"]));
    assert_eq!(metadata["authorization_response_iss_parameter_supported"], true);
}

#[tokio::test]
async fn echo_answers_what_arrived_and_whose_token_it_is() {
    let stage = PracticeRun::new().await;
    let (access, _) = stage.grant("grace", READ).await;
    let bearer = format!("Bearer {access}");
    let headers = [("authorization", bearer.as_str()), ("x-one", "1"), ("x-one", "2")];
    let answer = stage.send("PUT", "/echo/some/way?a=1&b=%20", &headers, b"hello").await;
    assert_eq!(answer.header("x-echo-authorization"), bearer);
    let seen = answer.json();
    assert_eq!((seen["method"].as_str(), seen["path"].as_str()), (Some("PUT"), Some("/echo/some/way")));
    assert_eq!((seen["query"].as_str(), seen["body"].as_str()), (Some("a=1&b=%20"), Some("hello")));
    assert_eq!(seen["parameters"], serde_json::json!([["a", "1"], ["b", " "]]));
    assert_eq!(
        (seen["headers"]["authorization"].as_str(), seen["headers"]["x-one"].as_str()),
        (Some(bearer.as_str()), Some("1, 2"))
    );
    assert_eq!((seen["authenticated"].as_bool(), seen["person"].as_str()), (Some(true), Some("grace")));
    let bare = stage.send("POST", "/echo", &[], &[0xff, 0xfe]).await.json();
    assert_eq!((bare["authenticated"].as_bool(), bare["bodyBase64"].as_str()), (Some(false), Some("//4=")));
    let large = vec![b'x'; 1024 * 1024 + 1];
    assert_eq!(stage.send("POST", "/echo", &[], &large).await.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn a_reset_forgets_tokens_events_and_counters() {
    let stage = PracticeRun::new().await;
    let (access, _) = stage.grant("ada", READ).await;
    assert_eq!(stage.get("/practice/counters").await.json()["code_exchanges"], 1);
    let events = stage.get("/practice/events").await.json();
    let last = events["events"].as_array().expect("a list").last().expect("an event")["number"].clone();
    let later = stage.get(&format!("/practice/events?after={last}")).await.json();
    assert_eq!(later["events"], serde_json::json!([]));
    stage.send("POST", "/practice/reset", &[], b"").await;
    assert_eq!(stage.get("/practice/events").await.json(), later);
    assert_eq!(stage.api(&access, "files", &[]).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(stage.get("/practice/clients").await.json()["clients"].as_array().map(Vec::len), Some(3));
    assert_eq!(stage.get("/practice/events?after=x").await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn the_switches_are_not_for_web_pages() {
    let stage = PracticeRun::new().await;
    let elsewhere = [("origin", "https://evil.example")];
    assert_eq!(stage.send("POST", "/practice/reset", &elsewhere, b"").await.status, StatusCode::FORBIDDEN);
    let rebound = [("host", "evil.example:80"), ("origin", "http://evil.example:80")];
    assert_eq!(stage.send("POST", "/practice/reset", &rebound, b"").await.status, StatusCode::FORBIDDEN);
    let ours = [("origin", stage.provider.base_url.as_str())];
    assert_eq!(stage.send("POST", "/practice/reset", &ours, b"").await.status, StatusCode::OK);
}

#[tokio::test]
async fn what_cannot_work_is_refused_at_the_start() {
    let stage = PracticeRun::new().await;
    let taken = stage.provider.base_url.rsplit_once(':').expect("a port").1.parse().expect("a number");
    let start = |settings| Practice::start(settings, Arc::new(SystemClock), Arc::new(SeededRandom::new(1)));
    let error = start(Settings { port: taken, ..Settings::default() }).await.expect_err("the port is taken");
    assert!(matches!(error, StartError::Listen { .. }) && error.to_string().contains("choose another port"));
    let settings = Settings { redirect_uris: vec!["callback".to_owned()], ..Settings::default() };
    assert!(matches!(start(settings).await, Err(StartError::RedirectUri(_))));
    let settings = Settings { scopes: vec!["two words".to_owned()], ..Settings::default() };
    assert!(matches!(start(settings).await, Err(StartError::Scope(_))));
}

#[tokio::test]
async fn a_stopped_provider_listens_no_more() {
    let PracticeRun { provider, .. } = PracticeRun::new().await;
    let address = provider.base_url.trim_start_matches("http://").to_owned();
    provider.stop().await;
    assert!(tokio::net::TcpStream::connect(&address).await.is_err());
}

//! What connectors made with the SDK do beside their actions: write to the standard streams, panic, import.

use innkeeper::{CallRequest, CallResult, ConnectionView, Error, NewConnection, SpaceId};
use innkeeper_tests::components::component;
use innkeeper_tests::host::TestHost;
use serde_json::json;

async fn connected(host: &TestHost) -> ConnectionView {
    let added = host.host.load(component("fixture_sdk")).await.expect("it loads");
    let connection = NewConnection::new(SpaceId::default(), added.id(), "none");
    innkeeper_tests::host::connect(&host.host, connection).await.expect("the connection is made")
}

async fn call(host: &TestHost, action: &str) -> Result<CallResult, Error> {
    let ConnectionView { space, id, .. } = connected(host).await;
    host.host.call(CallRequest::new(space, id, action, json!({}))).await
}

#[tokio::test]
async fn what_is_written_to_the_standard_streams_goes_to_the_log() {
    let host = TestHost::start().await;
    let said = call(&host, "say").await.expect("it writes");
    let lines: Vec<_> = said.logs.iter().map(|line| (line.level.to_string(), line.message.as_str())).collect();
    assert_eq!(lines[0], ("info".to_owned(), "to stdout"));
    // Longer than what is written at once, and cut to the longest line of the log.
    assert_eq!((lines.len(), lines[1].0.as_str(), lines[1].1.len()), (2, "warn", 8192));
    assert!(lines[1].1.starts_with("to stderr, at length at length "), "{lines:?}");
    assert_eq!(said.value["path"], json!(null), "there are no environment variables");
}

/// The stack of a guest is smaller than usual (`.cargo/config.toml`).
#[tokio::test]
async fn the_stack_of_a_guest_is_enough_for_json_as_deep_as_it_can_be_read() {
    let host = TestHost::start().await;
    let ConnectionView { space, id, .. } = connected(&host).await;
    let nested = |levels: usize| json!({ "text": format!("{}{}", "[".repeat(levels), "]".repeat(levels)) });
    let read =
        async |levels| host.host.call(CallRequest::new(space.clone(), id.clone(), "depth", nested(levels))).await;
    assert_eq!(read(127).await.expect("it is read").value["depth"], json!(127));
    let deeper = read(128).await.expect_err("serde_json reads no deeper").to_string();
    assert!(deeper.contains("recursion limit"), "{deeper}");
}

#[tokio::test]
async fn a_panic_is_told_with_its_words_and_where_it_was() {
    let host = TestHost::start().await;
    let error = call(&host, "give_up").await.expect_err("it panics").to_string();
    assert!(error.contains("fixture_sdk") && error.contains("give_up"), "{error}");
    assert!(error.contains("src/lib.rs") && error.contains("there is no such sheet"), "{error}");
}

#[tokio::test]
async fn a_component_imports_no_more_than_its_connector_uses() {
    let host = TestHost::start().await;
    let added = host.host.load(component("fixture_sdk")).await.expect("it loads");
    let interfaces = added.connector.imports().iter().map(|import| import.split('@').next().unwrap_or_default());
    // Files, and the words of a panic, need these.
    let always = ["innkeeper:connector/http", "wasi:cli/stderr", "wasi:cli/stdout", "wasi:io/error", "wasi:io/streams"];
    assert_eq!(interfaces.collect::<Vec<_>>(), always);
}

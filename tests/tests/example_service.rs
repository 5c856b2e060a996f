//! The example of the embedding crate, run as its reader would.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use innkeeper_tests::components::folder;
use innkeeper_tests::oidc::plain_client;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

#[tokio::test]
async fn the_example_service_answers_calls_and_tells_errors() {
    let data = tempfile::tempdir().expect("a folder");
    let mut service = Command::new(example())
        .arg(folder().join("fixture_hostile.wasm"))
        .env("FOLDER", data.path())
        .env("LISTEN", "127.0.0.1:0")
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the example is built: cargo build -p innkeeper --example service");
    let stderr = service.stderr.take().expect("its standard error is a pipe");
    let mut lines = BufReader::new(stderr).lines();
    let mut seen = String::new();
    let base = tokio::time::timeout(Duration::from_mins(1), async {
        while let Some(line) = lines.next_line().await.expect("it can be read") {
            if let Some(base) = line.strip_prefix("listening on ") {
                return base.to_owned();
            }
            seen.push_str(&line);
        }
        panic!("the example ended: {seen}")
    })
    .await
    .expect("it listens in time");

    let client = plain_client().expect("a client");
    let call = async |path: &str, input: Value| {
        let request = client.post(format!("{base}{path}")).header("content-type", "application/json");
        let response = request.body(input.to_string()).send().await.expect("it answers");
        let status = response.status().as_u16();
        (status, serde_json::from_str::<Value>(&response.text().await.expect("a body")).expect("JSON"))
    };
    assert_eq!(call("/hostile_connector/noop", json!({})).await, (200, Value::Null));
    let (status, error) = call("/hostile_connector/nop", json!({})).await;
    assert_eq!(status, 404);
    assert!(error["message"].as_str().expect("a message").contains("did you mean \"noop\"?"), "{error}");
    assert_eq!(call("/hostile_connector/noop", json!([1])).await.0, 400);
    assert_eq!(call("/nobody/noop", json!({})).await.0, 404);
}

/// Where cargo puts examples when it builds the tests of the workspace: beside the folder of this test.
fn example() -> PathBuf {
    let test = std::env::current_exe().expect("a test knows where it is");
    let built = test.parent().and_then(Path::parent).expect("tests are built into a folder of the profile's");
    built.join("examples").join(format!("service{}", std::env::consts::EXE_SUFFIX))
}

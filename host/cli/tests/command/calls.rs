//! `call`: input from anywhere, files in and out, and an exit code for each kind of failure.

use innkeeper_tests::echo::EchoService;
use serde_json::{Value, json};

use crate::cli::{Cli, keys};

/// An inn with the connection `h` of the hostile connector, which has an action for each kind of failure.
fn hostile() -> Cli {
    let inn = Cli::with_connectors();
    inn.run(&["connection", "create", "hostile_connector", "--id=h", "--auth-type=none"]).succeeded();
    inn
}

/// The id of a text file of Ada's.
fn text_file(inn: &Cli) -> String {
    let query = r#"{ "query": "mimeType = 'text/plain'" }"#;
    let found = inn.run(&["call", "drive", "searchFiles", "--input", query, "--json"]).succeeded().json();
    found["value"]["files"][0]["id"].as_str().expect("Ada has a text file").to_owned()
}

#[test]
fn input_comes_from_an_argument_a_file_or_standard_input() {
    let inn = Cli::authorized();
    let input = r#"{ "pageSize": 2 }"#;
    inn.write("input.json", input);
    let call = ["call", "drive", "listFiles", "--json", "--input"];
    let by_argument = inn.run(&[&call[..], &[input]].concat()).succeeded().json();
    let by_file = inn.run(&[&call[..], &["@input.json"]].concat()).succeeded().json();
    let by_input = inn.run_with_input(&[&call[..], &["-"]].concat(), input).succeeded().json();
    assert_eq!(by_argument["value"]["files"].as_array().expect("files").len(), 2);
    assert_eq!(by_argument["value"]["files"], by_file["value"]["files"]);
    assert_eq!(by_argument["value"]["files"], by_input["value"]["files"]);
    assert_eq!(keys(&by_argument), ["duration_ms", "events", "files", "requests", "value"]);
}

#[test]
fn people_get_the_value_alone_on_standard_output() {
    let inn = Cli::authorized();
    let ran = inn.run(&["call", "drive", "listFiles", "--input", r#"{"pageSize":1}"#]).succeeded();
    let value: Value = serde_json::from_str(&ran.out).expect("it is JSON and nothing else");
    assert_eq!(value["files"].as_array().expect("files").len(), 1);
    assert!(ran.err.starts_with("in ") && ran.err.contains("1 request(s)"), "{ran:#?}");
}

#[test]
fn input_that_is_no_json_names_where_it_came_from() {
    let inn = Cli::authorized();
    inn.write("bad.json", "{");
    let call = |input: &str| inn.run(&["call", "drive", "listFiles", "--input", input]);
    call("{pageSize: 1}").failed(6, &["the input is not JSON", "in single quotes"]);
    call("@bad.json").failed(6, &["the input in bad.json is not JSON"]);
    call("@missing.json").failed(3, &["missing.json cannot be read"]);
    inn.run_with_input(&["call", "drive", "listFiles", "--input", "-"], "")
        .failed(6, &["the input on standard input is not JSON"]);
}

#[test]
fn input_that_breaks_the_schema_is_told_with_its_places() {
    let inn = Cli::authorized();
    let input = r#"{ "pageSize": 0, "orderBy": "size", "x": 1 }"#;
    let ran = inn.run(&["call", "drive", "listFiles", "--input", input, "--json"]);
    assert_eq!((ran.code, &ran.error()["kind"]), (Some(6), &json!("invalid-input")), "{ran:#?}");
    for place in ["/pageSize", "/orderBy", "`x`"] {
        assert!(ran.error()["message"].as_str().expect("a message").contains(place), "{place}: {ran:#?}");
    }
    assert_eq!(inn.provider().counters().api_requests, 0, "nothing was sent");
}

#[test]
fn a_misspelt_action_or_connection_finds_the_right_one() {
    let inn = Cli::authorized();
    inn.run(&["call", "drive", "listFile"]).failed(3, &["no action \"listFile\"; did you mean \"listFiles\"?"]);
    inn.run(&["call", "driv", "listFiles"]).failed(3, &["there is no connection \"driv\"", "there is drive"]);
}

#[test]
fn a_file_of_the_result_is_written_and_never_replaces_one_unasked() {
    let inn = Cli::authorized();
    let input = json!({ "fileId": text_file(&inn), "asFile": true }).to_string();
    let download = ["call", "drive", "downloadFile", "--out", "got", "--input", &input];
    let first = inn.run(&download).succeeded();
    assert!(first.err.contains("wrote got/todo.txt (47 bytes)"), "{first:#?}");
    inn.run(&download).succeeded();
    assert!(inn.home().join("got/todo (1).txt").is_file());
    std::fs::write(inn.home().join("got/todo.txt"), "mine").expect("written");
    let replaced = inn.run(&[&download[..], &["--overwrite", "--json"]].concat()).succeeded().json();
    assert_eq!(keys(&replaced["files"][0]), ["content_type", "name", "path", "size"]);
    assert_eq!(replaced["files"][0]["path"], "got/todo.txt");
    assert_eq!(std::fs::metadata(inn.home().join("got/todo.txt")).expect("it is there").len(), 47);
}

#[test]
fn a_file_goes_in_and_comes_back() {
    let inn = Cli::with_connectors();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let echo = runtime.block_on(EchoService::start());
    let config = format!("--config=base={}", echo.base());
    let create = ["connection", "create", "hostile_connector", "--id=h", "--auth-type=none", "--yes"];
    inn.run(&[&create[..], &[&config]].concat()).succeeded();
    let content: Vec<u8> = (0..200_000_u32).map(|n| (n % 251) as u8).collect();
    inn.write("photo.bin", &content);
    let input = json!({ "url": echo.url("/back") }).to_string();
    let call = ["call", "h", "send_body", "--input", &input, "--file"];
    inn.run(&[&call[..], &["picture=photo.bin;type=image/png"]].concat()).succeeded();
    assert_eq!(std::fs::read(inn.home().join("back.bin")).expect("it came back"), content);
    let received = echo.received();
    let sent = received.iter().find(|one| one.method == "POST").expect("it was sent");
    assert_eq!(sent.headers["content-type"], "image/png");
    inn.run(&[&call[..], &["missing.bin"]].concat()).failed(3, &["missing.bin cannot be read"]);
    inn.run(&[&call[..], &["."]].concat()).failed(3, &["is a folder, not a file"]);
}

#[test]
fn a_connector_that_fails_ends_with_8_and_says_how() {
    let inn = hostile();
    for (action, says) in [
        ("exit", "exited with status"),
        ("not_json", "text that is not JSON"),
        ("wrong_output", "that its own schema forbids"),
        ("huge_output", "12582914 bytes"),
        ("eat_memory", "bytes of memory"),
    ] {
        inn.run(&["call", "h", action]).failed(8, &["hostile_connector", says]);
    }
    inn.run(&["call", "h", "loop", "--limit", "cpu=200ms"]).failed(8, &["more than 0.2 s of computing time"]);
    inn.run(&["call", "h", "sleep", "-i", r#"{"millis":60000}"#, "--limit", "wall=200ms"]).failed(8, &["within 0.2 s"]);
}

#[test]
fn a_crash_names_connector_action_and_the_place_in_the_guest() {
    let inn = hostile();
    inn.run(&["call", "h", "panic"])
        .failed(8, &["hostile_connector crashed in panic", "the sheet has no rows", "  at "]);
    let error = inn.run(&["call", "h", "panic", "--json"]).failed(8, &[]).error();
    assert_eq!(keys(&error), ["actor", "backtrace", "exit_code", "kind", "message"]);
    assert!(error["backtrace"].as_array().expect("a backtrace").len() > 2, "{error}");
}

#[test]
fn a_host_that_nobody_approved_is_denied_with_what_to_approve() {
    let inn = hostile();
    inn.run(&["call", "h", "ask", "-i", r#"{"url":"http://127.0.0.1:1/"}"#])
        .failed(5, &["not approved it", "approve `http://127.0.0.1:1`"]);
}

#[test]
fn what_the_service_refuses_or_lacks_has_its_own_code() {
    let inn = Cli::authorized();
    let missing = ["call", "drive", "downloadFile", "--input", r#"{"fileId":"nothing"}"#];
    inn.run(&missing).failed(3, &["File not found: nothing"]);
    let base = inn.base().to_owned();
    let url = url::Url::parse(&base).expect("an address");
    let limit = "POST /practice/rate-limit?requests=20&retry_after=1 HTTP/1.1";
    crate::cli::request(
        &url,
        &format!("{limit}\r\nhost: {}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n", url.authority()),
    );
    inn.run(&["call", "drive", "listFiles"]).failed(7, &["rate limit"]);
}

#[test]
fn a_service_that_is_not_there_ends_with_7() {
    let inn = Cli::with_connectors();
    let nobody = "http://127.0.0.1:1";
    let create = ["connection", "create", "practice_echo", "--id=e", "--auth-type=none", "--yes"];
    inn.run(&[&create[..], &["--config", &format!("baseUrl={nobody}")]].concat()).succeeded();
    inn.run(&["call", "e", "echo"]).failed(7, &["no connection to 127.0.0.1"]);
}

#[test]
fn this_machine_is_out_of_reach_unless_the_operator_allows_it() {
    let inn = Cli::authorized();
    let refused = inn.run(&["call", "drive", "listFiles", "--allow-loopback=false"]);
    assert!(matches!(refused.code, Some(5..=7)), "{refused:#?}");
    assert_eq!(inn.provider().counters().api_requests, 0, "nothing was sent");
}

#[test]
fn the_lines_of_the_connector_are_shown_where_they_are_asked_for() {
    let inn = hostile();
    let shown = inn.run(&["call", "h", "stdout", "--logs"]).succeeded();
    assert!(shown.err.contains("info | to stdout") && shown.err.contains("warn | to stderr"), "{shown:#?}");
    let hidden = inn.run(&["call", "h", "stdout"]).succeeded();
    assert!(!hidden.err.contains("to stdout"), "{hidden:#?}");
    let logs = inn.run(&["call", "h", "stdout", "--logs", "--json"]).succeeded().json()["logs"].clone();
    assert_eq!(logs.as_array().expect("lines").len(), 2, "{logs}");
}

#[test]
fn callers_find_an_expired_token_refreshed() {
    let inn = Cli::authorized();
    inn.provider().expire_access_tokens();
    inn.run(&["call", "drive", "listFiles"]).succeeded();
    assert_eq!(inn.provider().counters().refreshes, 1);
    let status = inn.run(&["status", "drive", "--json"]).succeeded().json();
    assert!(status["last_refresh"].is_string(), "{status}");
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let inn = Cli::authorized();
    let mut command = inn.command(&["call", "drive", "listFiles"]);
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{output:?}");
}

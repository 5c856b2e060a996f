//! `practice`: the provider as a command, and the commands that it suggests.

use serde_json::Value;

use crate::cli::{Cli, visit};

#[test]
fn the_practice_provider_says_where_it_is_and_what_happens() {
    let inn = Cli::empty();
    let mut practice = inn.begin(&["practice", "--port", "0", "--json"]);
    let told: Value = serde_json::from_str(&practice.line()).expect("a JSON line");
    let base = told["base_url"].as_str().expect("an address").to_owned();
    assert_eq!(told["token_url"], format!("{base}/token"));
    assert!(told["try"].as_array().is_some_and(|commands| commands.len() >= 5), "{told}");
    assert!(visit(&format!("{base}/")).contains("An OAuth server and a small Drive"));
    assert!(visit(&format!("{base}/drive/v3/files")).starts_with("HTTP/1.1 401"));
    let event: Value = serde_json::from_str(&practice.line()).expect("a JSON line");
    assert_eq!(event["kind"], "api-refused");
}

#[test]
fn the_commands_that_it_proposes_work() {
    let inn = Cli::with_practice();
    let mut other = inn.begin(&["practice", "--port", "0", "--json", "--quiet"]);
    let told: Value = serde_json::from_str(&other.line()).expect("a JSON line");
    let commands: Vec<&str> = told["try"].as_array().expect("commands").iter().filter_map(Value::as_str).collect();
    let create = commands.iter().find(|command| command.contains("connection create")).expect("one makes a connection");
    let arguments: Vec<&str> = create.split(' ').skip_while(|word| *word != "connection").collect();
    inn.run(&arguments).succeeded();
    let mut waiting = inn.begin(&["authorize", "drive", "--no-browser", "--json"]);
    visit(&waiting.consent(innkeeper_practice::Decision::Allow));
    inn.heard(waiting.end()).succeeded();
    inn.run(&["call", "drive", "listFiles", "--input", "{\"pageSize\": 10}"]).succeeded();
}

#[test]
fn a_port_that_is_taken_is_told() {
    let inn = Cli::with_practice();
    let port = inn.base().rsplit(':').next().expect("a port").to_owned();
    inn.run(&["practice", "--port", &port]).failed(1, &[&port]);
}

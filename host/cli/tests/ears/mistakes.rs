//! What the command reports about a service that cannot start, and about one that can.

use std::net::TcpListener;
use std::process::{Output, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::service::{Place, SECRET_VARIABLE};
use crate::upstreams::client_secret;

/// A valid file.
const WHOLE: &str = r#"loopback_callbacks = true
[providers.google]
client_id = "app"
"#;

#[test]
fn a_service_that_cannot_be_is_refused_with_what_to_do() {
    let addresses = r#"authorization_url = "https://acme.example/a""#;
    for (file, says) in [
        ("loopback_callbacks = true", &["no provider is configured"][..]),
        ("[providers.google]\nclient_id = \"app\"", &["no callback address is registered"]),
        (&format!("{WHOLE}colour = 'red'"), &["unknown field `colour`", "(line 4)"]),
        (&format!("listne = '127.0.0.1:0'\n{WHOLE}"), &["unknown field `listne`", "(line 1)"]),
        (&format!("{WHOLE}[limits]\ntoken = 3"), &["unknown field `token`"]),
        (&format!("{WHOLE}[limits]\ntokens = 0"), &["(line 5)"]),
        ("loopback_callbacks = true\n[providers.google]", &["missing field `client_id`"]),
        (
            "loopback_callbacks = true\n[providers.acme]\nclient_id = 'a'",
            &["provider `acme`: `authorization_url` is required"],
        ),
        (
            &format!("loopback_callbacks = true\n[providers.acme]\nclient_id = 'a'\n{addresses}"),
            &["provider `acme`: `token_url` is required"],
        ),
        (
            "loopback_callbacks = true\n[providers.\"A/b\"]\nclient_id = 'a'",
            &["provider `A/b`: a name has at most 64 lower-case letters"],
        ),
        (&format!("{WHOLE}tenant = 'contoso'"), &["only `microsoft` has a `tenant`"]),
        (&format!("callbacks = ['http://my.service']\n{WHOLE}"), &["`http://my.service`", "https"]),
        (&format!("trusted_proxies = ['proxy']\n{WHOLE}"), &["the trusted proxy `proxy`"]),
        (&format!("public_url = 'http://ears.example'\n{WHOLE}"), &["http://ears.example", "must use https"]),
        ("loopback_callbacks = ", &["is not valid", "(line 1)"]),
    ] {
        refused(&Place::with(file), &[], 2, says);
    }
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let place = Place::with(WHOLE);
    let says = ["the service file nowhere.toml cannot be read", "--service-file FILE"];
    refused(&place, &["--service-file", "nowhere.toml"], 2, &says);
}

#[test]
fn a_secret_in_the_file_is_refused_and_not_repeated() {
    for secret in ["client_secret = 'hunter2-hunter2'", "client_secret = { text = 'hunter2-hunter2' }"] {
        let place = Place::with(&format!("{WHOLE}{secret}"));
        let said = refused(&place, &[], 2, &["secrets are not allowed here", "`{ file = ", "`{ env = ", "(line 4)"]);
        assert!(!said.contains("hunter2"), "{said}");
    }
}

#[test]
fn a_secret_is_taken_from_a_file_or_the_environment_and_said_to_be_missing_otherwise() {
    let from_file = Place::with(&format!("{WHOLE}client_secret = {{ file = 'secret.txt' }}"));
    refused(&from_file, &[], 3, &["secret.txt"]);
    std::fs::write(from_file.path().join("secret.txt"), client_secret()).expect("a file can be written");
    assert!(from_file.start().stop().success(), "a relative path begins where the service file lies");
    let from_environment = format!("{WHOLE}client_secret = {{ env = '{SECRET_VARIABLE}' }}");
    assert!(Place::with(&from_environment).start().stop().success());
    let unset = Place::with(&format!("{WHOLE}client_secret = {{ env = 'UNSET' }}"));
    refused(&unset, &[], 2, &["UNSET"]);
}

#[test]
fn a_port_that_is_taken_is_told() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("an address").to_string();
    let place = Place::with(WHOLE);
    let says = [&*address, "cannot listen on", "port 0 for a free one"];
    refused(&place, &["--listen", &address], 1, &says);
    refused(&place, &["--listen", "127.0.0.1:0", "--metrics-listen", &address], 1, &says);
}

#[test]
fn a_service_says_where_it_is_and_what_to_register() {
    let place = Place::with(&format!("{WHOLE}[providers.slack]\nclient_id = 'other'"));
    let arguments =
        ["--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0", "--public-url", "https://ears.example/x/"];
    let service = place.start_with(&arguments, "info");
    let introduced = service.introduced();
    let metrics = introduced["metrics"].as_str().expect("an address").to_owned();
    let expected = json!({
        "listening": service.listening(),
        "metrics": metrics,
        "ears_url": "https://ears.example/x",
        "redirect_uris": {
            "google": "https://ears.example/x/v1/google/oauth/callback",
            "slack": "https://ears.example/x/v1/slack/oauth/callback",
        },
    });
    assert_eq!(*introduced, expected);
    assert!(crate::upstreams::visit(&metrics).contains("# EOF"), "they are served apart");
    assert!(place.path().join("ears-keyring").exists(), "a keyring is made at the first start");
}

/// It exits with this status, and prints each of these on standard error, and nothing on standard output. Returns
/// what it printed.
#[track_caller]
fn refused(place: &Place, arguments: &[&str], code: i32, says: &[&str]) -> String {
    let listens = arguments.contains(&"--listen");
    let arguments = if listens { arguments.to_vec() } else { [&["--listen", "127.0.0.1:0"], arguments].concat() };
    let Output { status, stdout, stderr } = ended(place, &arguments);
    let said = String::from_utf8(stderr).expect("it says UTF-8");
    assert_eq!((status.code(), stdout.len()), (Some(code), 0), "{said}");
    for words in says {
        assert!(said.contains(words), "{words:?} is not in {said}");
    }
    let as_json = ended(place, &[&arguments, &["--json"][..]].concat());
    let error: Value = serde_json::from_slice(&as_json.stderr).expect("with `--json` the error is JSON");
    assert!(error["error"]["message"].is_string(), "{error}");
    said
}

/// A service that is not refused would keep running: it gets a minute.
#[track_caller]
fn ended(place: &Place, arguments: &[&str]) -> Output {
    let mut command = place.command(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the command starts");
    let is_over = (0..600).any(|_| {
        let ended = child.try_wait().expect("it can be asked").is_some();
        if !ended {
            std::thread::sleep(Duration::from_millis(100));
        }
        ended
    });
    if !is_over {
        // What it printed shows why.
        let _ = child.kill();
    }
    child.wait_with_output().expect("it ends")
}

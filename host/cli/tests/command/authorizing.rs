//! `authorize`: the browser comes back to this machine, or its address is pasted; whatever does not belong is ignored.

use innkeeper_fixtures::files::files;
use innkeeper_practice::Decision;
use serde_json::json;

use crate::cli::{Cli, holds, keys, request, visit};

/// The arguments of every authorization here.
const AUTHORIZE: [&str; 4] = ["authorize", "drive", "--no-browser", "--json"];

fn connected() -> Cli {
    let inn = Cli::with_practice();
    inn.connect_drive(&[]).succeeded();
    inn
}

#[test]
fn a_user_who_allows_it_authorizes_the_connection() {
    let inn = connected();
    let mut waiting = inn.begin(&AUTHORIZE);
    let page = visit(&waiting.consent(Decision::Allow));
    assert!(page.starts_with("HTTP/1.1 200 OK") && page.contains("<h1>Connected</h1>"), "{page}");
    for header in ["cache-control: no-store", "referrer-policy: no-referrer", "frame-ancestors 'none'"] {
        assert!(page.contains(header), "{header} is missing: {page}");
    }
    let ran = inn.heard(waiting.end()).succeeded();
    let lines: Vec<serde_json::Value> =
        ran.out.lines().map(|line| serde_json::from_str(line).expect("a JSON line each")).collect();
    assert_eq!(keys(&lines[0]), ["authorization_url", "expires_at", "redirect_uri"]);
    assert_eq!(lines[1], json!({ "authorized": true, "connection": "drive", "principal": null, "space": "default" }));
    assert_eq!(inn.provider().counters().code_exchanges, 1);
    inn.run(&["call", "drive", "listFiles"]).succeeded();
}

#[test]
fn the_address_of_a_browser_elsewhere_can_be_pasted() {
    let inn = connected();
    let mut waiting = inn.begin(&["authorize", "drive", "--no-browser", "--json"]);
    let callback = waiting.consent(Decision::Allow);
    waiting.say("");
    waiting.say("that is not an address");
    waiting.say(&callback);
    let ran = inn.heard(waiting.end()).succeeded();
    assert!(ran.err.contains("That is not the callback address of this authorization"), "{ran:#?}");
}

#[test]
fn a_user_who_denies_it_ends_it_with_5_and_a_way_to_begin_again() {
    let inn = connected();
    let ran = inn.authorize("drive", Decision::Deny);
    assert_eq!((ran.code, &ran.error()["kind"]), (Some(5), &json!("authorization-denied")), "{ran:#?}");
    assert_eq!(ran.error()["hint"], "innkeeper authorize drive");
    assert!(!ran.err.contains("the user refused access"), "the provider's own words are not repeated: {ran:#?}");
    inn.run(&["call", "drive", "listFiles"]).failed(4, &["hint: innkeeper authorize drive"]);
}

#[test]
fn callbacks_that_do_not_belong_change_nothing() {
    let inn = connected();
    let mut waiting = inn.begin(&AUTHORIZE);
    let callback = waiting.consent(Decision::Allow);
    let url = url::Url::parse(&callback).expect("an address");
    let base = format!("http://{}", url.authority());
    for (path, status) in [
        ("/callback", "400"),
        ("/callback?code=x&state=unknown", "400"),
        ("/callback?state=a&state=b", "400"),
        ("/other", "404"),
    ] {
        let page = visit(&format!("{base}{path}"));
        assert!(page.starts_with(&format!("HTTP/1.1 {status}")), "{path}: {page}");
    }
    let target = &url[url::Position::BeforePath..];
    let head =
        request(&url, &format!("HEAD {target} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", url.authority()));
    assert!(head.starts_with("HTTP/1.1 405"), "{head}");
    let rebound = request(&url, &format!("GET {target} HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n"));
    assert!(rebound.starts_with("HTTP/1.1 421"), "a page that points its own name here gets nothing: {rebound}");
    assert!(visit(&callback).starts_with("HTTP/1.1 200"), "the right one still counts");
    inn.heard(waiting.end()).succeeded();
}

#[test]
fn who_does_not_come_back_is_waited_for_no_longer_than_asked() {
    let inn = connected();
    let ran = inn.run(&["authorize", "drive", "--no-browser", "--timeout", "1"]);
    ran.failed(4, &["nobody returned from the authorization server", "run the command again"]);
    inn.run(&["authorize", "drive", "--timeout", "0"]).failed(2, &["--timeout"]);
}

#[test]
fn a_port_that_is_taken_is_told() {
    let inn = connected();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = taken.local_addr().expect("an address").port().to_string();
    inn.run(&["authorize", "drive", "--no-browser", "--port", &port]).failed(1, &[&port, "0 for a free one"]);
}

#[test]
fn only_what_a_person_has_to_authorize_is_authorized() {
    let inn = connected();
    inn.run(&["connection", "create", "hostile_connector", "--id=h", "--auth-type=none"]).succeeded();
    inn.run(&["authorize", "h", "--no-browser"]).failed(6, &["is not authorized in a browser"]);
    inn.run(&["authorize", "nobody", "--no-browser"]).failed(3, &["there is no connection \"nobody\""]);
}

#[test]
fn each_principal_has_a_grant_of_their_own() {
    let inn = Cli::with_practice();
    inn.connect_drive(&["--auth-mode=per-user"]).succeeded();
    inn.run(&["authorize", "drive", "--no-browser"]).failed(6, &["name one with `--principal NAME`"]);
    let mut waiting = inn.begin(&[&AUTHORIZE[..], &["--principal", "ada"]].concat());
    visit(&waiting.consent(Decision::Allow));
    inn.heard(waiting.end()).succeeded();
    let call = |principal: &str| inn.run(&["call", "drive", "listFiles", "--principal", principal]);
    call("ada").succeeded();
    call("grace").failed(4, &["hint: innkeeper authorize drive --principal grace"]);
    inn.run(&["call", "drive", "listFiles"]).failed(6, &["--principal NAME"]);
    inn.run(&["disconnect", "drive", "--principal", "ada"]).succeeded();
    call("ada").failed(4, &["innkeeper authorize drive --principal ada"]);
}

#[test]
fn no_token_code_or_verifier_is_shown_or_written() {
    let inn = Cli::authorized();
    inn.run(&["call", "drive", "listFiles", "--log", "trace", "--logs", "--json"]).succeeded();
    inn.provider().expire_access_tokens();
    inn.run(&["call", "drive", "listFiles", "--log", "trace"]).succeeded();
    inn.run(&["status", "drive", "--json"]).succeeded();
    inn.run(&["connection", "show", "drive", "--json"]).succeeded();
    inn.run(&["disconnect", "drive", "--log", "trace"]).succeeded();
    let everything = inn.everything();
    let tokens: Vec<String> = inn.provider().events().into_iter().filter_map(|event| event.token).collect();
    assert!(tokens.len() >= 3, "code, access and refresh token passed: {tokens:?}");
    for token in tokens {
        assert!(!holds(&everything, &token), "{token}... stands somewhere");
    }
    assert!(!files(&inn.store()).is_empty(), "there was something to search");
}

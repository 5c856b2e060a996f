//! The memory of the service: it stores nothing of what it passed on.

use std::fmt::Write as _;

use futures::future::join_all;
use innkeeper_fixtures::oidc::plain_client;
use innkeeper_fixtures::scripted::ScriptedServer;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::{Value, json};
use url::Url;

use crate::plain_provider;
use crate::service::Place;
use crate::upstreams::wait;

/// Requests one after the other before memory is first measured, and the same number on separate connections.
const WARM_UP: usize = 1_000;
const IN_A_ROW: usize = 10_000;
/// One after the other, each on a separate connection.
const CONNECTIONS: usize = 1_000;
const AT_ONCE: usize = 1_000;
/// How often [`AT_ONCE`] are sent.
const CROWDS: usize = 4;
/// What requests one after the other may add, in bytes: 190 for each, because the allocator itself adds and frees
/// more than a megabyte. That nothing at all is kept is counted in `tests/tests/ears_memory.rs`. Crowds come later,
/// because the memory that they free would hide what is kept.
const SLACK_IN_A_ROW: u64 = 2 << 20;
/// The part of what the first crowd takes for its connections that all later ones may add: the allocator arranges
/// them differently each time. A crowd whose memory is not reused adds as much as the first one.
const SLACK_AT_ONCE: u64 = 2;
/// Connections of a thousand callers and of the provider, and some more.
const FILES: u64 = 4_096;

#[test]
fn ten_thousand_tokens_in_a_row_and_a_thousand_at_once_leave_the_memory_as_it_was() {
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|current| current < FILES) {
        let raised = Rlimit { current: Some(FILES), ..limit };
        setrlimit(Resource::Nofile, raised)
            .expect("this test needs 4096 open files: raise the hard limit (`ulimit -Hn`)");
    }
    let provider = plain_provider::start();
    let place = Place::with(&plain_provider::service_file(&provider));
    // Neither log lines nor what the allocator holds for each thread are measured.
    let service = place.start_in(&[("MALLOC_ARENA_MAX", "1")], &["--listen", "127.0.0.1:0"], "warn");
    let address = service.url("v1/plain/oauth/refresh");
    let mut seen = String::new();
    let mut look = |when: &str| {
        let own = service.own_memory();
        writeln!(seen, "{when}: {} KiB", own >> 10).expect("a string takes all");
        own
    };

    look("at the start");
    wait(in_a_row(&address, "warm", WARM_UP, KEEP));
    wait(in_a_row(&address, "closed-warm", WARM_UP, CLOSE));
    let before = look("after 1,000 in a row, twice");
    wait(in_a_row(&address, "row", IN_A_ROW, KEEP));
    look("after 10,000 in a row");
    wait(in_a_row(&address, "closed", CONNECTIONS, CLOSE));
    let row = look("after 1,000 in a row on 1,000 connections");
    let mut crowds = Vec::new();
    for crowd in 0..CROWDS {
        wait(at_once(&address, &provider, &format!("crowd-{crowd}")));
        crowds.push(look("after 1,000 at once"));
    }

    let all = 2 * WARM_UP + IN_A_ROW + CONNECTIONS + CROWDS * AT_ONCE;
    assert_eq!(provider.times(), all, "each request was passed on once");
    assert_eq!(provider.most_at_once(), AT_ONCE);
    assert!(row <= before + SLACK_IN_A_ROW, "{seen}");
    let (first, last) = (crowds[0], crowds[CROWDS - 1]);
    assert!(last <= first + (first - row) / SLACK_AT_ONCE, "{seen}");
}

/// The header with which a caller keeps its connection.
const KEEP: &str = "keep-alive";
const CLOSE: &str = "close";

async fn in_a_row(address: &Url, name: &str, count: usize, connection: &str) {
    let http = plain_client().expect("a client for loopback");
    for number in 0..count {
        refresh(&http, address, &format!("{name}-{number}"), connection).await;
    }
}

/// All of them have reached the provider before it answers the first.
async fn at_once(address: &Url, provider: &ScriptedServer, name: &str) {
    let http = plain_client().expect("a client for loopback");
    let names: Vec<_> = (0..AT_ONCE).map(|number| format!("{name}-{number}")).collect();
    provider.hold();
    let before = provider.times();
    let all = join_all(names.iter().map(|name| refresh(&http, address, name, KEEP)));
    let release = async {
        provider.arrived(before + AT_ONCE).await;
        provider.release_all();
    };
    futures::join!(all, release);
}

/// Every answer must be the one to its request.
async fn refresh(http: &reqwest::Client, address: &Url, name: &str, connection: &str) {
    let body = json!({ "refresh_token": name }).to_string();
    let request = http.post(address.clone()).header("content-type", "application/json");
    let answer = request.header("connection", connection).body(body).send().await;
    let answer = answer.expect("it answers");
    assert_eq!(answer.status(), 200);
    let answer: Value = serde_json::from_str(&answer.text().await.expect("a body")).expect("JSON");
    let expected = json!({
        "access_token": format!("access-of-{name}"),
        "token_type": "Bearer",
        "expires_in": 3600,
        "refresh_token": format!("next-{name}"),
    });
    assert_eq!(answer, expected);
}

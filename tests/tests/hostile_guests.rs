//! Guests that do what no connector may: each ends in an error that says what happened, and harms nothing else.

use std::time::Duration;

use innkeeper::{CallError, CallProblem, Error, Limits, Page, SpaceId};
use innkeeper_tests::echo::EchoService;
use innkeeper_tests::host::{TestHost, records_of};
use serde_json::json;

fn call_error(error: Error) -> CallError {
    match error {
        Error::Call { error, .. } => error,
        other => panic!("another error: {other}"),
    }
}

#[tokio::test]
async fn a_panic_is_told_with_connector_action_reason_and_backtrace() {
    let (host, service) = (TestHost::start().await, EchoService::start().await);
    let connection = host.hostile(&service).await;
    let error = host.call(&connection, "panic", json!({})).await.expect_err("it panics");
    let text = error.to_string();
    assert!(text.starts_with("connector hostile_connector crashed in panic: it aborted"), "{text}");
    assert!(text.contains("the sheet has no rows"), "{text}");
    let CallProblem::Trapped { backtrace, .. } = call_error(error).problem else { panic!("another kind") };
    assert!(backtrace.iter().any(|frame| frame.function.contains("core::panicking::panic_fmt")), "{backtrace:?}");
}

#[tokio::test]
async fn a_guest_that_crashed_leaves_the_next_call_alone() {
    let (host, service) = (TestHost::start().await, EchoService::start().await);
    let connection = host.hostile(&service).await;
    for action in ["panic", "recurse", "exit"] {
        host.call(&connection, action, json!({})).await.expect_err("it ends badly");
        host.call(&connection, "noop", json!({})).await.expect("a fresh instance is fine");
    }
}

#[tokio::test]
async fn a_guest_that_loops_is_ended_by_its_computing_time_while_others_run() {
    let mut limits = Limits::default();
    limits.cpu = Duration::from_millis(200);
    let (host, service) = (TestHost::start_with_limits(limits).await, EchoService::start().await);
    let connection = host.hostile(&service).await;
    let others = async {
        for _ in 0..20 {
            host.call(&connection, "noop", json!({})).await.expect("others run");
        }
    };
    let (looped, ()) = tokio::join!(host.call(&connection, "loop", json!({})), others);
    let error = looped.expect_err("it never ends by itself");
    assert_eq!(error.to_string(), "connector hostile_connector used more than 0.2 s of computing time in loop");
    assert!(!call_error(error).backtrace().is_empty(), "it is told where it looped");
}

#[tokio::test]
async fn a_guest_that_sleeps_is_ended_by_the_wall_clock() {
    let mut limits = Limits::default();
    limits.wall = Duration::from_millis(150);
    let (host, service) = (TestHost::start_with_limits(limits).await, EchoService::start().await);
    let connection = host.hostile(&service).await;
    let error = host.call(&connection, "sleep", json!({ "millis": 60_000 })).await.expect_err("it sleeps too long");
    assert_eq!(error.to_string(), "connector hostile_connector did not finish sleep within 0.15 s");
}

#[tokio::test]
async fn waiting_does_not_count_as_computing() {
    let mut limits = Limits::default();
    limits.cpu = Duration::from_millis(100);
    let (host, service) = (TestHost::start_with_limits(limits).await, EchoService::start().await);
    let connection = host.hostile(&service).await;
    host.call(&connection, "sleep", json!({ "millis": 400 })).await.expect("it only waits");
}

#[tokio::test]
async fn memory_is_bounded_and_the_error_says_so() {
    let mut limits = Limits::default();
    limits.memory = 16 << 20;
    let (host, service) = (TestHost::start_with_limits(limits).await, EchoService::start().await);
    let connection = host.hostile(&service).await;
    let error = host.call(&connection, "eat_memory", json!({})).await.expect_err("it eats");
    let text = error.to_string();
    assert!(
        text.starts_with("connector hostile_connector needed more than 16777216 bytes of memory in eat_memory"),
        "{text}"
    );
    assert!(!call_error(error).backtrace().is_empty(), "it is told where it gave up");
}

#[tokio::test]
async fn a_stack_overflow_is_a_trap() {
    let (host, service) = (TestHost::start().await, EchoService::start().await);
    let connection = host.hostile(&service).await;
    let error = host.call(&connection, "recurse", json!({})).await.expect_err("it overflows").to_string();
    assert!(error.starts_with("connector hostile_connector crashed in recurse: "), "{error}");
}

#[tokio::test]
async fn a_flooded_log_is_cut_and_counted() {
    let (host, service) = (TestHost::start().await, EchoService::start().await);
    let connection = host.hostile(&service).await;
    let result = host.call(&connection, "flood_log", json!({ "lines": 1000 })).await.expect("it may log");
    assert_eq!(result.logs.len(), 201);
    assert!(result.logs.iter().all(|line| line.message.len() <= 8 << 10));
    assert_eq!(result.logs[200].message, "800 more lines were dropped: a call may log 200");
}

#[tokio::test]
async fn standard_streams_go_to_the_log() {
    let (host, service) = (TestHost::start().await, EchoService::start().await);
    let connection = host.hostile(&service).await;
    let result = host.call(&connection, "stdout", json!({})).await.expect("it writes");
    let lines: Vec<_> = result.logs.iter().map(|line| (line.level.to_string(), line.message.as_str())).collect();
    assert_eq!(lines, [("info".to_owned(), "to stdout"), ("warn".to_owned(), "to stderr")]);
}

#[tokio::test]
async fn an_exit_is_no_answer() {
    let (host, service) = (TestHost::start().await, EchoService::start().await);
    let connection = host.hostile(&service).await;
    let error = host.call(&connection, "exit", json!({})).await.expect_err("it exits").to_string();
    assert!(error.starts_with("connector hostile_connector exited with status"), "{error}");
}

#[tokio::test]
async fn output_is_held_to_json_schema_and_size() {
    let (host, service) = (TestHost::start().await, EchoService::start().await);
    let connection = host.hostile(&service).await;
    let failure =
        async |action| host.call(&connection, action, json!({})).await.expect_err("it breaks a rule").to_string();
    assert!(failure("not_json").await.contains("returned text that is not JSON for not_json"));
    let wrong = failure("wrong_output").await;
    assert!(wrong.contains("that its own schema forbids") && wrong.contains("files"), "{wrong}");
    let huge = failure("huge_output").await;
    assert_eq!(huge, "connector hostile_connector returned 12582914 bytes for huge_output; the limit is 10485760");
    assert!(failure("bad_event").await.contains("emitted text that is not JSON"));
    assert!(failure("flood_events").await.contains("the limit is 10485760"));
}

#[tokio::test]
async fn a_call_makes_no_more_requests_than_it_may() {
    let (host, service) = (TestHost::start().await, EchoService::start().await);
    let connection = host.hostile(&service).await;
    let result = host.call(&connection, "many_requests", json!({ "url": service.base() })).await.expect("it is told");
    assert_eq!(result.value["answered"], 50);
    assert!(result.value["error"].as_str().expect("an error").contains("as many requests as a call may make"));
    assert_eq!(service.received().len(), 50);
    assert_eq!(result.requests, 50);
}

#[tokio::test]
async fn a_request_that_nobody_answers_is_on_record() {
    let mut limits = Limits::default();
    limits.wall = Duration::from_millis(300);
    let (host, service) = (TestHost::start_with_limits(limits).await, EchoService::start().await);
    let connection = host.hostile(&service).await;
    let input = json!({ "url": service.url("/slow") });
    let error = host.call(&connection, "fetch", input).await.expect_err("nobody answers");
    assert_eq!(error.to_string(), "connector hostile_connector did not finish fetch within 0.3 s");
    let audit = host.host.audit(&records_of(&connection), &Page::first(1)).await.expect("a trail").items;
    assert_eq!((&*audit[0].event, audit[0].requests), ("call", 1));
}

#[tokio::test]
async fn a_call_whose_caller_went_away_is_on_record() {
    let (host, service) = (TestHost::start().await, EchoService::start().await);
    let connection = host.hostile(&service).await;
    let input = json!({ "url": service.url("/slow") });
    let arrived = async {
        while service.received().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        ended = host.call(&connection, "fetch", input) => panic!("nobody answers: {ended:?}"),
        () = arrived => {}
    }
    let audit = host.host.audit(&records_of(&connection), &Page::first(1)).await.expect("a trail").items;
    let seen = (&*audit[0].event, audit[0].action.as_deref(), &*audit[0].outcome, audit[0].requests);
    assert_eq!(seen, ("call", Some("fetch"), "cancelled", 1));
}

#[tokio::test]
async fn an_answer_larger_than_the_limit_is_not_read_into_the_guest() {
    let mut limits = Limits::default();
    limits.answer = 1 << 20;
    let (host, service) = (TestHost::start_with_limits(limits).await, EchoService::start().await);
    let connection = host.hostile(&service).await;
    let read = async |size: usize| {
        let url = service.url(&format!("/bytes/{size}"));
        host.call(&connection, "read_all", json!({ "url": url })).await.expect("it is told").value
    };
    assert_eq!(read(1 << 20).await, json!(1 << 20));
    assert_eq!(read((1 << 20) + 1).await, json!("HttpError::TooLarge(1048576)"));
}

#[tokio::test]
async fn bytes_left_with_the_host_are_bounded_and_the_room_comes_back() {
    // Each body takes a little more room than its bytes do.
    let mut limits = Limits::default();
    limits.held = (8 << 20) + (8 << 10);
    let (host, service) = (TestHost::start_with_limits(limits).await, EchoService::start().await);
    let connection = host.hostile(&service).await;
    let hoarded = host.call(&connection, "hoard", json!({ "url": service.base() })).await.expect("it is told").value;
    assert_eq!(hoarded["held"], json!(8));
    assert_eq!(hoarded["read"], json!("HttpError::TooLarge(8396800)"));
    assert_eq!(hoarded["sent"], json!("Some(HttpError::TooLarge(8396800))"));
    assert!(service.received().is_empty());
    let passing = json!({ "bodies": 40, "keep": false });
    let passed = host.call(&connection, "hoard", passing).await.expect("each is dropped before the next");
    assert_eq!(passed.value, json!({ "held": 0 }));
}

#[tokio::test]
async fn an_address_outside_the_allow_list_is_refused_with_what_to_approve() {
    let (host, service) = (TestHost::start().await, EchoService::start().await);
    let connection = host.hostile(&service).await;
    let url = "https://elsewhere.example/v1/things?q=private";
    let result = host.call(&connection, "fetch", json!({ "url": url })).await.expect("it is told");
    let error = result.value["error"].as_str().expect("an error");
    assert!(error.contains("https://elsewhere.example GET /v1/things"), "{error}");
    assert!(!error.contains("private"), "{error}");
    assert_eq!(result.requests, 0);
}

#[tokio::test]
async fn state_is_remembered_between_calls_within_its_quota_and_by_version() {
    let (host, service) = (TestHost::start().await, EchoService::start().await);
    let connection = host.hostile(&service).await;
    let remember = async |input| host.call(&connection, "remember", input).await.expect("it is told").value;
    assert_eq!(remember(json!({ "key": "cursor", "size": 2 })).await, json!(1));
    assert_eq!(remember(json!({ "key": "cursor", "size": 3, "if_version": 1 })).await, json!(2));
    assert_eq!(
        remember(json!({ "key": "cursor", "size": 4, "if_version": 1 })).await,
        json!("StateError::Conflict(2)")
    );
    assert_eq!(remember(json!({ "key": "new", "size": 4, "if_version": 7 })).await, json!("StateError::Conflict(0)"));
    assert_eq!(remember(json!({ "key": "big", "size": 2 << 20 })).await, json!("StateError::QuotaExceeded"));
    assert_eq!(remember(json!({ "key": "half", "size": 600 << 10 })).await, json!(1));
    assert_eq!(remember(json!({ "key": "rest", "size": 600 << 10 })).await, json!("StateError::QuotaExceeded"));
    let recalled = host.call(&connection, "recall", json!({ "key": "cursor" })).await.expect("it is told").value;
    assert_eq!(recalled, json!([2, [7, 7, 7]]));
}

#[tokio::test]
async fn connections_do_not_see_each_others_state() {
    let (host, service) = (TestHost::start().await, EchoService::start().await);
    let first = host.hostile(&service).await;
    let other = SpaceId::parse("other").expect("an id");
    let elsewhere = |mut new: innkeeper::NewConnection| {
        new.space = other;
        new
    };
    let second = host.hostile_with(&service, elsewhere, "none").await;
    assert_eq!(first.id, second.id, "ids are free in each space");
    host.call(&first, "remember", json!({ "key": "k" })).await.expect("remembered");
    let recalled = host.call(&second, "recall", json!({ "key": "k" })).await.expect("it is told").value;
    assert!(recalled.is_null(), "{recalled}");
}

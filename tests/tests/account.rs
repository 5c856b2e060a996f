//! What the host holds of a guest: every place where bytes of a guest are kept is listed here, with what bounds it and an
//! attack on it that ends there.

use std::collections::BTreeSet;
use std::path::PathBuf;

use innkeeper::{CallRequest, CallResult, ConnectionView, Error, Limits, Progress};
use innkeeper_tests::echo::EchoService;
use innkeeper_tests::host::TestHost;
use serde_json::{Value, json};
use tokio::sync::mpsc;

/// How a place is held within its bounds.
enum Bound {
    /// The attacks of the guest `hostile` on it, run below.
    Attacked(&'static [&'static str]),
    /// It is a number, a handle or a choice of a few.
    Small,
}

use Bound::{Attacked, Small};

/// Every parameter of an import, and every answer of an export.
const PLACES: &[(&str, Bound)] = &[
    ("http.body.from-bytes.content", Attacked(&["bodies"])),
    ("http.body.from-bytes.content-type", Attacked(&["body_type"])),
    ("http.body.read.max", Small),
    ("http.body.read-all.limit", Small),
    ("http.send.request", Attacked(REQUEST)),
    ("http.send-all.requests", Attacked(&["batch", "small_batch"])),
    ("log.write.level", Small),
    ("log.write.message", Attacked(&["log"])),
    ("connection.claim.name", Attacked(&["claim"])),
    ("state.get.key", Attacked(&["state_key"])),
    ("state.set.key", Attacked(&["state_key"])),
    ("state.set.value", Attacked(&["state_value"])),
    ("state.set.if-version", Small),
    ("state.delete.key", Attacked(&["state_key"])),
    ("progress.report.done", Small),
    ("progress.report.total", Small),
    ("progress.report.message", Attacked(&["report"])),
    ("progress.emit.event", Attacked(&["event", "events"])),
    ("connector.spec", Small),
    ("connector.call", Attacked(RESULT)),
    ("connector.check", Attacked(&["check"])),
];

/// The fields of a request.
const REQUEST: &[&str] = &[
    "method",
    "address",
    "query",
    "query_text",
    "headers",
    "header_text",
    "header_name",
    "form",
    "form_text",
    "parts",
    "part_names",
    "part_type",
    "part_file_name",
    "same_place",
    "redirects",
];

/// The fields of an output, and the variants of an error.
const RESULT: &[&str] = &[
    "output",
    "deep_output",
    "files",
    "file_name",
    "file_type",
    "download",
    "unknown_action",
    "invalid_input",
    "denied",
    "not_found",
    "upstream",
    "internal",
];

/// What each attack comes to: the kind of the call's error and a part of its text, or what the guest was told.
const ENDS: &[(&str, End)] = &[
    ("bodies", Fails("too-many-handles", "more than 10000 handles")),
    ("body_type", Told("127")),
    ("batch", Told("200000")),
    ("small_batch", Told("as many requests as a call may make")),
    ("log", Told("null")),
    ("claim", Told("null")),
    ("state_key", Told("QuotaExceeded")),
    ("state_value", Told("QuotaExceeded")),
    ("report", Told("null")),
    ("event", Fails("held-too-much", "there is no room for a streamed result")),
    ("events", Fails("held-too-much", "there is no room for a streamed result")),
    ("method", Told("is not an HTTP method")),
    ("address", Told("at most 65534 can be sent")),
    ("query", Told("at most 65534 can be sent")),
    ("query_text", Told("at most 65534 can be sent")),
    ("headers", Told("24577 headers")),
    ("header_text", Told("the limit is 65536")),
    ("header_name", Told("is not a header name")),
    ("form", Told("TooLarge(134217728)")),
    ("form_text", Told("TooLarge(134217728)")),
    ("parts", Told("TooLarge(134217728)")),
    ("part_names", Told("TooLarge(134217728)")),
    ("part_type", Told("TooLarge(134217728)")),
    ("part_file_name", Told("TooLarge(134217728)")),
    ("same_place", Fails("held-too-much", "the data that it passes at once")),
    ("redirects", Told("redirects and retries included")),
    ("output", Fails("held-too-much", "there is no room for its output")),
    ("deep_output", Fails("invalid-output", "recursion limit")),
    ("files", Fails("invalid-files", "5000 files; the limit is 1000")),
    ("file_name", Fails("invalid-files", "has 16777216 bytes; the limit is 1024")),
    ("file_type", Fails("invalid-files", "has 16777216 bytes; the limit is 1024")),
    ("unknown_action", Fails("internal", "…")),
    ("invalid_input", Fails("invalid-input", "…")),
    ("denied", Fails("denied", "…")),
    ("not_found", Fails("not-found", "…")),
    ("upstream", Fails("upstream", "…")),
    ("internal", Fails("internal", "…")),
];

enum End {
    Fails(&'static str, &'static str),
    Told(&'static str),
}

use End::{Fails, Told};

/// The contract's functions and their parameters, as `interface.function.parameter`, and the exports.
fn places_of_the_contract() -> BTreeSet<String> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../wit/connector"));
    let mut places = BTreeSet::new();
    for file in ["connector.wit", "http.wit"] {
        let text = std::fs::read_to_string(folder.join(file)).expect("the contract is there");
        let (mut around, mut depth) = (Vec::<String>::new(), 0_usize);
        for line in text.lines().map(str::trim).filter(|line| !line.starts_with("//")) {
            let mut words = line.split([' ', '{', ':']);
            if let (Some("interface" | "resource" | "world"), Some(name)) = (words.next(), words.next()) {
                around.truncate(depth);
                around.push(name.to_owned());
            }
            if let Some((name, rest)) = line.split_once("func(") {
                let name = name.trim_start_matches("export ").split(':').next().expect("a name").trim();
                let (parameters, _) = rest.split_once(')').expect("one line a function");
                let place = format!("{}.{name}", around.join("."));
                if around.first().is_some_and(|world| world == "connector") {
                    places.insert(place);
                    continue;
                }
                // A comma within a type stands between angle brackets.
                let mut open = 0;
                let split = parameters.split(|character| {
                    open += i32::from(character == '<') - i32::from(character == '>');
                    character == ',' && open == 0
                });
                let names = split.filter_map(|parameter| parameter.split_once(':')).map(|(name, _)| name.trim());
                places.extend(names.map(|name| format!("{place}.{name}")));
            }
            depth = depth + line.matches('{').count() - line.matches('}').count();
            around.truncate(depth);
        }
    }
    places
}

#[test]
fn every_place_where_bytes_of_a_guest_are_kept_is_listed() {
    let listed: BTreeSet<_> = PLACES.iter().map(|(place, _)| (*place).to_owned()).collect();
    assert_eq!(places_of_the_contract(), listed, "a new place needs a bound and an attack on it");
    let attacks: BTreeSet<_> = PLACES
        .iter()
        .flat_map(|(_, bound)| match bound {
            Attacked(attacks) => *attacks,
            Small => &[],
        })
        .collect();
    let with_an_end: BTreeSet<_> = ENDS.iter().map(|(attack, _)| attack).collect();
    for attack in attacks {
        // Those two are tests of their own.
        assert!(with_an_end.contains(attack) || ["check", "download"].contains(attack), "{attack} has no end");
    }
}

async fn hold(
    host: &TestHost,
    service: &EchoService,
    connection: &ConnectionView,
    how: &str,
) -> Result<CallResult, Error> {
    host.call(connection, "hold", json!({ "how": how, "url": service.base() })).await
}

#[tokio::test]
async fn what_a_guest_leaves_with_the_host_ends_in_a_named_error() {
    let mut limits = Limits::default();
    // Room for a guest to make more than the host takes.
    limits.memory = 256 << 20;
    limits.cpu = std::time::Duration::from_mins(5);
    limits.wall = std::time::Duration::from_mins(5);
    let (host, service) = (TestHost::start_with_limits(limits).await, EchoService::start().await);
    let connection = host.hostile(&service).await;
    for (attack, end) in ENDS {
        let before = peak();
        let ended = hold(&host, &service, &connection, attack).await;
        match (end, ended) {
            (Fails(kind, text), Err(error)) => {
                let shown = error.to_string();
                assert_eq!(error.kind().as_str(), *kind, "{attack}: {shown}");
                assert!(shown.contains(text) && shown.len() < 9000, "{attack}: {}", shown.len());
            }
            (Told(text), Ok(result)) => assert!(result.value.to_string().contains(text), "{attack}: {}", result.value),
            (_, Err(error)) => panic!("{attack}: {error}"),
            (_, Ok(result)) => panic!("{attack}: {}", result.value),
        }
        let grown = peak().saturating_sub(before);
        assert!(grown < 640 << 20, "{attack} took {} MiB", grown >> 20);
    }
    hold(&host, &service, &connection, "nothing").await.expect("the host is as it was");
}

/// The most memory that this process has had, in bytes; 0 where the system does not tell.
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse::<usize>().ok());
    kilobytes.unwrap_or(0) << 10
}

#[tokio::test]
async fn a_long_sentence_of_a_check_is_cut() {
    let (host, service) = (TestHost::start().await, EchoService::start().await);
    let connection = host.hostile(&service).await;
    host.call(&connection, "remember", json!({ "key": "long sentence" })).await.expect("remembered");
    let told = host.host.check(&connection.space, &connection.id, None).await.expect("it answers").message;
    assert!(told.len() <= (8 << 10) + "…".len() && told.ends_with('…'), "{}", told.len());
}

#[tokio::test]
async fn files_of_a_result_bring_no_more_than_the_limit_however_long_they_take() {
    let mut limits = Limits::default();
    limits.download = 1 << 20;
    let (host, service) = (TestHost::start_with_limits(limits).await, EchoService::start().await);
    let connection = host.hostile(&service).await;
    let mut result = hold(&host, &service, &connection, "download").await.expect("its head is there");
    let error = result.files[0].content.read_all(u64::MAX).await.expect_err("it is too long");
    assert!(error.to_string().contains("1048576"), "{error}");
}

#[tokio::test]
async fn redirects_count_as_requests_of_the_call() {
    let (host, service) = (TestHost::start().await, EchoService::start().await);
    let connection = host.hostile(&service).await;
    let result = hold(&host, &service, &connection, "redirects").await.expect("it is told");
    assert_eq!(result.value["answered"], json!(25));
    assert_eq!((result.requests, service.received().len()), (50, 50));
}

#[tokio::test]
async fn a_listener_that_lags_holds_cut_reports_and_slows_events_down() {
    let mut limits = Limits::default();
    limits.held = 8 << 20;
    let (host, service) = (TestHost::start_with_limits(limits).await, EchoService::start().await);
    let connection = host.hostile(&service).await;
    let (listener, mut told) = mpsc::channel(1000);
    let input = json!({ "how": "report", "url": service.base() });
    let call = CallRequest::new(connection.space.clone(), connection.id.clone(), "hold", input).listener(listener);
    host.host.call(call).await.expect("nobody has to listen");
    let mut held = 0;
    while let Some(Progress::Report { message, .. }) = told.recv().await {
        held += message.capacity();
    }
    assert!(held > 0 && held < 8 << 20, "{held}");
}

#[tokio::test]
async fn a_file_that_the_guest_made_is_handed_out_whole() {
    let (host, service) = (TestHost::start().await, EchoService::start().await);
    let connection = host.hostile(&service).await;
    let mut result = hold(&host, &service, &connection, "file_bytes").await.expect("it fits");
    let bytes = result.files[0].content.read_all(u64::MAX).await.expect("readable");
    assert_eq!((bytes.len(), result.value), (32 << 20, Value::Null));
}

//! What the host offers a guest, used as it is meant to be: forms of several parts, batches of requests, progress, state and
//! what a guest may know of the connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;
use innkeeper::{Body, CallRequest, ConnectionView, File, Limits, Progress};
use innkeeper_tests::echo::EchoService;
use innkeeper_tests::host::{TestHost, id};
use innkeeper_tests::scripted::{Received, Reply, ScriptedServer};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};

async fn stage() -> (TestHost, EchoService, ConnectionView) {
    let (host, service) = (TestHost::start_warm(|builder| builder).await, EchoService::start().await);
    let connection = host.hostile(&service).await;
    (host, service, connection)
}

fn request(connection: &ConnectionView, action: &str, input: Value) -> CallRequest {
    CallRequest::new(connection.space.clone(), connection.id.clone(), action, input)
}

/// Head and content of each part of a form.
fn parts(received: &Received) -> Vec<(String, Vec<u8>)> {
    let content_type = received.headers["content-type"].to_str().expect("text");
    let boundary = content_type.strip_prefix("multipart/form-data; boundary=").expect("a form of several parts");
    let (between, end) = (format!("\r\n--{boundary}\r\n"), format!("\r\n--{boundary}--\r\n"));
    // The first boundary has no line before it.
    let body = [b"\r\n", &received.body[..]].concat();
    let body = body.strip_suffix(end.as_bytes()).expect("the form ends");
    let (mut parts, mut from) = (Vec::new(), 0);
    while let Some(next) = find(&body[from..], between.as_bytes()) {
        parts.push(&body[from..from + next]);
        from += next + between.len();
    }
    parts.push(&body[from..]);
    assert_eq!(parts.remove(0), b"", "nothing stands before the first part");
    let divided = |part: &[u8]| {
        let head = find(part, b"\r\n\r\n").expect("a part has a head");
        (String::from_utf8_lossy(&part[..head]).into_owned(), part[head + 4..].to_vec())
    };
    parts.into_iter().map(divided).collect()
}

fn find(bytes: &[u8], text: &[u8]) -> Option<usize> {
    bytes.windows(text.len()).position(|window| window == text)
}

#[tokio::test]
async fn a_form_carries_bytes_of_the_guest_a_file_of_the_caller_and_an_earlier_answer() {
    let (host, service, connection) = stage().await;
    let picture: Vec<u8> = (0..300_000_u32).map(|n| (n % 251) as u8).collect();
    let input = json!({ "note": "What a *day*", "from": service.url("/earlier"), "to": service.url("/form") });
    let file = File {
        name: "day one.png".to_owned(),
        content_type: Some("image/png".to_owned()),
        content: Body::from_stream(futures::stream::iter([Ok(picture.clone().into())]), None, None),
    };
    let result = host.host.call(request(&connection, "multipart", input).file(file)).await.expect("it is sent");
    assert_eq!(result.value["status"], 200, "{}", result.value);
    let [(note, said), (file, bytes), (earlier, answer)] = &parts(&service.received()[1])[..] else {
        panic!("three parts")
    };
    assert_eq!(note, "content-disposition: form-data; name=\"note\"\r\ncontent-type: text/markdown");
    assert_eq!(said, b"What a *day*");
    assert_eq!(
        file,
        "content-disposition: form-data; name=\"picture\"; filename=\"day one.png\"\r\ncontent-type: image/png"
    );
    assert!(*bytes == picture, "{} of {} bytes came as they were", bytes.len(), picture.len());
    assert_eq!(
        earlier,
        "content-disposition: form-data; name=\"earlier\"; filename=\"earlier.json\"\r\ncontent-type: application/json"
    );
    let answer: Value = serde_json::from_slice(answer).expect("the echo service answers JSON");
    assert_eq!((&answer["method"], &answer["uri"]), (&json!("GET"), &json!("/earlier")));
}

#[tokio::test]
async fn an_answer_is_read_in_pieces_and_its_length_and_media_type_are_told() {
    let (host, service, connection) = stage().await;
    let revealed = host.call(&connection, "reveal", json!({ "url": service.base() })).await.expect("it reads").value;
    let (whole, pieces) = (&revealed["answers"]["get"]["body"], &revealed["answers"]["pieces"]);
    let length = whole.as_str().expect("text").len();
    assert!(length > 500, "{length} bytes are many pieces of 13");
    assert_eq!(pieces["text"], *whole);
    assert_eq!(pieces["content_type"], "application/json");
    let lengths: Vec<_> = pieces["lengths"].as_array().expect("lengths").iter().map(Value::as_u64).collect();
    assert_eq!((lengths[0], lengths[lengths.len() - 1]), (Some(length as u64), Some(0)));
    let shrinks = |pair: &[Option<u64>]| {
        let (before, after) = (pair[0].expect("a length"), pair[1].expect("a length"));
        before == 0 || (1..=13).contains(&(before - after))
    };
    assert!(lengths.windows(2).all(shrinks), "{lengths:?}");
}

/// A service whose requests wait for each other: of ten in a row, each is answered after the one behind it, and the last one
/// only when more have had the time to come.
#[derive(Debug)]
struct Queue {
    length: usize,
    inside: AtomicUsize,
    most: AtomicUsize,
    left: watch::Sender<Vec<usize>>,
}

impl Queue {
    async fn start(length: usize) -> (Arc<Self>, String) {
        let left = watch::Sender::new(Vec::new());
        let queue = Arc::new(Self { length, inside: AtomicUsize::new(0), most: AtomicUsize::new(0), left });
        let router = Router::new().route("/{place}", get(Self::enter)).with_state(queue.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let base = format!("http://{}", listener.local_addr().expect("a bound listener has an address"));
        tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
        (queue, base)
    }

    async fn enter(State(queue): State<Arc<Self>>, Path(place): Path<usize>) -> String {
        let inside = queue.inside.fetch_add(1, Ordering::SeqCst) + 1;
        queue.most.fetch_max(inside, Ordering::SeqCst);
        if place % 10 == 9 || place == queue.length - 1 {
            tokio::time::sleep(Duration::from_millis(200)).await;
        } else {
            let mut left = queue.left.subscribe();
            left.wait_for(|left| left.contains(&(place + 1))).await.expect("the queue is there");
            // The answer before this one is on its way.
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        queue.inside.fetch_sub(1, Ordering::SeqCst);
        queue.left.send_modify(|left| left.push(place));
        format!("this is {place}")
    }
}

#[tokio::test]
async fn a_batch_is_sent_ten_at_a_time_and_answered_in_the_order_of_its_requests() {
    let (host, service) = (TestHost::start_warm(|builder| builder).await, EchoService::start().await);
    let (queue, base) = Queue::start(25).await;
    let connection = host.hostile_with(&service, |new| new.config(json!({ "base": base })), "none").await;
    let urls: Vec<_> = (0..25).map(|place| format!("{base}/{place}")).collect();
    let result = host.call(&connection, "multi", json!({ "urls": urls })).await.expect("all are answered");
    let answers: Vec<_> = result.value.as_array().expect("answers").iter().map(|answer| &answer["body"]).collect();
    let expected: Vec<_> = (0..25).map(|place| json!(format!("this is {place}"))).collect();
    assert_eq!(answers, expected.iter().collect::<Vec<_>>());
    assert_eq!(queue.left.borrow()[..3], [9, 8, 7], "they were answered in another order");
    assert_eq!(queue.most.load(Ordering::SeqCst), Limits::default().requests_at_once);
    assert_eq!(result.requests, 25);
}

#[tokio::test]
async fn a_batch_above_what_one_call_may_send_is_refused_whole() {
    let (host, service, connection) = stage().await;
    let batch = async |requests: usize| {
        let urls = vec![service.base(); requests];
        host.call(&connection, "multi", json!({ "urls": urls })).await.expect("it is told")
    };
    let refused = batch(51).await;
    let answers = refused.value.as_array().expect("answers");
    assert_eq!((answers.len(), refused.requests), (51, 0));
    for answer in answers {
        let error = answer["error"].as_str().expect("an error");
        assert!(error.contains("as many requests as a call may make"), "{error}");
    }
    assert!(service.received().is_empty(), "nothing was sent");

    let sent = batch(50).await;
    assert!(sent.value.as_array().expect("answers").iter().all(|answer| answer["status"] == 200), "{}", sent.value);
    assert_eq!((service.received().len(), sent.requests), (50, 50));
}

#[tokio::test]
async fn the_failure_of_one_request_of_a_batch_leaves_the_others_alone() {
    let (host, service, connection) = stage().await;
    let urls = [&service.url("/first"), "https://elsewhere.example/", "no address", &service.url("/last")];
    let answers = host.call(&connection, "multi", json!({ "urls": urls })).await.expect("it is told").value;
    assert_eq!((&answers[0]["status"], &answers[0]["url"]), (&json!(200), &json!(urls[0])));
    let error = |place: usize| answers[place]["error"].as_str().expect("an error");
    assert!(error(1).starts_with("HttpError::Denied"), "{}", error(1));
    assert!(error(2).starts_with("HttpError::InvalidRequest"), "{}", error(2));
    assert_eq!((&answers[3]["status"], &answers[3]["url"]), (&json!(200), &json!(urls[3])));
    assert_eq!(service.received().len(), 2);
}

/// What a listener with this much room hears of the reports, once the call is over.
async fn heard(room: usize, reports: &Value) -> Vec<Progress> {
    let (host, _service, connection) = stage().await;
    let (listener, mut progress) = mpsc::channel(room);
    let call = request(&connection, "report", json!({ "reports": reports })).listener(listener);
    host.host.call(call).await.expect("nobody has to listen");
    let mut heard = Vec::new();
    while let Some(progress) = progress.recv().await {
        heard.push(progress);
    }
    heard
}

fn reported(done: u64, total: Option<u64>, message: impl Into<String>) -> Progress {
    Progress::Report { done, total, message: message.into() }
}

#[tokio::test]
async fn reports_reach_the_listener_as_they_were_made() {
    let reports = json!([
        { "done": 0, "message": "Looking around" },
        { "done": 1, "total": 3, "message": "Größe, 大きさ" },
        { "done": 3, "total": 3, "message": "" },
        { "done": u64::MAX, "total": 2, "message": "more than all" },
    ]);
    let expected = [
        reported(0, None, "Looking around"),
        reported(1, Some(3), "Größe, 大きさ"),
        reported(3, Some(3), ""),
        reported(u64::MAX, Some(2), "more than all"),
    ];
    assert_eq!(heard(10, &reports).await, expected);
}

#[tokio::test]
async fn a_report_longer_than_a_log_line_is_cut_between_two_characters() {
    let longest = Limits::default().log_line;
    let fits = "x".repeat(longest);
    let reports =
        json!([{ "done": 1, "message": fits }, { "done": 2, "message": format!("x{}", "é".repeat(longest)) }]);
    let cut = format!("x{}", "é".repeat(longest / 2 - 1));
    assert_eq!(heard(10, &reports).await, [reported(1, None, fits), reported(2, None, cut)]);
}

#[tokio::test]
async fn reports_do_not_wait_for_a_listener_that_lags() {
    let reports: Value = (0..1000).map(|done| json!({ "done": done, "message": "on" })).collect();
    assert_eq!(heard(2, &reports).await, [reported(0, None, "on"), reported(1, None, "on")]);
}

#[tokio::test]
async fn a_state_that_was_deleted_is_gone_and_leaves_its_room() {
    let (host, _service, connection) = stage().await;
    let call = async |action, input| host.call(&connection, action, input).await.expect("it is told").value;
    let remember = async |key: &str, size: usize, if_version: Option<u64>| {
        call("remember", json!({ "key": key, "size": size, "if_version": if_version })).await
    };
    assert_eq!(remember("cursor", 600 << 10, None).await, json!(1));
    assert_eq!(remember("cursor", 1, Some(0)).await, json!("StateError::Conflict(1)"));
    assert_eq!(remember("other", 600 << 10, None).await, json!("StateError::QuotaExceeded"));
    assert_eq!(call("forget", json!({ "key": "cursor" })).await, Value::Null);
    assert_eq!(call("recall", json!({ "key": "cursor" })).await, Value::Null);
    assert_eq!(call("forget", json!({ "key": "cursor" })).await, Value::Null, "what is absent may be deleted");
    assert_eq!(remember("other", 600 << 10, None).await, json!(1));
    assert_eq!(remember("cursor", 2, Some(1)).await, json!("StateError::Conflict(0)"));
    assert_eq!(remember("cursor", 2, Some(0)).await, json!(1));
    assert_eq!(remember("cursor", 3, None).await, json!(2));
    assert_eq!(call("recall", json!({ "key": "cursor" })).await, json!([2, [7, 7, 7]]));
}

#[tokio::test]
async fn the_key_of_a_state_has_a_longest_length() {
    let (host, _service, connection) = stage().await;
    for (length, expected) in [(1024, json!(1)), (1025, json!("StateError::QuotaExceeded"))] {
        let input = json!({ "key": "k".repeat(length) });
        assert_eq!(host.call(&connection, "remember", input).await.expect("it is told").value, expected);
    }
}

#[tokio::test]
async fn a_guest_learns_for_which_user_it_runs() {
    let (host, _service, connection) = stage().await;
    let learn = async |user: Option<(&str, Option<&str>)>| {
        let mut call = request(&connection, "learn", json!({}));
        if let Some((principal, name)) = user {
            call = call.principal(id(principal));
            call.principal_name = name.map(str::to_owned);
        }
        host.host.call(call).await.expect("it is told").value["user"].clone()
    };
    assert_eq!(learn(None).await, Value::Null);
    assert_eq!(learn(Some(("ada", None))).await, json!(["ada", null]));
    assert_eq!(learn(Some(("ada", Some("Ada Lovelace")))).await, json!(["ada", "Ada Lovelace"]));
}

#[tokio::test]
async fn a_guest_reads_the_claims_that_it_declares_and_no_others() {
    let token = json!({
        "access_token": "Zk3wQ9vT1xR7", "token_type": "Bearer", "expires_in": 3600,
        "instance_url": "https://eu1.example.com", "team_id": "T1",
    });
    let provider = ScriptedServer::start(move |_, _| Reply::json(token.to_string())).await;
    let (host, service) = (TestHost::start_warm(|builder| builder).await, EchoService::start().await);
    let settings = |new: innkeeper::NewConnection| {
        let new = new.field("tokenUrl", provider.url("/token")).field("clientId", "machine");
        new.secret("clientSecret", "a secret of the client")
    };
    let connection = host.hostile_with(&service, settings, "oauth_client_credentials").await;
    assert_eq!(connection.claims, ["instance_url"]);
    let asked = json!({ "url": service.base() });
    host.call(&connection, "ask", asked).await.expect("a token was fetched");
    assert_eq!(service.received()[0].authorization(), Some("Bearer Zk3wQ9vT1xR7"));
    let names = ["instance_url", "team_id", "access_token", "token_type", "nothing"];
    let learned = host.call(&connection, "learn", json!({ "claims": names })).await.expect("it is told").value;
    assert_eq!(learned["claims"], json!(["https://eu1.example.com", null, null, null, null]));
}

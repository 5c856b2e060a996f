//! A host with more to do than it can at once.

use std::sync::Arc;
use std::time::Duration;

use innkeeper::{CallProblem, ConnectionId, Crowded, Error, ErrorKind, Page, Sharing};
use innkeeper_tests::echo::EchoService;
use innkeeper_tests::host::{TestHost, records_of};
use serde_json::json;

/// Longer than any test: who sleeps so long is sent away.
const FOREVER_MILLIS: u64 = 50_000;

#[tokio::test]
async fn a_full_host_says_when_to_try_again_and_recovers() {
    let mut sharing = Sharing::default();
    sharing.waiting = 0;
    let service = EchoService::start().await;
    let host = Arc::new(TestHost::start_with(|builder| builder.calls_at_once(1).sharing(sharing)).await);
    let connection = host.hostile(&service).await;
    let hold = || {
        let (host, connection) = (host.clone(), connection.clone());
        tokio::spawn(async move { host.call(&connection, "sleep", json!({ "millis": FOREVER_MILLIS })).await })
    };
    let mut slow = hold();
    // Until the slow call has the place, there is one; and it may itself find it taken.
    let error = loop {
        match host.call(&connection, "noop", json!({})).await {
            Err(error) => break error,
            Ok(_) if slow.is_finished() => slow = hold(),
            Ok(_) => tokio::task::yield_now().await,
        }
    };
    assert_eq!((error.to_string().as_str(), error.kind()), ("the host is busy; try again in 1 s", ErrorKind::Busy));
    assert_eq!(error.retry_after(), Some(Duration::from_secs(1)));
    let Error::Call { error, .. } = error else { panic!("another kind") };
    let CallProblem::Busy { crowded, .. } = error.problem else { panic!("another problem") };
    assert_eq!(crowded, Crowded::Host);

    slow.abort();
    let gone = slow.await.expect_err("it was sent away");
    assert!(gone.is_cancelled());
    host.call(&connection, "noop", json!({})).await.expect("the place is free again");
    let audit = host.host.audit(&records_of(&connection), &Page::first(100)).await.expect("the trail").items;
    assert!(audit.iter().any(|record| record.outcome == "busy"), "{audit:?}");
}

#[tokio::test]
async fn calls_to_a_slow_service_leave_room_for_the_others() {
    let service = EchoService::start().await;
    let host = Arc::new(TestHost::start_with(|builder| builder.calls_at_once(8)).await);
    let slow = host.hostile(&service).await;
    let id = ConnectionId::parse("quick").expect("an id");
    let quick = host.hostile_with(&service, |connection| connection.id(id), "none").await;
    let crowd: Vec<_> = (0..50)
        .map(|_| {
            let (host, connection) = (host.clone(), slow.clone());
            tokio::spawn(async move { host.call(&connection, "sleep", json!({ "millis": FOREVER_MILLIS })).await })
        })
        .collect();
    for _ in 0..100 {
        host.call(&quick, "noop", json!({})).await.expect("others have their turn");
    }
    assert!(crowd.iter().all(|call| !call.is_finished()), "the slow calls still run or wait");
    for call in crowd {
        call.abort();
        let _ = call.await;
    }
    host.call(&slow, "noop", json!({})).await.expect("its places are free again");
}

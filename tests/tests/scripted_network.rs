//! A component runs against scripted answers in place of the network: the walls and the credential are in force all the same.

use std::net::IpAddr;

use innkeeper::test_support::{Answer, Scripted, Sent};
use innkeeper::{
    Body, CallResult, ConnectionView, EgressError, Error, ErrorKind, HostApproval, NewConnection, SpaceId,
};
use innkeeper_tests::components::component;
use innkeeper_tests::host::{TestHost, connect};
use serde_json::json;

const TOKEN: &str = "ntn_4f9a1c77e2b84d6d";

/// A host whose network is this script, and a connection of Notion to it.
async fn notion(network: &Scripted, hosts: &[&str]) -> (TestHost, ConnectionView) {
    let host = TestHost::start_with(|builder| builder.transport(network.clone())).await;
    let added = host.host.load(component("notion")).await.expect("it loads");
    let mut connection = NewConnection::new(SpaceId::default(), added.id(), "bearer").secret("token", TOKEN);
    if !hosts.is_empty() {
        connection.hosts = HostApproval::Only(hosts.iter().map(|host| host.parse().expect("a rule")).collect());
    }
    let connection = connect(&host.host, connection).await.expect("the connection is made");
    (host, connection)
}

async fn page(network: &Scripted, hosts: &[&str]) -> Result<CallResult, Error> {
    let (host, connection) = notion(network, hosts).await;
    host.call(&connection, "getPage", json!({ "pageId": "1" })).await
}

fn credential(sent: &Sent) -> Option<&str> {
    sent.header("authorization")
}

fn bearer() -> String {
    format!("Bearer {TOKEN}")
}

#[tokio::test]
async fn an_answer_of_the_script_is_served_and_the_request_had_the_credential() {
    let network = Scripted::in_order([Answer::json(&json!({ "object": "page", "id": "1" }))]);
    let result = page(&network, &[]).await.expect("it is answered");
    assert_eq!((result.value, result.requests), (json!({ "object": "page", "id": "1" }), 1));
    let sent = network.sent();
    assert_eq!((sent[0].method.as_str(), sent[0].url.as_str()), ("GET", "https://api.notion.com/v1/pages/1"));
    assert_eq!((credential(&sent[0]), sent[0].header("notion-version")), (Some(&*bearer()), Some("2025-09-03")));
    assert!(!format!("{network:?}{sent:?}").contains(TOKEN));
}

#[tokio::test]
async fn the_body_of_a_request_is_kept() {
    let network = Scripted::in_order([Answer::json(&json!({ "results": [] }))]);
    let (host, connection) = notion(&network, &[]).await;
    let input = json!({ "query": "plans", "queryObjectType": "page" });
    host.call(&connection, "searchPageOrDSByTitle", input).await.expect("it is answered");
    let sent = network.sent();
    let body: serde_json::Value = serde_json::from_slice(&sent[0].body).expect("JSON");
    assert_eq!((sent[0].method.as_str(), &body["query"]), ("POST", &json!("plans")));
}

#[tokio::test]
async fn an_answer_that_repeats_the_credential_is_scrubbed_though_it_comes_in_pieces() {
    let network = Scripted::by(|sent| {
        let text = json!({ "you": credential(sent) }).to_string();
        let pieces: Vec<_> = text.bytes().map(|byte| Ok(vec![byte].into())).collect();
        let body = Body::from_stream(futures::stream::iter(pieces), None, None);
        Ok(Answer::status(200).header("content-type", "application/json").header("x-you", TOKEN).body(body))
    });
    let result = page(&network, &[]).await.expect("it is answered");
    assert_eq!(result.value, json!({ "you": "Bearer [redacted]" }));
    assert_eq!(credential(&network.sent()[0]), Some(&*bearer()));
}

#[tokio::test]
async fn a_host_that_nobody_approved_is_refused_and_nothing_reaches_the_script() {
    let network = Scripted::in_order([Answer::json(&json!({}))]);
    let error = page(&network, &["https://other.example.com"]).await.expect_err("it is not approved");
    assert_eq!(error.kind(), ErrorKind::Denied);
    assert!(error.to_string().contains("has not approved it"), "{error}");
    assert!(network.sent().is_empty());
}

#[tokio::test]
async fn a_name_that_leads_into_a_private_network_is_refused_and_nothing_reaches_the_script() {
    let inside: IpAddr = "10.0.0.1".parse().expect("an address");
    let network = Scripted::in_order([Answer::json(&json!({}))]).address("api.notion.com", inside);
    let error = page(&network, &[]).await.expect_err("it is private");
    assert_eq!(error.kind(), ErrorKind::Denied);
    assert!(error.to_string().contains("private networks"), "{error}");
    assert!(network.sent().is_empty());
}

#[tokio::test]
async fn a_redirect_to_another_origin_carries_no_credential() {
    let network = Scripted::in_order([
        Answer::status(302).header("location", "https://files.example.com/1"),
        Answer::json(&json!({ "object": "page" })),
    ]);
    let hosts = ["https://api.notion.com", "https://files.example.com"];
    let result = page(&network, &hosts).await.expect("it is followed");
    assert_eq!((result.value, result.requests), (json!({ "object": "page" }), 2));
    let sent = network.sent();
    assert_eq!(sent[1].url.as_str(), "https://files.example.com/1");
    assert_eq!((credential(&sent[0]), credential(&sent[1])), (Some(&*bearer()), None));
}

#[tokio::test]
async fn a_redirect_to_a_host_that_nobody_approved_is_not_followed() {
    let network = Scripted::in_order([Answer::status(302).header("location", "https://files.example.com/1")]);
    let error = page(&network, &[]).await.expect_err("it is not approved");
    assert_eq!((error.kind(), network.sent().len()), (ErrorKind::Denied, 1));
}

#[tokio::test]
async fn what_is_limited_or_cannot_be_reached_is_sent_again_as_the_spec_has_it() {
    let mut answers = vec![
        Ok(Answer::json(&json!({ "object": "page" }))),
        Err(EgressError::Unsent("there is no way there".to_owned())),
        Ok(Answer::status(429).header("retry-after", "0")),
    ];
    let network = Scripted::by(move |_| answers.pop().expect("three requests"));
    let result = page(&network, &[]).await.expect("the third is answered");
    // The one that could not leave is not counted.
    assert_eq!((result.value, result.requests), (json!({ "object": "page" }), 2));
    let sent = network.sent();
    assert!(sent.len() == 3 && sent.iter().all(|sent| credential(sent) == Some(&*bearer())), "{sent:?}");
}

#[tokio::test]
async fn an_answer_with_too_large_a_head_is_refused() {
    let network = Scripted::in_order([Answer::status(200).header("x-large", &"x".repeat(65 << 10))]);
    let error = page(&network, &[]).await.expect_err("it is too large");
    assert_eq!((error.kind(), network.sent().len()), (ErrorKind::TooLarge, 1));
}

//! Settings that make no connection, each with what to do.

use innkeeper::{Endpoint, ValueSource};
use innkeeper_tests::host::{TestHost, connect};

use crate::scene::{host_of, new_connection};

const API: &str = "http://127.0.0.1:9";

#[tokio::test]
async fn a_host_without_a_service_says_what_its_operator_has_to_set() {
    let host = TestHost::start_warm(|builder| builder).await;
    let new = new_connection(API).field("provider", "acme");
    let error = connect(&host.host, new).await.expect_err("there is no service");
    let text = error.to_string();
    assert!(text.contains("no auth redirect service") && text.contains("ears_url"), "{text}");
}

#[tokio::test]
async fn a_service_that_would_get_tokens_in_the_clear_is_none() {
    for (base, why) in [
        ("http://ears.example.com", "https"),
        ("http://10.0.0.1", "https"),
        ("http://127.0.0.1.evil.example", "https"),
        ("ftp://127.0.0.1", "https"),
        ("https://ears.example.com/?a=b", "query"),
        ("https://ears.example.com/#a", "#"),
        ("https://ada:sesame@ears.example.com", "user"),
    ] {
        let folder = tempfile::tempdir().expect("there is room for a folder");
        let opened = TestHost::open(&folder, |builder| builder.ears(base.parse().expect("an address"))).await;
        let text = opened.expect_err("it is refused").to_string();
        assert!(text.contains("auth redirect service") && text.contains(why), "{base}: {text}");
    }
    for base in ["https://ears.example.com/a/", "http://127.0.0.1:1", "http://[::1]:1/", "http://localhost:1"] {
        let folder = tempfile::tempdir().expect("there is room for a folder");
        TestHost::open(&folder, |builder| builder.ears(base.parse().expect("an address"))).await.expect(base);
    }
}

#[tokio::test]
async fn a_provider_is_a_plain_word() {
    let host = host_of("https://ears.example.com").await;
    let long = "a".repeat(65);
    for name in ["", " ", "Google", "a/b", "..", "a?b", "a#b", "a%2fb", "a b", "google\n", "g\u{f6}", &long] {
        let error = connect(&host.host, new_connection(API).field("provider", name)).await.expect_err("it is no name");
        let text = error.to_string();
        assert!(text.contains("provider"), "{name:?}: {text}");
    }
    let error = connect(&host.host, new_connection(API)).await.expect_err("it is required");
    assert!(error.to_string().contains("provider") && error.to_string().contains("required"), "{error}");
    let longest = "a".repeat(64);
    for (place, name) in ["google", "microsoft", "my-own_1", &longest].into_iter().enumerate() {
        let id = format!("connection-{place}").parse().expect("an id");
        connect(&host.host, new_connection(API).id(id).field("provider", name)).await.expect("it is made");
    }
}

#[tokio::test]
async fn where_tokens_come_from_is_told_before_a_connection_is_made() {
    let host = host_of("https://ears.example.com/a/").await;
    let plan = host.host.plan(new_connection(API).field("provider", "acme")).await.expect("planned");
    let address = "https://ears.example.com/a/".to_owned();
    let [Endpoint { field, address: planned, source, .. }] = plan.endpoints() else { panic!("{plan:?}") };
    assert_eq!((field.as_str(), planned, *source), ("ears", &address, ValueSource::Host));
}

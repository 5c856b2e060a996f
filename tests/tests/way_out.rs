//! The way out of a real guest: what its connection's owner approved is what happens.

use innkeeper::spec::ApprovedHost;
use innkeeper::{Error, HostApproval};
use innkeeper_tests::echo::EchoService;
use innkeeper_tests::host::TestHost;
use serde_json::json;

#[tokio::test]
async fn a_guest_reaches_no_other_path_and_no_other_method_by_how_it_writes_the_address() {
    let (host, service) = (TestHost::start().await, EchoService::start().await);
    let only: ApprovedHost = format!("{} (GET)", service.url("/v1")).parse().expect("a host");
    let connection = host.hostile_with(&service, |new| new.hosts(HostApproval::Only(vec![only])), "none").await;
    for path in [
        "/v1/%u002e%u002e/admin",
        "/v1/%c0%ae%c0%ae/admin",
        "/v1/%252e%252e/admin",
        "/v1/..%2fadmin",
        "/v1/..;/admin",
        "/v1/..%5cadmin",
        "/v1/%ef%bc%8e%ef%bc%8e/admin",
        "/v1/x?_method=DELETE",
        "/v1/x?X-HTTP-Method-Override=DELETE",
        "/admin",
    ] {
        let answer = host.call(&connection, "fetch", json!({ "url": service.url(path) })).await.expect("answers");
        let error = answer.value["error"].as_str().unwrap_or_default().to_owned();
        assert!(error.starts_with("HttpError::Denied"), "{path}: {}", answer.value);
    }
    assert!(service.received().is_empty());
    let answer =
        host.call(&connection, "fetch", json!({ "url": service.url("/v1/a%20b%2Fc") })).await.expect("answers");
    assert_eq!(answer.value["status"], 200, "an ordinary name passes");
}

#[tokio::test]
async fn nobody_approves_the_hosts_of_many_owners_at_once() {
    let (host, service) = (TestHost::start().await, EchoService::start().await);
    let loaded = host.hostile(&service).await;
    for wide in ["*.github.io", "*.co.uk", "*.s3.amazonaws.com"] {
        assert!(format!("https://{wide}").parse::<ApprovedHost>().is_err(), "{wide}");
        let approved: ApprovedHost =
            serde_json::from_value(json!({ "host": wide, "port": 443 })).expect("what was kept once can be read");
        let new = innkeeper::NewConnection::new(loaded.space.clone(), loaded.connector.clone(), "none")
            .config(json!({ "base": service.base() }))
            .hosts(HostApproval::Only(vec![approved]));
        let error = innkeeper_tests::host::connect(&host.host, new).await.expect_err(wide);
        assert!(matches!(&error, Error::Hosts { reason, .. } if reason.contains("many owners")), "{error}");
    }
}

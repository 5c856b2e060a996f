//! Connections: what is checked when they are made and changed, who may use them, what is on record.

use async_trait::async_trait;
use futures::FutureExt as _;
use innkeeper::{
    AccessPolicy, AccessRequest, AuditFilter, CallRequest, ConnectionChange, ConnectionId, Denied, Error, ErrorKind,
    HostApproval, NewConnection, Page, PrincipalId, SpaceId, Verb, spec::AuthMode,
};
use innkeeper_tests::components::{hostile, patched};
use innkeeper_tests::echo::EchoService;
use innkeeper_tests::host::{TestHost, change as changed, connect, records_of};
use serde_json::{Value, json};

async fn refusal(settings: impl FnOnce(NewConnection) -> NewConnection, auth_type: &str) -> String {
    let host = TestHost::start().await;
    let id = host.host.load(hostile()).await.expect("it loads").id();
    let new = settings(NewConnection::new(SpaceId::default(), id, auth_type));
    let error = connect(&host.host, new).await.expect_err("it is refused").to_string();
    assert!(
        host.host.connections(&SpaceId::default(), &Page::first(100)).await.expect("a list").items.is_empty(),
        "nothing is kept"
    );
    error
}

#[tokio::test]
async fn a_config_that_breaks_the_schema_is_refused_with_its_place() {
    let error = refusal(|new| new.config(json!({ "base": 7 })), "none").await;
    assert!(error.contains("config of connector hostile_connector") && error.contains("/base"), "{error}");
}

#[tokio::test]
async fn an_auth_type_that_the_connector_does_not_take_is_refused_with_those_it_takes() {
    let error = refusal(|new| new, "kerberos").await;
    assert!(error.contains("does not accept the auth type \"kerberos\"; it accepts none, bearer"), "{error}");
}

#[tokio::test]
async fn every_mistake_of_the_fields_is_named_and_no_secret_is_echoed() {
    let fields = |new: NewConnection| {
        new.field("tokenUrl", "http://example.com/t").field("clientld", "x").secret("password", "hunter2-secret")
    };
    let error = refusal(fields, "oauth_authorization_code").await;
    for named in ["tokenUrl", "clientld", "clientId", "authorizationUrl", "password"] {
        assert!(error.contains(named), "{named} in {error}");
    }
    assert!(!error.contains("hunter2"), "{error}");
}

#[tokio::test]
async fn an_auth_mode_that_the_auth_type_lacks_is_refused() {
    let error = refusal(|new| new.auth_mode(AuthMode::PerUser), "none").await;
    assert!(error.contains("does not support the auth mode \"per-user\""), "{error}");
}

#[tokio::test]
async fn an_id_is_taken_once_and_made_from_the_connector_when_none_is_given() {
    let (host, service) = (TestHost::start().await, EchoService::start().await);
    let first = host.hostile(&service).await;
    let second = host.hostile(&service).await;
    assert_eq!((first.id.as_str(), second.id.as_str()), ("hostile_connector", "hostile_connector-2"));
    let taken = NewConnection::new(first.space.clone(), first.connector.clone(), "none").id(first.id.clone());
    assert!(matches!(connect(&host.host, taken).await, Err(Error::ConnectionExists { .. })));
}

#[tokio::test]
async fn a_call_of_an_unknown_action_names_the_nearest_and_one_of_an_unknown_connection_tells_no_ids() {
    let (host, service) = (TestHost::start().await, EchoService::start().await);
    let connection = host.hostile(&service).await;
    let nobody = ConnectionId::parse("nobody").expect("an id");
    let call = CallRequest::new(SpaceId::default(), nobody, "noop", json!({}));
    let error = host.host.call(call).await.expect_err("it is not there").to_string();
    assert_eq!(error, "there is no connection \"nobody\" in space \"default\"");
    let error = host.call(&connection, "read_al", json!({})).await.expect_err("no such action").to_string();
    assert!(error.contains("did you mean \"read_all\"?"), "{error}");
    let error = host.call(&connection, "noop", json!("text")).await.expect_err("no object").to_string();
    assert!(error.contains("the input of hostile_connector.noop is not valid"), "{error}");
}

#[tokio::test]
async fn a_connection_reaches_only_what_its_owner_approved() {
    let (host, service) = (TestHost::start().await, EchoService::start().await);
    let only = vec!["https://api.example.com".parse().expect("a host")];
    let connection = host.hostile_with(&service, |new| new.hosts(HostApproval::Only(only)), "none").await;
    let fetched = host.call(&connection, "fetch", json!({ "url": service.base() })).await.expect("it is told").value;
    assert!(fetched["error"].as_str().expect("an error").contains("127.0.0.1"), "{fetched}");
    assert!(service.received().is_empty());

    let change = ConnectionChange::default().hosts(HostApproval::AsAsked);
    changed(&host.host, &connection.space, &connection.id, change).await.expect("it is changed");
    let fetched = host.call(&connection, "fetch", json!({ "url": service.base() })).await.expect("it is told").value;
    assert_eq!(fetched["status"], 200);
}

#[tokio::test]
async fn a_changed_config_is_what_the_next_call_finds() {
    let (host, service, other) = (TestHost::start().await, EchoService::start().await, EchoService::start().await);
    let connection = host.hostile(&service).await;
    let found = async |connection| {
        let told = host.call(connection, "reveal", json!({ "url": service.base() })).await.expect("it is told").value;
        told["answers"]["config"].as_str().expect("a text").to_owned()
    };
    let config = |service: &EchoService| json!({ "base": service.base() }).to_string();
    assert_eq!(found(&connection).await, config(&service));
    let change = ConnectionChange::default().hosts(HostApproval::AsAsked).config(json!({ "base": other.base() }));
    changed(&host.host, &connection.space, &connection.id, change).await.expect("it is changed");
    assert_eq!(found(&connection).await, config(&other));
    let fetch = async |url: &str| host.call(&connection, "fetch", json!({ "url": url })).await.expect("told").value;
    assert_eq!(fetch(other.base()).await["status"], 200);
    assert_ne!(fetch(service.base()).await["status"], 200);

    // The same id, and version 1 again.
    host.host.delete_connection(&connection.space, &connection.id).await.expect("deleted");
    let again = host.hostile(&service).await;
    assert_eq!(again.id, connection.id);
    assert_eq!(found(&again).await, config(&service));
    host.host.delete_connection(&again.space, &again.id).await.expect("deleted");
    let other_again = host.hostile(&other).await;
    assert_eq!((&other_again.id, found(&other_again).await), (&again.id, config(&other)));
}

#[tokio::test]
async fn a_changed_secret_is_what_the_next_call_sends() {
    let (host, service) = (TestHost::start().await, EchoService::start().await);
    let connection = host.hostile_with(&service, |new| new.secret("token", "first-token-1234"), "bearer").await;
    let fetch = async || host.call(&connection, "fetch", json!({ "url": service.base() })).await.expect("it is told");
    fetch().await;
    let change = ConnectionChange::default().secret("token", "second-token-5678");
    changed(&host.host, &connection.space, &connection.id, change).await.expect("it is changed");
    fetch().await;
    let sent: Vec<_> = service.received().iter().map(|request| request.authorization().map(str::to_owned)).collect();
    assert_eq!(sent, [Some("Bearer first-token-1234".to_owned()), Some("Bearer second-token-5678".to_owned())]);
}

#[tokio::test]
async fn a_fixed_token_that_the_service_does_not_accept_is_told_as_that() {
    let (host, service) = (TestHost::start().await, EchoService::start().await);
    let connection = host.hostile_with(&service, |new| new.secret("token", "a-wrong-token"), "bearer").await;
    let input = json!({ "url": service.url("/unauthorized") });
    let error = host.call(&connection, "ask", input).await.expect_err("it is refused");
    assert_eq!(error.kind(), ErrorKind::CredentialRejected);
    let text = error.to_string();
    assert!(text.starts_with("the service does not accept the credential of connection "), "{text}");
    assert!(text.contains("(auth type bearer)") && !text.contains("a-wrong-token"), "{text}");
    let audit = host.host.audit(&records_of(&connection), &Page::first(1)).await.expect("a trail").items;
    assert_eq!(&*audit[0].outcome, "credential-rejected");
}

#[tokio::test]
async fn what_a_newer_version_declares_has_no_effect_until_the_owner_agrees() {
    let (host, service) = (TestHost::start().await, EchoService::start().await);
    let settings = |new: NewConnection| new.field("username", "ada").secret("password", "hunter2-secret");
    let connection = host.hostile_with(&service, settings, "basic").await;
    assert_eq!(
        (&connection.placeholders[..], &connection.claims[..]),
        (&["token".into()][..], &["instance_url".into()][..])
    );
    host.call(&connection, "noop", json!({})).await.expect("the older version is called");
    let newer = patched(hostile(), "spec-behaviour:pure", "spec-behaviour:more");
    host.host.load(newer).await.expect("it loads");
    let url = service.url("/?q=${secret.password}");
    let fetch = async || host.call(&connection, "fetch", json!({ "url": url })).await.expect("it is told").value;
    let refused = fetch().await.to_string();
    assert!(refused.contains("does not name a secret that can be filled in"), "{refused}");
    assert!(service.received().is_empty());
    let change = ConnectionChange::default().title("Renamed");
    let renamed = changed(&host.host, &connection.space, &connection.id, change).await.expect("changed");
    assert_eq!((renamed.placeholders, renamed.claims), (connection.placeholders.clone(), connection.claims.clone()));
    let change = ConnectionChange::default().hosts(HostApproval::AsAsked);
    let agreed = changed(&host.host, &connection.space, &connection.id, change).await.expect("changed");
    assert_eq!(
        (agreed.placeholders, agreed.claims),
        (vec!["token".into(), "password".into()], vec!["instance_url".into(), "team_id".into()])
    );
    assert_eq!(fetch().await["status"], json!(200));
    assert_eq!(service.received().len(), 1);
}

#[derive(Debug)]
struct OnlyAda;

#[async_trait]
impl AccessPolicy for OnlyAda {
    async fn decide(&self, request: &AccessRequest<'_>) -> Result<(), Denied> {
        match request.principal.map(PrincipalId::as_str) {
            _ if request.verb != Verb::Call => Ok(()),
            Some("ada") => Ok(()),
            _ => Err(Denied("only ada may".to_owned())),
        }
    }
}

#[tokio::test]
async fn what_the_policy_refuses_does_not_run_and_is_on_record() {
    let host = TestHost::start_with(|builder| builder.policy(OnlyAda)).await;
    let service = EchoService::start().await;
    let connection = host.hostile(&service).await;
    let call = |principal: &str| {
        let call = CallRequest::new(connection.space.clone(), connection.id.clone(), "noop", json!({}));
        host.host.call(call.principal(PrincipalId::parse(principal).expect("an id")))
    };
    call("ada").await.expect("ada may");
    assert_eq!(call("grace").await.expect_err("grace may not").to_string(), "not allowed: only ada may");
    let audit = host.host.audit(&records_of(&connection), &Page::first(10)).await.expect("a trail").items;
    let seen: Vec<_> = audit
        .iter()
        .map(|record| {
            let principal = record.principal.as_ref().map(PrincipalId::as_str);
            (&*record.event, record.action.as_deref(), principal, &*record.outcome)
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("call", Some("noop"), Some("grace"), "not-allowed"),
            ("call", Some("noop"), Some("ada"), "ok"),
            ("connect", None, None, "ok"),
        ]
    );
}

#[tokio::test]
async fn a_connection_for_each_principal_is_not_called_for_nobody() {
    let (host, service) = (TestHost::start().await, EchoService::start().await);
    let settings = |new: NewConnection| {
        new.auth_mode(AuthMode::PerUser)
            .field("authorizationUrl", service.url("/authorize"))
            .field("tokenUrl", service.url("/token"))
            .field("clientId", "client")
    };
    let connection = host.hostile_with(&service, settings, "oauth_authorization_code").await;
    let error = host.call(&connection, "fetch", json!({ "url": service.base() })).await.expect_err("for whom?");
    assert!(error.to_string().contains("name the principal"), "{error}");
    let audit = host.host.audit(&records_of(&connection), &Page::first(1)).await.expect("a trail").items;
    let seen = (&*audit[0].event, audit[0].action.as_deref(), &*audit[0].outcome);
    assert_eq!(seen, ("call", Some("fetch"), "auth"));
    let call =
        CallRequest::new(connection.space.clone(), connection.id.clone(), "fetch", json!({ "url": service.base() }));
    let result = host.host.call(call.principal(PrincipalId::parse("ada").expect("an id"))).await.expect("it is told");
    assert_eq!(result.value["error"], json!("HttpError::NeedsAuthorization"));
    assert!(service.received().is_empty(), "nothing is sent without a credential");
}

#[tokio::test]
async fn a_deleted_connection_takes_its_state_with_it() {
    let (host, service) = (TestHost::start().await, EchoService::start().await);
    let connection = host.hostile(&service).await;
    host.call(&connection, "remember", json!({ "key": "k" })).await.expect("remembered");
    host.host.delete_connection(&connection.space, &connection.id).await.expect("deleted");
    let again = host.hostile(&service).await;
    assert_eq!(again.id, connection.id);
    let recalled = host.call(&again, "recall", json!({ "key": "k" })).await.expect("it is told").value;
    assert_eq!(recalled, Value::Null);
}

#[tokio::test]
async fn keys_are_rotated_while_connections_go_on() {
    let (host, service) = (TestHost::start().await, EchoService::start().await);
    let connection = host.hostile_with(&service, |new| new.secret("token", "a-token-to-keep"), "bearer").await;
    host.call(&connection, "remember", json!({ "key": "k" })).await.expect("remembered");
    let rotation = host.host.rotate_keys().await.expect("rotated");
    assert!(rotation.resealed >= 2 && rotation.unopened.is_empty(), "{rotation:?}");
    host.call(&connection, "fetch", json!({ "url": service.base() })).await.expect("it is told");
    assert_eq!(service.received()[0].authorization(), Some("Bearer a-token-to-keep"));
    let recalled = host.call(&connection, "recall", json!({ "key": "k" })).await.expect("it is told").value;
    assert_eq!(recalled, json!([1, [7]]));
}

/// The change is made, so it is on record.
#[tokio::test]
async fn a_caller_who_stops_waiting_leaves_no_change_without_a_record() {
    let (host, service) = (TestHost::start().await, EchoService::start().await);
    let first = host.hostile(&service).await;
    let new = NewConnection::new(first.space.clone(), first.connector.clone(), "none");
    let plan = host.host.plan(new.config(first.config.clone())).await.expect("it is planned");
    let id = plan.view().id.clone();
    assert!(host.host.connect(plan.approved()).now_or_never().is_none(), "the store writes on another thread");
    assert!(host.host.delete_connection(&first.space, &first.id).now_or_never().is_none());
    host.host.close().await.expect("closed");

    host.host.connection(&first.space, &id).await.expect("it was made");
    host.host.connection(&first.space, &first.id).await.expect_err("it was deleted");
    let trail = host.host.audit(&AuditFilter::new(first.space.clone()), &Page::first(9)).await.expect("read");
    let events: Vec<_> = trail.items.iter().map(|record| (&*record.event, &record.connection)).collect();
    assert!(events.contains(&("connect", &id)) && events.contains(&("delete", &first.id)), "{events:?}");
}

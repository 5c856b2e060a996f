//! A connection is planned, approved, and made exactly as it was planned.

use innkeeper::{
    Approval, ConnectionChange, ErrorKind, HostApproval, NewConnection, Page, PlanKind, PlanWarning, SpaceId,
    ValueSource, spec::AuthMode,
};
use innkeeper_tests::components::{component, hostile, patched};
use innkeeper_tests::echo::EchoService;
use innkeeper_tests::host::TestHost;
use innkeeper_tests::oidc::{OidcOptions, OidcProvider};
use serde_json::json;

#[tokio::test]
async fn a_plan_tells_where_every_value_comes_from_and_what_the_connector_may_do() {
    let host = TestHost::start().await;
    let added = host.host.load(component("sharepoint_online")).await.expect("loads");
    let new = NewConnection::new(SpaceId::default(), added.id(), "oauth_authorization_code")
        .config(json!({ "tenantId": "contoso.example" }))
        .field("clientId", "client")
        .secret("clientSecret", "xyz");
    let plan = host.host.plan(new).await.expect("planned");
    let view = plan.view();
    assert_eq!((view.kind, view.id.as_str(), view.interactive), (PlanKind::Connect, "sharepoint_online", true));
    let source = |name: &str| view.fields.iter().find(|field| field.field == name).map(|field| field.source);
    assert_eq!(source("clientId"), Some(ValueSource::Given));
    assert_eq!(source("tokenUrl"), Some(ValueSource::ConnectorTemplate), "{view:?}");
    assert_eq!(source("scope"), Some(ValueSource::ConnectorDefault), "{view:?}");
    assert_eq!(view.secrets[0].source, ValueSource::Given);
    let token = plan.endpoints().iter().find(|endpoint| endpoint.field == "tokenUrl").expect("an endpoint");
    assert!(token.address.contains("/contoso.example/"), "{token:?}");
    assert_eq!(token.approval, Approval::Needed);
    assert!(plan.hosts().iter().all(|host| host.approval == Approval::Needed));
    assert!(plan.needs_approval());
    assert!(!view.scopes.is_empty());
    assert!(
        view.warnings
            .iter()
            .any(|warning| matches!(warning, PlanWarning::ShortSecret { field, .. } if field == "clientSecret"))
    );
    assert!(!format!("{plan:?}").contains("xyz"), "no secret in a plan");
    assert!(
        host.host.connections(&SpaceId::default(), &Page::first(100)).await.expect("listed").items.is_empty(),
        "a plan keeps nothing"
    );

    let planned = plan.view().clone();
    let made = host.host.connect(plan.approved()).await.expect("made");
    assert_eq!(made.sources["tokenUrl"], ValueSource::ConnectorTemplate);
    assert_eq!(made.sources["clientSecret"], ValueSource::Given);
    assert_eq!((made.id, made.auth_mode), (planned.id, planned.auth_mode));
    let hosts: Vec<_> = planned.hosts.into_iter().map(|host| host.host).collect();
    assert_eq!(made.hosts, hosts);
}

#[tokio::test]
async fn metadata_is_fetched_once_and_what_was_planned_is_made_whatever_it_says_a_moment_later() {
    let host = TestHost::start().await;
    let provider = OidcProvider::start(OidcOptions::default()).await.expect("it starts");
    let added = host.host.load(hostile()).await.expect("loads");
    let service = EchoService::start().await;
    let new = NewConnection::new(SpaceId::default(), added.id(), "oauth_authorization_code")
        .config(json!({ "base": service.base() }))
        .field("discoveryUrl", provider.issuer().as_str())
        .field("clientId", "public");
    let plan = host.host.plan(new).await.expect("planned");
    let token = plan.endpoints().iter().find(|endpoint| endpoint.field == "tokenUrl").expect("found").clone();
    assert_eq!((token.source, token.approval), (ValueSource::Discovery, Approval::Needed));
    // Nobody answers any more.
    drop(provider);
    let made = host.host.connect(plan.approved()).await.expect("made");
    assert_eq!(made.fields["tokenUrl"], json!(token.address));
    assert_eq!(made.sources["tokenUrl"], ValueSource::Discovery);
    // A change of something else asks nobody either.
    let change = ConnectionChange::default().title("Renamed");
    let plan = host.host.plan_change(&made.space, &made.id, change).await.expect("planned");
    assert!(!plan.needs_approval(), "{plan:?}");
    let places: Vec<_> = plan.view().changes.iter().map(|change| change.place.as_str()).collect();
    assert_eq!(places, ["title"]);
    let renamed = host.host.connect(plan.approved()).await.expect("changed");
    assert_eq!((renamed.fields, renamed.sources), (made.fields, made.sources));
}

#[tokio::test]
async fn a_field_that_the_connector_made_from_the_config_follows_it_and_one_that_the_owner_gave_stays() {
    let host = TestHost::start().await;
    let added = host.host.load(component("sharepoint_online")).await.expect("loads");
    let config = |tenant: &str| json!({ "tenantId": tenant });
    let new = NewConnection::new(SpaceId::default(), added.id(), "oauth_authorization_code")
        .config(config("contoso.example"))
        .field("clientId", "client")
        .secret("clientSecret", "a-client-secret");
    let plan = host.host.plan(new).await.expect("planned");
    // The owner repeats by hand what the connector would make of the config.
    let authorize =
        plan.endpoints().iter().find(|endpoint| endpoint.field == "authorizationUrl").expect("there").clone();
    let made = host.host.connect(plan.approved()).await.expect("made");
    let by_hand = ConnectionChange::default().field("authorizationUrl", authorize.address.as_str());
    let plan = host.host.plan_change(&made.space, &made.id, by_hand).await.expect("planned");
    assert!(!plan.needs_approval());
    host.host.connect(plan.approved()).await.expect("changed");

    let moved = ConnectionChange::default().config(config("fabrikam.example"));
    let plan = host.host.plan_change(&made.space, &made.id, moved).await.expect("planned");
    let endpoint = |name: &str| plan.endpoints().iter().find(|endpoint| endpoint.field == name).expect("there").clone();
    assert!(endpoint("tokenUrl").address.contains("/fabrikam.example/"));
    assert_eq!(endpoint("tokenUrl").approval, Approval::Needed);
    assert_eq!(
        (endpoint("authorizationUrl").address, endpoint("authorizationUrl").approval),
        (authorize.address, Approval::Standing)
    );
    let changed: Vec<_> = plan.view().changes.iter().map(|change| change.place.as_str()).collect();
    assert!(changed.contains(&"config.tenantId") && changed.contains(&"fields.tokenUrl"), "{changed:?}");
    assert!(!changed.contains(&"fields.authorizationUrl"), "{changed:?}");
}

#[tokio::test]
async fn a_plan_is_not_made_after_the_connection_or_the_connector_has_changed() {
    let (host, service) = (TestHost::start().await, EchoService::start().await);
    let connection = host.hostile(&service).await;
    let rename = async |title: &str| {
        let change = ConnectionChange::default().title(title);
        host.host.plan_change(&connection.space, &connection.id, change).await.expect("planned")
    };
    let (first, second) = (rename("First").await, rename("Second").await);
    host.host.connect(first.approved()).await.expect("changed");
    assert_eq!(host.host.connect(second.approved()).await.expect_err("stale").kind(), ErrorKind::Conflict);

    // Deleted and made again: the same version, and another connection.
    let third = rename("Third").await;
    host.host.delete_connection(&connection.space, &connection.id).await.expect("deleted");
    let again = host.hostile(&service).await;
    assert_eq!(again.id, connection.id);
    host.host.connect(rename("Fourth").await.approved()).await.expect("changed");
    assert_eq!(host.host.connect(third.approved()).await.expect_err("stale").kind(), ErrorKind::Conflict);

    let new = NewConnection::new(again.space.clone(), again.connector.clone(), "none").config(again.config.clone());
    let plan = host.host.plan(new).await.expect("planned");
    host.host.load(patched(hostile(), "spec-behaviour:pure", "spec-behaviour:more")).await.expect("loads");
    let stale = host.host.connect(plan.approved()).await.expect_err("stale");
    assert_eq!(stale.kind(), ErrorKind::Conflict);
    assert!(stale.to_string().contains("plan it again"), "{stale}");
}

#[tokio::test]
async fn a_connector_is_added_as_it_was_planned_or_not_at_all() {
    let host = TestHost::start().await;
    let newer = patched(hostile(), "spec-behaviour:pure", "spec-behaviour:more");
    let plan = host.host.plan_connector(hostile()).await.expect("planned");
    assert_eq!((plan.view().replaces.as_deref(), plan.needs_approval()), (None, false));
    assert!(host.host.connectors(&Page::first(100)).await.expect("listed").items.is_empty(), "a plan keeps nothing");
    let rival = host.host.plan_connector(newer.clone()).await.expect("planned");
    host.host.add_connector(plan.approved()).await.expect("added");
    assert_eq!(host.host.add_connector(rival.approved()).await.expect_err("stale").kind(), ErrorKind::Conflict);
    let plan = host.host.plan_connector(newer).await.expect("planned");
    assert!(plan.needs_approval(), "it asks for more: {:?}", plan.view().differences);
    host.host.add_connector(plan.approved()).await.expect("added");
}

#[tokio::test]
async fn a_connection_follows_a_newer_connector_when_its_owner_says_so() {
    let (host, service) = (TestHost::start().await, EchoService::start().await);
    let settings = |new: NewConnection| new.field("username", "ada").secret("password", "hunter2-secret");
    let connection = host.hostile_with(&service, settings, "basic").await;
    host.host.load(patched(hostile(), "spec-behaviour:pure", "spec-behaviour:more")).await.expect("loads");
    let follow = ConnectionChange::default().hosts(HostApproval::AsAsked);
    let plan = host.host.plan_change(&connection.space, &connection.id, follow).await.expect("planned");
    assert_eq!(plan.view().kind, PlanKind::Change);
    let open: Vec<_> = plan.view().placeholders.iter().filter(|right| right.approval == Approval::Needed).collect();
    assert_eq!(open.len(), 1, "{open:?}");
    assert!(open[0].name.contains("password"), "{open:?}");
    assert!(plan.hosts().iter().all(|host| host.approval == Approval::Standing), "the hosts are as before");
    assert_eq!(plan.view().auth_mode, AuthMode::Shared);
}

#[tokio::test]
async fn a_default_of_the_config_stays_a_default_through_every_change() {
    let host = TestHost::start().await;
    let added = host.host.load(component("google_drive")).await.expect("loads");
    let new = NewConnection::new(SpaceId::default(), added.id(), "bearer").secret("token", "a-token-of-the-owner");
    let made = host.host.connect(host.host.plan(new).await.expect("planned").approved()).await.expect("made");
    assert_eq!(made.config_sources["baseUrl"], ValueSource::ConnectorDefault);
    let change = ConnectionChange::default().title("Renamed").secret("token", "another-token");
    let plan = host.host.plan_change(&made.space, &made.id, change).await.expect("planned");
    let places: Vec<_> = plan.view().changes.iter().map(|change| change.place.as_str()).collect();
    assert_eq!(places, ["title", "secrets.token"]);
    assert_eq!(plan.view().config[0].source, ValueSource::ConnectorDefault);
    let renamed = host.host.connect(plan.approved()).await.expect("changed");
    assert_eq!((&renamed.config, &renamed.config_sources), (&made.config, &made.config_sources));
    let given = ConnectionChange::default().config(json!({ "baseUrl": "https://drive.example" }));
    let plan = host.host.plan_change(&made.space, &made.id, given).await.expect("planned");
    assert_eq!(plan.view().config[0].source, ValueSource::Given);
    // The same secret again changes nothing.
    let same = ConnectionChange::default().secret("token", "another-token");
    let plan = host.host.plan_change(&made.space, &made.id, same).await.expect("planned");
    assert!(plan.view().changes.is_empty(), "{:?}", plan.view().changes);
}

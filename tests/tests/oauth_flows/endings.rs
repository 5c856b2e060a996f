//! Users who leave, spaces that end, and connectors that wish for more.

use innkeeper::spec::AuthMode;
use innkeeper::{Error, FlowFailure, NewConnection, PrincipalId, SpaceId};
use innkeeper_tests::components;
use innkeeper_tests::host::TestHost;
use innkeeper_tests::oidc::{OidcOptions, PUBLIC};
use innkeeper_tests::stage::Stage;

#[tokio::test]
async fn a_user_who_leaves_loses_every_grant_and_nobody_else_does() {
    let stage = Stage::start(OidcOptions::default()).await;
    let connection = stage.connect_with(PUBLIC, |new| new.auth_mode(AuthMode::PerUser)).await;
    for user in ["ada", "bob"] {
        stage.authorize(&connection, Some(user), user).await;
    }
    let ada = PrincipalId::parse("ada").expect("an id");
    let host = &stage.host.host;
    let begun = stage.host.begin(&connection, Some("ada")).await;
    let callback = stage.consent(&begun, "ada").await;
    assert_eq!(host.forget_principal(&connection.space, &ada).await.expect("forgotten"), 1);
    let error = stage.host.complete(&callback, &begun.session).await.expect_err("what the user had begun is gone");
    assert!(matches!(&error, Error::Refused(refused) if matches!(refused.failure, FlowFailure::Unknown)), "{error}");
    assert_eq!(host.forget_principal(&connection.space, &ada).await.expect("forgotten"), 0);
    assert!(!stage.host.status(&connection, Some("ada")).await.grant.authorized);
    assert_eq!(stage.me_of(&connection, Some("bob")).await.expect("an answer")["sub"], "bob");
    assert_eq!(stage.counts().await.all("revocation"), 2, "both tokens were given back");
}

#[tokio::test]
async fn a_space_that_ends_takes_its_connections_and_grants() {
    let stage = Stage::start(OidcOptions::default()).await;
    let connection = stage.connect(PUBLIC).await;
    stage.authorize(&connection, None, "ada").await;
    let host = &stage.host.host;
    let other = SpaceId::parse("other").expect("an id");
    assert_eq!(host.delete_space(&other).await.expect("nothing there"), 0);
    assert_eq!(host.delete_space(&connection.space).await.expect("deleted"), 1);
    assert!(host.connections(&connection.space, &innkeeper::Page::first(1)).await.expect("listed").items.is_empty());
    assert_eq!(stage.counts().await.all("revocation"), 2);
}

/// A newer version of a connector is made of the old one's bytes: another scope of the same length.
#[tokio::test]
async fn a_connection_follows_the_scope_of_a_newer_connector_unless_its_owner_chose_one() {
    let host = TestHost::start().await;
    let old = components::component("google_drive");
    let (from, to) = (b"auth/drive.readonly", b"auth/drive.metadata");
    let mut new = old.clone();
    let mut at = 0;
    while let Some(offset) = new[at..].windows(from.len()).position(|window| window == from) {
        at += offset;
        new[at..at + to.len()].copy_from_slice(to);
    }
    assert_ne!(old, new, "the connector asks for that scope");
    let added = host.host.load(old).await.expect("loads");
    let connect = |id: &str, scope: Option<&str>| {
        let new = NewConnection::new(SpaceId::default(), added.id(), "oauth_authorization_code");
        let new = new.id(id.parse().expect("an id")).field("clientId", "client").secret("clientSecret", "secret");
        let new = match scope {
            Some(scope) => new.field("scope", scope),
            None => new,
        };
        innkeeper_tests::host::connect(&host.host, new)
    };
    let follower = connect("follower", None).await.expect("made");
    connect("chosen", Some("mine")).await.expect("made");
    let wished = |id: &str| {
        let (host, id) = (host.host.clone(), id.parse().expect("an id"));
        async move { host.connection(&SpaceId::default(), &id).await.expect("there").fields["scope"].clone() }
    };
    assert!(follower.fields["scope"].as_str().expect("a text").contains("drive.readonly"));
    let upgraded = host.host.load(new).await.expect("loads");
    let rescoped: Vec<_> = upgraded.view.rescoped.iter().map(|rescoped| &rescoped.connection).collect();
    assert_eq!(rescoped, [&follower.id]);
    assert!(!upgraded.view.differences.is_empty(), "the difference is shown");
    assert!(wished("follower").await.as_str().expect("a text").contains("drive.metadata"));
    assert_eq!(wished("chosen").await, "mine");
}

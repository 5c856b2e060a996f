//! The end of a grant: here and at the provider.

use innkeeper::spec::AuthMode;
use innkeeper::{AuthError, Error, ErrorKind, Reason, Unrevoked};
use innkeeper_tests::oidc::{CONFIDENTIAL_BASIC, CONFIDENTIAL_POST, Fault, OidcOptions, PUBLIC, plain_client};
use innkeeper_tests::relay::Relay;
use innkeeper_tests::stage::Stage;

#[tokio::test]
async fn disconnecting_ends_the_grant_here_and_at_the_provider() {
    let stage = Stage::start(OidcOptions::default()).await;
    for (round, client) in (1..).zip([PUBLIC, CONFIDENTIAL_BASIC, CONFIDENTIAL_POST]) {
        let relay = Relay::start(stage.provider.issuer()).await;
        let through = |new: innkeeper::NewConnection| new.field("tokenUrl", relay.url("token").as_str());
        let connection = stage.connect_with(client, through).await;
        stage.authorize(&connection, None, "ada").await;
        let token = relay.passed()[0].answer["access_token"].as_str().expect("a token").to_owned();
        assert_eq!(status_with(&stage, &token).await, 200);

        stage.host.disconnect(&connection, None).await;
        let counts = stage.counts().await;
        let of_both = 2 * round;
        assert_eq!((counts.all("revocation"), counts.of("revocation", "success")), (of_both, of_both));
        assert_eq!(status_with(&stage, &token).await, 401, "the token is dead at the provider");
        let error = stage.me(&connection).await.expect_err("there is no grant");
        assert!(matches!(error, Error::Auth(AuthError::NeedsAuthorization { reason: Reason::NoGrant, .. })), "{error}");
        stage.authorize(&connection, None, "ada").await;
        stage.me(&connection).await.expect("a new grant");
    }
}

#[tokio::test]
async fn disconnecting_one_principal_leaves_the_others_alone() {
    let stage = Stage::start(OidcOptions::default()).await;
    let connection = stage.connect_with(PUBLIC, |new| new.auth_mode(AuthMode::PerUser)).await;
    for user in ["ada", "bob"] {
        stage.authorize(&connection, Some(user), user).await;
    }
    stage.host.disconnect(&connection, Some("ada")).await;
    stage.me_of(&connection, Some("ada")).await.expect_err("ada has left");
    assert_eq!(stage.me_of(&connection, Some("bob")).await.expect("bob has not")["sub"], "bob");
}

#[tokio::test]
async fn deleting_a_connection_ends_the_grants_of_all_its_principals() {
    let stage = Stage::start(OidcOptions::default()).await;
    let connection = stage.connect_with(PUBLIC, |new| new.auth_mode(AuthMode::PerUser)).await;
    for user in ["ada", "bob"] {
        stage.authorize(&connection, Some(user), user).await;
    }
    stage.host.host.delete_connection(&connection.space, &connection.id).await.expect("deleted");
    assert_eq!(stage.counts().await.of("revocation", "success"), 4);
    let error = stage.me_of(&connection, Some("ada")).await.expect_err("there is no connection");
    assert_eq!(error.kind(), ErrorKind::UnknownConnection);

    // One of the same name begins without a grant.
    let again = stage.connect_with(PUBLIC, |new| new.auth_mode(AuthMode::PerUser).id(connection.id.clone())).await;
    let grant = stage.host.status(&again, Some("ada")).await.grant;
    assert_eq!(grant.reason, Some(Reason::NoGrant));
}

#[tokio::test]
async fn a_provider_that_does_not_revoke_keeps_no_grant_here() {
    let stage = Stage::start(OidcOptions::default()).await;
    let connection = stage.connect(PUBLIC).await;
    stage.authorize(&connection, None, "ada").await;
    for _ in 0..2 {
        stage.provider.fail_next("revocation", Fault::Status(503, Vec::new())).await.expect("ordered");
    }
    let ended = stage.host.disconnect(&connection, None).await;
    assert!(ended.existed && matches!(ended.unrevoked, Some(Unrevoked::Failed { again: true, .. })), "{ended:?}");
    assert_eq!(stage.counts().await.of("revocation", "fault 503"), 2);
    assert_eq!(stage.host.status(&connection, None).await.grant.reason, Some(Reason::NoGrant));
    stage.me(&connection).await.expect_err("there is no grant");
    assert_eq!(stage.counts().await.all("api"), 0);
}

async fn status_with(stage: &Stage, token: &str) -> u16 {
    let url = stage.provider.api().join("api/me").expect("a path joins");
    plain_client().expect("a client").get(url).bearer_auth(token).send().await.expect("an answer").status().as_u16()
}

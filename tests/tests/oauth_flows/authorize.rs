//! From a connection to a call at the protected resource.

use innkeeper::spec::AuthMode;
use innkeeper::{AuthError, Error, GrantOwner, Reason};
use innkeeper_tests::host::id;
use innkeeper_tests::oidc::{CONFIDENTIAL_BASIC, CONFIDENTIAL_POST, MACHINE, OidcClient, OidcOptions, PUBLIC};
use innkeeper_tests::stage::Stage;
use serde_json::{Value, json};

#[tokio::test]
async fn public_and_confidential_clients_are_authorized_and_their_calls_reach_the_resource() {
    let stage = Stage::start(OidcOptions::default()).await;
    for (user, client) in [("ada", PUBLIC), ("bob", CONFIDENTIAL_BASIC), ("cleo", CONFIDENTIAL_POST)] {
        let connection = stage.connect(client).await;
        let completed = stage.authorize(&connection, None, user).await;
        assert_eq!((completed.connection, completed.owner), (connection.id.clone(), GrantOwner::Shared));
        let me = stage.me(&connection).await.expect("the resource answers");
        assert_eq!((&me["sub"], &me["client_id"]), (&json!(user), &json!(client.id)));
        let grant = stage.host.status(&connection, None).await.grant;
        assert!(grant.authorized && grant.refreshable, "{grant:?}");
    }
    let counts = stage.counts().await;
    assert_eq!((counts.all("authorization_code"), counts.of("authorization_code", "success")), (3, 3));
    assert_eq!((counts.of("api", "served"), counts.all("api")), (3, 3));
}

#[tokio::test]
async fn a_client_with_a_wrong_secret_gets_no_grant_and_is_told_to_look_at_its_settings() {
    let stage = Stage::start(OidcOptions::default()).await;
    let connection = stage.connect(OidcClient { secret: Some("another secret"), ..CONFIDENTIAL_BASIC }).await;
    let flow = stage.host.begin(&connection, None).await;
    let callback = stage.consent(&flow, "ada").await;
    let error = stage.host.complete(&callback, &flow.session).await.expect_err("the provider refuses").to_string();
    assert!(error.contains("does not accept the client id and secret"), "{error}");
    assert_eq!(stage.host.status(&connection, None).await.grant.reason, Some(Reason::NoGrant));
}

#[tokio::test]
async fn each_principal_is_served_with_a_grant_of_their_own() {
    let stage = Stage::start(OidcOptions::default()).await;
    let connection = stage.connect_with(PUBLIC, |connection| connection.auth_mode(AuthMode::PerUser)).await;
    for user in ["ada", "bob"] {
        let completed = stage.authorize(&connection, Some(user), user).await;
        assert_eq!(completed.owner, GrantOwner::Principal(id(user)));
    }
    // Each twice, in turns: what is in memory is kept apart, too.
    for user in ["ada", "bob", "ada", "bob"] {
        assert_eq!(stage.me_of(&connection, Some(user)).await.expect("an answer")["sub"], user);
    }
    let served = stage.counts().await.of("api", "served");

    let error = stage.me_of(&connection, Some("cleo")).await.expect_err("cleo has not authorized");
    let Error::Auth(AuthError::NeedsAuthorization { owner, reason, .. }) = &error else { panic!("{error}") };
    assert_eq!((owner, *reason), (&GrantOwner::Principal(id("cleo")), Reason::NoGrant));
    assert!(error.to_string().contains("(principal cleo)"), "{error}");

    let error = stage.me(&connection).await.expect_err("a call for nobody");
    assert!(matches!(error, Error::Auth(AuthError::PrincipalNeeded(_))), "{error}");
    assert!(error.to_string().contains("name the principal"), "{error}");
    let counts = stage.counts().await;
    assert_eq!((counts.of("api", "served"), counts.of("api", "refused")), (served, 0), "nothing was sent");
}

#[tokio::test]
async fn a_shared_connection_is_used_for_every_principal() {
    let stage = Stage::start(OidcOptions::default()).await;
    let connection = stage.connect(PUBLIC).await;
    stage.authorize(&connection, None, "ada").await;
    for principal in [None, Some("bob"), Some("cleo")] {
        assert_eq!(stage.me_of(&connection, principal).await.expect("an answer")["sub"], "ada");
    }
}

#[tokio::test]
async fn a_client_of_its_own_needs_no_user_and_renews_by_itself() {
    for method in [Some("client_secret_basic"), None] {
        let stage = Stage::start(OidcOptions::default()).await;
        let mut new = stage
            .new_connection("oauth_client_credentials")
            .field("tokenUrl", stage.provider.token_endpoint().as_str())
            .field("clientId", MACHINE.id)
            .field("scope", "api.read")
            .secret("clientSecret", MACHINE.secret.expect("a confidential client"));
        if let Some(method) = method {
            new = new.field("tokenEndpointAuthMethod", method);
        }
        let connection = innkeeper_tests::host::connect(&stage.host.host, new).await.expect("the connection is made");
        assert!(!connection.interactive);
        for _ in 0..2 {
            let me = stage.me(&connection).await.expect("the resource answers");
            assert_eq!(
                (&me["sub"], &me["client_id"], &me["scope"]),
                (&Value::Null, &json!(MACHINE.id), &json!("api.read"))
            );
        }
        assert_eq!(stage.counts().await.all("client_credentials"), 1, "one token for both calls");
        stage.expire().await;
        stage.me(&connection).await.expect("a new token");
        stage.host.advance(3600);
        stage.me(&connection).await.expect("a new token");
        let counts = stage.counts().await;
        assert_eq!((counts.all("client_credentials"), counts.of("api", "refused")), (3, 1));
    }
}

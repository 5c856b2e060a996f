//! A disconnected grant is removed at once, and its tokens are revoked as far as possible.

use innkeeper_auth::{Disconnected, Reason, TokenKind, Unrevoked};
use innkeeper_fixtures::scripted::Reply;
use innkeeper_spec::AuthMode;
use innkeeper_store::{ConnectionRecord, GrantOwner};
use serde_json::Value;

use crate::support::{House, authorized, header, needs, principal};

#[tokio::test]
async fn a_grant_that_is_disconnected_during_its_refresh_stays_gone() {
    let (house, connection) = authorized().await;
    house.advance(4000);
    house.provider.hold();
    let (auth, caller) = (house.auth.clone(), connection.clone());
    let caller = tokio::spawn(async move { header(&auth, &caller, &GrantOwner::Shared).await });
    house.provider.arrived(2).await;
    house.rival().disconnect(&connection, &GrantOwner::Shared).await.expect("disconnected");
    house.provider.release(1);
    assert_eq!(needs(caller.await.expect("no panic")), Reason::NoGrant);
    assert!(house.grant(&connection).await.is_none());
}

#[tokio::test]
async fn disconnecting_removes_at_once_and_gives_both_tokens_back() {
    let house = House::new().await;
    let revocation = ("revocationUrl", Value::from(format!("{}/revoke", house.provider.base())));
    let connection = house.consenting_with(&[revocation], Some("s3cret"), AuthMode::Shared).await;
    house.authorize(&connection, &GrantOwner::Shared).await.expect("authorized");
    house.provider.answers([Reply::status(503), Reply::status(200)]);
    let ended = house.auth.disconnect(&connection, &GrantOwner::Shared).await.expect("disconnected");
    assert!(ended.existed && matches!(ended.unrevoked, Some(Unrevoked::Failed { again: true, .. })), "{ended:?}");
    assert!(house.grant(&connection).await.is_none());
    assert_eq!(needs(house.header(&connection).await), Reason::NoGrant);
    let given_back: Vec<_> = house
        .provider
        .received()
        .iter()
        .filter(|seen| seen.path() == "/revoke")
        .map(|seen| (seen.form["token"].clone(), seen.form["token_type_hint"].clone(), seen.authorization().is_some()))
        .collect();
    let expected = [("refresh-1", "refresh_token"), ("access-1", "access_token")];
    assert_eq!(given_back, expected.map(|(token, kind)| (token.to_owned(), kind.to_owned(), true)));
    let again = house.auth.disconnect(&connection, &GrantOwner::Shared).await.expect("idempotent");
    assert_eq!(again, Disconnected { existed: false, unrevoked: None });
}

#[tokio::test]
async fn who_disconnects_is_told_whether_the_provider_took_the_tokens_back() {
    let disconnect = async |house: &House, connection: &ConnectionRecord| {
        house.auth.disconnect(connection, &GrantOwner::Shared).await.expect("disconnected")
    };
    let (house, nowhere) = authorized().await;
    let unrevoked = Some(Unrevoked::NoAddress);
    assert_eq!(disconnect(&house, &nowhere).await, Disconnected { existed: true, unrevoked });

    let house = House::new().await;
    let revocation = ("revocationUrl", Value::from(format!("{}/revoke", house.provider.base())));
    let connection = house.consenting_with(&[revocation], Some("s3cret"), AuthMode::Shared).await;
    house.authorize(&connection, &GrantOwner::Shared).await.expect("authorized");
    house.provider.answers([Reply::status(200), Reply::status(200)]);
    assert_eq!(disconnect(&house, &connection).await, Disconnected { existed: true, unrevoked: None });

    house.authorize(&connection, &GrantOwner::Shared).await.expect("authorized");
    house.provider.answers([Reply::status(200), Reply::error("invalid_token")]);
    let all_of_it = Disconnected { existed: true, unrevoked: None };
    assert_eq!(disconnect(&house, &connection).await, all_of_it, "it went with the refresh token");

    house.authorize(&connection, &GrantOwner::Shared).await.expect("authorized");
    house.provider.answers([Reply::status(200), Reply::error("unsupported_token_type")]);
    let ended = disconnect(&house, &connection).await;
    let Some(Unrevoked::Failed { kind: TokenKind::Access, reason, again: false }) = &ended.unrevoked else {
        panic!("it will not be taken back: {ended:?}");
    };
    assert!(reason.contains("unsupported_token_type"), "{reason}");
}

#[tokio::test]
async fn forgetting_a_connection_takes_the_grants_of_all_its_users() {
    let house = House::new().await;
    let connection = house.consenting_with(&[], Some("s3cret"), AuthMode::PerUser).await;
    for name in ["ada", "bob"] {
        house.authorize(&connection, &principal(name)).await.expect("authorized");
    }
    house.auth.forget(&connection).await.expect("forgotten");
    for name in ["ada", "bob"] {
        assert_eq!(needs(header(&house.auth, &connection, &principal(name)).await), Reason::NoGrant);
    }
}

//! Background care for grants.

use std::time::Duration;

use innkeeper_ambient::Clock as _;
use innkeeper_auth::{AuthOptions, GrantState, Tended, TokenKind, Unrevoked};
use innkeeper_fixtures::scripted::Reply;
use innkeeper_spec::AuthMode;
use innkeeper_store::{ConnectionRecord, GrantOwner, GrantPhase};
use serde_json::Value;

use crate::support::{House, header};

async fn authorized() -> (House, ConnectionRecord) {
    let house = House::new().await;
    let revocation = [("revocationUrl", Value::from(format!("{}/revoke", house.provider.base())))];
    let connection = house.consenting_with(&revocation, None, AuthMode::Shared).await;
    house.authorize(&connection, &GrantOwner::Shared).await.expect("authorized");
    (house, connection)
}

/// Lets background tasks run until they are done.
async fn until(mut done: impl AsyncFnMut() -> bool) {
    while !done().await {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test]
async fn an_ageing_token_serves_while_the_next_is_got_in_the_background() {
    let (house, connection) = authorized().await;
    house.advance(3400);
    house.provider.hold();
    for _ in 0..5 {
        assert_eq!(house.header(&connection).await.expect("it still serves"), "Bearer access-1");
    }
    house.provider.arrived(2).await;
    let status = house.auth.status(&connection, &GrantOwner::Shared).await.expect("a status");
    assert_eq!(status.state, Some(GrantState::InDoubt), "the refresh is under way");
    assert!(status.authorized);
    house.provider.release(1);
    until(async || house.header(&connection).await.expect("a token") == "Bearer access-2").await;
    assert_eq!(house.provider.count("refresh_token"), 1);
}

#[tokio::test]
async fn a_refresh_that_was_cut_off_is_repaired_without_a_caller() {
    let (house, connection) = authorized().await;
    house.provider.answers([Reply::status(500)]);
    house.advance(3580);
    house.header(&connection).await.expect("the old one lives");
    assert!(house.grant(&connection).await.expect("a grant").phase.is_in_doubt());
    let restarted = house.rival();
    let tended = restarted.tend().await.expect("tended");
    assert_eq!(tended, Tended { swept: 0, repaired: 1, kept_alive: 0 });
    assert!(house.grant(&connection).await.expect("a grant").phase == GrantPhase::Live);
    assert_eq!(header(&restarted, &connection, &GrantOwner::Shared).await.expect("live"), "Bearer access-2");
    assert_eq!(restarted.tend().await.expect("tended"), Tended::default());
}

#[tokio::test]
async fn an_idle_refresh_token_is_used_before_it_ends_and_a_lost_grant_is_left_alone() {
    let (house, connection) = authorized().await;
    let mut options = AuthOptions::default();
    options.keep_alive = Some(Duration::from_hours(24));
    let keeping = house.rival_with(options);
    house.advance(23 * 3600);
    assert_eq!(keeping.tend().await.expect("tended").kept_alive, 0);
    house.advance(2 * 3600);
    assert_eq!(keeping.tend().await.expect("tended").kept_alive, 1);
    assert_eq!(keeping.tend().await.expect("tended").kept_alive, 0, "it is idle no more");
    assert_eq!(house.provider.count("refresh_token"), 1);
    house.advance(25 * 3600);
    house.provider.answers([Reply::error("invalid_grant")]);
    keeping.tend().await.expect("tended");
    house.advance(25 * 3600);
    assert_eq!(keeping.tend().await.expect("tended").kept_alive, 0);
    assert_eq!(house.provider.count("refresh_token"), 2, "who is lost is not asked for again");
    assert_eq!(house.auth.tend().await.expect("tended").kept_alive, 0, "without the option nothing is kept alive");
    assert!(house.auth.status(&connection, &GrantOwner::Shared).await.expect("a status").reason.is_some());
}

/// RFC 7009, section 2.2.1: after a 503 the token still exists, and the client may try again.
#[tokio::test]
async fn a_token_that_could_not_be_given_back_is_tried_again() {
    let (house, connection) = authorized().await;
    house.provider.answers([Reply::status(503).header("retry-after", "90"), Reply::status(200)]);
    let ended = house.auth.disconnect(&connection, &GrantOwner::Shared).await.expect("disconnected");
    let Some(Unrevoked::Failed { kind: TokenKind::Refresh, reason, again: true }) = &ended.unrevoked else {
        panic!("the caller is told: {ended:?}");
    };
    assert!(ended.existed && reason.contains("503") && !reason.contains("refresh-1"), "{reason}");
    assert!(house.grant(&connection).await.is_none(), "here it is gone at once");
    let given_back = || house.provider.received().iter().filter(|seen| seen.path() == "/revoke").count();
    assert_eq!(given_back(), 2, "both tokens were offered");
    until(async || house.clock.sleepers() == 1).await;
    house.advance(89);
    assert_eq!(house.clock.sleepers(), 1, "the server asked for 90 s");
    house.advance(1);
    until(async || given_back() == 3).await;
    assert_eq!(house.provider.received().last().expect("a request").form["token_type_hint"], "refresh_token");
    assert!(house.clock.now().as_secs() > 0);
}

#[tokio::test]
async fn a_wider_wish_is_shown_as_missing_and_the_grant_goes_on_serving() {
    let (house, connection) = authorized().await;
    let status = house.auth.status(&connection, &GrantOwner::Shared).await.expect("a status");
    assert_eq!((status.state, status.missing_scope.len()), (Some(GrantState::Live), 0));
    let wider = asking_for(&house, &connection, "files.read files.write offline");
    let status = house.auth.status(&wider, &GrantOwner::Shared).await.expect("a status");
    assert_eq!((status.authorized, status.missing_scope), (true, vec!["files.write".to_owned()]));
    assert_eq!(house.header(&wider).await.expect("live"), "Bearer access-1");
}

/// The same connection after its connector began to request another scope.
fn asking_for(house: &House, connection: &ConnectionRecord, scope: &str) -> ConnectionRecord {
    let mut other = connection.clone();
    other.version = 2;
    other.fields.insert("scope".to_owned(), Value::from(scope));
    let secrets = house.auth.open_secrets(connection).expect("opened");
    let settings = innkeeper_auth::Settings::from_stored(other.auth_type.clone(), other.fields.clone(), secrets);
    other.secrets = house.auth.seal_secrets(&other.space, &other.id, 2, &settings).expect("sealed");
    other
}

/// The scopes that refreshes requested.
fn refreshed_scopes(house: &House) -> Vec<Option<String>> {
    let seen = house.provider.received();
    let refreshes = seen.iter().filter(|seen| seen.form.get("grant_type").is_some_and(|kind| kind == "refresh_token"));
    refreshes.map(|seen| seen.form.get("scope").cloned()).collect()
}

/// RFC 6749, section 6: a refresh may request less than was granted.
#[tokio::test]
async fn a_narrower_wish_is_asked_for_at_every_refresh() {
    let (house, connection) = authorized().await;
    let narrower = asking_for(&house, &connection, "files.read");
    let status = house.auth.status(&narrower, &GrantOwner::Shared).await.expect("a status");
    assert_eq!((status.authorized, status.surplus_scope), (true, vec!["offline".to_owned()]));
    house.advance(4000);
    assert_eq!(house.header(&narrower).await.expect("renewed"), "Bearer access-2");
    house.advance(4000);
    assert_eq!(house.header(&narrower).await.expect("renewed"), "Bearer access-3");
    // Without a scope, the second would be as wide as the first consent.
    assert_eq!(refreshed_scopes(&house), [Some("files.read".to_owned()), Some("files.read".to_owned())]);
    let status = house.auth.status(&narrower, &GrantOwner::Shared).await.expect("a status");
    assert_eq!((status.scope.as_deref(), status.surplus_scope.len()), (Some("files.read"), 0));
}

#[tokio::test]
async fn a_server_that_gives_no_less_than_it_granted_keeps_the_grant_alive() {
    let (house, connection) = authorized().await;
    let narrower = asking_for(&house, &connection, "files.read");
    house.advance(4000);
    house.provider.answers([Reply::error("invalid_scope")]);
    assert_eq!(house.header(&narrower).await.expect("renewed"), "Bearer access-2");
    house.advance(4000);
    assert_eq!(house.header(&narrower).await.expect("renewed"), "Bearer access-3");
    assert_eq!(refreshed_scopes(&house), [Some("files.read".to_owned()), None, None]);
    let status = house.auth.status(&narrower, &GrantOwner::Shared).await.expect("a status");
    assert_eq!(status.surplus_scope, ["offline"], "it is told for as long as it lasts");
}

/// Some servers report a scope that they do not accept as an expired grant.
#[tokio::test]
async fn a_refusal_of_a_narrower_token_ends_no_grant() {
    for code in ["invalid_grant", "consent_required", "unauthorized_client"] {
        let (house, connection) = authorized().await;
        let narrower = asking_for(&house, &connection, "files.read");
        house.advance(4000);
        house.provider.answers([Reply::error(code)]);
        assert_eq!(house.header(&narrower).await.expect("renewed"), "Bearer access-2", "{code}");
        assert_eq!(refreshed_scopes(&house), [Some("files.read".to_owned()), None]);
    }
}

#[tokio::test]
async fn a_grant_is_not_narrowed_to_nothing() {
    let (house, connection) = authorized().await;
    let other = asking_for(&house, &connection, "mail.read");
    house.advance(4000);
    assert_eq!(house.header(&other).await.expect("renewed"), "Bearer access-2");
    assert_eq!(refreshed_scopes(&house), [None]);
}

//! The life of grants.

use std::sync::Arc;
use std::time::Duration;

use innkeeper_ambient::ManualClock;
use innkeeper_auth::{AuthError, Reason, TokenError};
use innkeeper_fixtures::scripted::Reply;
use innkeeper_spec::AuthMode;
use innkeeper_store::{ConnectionRecord, GrantOwner, GrantPhase, LossReason};
use secrecy::ExposeSecret;
use serde_json::Value;

use crate::support::{House, authorized, head, header, needs, principal};

#[tokio::test]
async fn a_live_token_is_served_from_memory_without_asking_the_server() {
    let (house, connection) = authorized().await;
    for _ in 0..10 {
        assert_eq!(house.header(&connection).await.expect("live"), "Bearer access-1");
    }
    assert_eq!(house.provider.received().len(), 1, "the exchange alone");
}

#[tokio::test]
async fn another_process_finds_the_token_in_the_store() {
    let (house, connection) = authorized().await;
    let rival = house.rival();
    assert_eq!(header(&rival, &connection, &GrantOwner::Shared).await.expect("live"), "Bearer access-1");
    assert_eq!(house.provider.received().len(), 1);
}

#[tokio::test]
async fn a_token_is_renewed_in_the_margin_before_its_end_with_the_rotated_refresh_token() {
    let (house, connection) = authorized().await;
    house.advance(3569);
    assert_eq!(house.header(&connection).await.expect("live"), "Bearer access-1");
    house.advance(1);
    assert_eq!(house.header(&connection).await.expect("renewed"), "Bearer access-2");
    house.advance(3600);
    assert_eq!(house.header(&connection).await.expect("renewed"), "Bearer access-3");
    let used: Vec<_> =
        house.provider.received().iter().filter_map(|seen| seen.form.get("refresh_token").cloned()).collect();
    assert_eq!(used, ["refresh-1", "refresh-2"]);
    let refresh = &house.provider.received()[1];
    assert!(!refresh.form.contains_key("scope"), "a refresh asks for what was granted, nothing else");
    assert!(refresh.authorization().is_some_and(|header| header.starts_with("Basic ")));
}

#[tokio::test]
async fn a_refresh_token_that_is_not_sent_again_is_kept() {
    let (house, connection) = authorized().await;
    house.provider.answers([Reply::json(r#"{"access_token":"again","expires_in":60}"#)]);
    house.advance(4000);
    assert_eq!(house.header(&connection).await.expect("renewed"), "Bearer again");
    house.advance(60);
    house.header(&connection).await.expect("renewed");
    assert_eq!(house.provider.received()[2].form["refresh_token"], "refresh-1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_callers_make_one_refresh() {
    let (house, connection) = authorized().await;
    house.advance(4000);
    let callers: Vec<_> = (0..1000)
        .map(|_| {
            let (auth, connection) = (house.auth.clone(), connection.clone());
            tokio::spawn(async move { header(&auth, &connection, &GrantOwner::Shared).await })
        })
        .collect();
    for caller in callers {
        assert_eq!(caller.await.expect("no panic").expect("renewed"), "Bearer access-2");
    }
    assert_eq!(house.provider.count("refresh_token"), 1);
}

#[tokio::test]
async fn a_caller_who_goes_away_takes_no_answer_with_it() {
    let (house, connection) = authorized().await;
    house.advance(4000);
    house.provider.hold();
    let (auth, lost) = (house.auth.clone(), connection.clone());
    let caller = tokio::spawn(async move { header(&auth, &lost, &GrantOwner::Shared).await });
    house.provider.arrived(2).await;
    caller.abort();
    assert!(caller.await.expect_err("it was cut off").is_cancelled());
    house.provider.release(1);
    assert_eq!(house.header(&connection).await.expect("the answer was kept"), "Bearer access-2");
    assert_eq!(house.provider.count("refresh_token"), 1);
}

#[tokio::test]
async fn the_intent_is_durable_before_the_refresh_leaves_and_gone_with_its_answer() {
    let (house, connection) = authorized().await;
    house.advance(4000);
    house.provider.hold();
    let (auth, other) = (house.auth.clone(), connection.clone());
    let caller = tokio::spawn(async move { header(&auth, &other, &GrantOwner::Shared).await });
    house.provider.arrived(2).await;
    let record = house.grant(&connection).await.expect("a grant");
    let since = innkeeper_ambient::Clock::now(&*house.clock);
    assert_eq!(record.phase, GrantPhase::InDoubt { since });
    house.provider.release(1);
    caller.await.expect("no panic").expect("renewed");
    let record = house.grant(&connection).await.expect("a grant");
    assert_eq!((record.phase, record.version), (GrantPhase::Live, 3));
}

/// The lease was judged by the requesting host's clock: a host whose clock was ahead by more than the lease took it from its
/// holder, and both sent the same refresh token.
#[tokio::test]
async fn hosts_whose_clocks_differ_do_not_refresh_at_the_same_time() {
    let (house, connection) = authorized().await;
    house.advance(4000);
    house.provider.hold();
    let (auth, other) = (house.auth.clone(), connection.clone());
    let caller = tokio::spawn(async move { header(&auth, &other, &GrantOwner::Shared).await });
    house.provider.arrived(2).await;
    let ahead = innkeeper_ambient::Clock::now(&*house.clock).plus(Duration::from_hours(1));
    let rival = house.rival_at(&Arc::new(ManualClock::new(ahead)));
    assert_eq!(rival.repair().await.expect("it looked"), 0, "the other host is at it");
    assert_eq!(house.provider.count("refresh_token"), 1);
    house.provider.release(1);
    assert_eq!(caller.await.expect("no panic").expect("renewed"), "Bearer access-2");
}

#[tokio::test]
async fn a_grant_in_doubt_is_tried_at_once_after_a_restart() {
    let (house, connection) = authorized().await;
    house.provider.answers([Reply::status(500)]);
    house.advance(3580);
    assert_eq!(house.header(&connection).await.expect("the old one lives"), "Bearer access-1");
    assert!(house.grant(&connection).await.expect("a grant").phase.is_in_doubt());
    let restarted = house.rival();
    assert_eq!(header(&restarted, &connection, &GrantOwner::Shared).await.expect("repaired"), "Bearer access-2");
    assert_eq!(house.grant(&connection).await.expect("a grant").phase, GrantPhase::Live);
}

#[tokio::test]
async fn a_doubt_that_ends_in_refusal_says_that_the_refresh_failed() {
    let (house, connection) = authorized().await;
    house.provider.answers([Reply::status(502), Reply::error("invalid_grant")]);
    house.advance(4000);
    assert!(house.header(&connection).await.is_err());
    house.advance(5);
    assert_eq!(needs(house.header(&connection).await), Reason::RefreshFailed);
}

#[tokio::test]
async fn passing_failures_keep_the_grant_and_the_old_token_serves_while_it_lives() {
    let failures = [
        Reply::status(500),
        Reply::status(503).header("retry-after", "2"),
        Reply::status(429).header("retry-after", "2"),
        Reply::new(200).header("content-type", "text/html").body("<html>maintenance</html>"),
        Reply::new(200).header("content-type", "application/json").body(vec![b' '; 70_000]),
        Reply::status(302).header("location", "http://127.0.0.1:1/"),
        Reply::status(404),
    ];
    for failure in failures {
        let (house, connection) = authorized().await;
        house.provider.answers([failure.clone(), failure.clone()]);
        house.advance(3580);
        assert_eq!(house.header(&connection).await.expect("it still lives"), "Bearer access-1", "{failure:?}");
        assert_eq!(house.header(&connection).await.expect("it still lives"), "Bearer access-1", "{failure:?}");
        assert_eq!(house.provider.count("refresh_token"), 1, "the next attempt is not due");
        house.advance(20);
        let error = house.header(&connection).await.expect_err("it has ended");
        assert!(matches!(error, AuthError::Unavailable { .. }), "{error}");
        house.advance(20);
        house.header(&connection).await.expect("the grant is still there");
        assert_eq!(house.auth.status(&connection, &GrantOwner::Shared).await.expect("a status").reason, None);
    }
}

#[tokio::test]
async fn a_server_that_asks_for_patience_gets_it() {
    let (house, connection) = authorized().await;
    house.provider.answers([Reply::status(429).header("retry-after", "120")]);
    house.advance(4000);
    assert!(house.header(&connection).await.is_err());
    house.advance(119);
    let error = house.header(&connection).await.expect_err("too early");
    let AuthError::Unavailable { problem: TokenError::BackingOff { wait, .. }, .. } = &error else {
        panic!("{error}");
    };
    assert_eq!(*wait, Duration::from_secs(1));
    assert_eq!(house.provider.count("refresh_token"), 1);
    house.advance(1);
    house.header(&connection).await.expect("renewed");
}

/// A user who may change a connection could have sent every user's refresh token to their own server.
#[tokio::test]
async fn a_grant_goes_to_no_other_server_and_to_no_other_client() {
    let (house, connection) = authorized().await;
    house.advance(4000);
    for (field, value) in
        [("tokenUrl", format!("{}/other", house.provider.base())), ("clientId", "another client".to_owned())]
    {
        let mut changed = connection.clone();
        changed.version = 2;
        changed.fields.insert(field.to_owned(), Value::from(value));
        let secrets = house.auth.open_secrets(&connection).expect("opened");
        let settings =
            innkeeper_auth::Settings::from_stored(changed.auth_type.clone(), changed.fields.clone(), secrets);
        changed.secrets = house.auth.seal_secrets(&changed.space, &changed.id, 2, &settings).expect("sealed");
        assert_eq!(needs(house.header(&changed).await), Reason::NoGrant);
        assert!(!house.auth.status(&changed, &GrantOwner::Shared).await.expect("a status").authorized);
    }
    assert_eq!(house.provider.received().len(), 1, "the exchange alone");
    house.header(&connection).await.expect("the grant is still there for its own server");
}

#[tokio::test]
async fn a_token_does_not_outlive_its_connection() {
    let house = House::new().await;
    let connection = house.own(&[]).await;
    assert_eq!(house.header(&connection).await.expect("a token"), "Bearer access-1");
    house.advance(1);
    let anew = ConnectionRecord { created_at: innkeeper_ambient::Clock::now(&*house.clock), ..connection };
    assert_eq!(house.header(&anew).await.expect("a token"), "Bearer access-2");
}

/// A service that answered 401 for a missing permission made every request refresh.
#[tokio::test]
async fn a_token_that_is_rejected_right_after_its_refresh_is_kept() {
    let (house, connection) = authorized().await;
    let source = house.auth.credential_source(&connection, &GrantOwner::Shared).expect("a source");
    let first = source.attachment(&head(), None).await.expect("a token").expect("an attachment");
    let second = source.attachment(&head(), Some(&first)).await.expect("a token").expect("one refresh");
    for _ in 0..10 {
        assert!(
            source.attachment(&head(), Some(&second)).await.expect("an answer").is_none(),
            "it is the best there is"
        );
    }
    assert_eq!(house.provider.count("refresh_token"), 1);
    house.advance(30);
    source.attachment(&head(), Some(&second)).await.expect("a token").expect("another refresh");
}

#[tokio::test]
async fn only_a_refusal_of_the_grant_loses_it_and_for_good() {
    let (house, connection) = authorized().await;
    house.provider.answers([Reply::error("invalid_grant")]);
    house.advance(4000);
    assert_eq!(needs(house.header(&connection).await), Reason::Revoked);
    assert_eq!(needs(house.header(&connection).await), Reason::Revoked);
    assert_eq!(needs(header(&house.rival(), &connection, &GrantOwner::Shared).await), Reason::Revoked);
    assert_eq!(house.provider.count("refresh_token"), 1);
    assert_eq!(
        house.grant(&connection).await.expect("a grant").phase,
        GrantPhase::Lost { reason: LossReason::Revoked }
    );
    house.authorize(&connection, &GrantOwner::Shared).await.expect("authorized again");
    assert_eq!(house.header(&connection).await.expect("live"), "Bearer access-2");
}

#[tokio::test]
async fn a_refusal_of_the_client_keeps_the_grant() {
    for code in ["invalid_client", "unauthorized_client", "invalid_scope", "something_else"] {
        let (house, connection) = authorized().await;
        house.provider.answers([Reply::error(code)]);
        house.advance(4000);
        let error = house.header(&connection).await.expect_err("refused");
        assert!(matches!(error, AuthError::Misconfigured { .. }), "{error}");
        house.advance(10);
        assert_eq!(house.header(&connection).await.expect("kept"), "Bearer access-2");
    }
}

#[tokio::test]
async fn an_end_without_a_refresh_token_and_the_end_of_one_are_told_apart() {
    let house = House::new().await;
    let connection = house.consenting().await;
    house.provider.answers([Reply::json(r#"{"access_token":"a","expires_in":60}"#)]);
    assert_eq!(needs(house.header(&connection).await), Reason::NoGrant);
    house.authorize(&connection, &GrantOwner::Shared).await.expect("authorized");
    house.advance(59);
    assert_eq!(house.header(&connection).await.expect("to its last second"), "Bearer a");
    house.advance(1);
    assert_eq!(needs(house.header(&connection).await), Reason::Expired);
    let ending = r#"{"access_token":"b","expires_in":60,"refresh_token":"r","refresh_token_expires_in":"90"}"#;
    house.provider.answers([Reply::json(ending)]);
    house.authorize(&connection, &GrantOwner::Shared).await.expect("authorized");
    house.advance(90);
    assert_eq!(needs(house.header(&connection).await), Reason::RefreshTokenExpired);
    assert_eq!(house.provider.count("refresh_token"), 0);
}

#[tokio::test]
async fn a_token_without_an_end_lives_until_a_401() {
    let house = House::new().await;
    let connection = house.consenting().await;
    house.provider.answers([Reply::json(r#"{"access_token":"endless","refresh_token":"r"}"#)]);
    house.authorize(&connection, &GrantOwner::Shared).await.expect("authorized");
    house.advance(1_000_000);
    let source = house.auth.credential_source(&connection, &GrantOwner::Shared).expect("a source");
    let rejected = source.attachment(&head(), None).await.expect("live").expect("an attachment");
    assert_eq!(rejected.headers[0].1.expose_secret(), "Bearer endless");
    assert_eq!(house.provider.count("refresh_token"), 0);
    let newer = source.attachment(&head(), Some(&rejected)).await.expect("renewed").expect("an attachment");
    assert_eq!(newer.headers[0].1.expose_secret(), "Bearer access-1");
    assert_ne!(newer.generation, rejected.generation);
    // A second caller whose 401 came late gets the newer token without another refresh.
    let late = source.attachment(&head(), Some(&rejected)).await.expect("live").expect("an attachment");
    assert_eq!(late.generation, newer.generation);
    assert_eq!(house.provider.count("refresh_token"), 1);
}

/// Answers are scrubbed of replaced tokens while they are valid, and only a limited number is remembered.
#[tokio::test]
async fn a_service_that_refuses_on_demand_pushes_out_no_token_that_still_lives() {
    let (house, connection) = authorized().await;
    let source = house.auth.credential_source(&connection, &GrantOwner::Shared).expect("a source");
    let mut last = source.attachment(&head(), None).await.expect("a token").expect("an attachment");
    for _ in 0..6 {
        last = source.attachment(&head(), Some(&last)).await.expect("a token").expect("another");
        house.advance(31);
    }
    assert!(
        source.attachment(&head(), Some(&last)).await.expect("no failure").is_none(),
        "a seventh would push out the first"
    );
    assert_eq!(house.provider.count("refresh_token"), 6);
    house.advance(3600 - 5 * 31);
    assert!(source.attachment(&head(), None).await.expect("a token").is_some(), "an hour later it is renewed as ever");
}

#[tokio::test]
async fn tokens_without_an_end_are_renewed_at_every_401() {
    let (house, connection) = authorized().await;
    let source = house.auth.credential_source(&connection, &GrantOwner::Shared).expect("a source");
    let mut last = source.attachment(&head(), None).await.expect("a token").expect("an attachment");
    house.provider.answers((0..20).map(|number| Reply::json(format!(r#"{{"access_token":"endless-{number}"}}"#))));
    for _ in 0..20 {
        last = source.attachment(&head(), Some(&last)).await.expect("a token").expect("another");
        house.advance(31);
    }
    assert_eq!(house.provider.count("refresh_token"), 20);
}

#[tokio::test]
async fn a_rejected_token_that_cannot_be_renewed_is_the_best_there_is() {
    let house = House::new().await;
    let connection = house.consenting().await;
    house.provider.answers([Reply::json(r#"{"access_token":"alone","expires_in":3600}"#)]);
    house.authorize(&connection, &GrantOwner::Shared).await.expect("authorized");
    let source = house.auth.credential_source(&connection, &GrantOwner::Shared).expect("a source");
    let rejected = source.attachment(&head(), None).await.expect("live").expect("an attachment");
    assert!(source.attachment(&head(), Some(&rejected)).await.expect("no failure").is_none());
    assert_eq!(house.header(&connection).await.expect("one 401 logs nobody out"), "Bearer alone");
}

#[tokio::test]
async fn the_loser_of_a_race_reads_again_and_overwrites_nothing() {
    for answer in [None, Some(Reply::error("invalid_grant"))] {
        let (house, connection) = authorized().await;
        house.advance(4000);
        house.provider.answers(answer);
        house.provider.hold();
        let (auth, loser) = (house.auth.clone(), connection.clone());
        let loser = tokio::spawn(async move { header(&auth, &loser, &GrantOwner::Shared).await });
        house.provider.arrived(2).await;
        // Another process authorizes again while the refresh is running.
        house.provider.answers([Reply::json(r#"{"access_token":"rival-token","expires_in":3600}"#)]);
        house.authorize_by(&house.rival(), &connection, &GrantOwner::Shared).await.expect("authorized");
        let rivals = house.grant(&connection).await.expect("a grant");
        house.provider.release(10);
        assert_eq!(loser.await.expect("no panic").expect("the winner's"), "Bearer rival-token");
        let record = house.grant(&connection).await.expect("a grant");
        assert_eq!((record.version, record.sealed == rivals.sealed), (rivals.version, true));
    }
}

#[tokio::test]
async fn one_users_grant_is_never_anothers() {
    let house = House::new().await;
    let connection = house.consenting_with(&[], Some("s3cret"), AuthMode::PerUser).await;
    house.authorize(&connection, &principal("ada")).await.expect("authorized");
    assert_eq!(header(&house.auth, &connection, &principal("ada")).await.expect("live"), "Bearer access-1");
    assert_eq!(needs(header(&house.auth, &connection, &principal("bob")).await), Reason::NoGrant);
    house.authorize(&connection, &principal("bob")).await.expect("authorized");
    assert_eq!(header(&house.auth, &connection, &principal("bob")).await.expect("live"), "Bearer access-2");
    house.auth.disconnect(&connection, &principal("bob")).await.expect("disconnected");
    assert_eq!(header(&house.auth, &connection, &principal("ada")).await.expect("live"), "Bearer access-1");
}

#[tokio::test]
async fn a_per_user_connection_does_nothing_for_nobody() {
    let house = House::new().await;
    let connection = house.consenting_with(&[], Some("s3cret"), AuthMode::PerUser).await;
    let error = innkeeper_auth::Auth::owner_of(&connection, None).expect_err("nobody");
    assert!(matches!(error, AuthError::PrincipalNeeded(_)));
    assert!(house.auth.credential_source(&connection, &GrantOwner::Shared).is_err());
    let shared = ConnectionRecord { auth_mode: AuthMode::Shared, ..connection };
    assert!(house.auth.credential_source(&shared, &principal("ada")).is_err());
    assert!(house.provider.received().is_empty());
}

#[tokio::test]
async fn a_client_of_its_own_asks_again_when_its_token_ends_or_is_rejected() {
    for (method, basic) in [("client_secret_post", false), ("client_secret_basic", true)] {
        let house = House::new().await;
        let connection = house.own(&[("tokenEndpointAuthMethod", Value::from(method))]).await;
        assert_eq!(house.header(&connection).await.expect("a token"), "Bearer access-1");
        assert_eq!(house.header(&connection).await.expect("a token"), "Bearer access-1");
        house.advance(4000);
        let source = house.auth.credential_source(&connection, &GrantOwner::Shared).expect("a source");
        let second = source.attachment(&head(), None).await.expect("a token").expect("an attachment");
        house.advance(60);
        let third = source.attachment(&head(), Some(&second)).await.expect("a token").expect("an attachment");
        assert_eq!(third.headers[0].1.expose_secret(), "Bearer access-3");
        assert_eq!(house.provider.count("client_credentials"), 3);
        let seen = &house.provider.received()[0];
        assert_eq!(seen.form["scope"], "files.read");
        assert_eq!((seen.authorization().is_some(), seen.form.contains_key("client_secret")), (basic, !basic));
    }
}

#[tokio::test]
async fn a_client_of_its_own_that_is_refused_needs_other_settings_not_a_person() {
    let house = House::new().await;
    let connection = house.own(&[]).await;
    house.provider.answers([Reply::error("invalid_grant")]);
    let error = house.header(&connection).await.expect_err("refused");
    assert!(matches!(error, AuthError::Misconfigured { .. }), "{error}");
}

#[tokio::test]
async fn status_tells_how_a_grant_stands_and_never_a_token() {
    let (house, connection) = authorized().await;
    let status = house.auth.status(&connection, &GrantOwner::Shared).await.expect("a status");
    assert!(status.authorized && status.refreshable);
    assert_eq!(status.scope.as_deref(), Some("files.read offline"));
    assert_eq!(status.last_refresh, None);
    house.provider.answers([Reply::status(500)]);
    house.advance(4000);
    assert!(house.header(&connection).await.is_err());
    let status = house.auth.status(&connection, &GrantOwner::Shared).await.expect("a status");
    assert!(status.authorized && status.in_doubt && status.next_try.is_some());
    let text = serde_json::to_string(&status).expect("JSON");
    assert!(text.contains("status 500") && !text.contains("access-1") && !text.contains("refresh-1"), "{text}");
    house.advance(10);
    house.header(&connection).await.expect("renewed");
    let status = house.auth.status(&connection, &GrantOwner::Shared).await.expect("a status");
    assert_eq!((status.last_failure, status.in_doubt, status.last_refresh.is_some()), (None, false, true));
}

#[tokio::test]
async fn a_provider_that_was_not_reached_leaves_no_doubt_behind() {
    let (mut house, connection) = authorized().await;
    house.provider.leave().await;
    house.advance(4000);
    // Without an earlier connection.
    let rival = house.rival();
    let error = header(&rival, &connection, &GrantOwner::Shared).await.expect_err("the token has ended");
    assert!(error.to_string().contains("could not be reached"), "{error}");
    let status = rival.status(&connection, &GrantOwner::Shared).await.expect("a status");
    assert!(!status.in_doubt && status.reason.is_none() && status.next_try.is_some(), "{status:?}");
    assert!(status.last_failure.is_some_and(|failure| failure.contains("could not be reached")));
}

#[tokio::test]
async fn claims_are_kept_across_refreshes_and_tokens_are_none() {
    let house = House::new().await;
    let connection = house.consenting().await;
    house.provider.answers([Reply::json(
        r#"{"access_token":"a","expires_in":60,"refresh_token":"r","instance_url":"https://eu1.example.com","id_token":"i","team":7}"#,
    )]);
    house.authorize(&connection, &GrantOwner::Shared).await.expect("authorized");
    house.advance(100);
    house.header(&connection).await.expect("renewed");
    let claim =
        async |name: &str| house.auth.claim(&connection, &GrantOwner::Shared, name).await.expect("the store answers");
    assert_eq!(claim("instance_url").await.as_deref(), Some("https://eu1.example.com"));
    assert_eq!(claim("team").await.as_deref(), Some("7"));
    for token in ["access_token", "refresh_token", "id_token"] {
        assert_eq!(claim(token).await, None);
    }
}

#[tokio::test]
async fn odd_answers_give_tokens_all_the_same() {
    let house = House::new().await;
    let shape = [("accessTokenPath", Value::from("authed_user.access_token")), ("tokenType", Value::from("Bearer"))];
    let connection = house.consenting_with(&shape, Some("s3cret"), AuthMode::Shared).await;
    house.provider.answers([
        Reply::json(r#"{"ok":true,"access_token":"bot","authed_user":{"access_token":"user","token_type":"user","refresh_token":"ur","expires_in":"60"}}"#),
        Reply::json(r#"{"ok":false,"error":"token_revoked"}"#),
    ]);
    house.authorize(&connection, &GrantOwner::Shared).await.expect("authorized");
    assert_eq!(house.header(&connection).await.expect("live"), "Bearer user");
    house.advance(60);
    assert_eq!(needs(house.header(&connection).await), Reason::Revoked);

    let house = House::new().await;
    let connection = house.consenting().await;
    house.provider.answers([Reply::new(200)
        .header("content-type", "application/x-www-form-urlencoded")
        .body("access_token=form&token_type=bearer")]);
    house.authorize(&connection, &GrantOwner::Shared).await.expect("authorized");
    assert_eq!(house.header(&connection).await.expect("live"), "Bearer form");
}

#[tokio::test]
async fn a_changed_connection_is_opened_anew() {
    let house = House::new().await;
    let connection = house.connect("bearer", &[], &[("token", "first-token")], AuthMode::Shared).await;
    assert_eq!(house.header(&connection).await.expect("fixed"), "Bearer first-token");
    let secrets = std::collections::BTreeMap::from([("token".to_owned(), "second-token".into())]);
    let settings =
        innkeeper_auth::Settings::from_stored(connection.auth_type.clone(), connection.fields.clone(), secrets);
    let sealed = house.auth.seal_secrets(&connection.space, &connection.id, 2, &settings).expect("sealed");
    let changed = ConnectionRecord { version: 2, secrets: sealed, ..connection };
    assert_eq!(house.header(&changed).await.expect("fixed"), "Bearer second-token");
}

#[tokio::test]
async fn a_live_token_costs_next_to_nothing() {
    let (house, connection) = authorized().await;
    let source = Arc::new(house.auth.credential_source(&connection, &GrantOwner::Shared).expect("a source"));
    #[expect(clippy::disallowed_methods, reason = "a duration that is measured for a person")]
    let start = std::time::Instant::now();
    for _ in 0..10_000 {
        source.attachment(&head(), None).await.expect("live");
    }
    // Unoptimised and on a busy machine; the benchmark has the real figure.
    assert!(start.elapsed() < Duration::from_secs(1), "{:?} for 10,000", start.elapsed());
}

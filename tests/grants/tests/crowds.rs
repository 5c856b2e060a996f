//! However many meet an expired token, it is renewed once.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use futures::stream::{self, StreamExt};
use innkeeper_auth::Auth;
use innkeeper_fixtures::oidc::{OidcOptions, PUBLIC};
use innkeeper_grant_tests::grant_stage::GrantStage;
use innkeeper_grant_tests::replica::{head, owner};
use innkeeper_spec::AuthMode;
use innkeeper_store::{ConnectionRecord, GrantOwner};
use secrecy::ExposeSecret;
use tokio::sync::Barrier;

/// So many tasks that all begin at once, each with its own place in the crowd.
async fn crowd(auth: &Arc<Auth>, connection: &ConnectionRecord, owners: &[GrantOwner]) -> Vec<String> {
    let gate = Arc::new(Barrier::new(owners.len()));
    let callers = owners.iter().map(|owner| {
        let (auth, connection, owner, gate) = (auth.clone(), connection.clone(), owner.clone(), gate.clone());
        tokio::spawn(async move {
            gate.wait().await;
            let credential = auth.credential_source(&connection, &owner).expect("the connection is sound");
            let attachment =
                credential.attachment(&head(), None).await.expect("every caller succeeds").expect("a token");
            attachment.headers[0].1.expose_secret().trim_start_matches("Bearer ").to_owned()
        })
    });
    join_all(callers.collect::<Vec<_>>()).await.into_iter().map(|token| token.expect("no caller panics")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_callers_who_meet_an_expired_token_share_one_refresh() {
    let stage = GrantStage::authorized(OidcOptions::default(), PUBLIC).await;
    let old = stage.token().await.expect("the first token");
    stage.advance(Duration::from_hours(1));
    let callers = vec![GrantOwner::Shared; 10_000];
    let tokens = stage.ticking(crowd(&stage.replica.auth, &stage.connection, &callers)).await;
    assert_eq!(tokens.len(), 10_000);
    assert!(tokens.iter().all(|token| *token == tokens[0]), "all have the same token");
    assert_ne!(tokens[0], old);
    assert_eq!(stage.user_of(&tokens[0]).await, "ada");
    let counts = stage.counts().await;
    assert_eq!((counts.all("refresh_token"), counts.of("refresh_token", "success")), (1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_users_at_once_are_each_served_by_one_refresh_of_their_own() {
    let stage = GrantStage::start(OidcOptions::default(), PUBLIC, AuthMode::PerUser).await;
    let users: Vec<String> = (0..100).map(|number| format!("user-{number}")).collect();
    stream::iter(&users)
        .for_each_concurrent(8, |user| {
            let (stage, owner) = (&stage, owner(user));
            async move { stage.replica.authorize(&stage.provider, &stage.connection, &owner, user).await }
        })
        .await;
    stage.advance(Duration::from_hours(1));
    let callers: Vec<GrantOwner> = (0..10_000).map(|number| owner(&users[number % 100])).collect();
    let tokens = stage.ticking(crowd(&stage.replica.auth, &stage.connection, &callers)).await;
    for (number, user) in users.iter().enumerate() {
        assert!(tokens.iter().skip(number).step_by(100).all(|token| *token == tokens[number]), "{user} has one token");
        assert_eq!(stage.user_of(&tokens[number]).await, *user);
    }
    let counts = stage.counts().await;
    assert_eq!((counts.all("refresh_token"), counts.of("refresh_token", "success")), (100, 100));
}

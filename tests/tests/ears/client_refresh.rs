//! Refresh through the service keeps the promise of every grant: once, however many ask.

use futures::future::join_all;
use innkeeper_tests::redirect_service::RedirectService;
use innkeeper_tests::scripted::{Received, Reply};

use crate::scene::{Scene, authorize, connected, host_of};

fn token(received: &Received) -> String {
    received.authorization().expect("a token").to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_callers_who_meet_an_ended_token_share_one_refresh() {
    let scene = Scene::authorized().await;
    for round in 1..=3 {
        scene.host.advance(3600);
        for answer in join_all((0..20).map(|_| scene.ask("ada"))).await {
            answer.expect("every call succeeds");
        }
        assert_eq!(scene.service.received_at("refresh").len(), round, "each refresh token is good once here");
        assert_eq!(scene.service.live(), (1, 1));
    }
    let tokens: std::collections::BTreeSet<_> = scene.echo.received().iter().map(token).collect();
    assert_eq!((scene.echo.received().len(), tokens.len()), (60, 3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_callers_whose_token_is_rejected_share_one_refresh() {
    let service = RedirectService::start("").await;
    let host = host_of(service.origin()).await;
    let connection = connected(&host, service.origin()).await;
    authorize(&host, &service, &connection, "ada").await;
    service.expire();
    let resource = service.resource();
    for answer in join_all((0..20).map(|_| host.ask(&connection, Some("ada"), &resource))).await {
        assert_eq!(answer.expect("every call succeeds")["sub"], "ada");
    }
    assert_eq!(service.received_at("refresh").len(), 1);
    assert_eq!(service.live(), (1, 1));
    assert!((1..=20).contains(&service.refused()), "{}", service.refused());
}

#[tokio::test]
async fn a_rejected_token_is_renewed_once_and_the_call_succeeds() {
    let scene = Scene::authorized().await;
    scene.echo.refuse(1);
    scene.ask("ada").await.expect("the retry succeeds");
    scene.ask("ada").await.expect("the new token lives");
    assert_eq!(scene.service.received_at("refresh").len(), 1);
    let received = scene.echo.received();
    assert_eq!(received.len(), 3);
    assert_ne!(token(&received[0]), token(&received[1]));
    assert_eq!(token(&received[1]), token(&received[2]));
    assert_eq!(scene.users(), [None, Some("ada".to_owned()), Some("ada".to_owned())]);
}

#[tokio::test]
async fn each_user_is_refreshed_alone() {
    let scene = Scene::authorized().await;
    scene.host.advance(1800);
    scene.authorize("bob").await;
    scene.host.advance(1800);
    scene.ask("bob").await.expect("his token lives");
    assert_eq!(scene.service.received_at("refresh").len(), 0);
    scene.ask("ada").await.expect("hers is renewed");
    assert_eq!(scene.service.received_at("refresh").len(), 1);
    assert_eq!(scene.users(), ["bob", "ada"].map(|user| Some(user.to_owned())));
}

#[tokio::test]
async fn a_refresh_without_a_new_refresh_token_keeps_the_old_one() {
    let scene = Scene::authorized().await;
    for token in ["second", "third"] {
        scene.host.advance(3600);
        let body = format!(r#"{{"token_type":"Bearer","access_token":"{token}","expires_in":3600}}"#);
        scene.service.order("refresh", Reply::new(200).body(body));
        scene.ask("ada").await.expect("renewed");
    }
    let asked = scene.service.received_at("refresh");
    assert_eq!(asked[0].body, asked[1].body);
    let sent: Vec<_> = scene.echo.received().iter().map(token).collect();
    assert_eq!(sent, ["Bearer second", "Bearer third"]);
}

#[tokio::test]
async fn a_token_without_a_known_end_lives_until_it_is_rejected() {
    let scene = Scene::start().await;
    scene.service.set_life(None);
    scene.authorize("ada").await;
    scene.host.advance(365 * 24 * 3600);
    scene.ask("ada").await.expect("nobody said that it ends");
    assert_eq!(scene.service.received_at("refresh").len(), 0);
}

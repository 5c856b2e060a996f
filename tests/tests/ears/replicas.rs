//! Replicas have a keyring in common and nothing else.

use innkeeper::{Clock as _, ManualClock};
use std::sync::Arc;
use std::time::Duration;

use crate::app::{App, Browser};
use crate::service::{ACME, Plan, Seat, Service, client_at, oidc};
use innkeeper_tests::oidc::OidcProvider;

/// Two services at one public address, each with a clock of its own.
async fn pair(provider: &OidcProvider) -> (Service, Service) {
    let (seat, other_seat) = (Seat::take().await, Seat::take().await);
    let plan = seat.plan().provider(ACME, client_at(provider));
    let public_url = plan.settings.public_url.clone();
    let clock = Arc::new(ManualClock::new(plan.clock.now().plus(Duration::from_secs(5))));
    let other = Plan { keyring: plan.keyring.clone(), clock, ..other_seat.plan() };
    let other = other.provider(ACME, client_at(provider)).set(|settings| settings.public_url = public_url);
    (seat.serve(plan), other_seat.serve(other))
}

#[tokio::test]
async fn a_flow_begins_at_one_replica_goes_on_at_another_and_ends_at_the_first() {
    let provider = oidc().await;
    let (first, second) = pair(&provider).await;
    assert_eq!(first.base, second.base);
    assert_ne!(first.address, second.address);

    let (app, mut browser) = (App::of(&first), Browser::of(&first));
    let at_provider = browser.begin(&app, ACME).await;
    let callback = provider.authorize_as(at_provider.as_str(), "ada").await.expect("the user gets through");
    browser.turn_to(&second);
    let code = app.code(&browser.open(&callback).await);
    let tokens = app.redeem(ACME, &code).await.tokens();
    let refresh_token = tokens["refresh_token"].as_str().expect("a token");
    app.at(&second).refresh(ACME, refresh_token).await.tokens();
}

#[tokio::test]
async fn a_code_that_was_redeemed_at_one_replica_is_refused_at_the_other() {
    let provider = oidc().await;
    let (first, second) = pair(&provider).await;
    let (app, mut browser) = (App::of(&first), Browser::of(&first));
    let at_provider = browser.begin(&app, ACME).await;
    let callback = provider.authorize_as(at_provider.as_str(), "ada").await.expect("the user gets through");
    let code = app.code(&browser.open(&callback).await);
    app.redeem(ACME, &code).await.tokens();
    app.at(&second).redeem(ACME, &code).await.assert_error(400, "invalid_grant");
    assert_eq!(provider.counts().await.expect("counts").of("authorization_code", "invalid_grant"), 1);
}

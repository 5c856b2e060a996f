//! How often a user may begin and come back.

use std::time::Duration;

use innkeeper::{AuthOptions, FlowLimit, FlowLimits};
use reqwest::{StatusCode, header};
use serde_json::json;

use crate::support::{HeaderUsers, Site};

async fn limited(begin: u32, callback: u32) -> Site {
    let limit = |count| FlowLimit { count, window: Duration::from_hours(1) };
    let mut limits = FlowLimits::default();
    limits.begin = limit(begin);
    limits.callback = limit(callback);
    let mut options = AuthOptions::default();
    options.limits = limits;
    Site::start_with(HeaderUsers, |builder| builder.auth(options)).await
}

#[tokio::test]
async fn who_begins_too_often_waits_and_nobody_else_does() {
    let site = limited(2, 100).await;
    let connection = site.connect().await;
    let mut ada = site.browser(Some("ada"));
    let kept = site.link(&connection, Some("ada")).await;
    for _ in 0..2 {
        let link = site.link(&connection, Some("ada")).await;
        assert_eq!(ada.open(&link.url).await.status, StatusCode::SEE_OTHER);
        site.host.advance(60);
    }
    let refused = ada.open(&kept.url).await;
    refused.assert_page(429, "Too many attempts");
    assert_eq!(refused.header(&header::RETRY_AFTER), "3480");
    let refused = ada.post("begin", json!({ "connection": "drive" })).await;
    assert_eq!((refused.status.as_u16(), refused.header(&header::RETRY_AFTER)), (429, "3480"));
    assert_eq!(refused.json()["error"]["kind"], "too_many");
    let mut bob = site.browser(Some("bob"));
    let link = site.link(&connection, Some("bob")).await;
    assert_eq!(bob.open(&link.url).await.status, StatusCode::SEE_OTHER);

    site.host.advance(3480);
    assert_eq!(ada.post("begin", json!({ "connection": "drive" })).await.status, StatusCode::OK);
    ada.open(&kept.url).await.assert_page(410, "This link has expired");
    let link = site.link(&connection, Some("ada")).await;
    assert_eq!(ada.open(&link.url).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn who_comes_back_too_often_waits_and_loses_nothing() {
    let site = limited(100, 1).await;
    let connection = site.connect().await;
    let mut ada = site.browser(Some("ada"));
    let link = site.link(&connection, Some("ada")).await;
    let first = site.consented(&mut ada, &link).await;
    assert_eq!(ada.open(&first).await.status, StatusCode::SEE_OTHER);
    site.host.advance(3300);
    let link = site.link(&connection, Some("ada")).await;
    let second = site.consented(&mut ada, &link).await;
    let refused = ada.open(&second).await;
    refused.assert_page(429, "Too many attempts");
    assert_eq!((refused.header(&header::RETRY_AFTER), site.exchanges()), ("300", 1));
    site.host.advance(300);
    assert_eq!(ada.open(&second).await.status, StatusCode::SEE_OTHER, "the state was not used up");
    assert_eq!(site.exchanges(), 2);
}

#[tokio::test]
async fn without_other_settings_the_limit_is_a_hundred_an_hour() {
    let site = Site::start().await;
    let connection = site.connect().await;
    let mut ada = site.browser(Some("ada"));
    for _ in 0..100 {
        let link = site.link(&connection, Some("ada")).await;
        assert_eq!(ada.open(&link.url).await.status, StatusCode::SEE_OTHER);
        ada.cookies.clear();
    }
    let refused = ada.post("begin", json!({ "connection": "drive" })).await;
    assert_eq!((refused.status.as_u16(), refused.header(&header::RETRY_AFTER)), (429, "3600"));
}

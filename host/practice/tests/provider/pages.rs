//! What users see, and when they see it instead of being sent back.

use http::StatusCode;
use innkeeper_practice::{ConsentError, consent};

use crate::practice_run::{Answer, CALLBACK, PracticeRun};

fn is_a_page(answer: &Answer, status: StatusCode) {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(answer.header("location"), "");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("referrer-policy"), "no-referrer");
    assert_eq!(answer.header("x-frame-options"), "DENY");
    let policy = answer.header("content-security-policy");
    assert!(policy.contains("frame-ancestors 'none'") && policy.contains("default-src 'none'"), "{policy}");
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
}

/// The hidden fields of the consent page and the cookie that came with it.
async fn opened(stage: &PracticeRun) -> (String, String, String) {
    let answer = stage.get(&PracticeRun::authorize_path(&[])).await;
    let page = answer.text();
    let field = |name: &str| {
        let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\"")).expect("the field");
        rest.split_once('"').expect("its end").0.to_owned()
    };
    let cookie = answer.header("set-cookie");
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
    (field("request"), field("form_token"), cookie.split(';').next().expect("a cookie").to_owned())
}

fn form<'a>(request: &'a str, token: &'a str, person: &'a str, decision: &'a str) -> [(&'a str, &'a str); 4] {
    [("request", request), ("form_token", token), ("person", person), ("decision", decision)]
}

#[tokio::test]
async fn a_client_or_an_address_that_is_not_registered_is_shown_and_never_redirected_to() {
    let stage = PracticeRun::new().await;
    for changes in [
        ("client_id", "nobody"),
        ("client_id", ""),
        ("client_id", "practice-service"),
        ("redirect_uri", ""),
        ("redirect_uri", "https://evil.example/callback"),
        ("redirect_uri", "http://127.0.0.1:49152/callback/more"),
    ] {
        is_a_page(&stage.get(&PracticeRun::authorize_path(&[changes])).await, StatusCode::BAD_REQUEST);
    }
    let twice = format!("{}&redirect_uri=https://evil.example", PracticeRun::authorize_path(&[]));
    is_a_page(&stage.get(&twice).await, StatusCode::BAD_REQUEST);
    let long = "s".repeat(5000);
    is_a_page(&stage.get(&PracticeRun::authorize_path(&[("state", &long)])).await, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn other_mistakes_go_back_to_the_client_with_state_and_issuer() {
    let stage = PracticeRun::new().await;
    for (change, error) in [
        (("response_type", "token"), "unsupported_response_type"),
        (("response_type", ""), "invalid_request"),
        (("code_challenge", ""), "invalid_request"),
        (("code_challenge", "short"), "invalid_request"),
        (("code_challenge_method", "plain"), "invalid_request"),
        (("code_challenge_method", ""), "invalid_request"),
        (("scope", "everything"), "invalid_scope"),
        (("prompt", "none"), "login_required"),
    ] {
        let answer = stage.get(&PracticeRun::authorize_path(&[change])).await;
        assert_eq!(answer.status, StatusCode::FOUND);
        assert!(answer.header("location").starts_with(CALLBACK));
        assert_eq!(answer.sent("error").as_deref(), Some(error), "{change:?}");
        assert_eq!(answer.sent("state").as_deref(), Some("a state"));
        assert_eq!(answer.sent("iss").as_deref(), Some(stage.provider.base_url.as_str()));
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
    }
}

#[tokio::test]
async fn whatever_a_client_sends_is_escaped_on_pages() {
    let stage = PracticeRun::new().await;
    let markup = "\"><script>alert('x')</script>";
    for changes in [[("client_id", markup)], [("redirect_uri", markup)]] {
        let page = stage.get(&PracticeRun::authorize_path(&changes)).await;
        is_a_page(&page, StatusCode::BAD_REQUEST);
        assert!(!page.text().contains("<script") && page.text().contains("script"), "{}", page.text());
    }
    for changes in [[("state", markup)], [("login_hint", markup)]] {
        let page = stage.get(&PracticeRun::authorize_path(&changes)).await;
        is_a_page(&page, StatusCode::OK);
        assert!(!page.text().contains("script"), "{}", page.text());
    }
    let answer = stage.get(&PracticeRun::authorize_path(&[("scope", markup)])).await;
    assert_eq!(answer.sent("error").as_deref(), Some("invalid_scope"));
    let nowhere = stage.get("/%3Cscript%3E").await;
    is_a_page(&nowhere, StatusCode::NOT_FOUND);
    assert!(!nowhere.text().contains("<script>"));
}

#[tokio::test]
async fn a_scope_of_the_settings_is_escaped_on_the_consent_page() {
    let scope = "<b>bold</b>".to_owned();
    let stage =
        PracticeRun::with(innkeeper_practice::Settings { scopes: vec![scope.clone()], ..Default::default() }).await;
    let page = stage.get(&PracticeRun::authorize_path(&[("scope", &scope)])).await;
    is_a_page(&page, StatusCode::OK);
    assert!(!page.text().contains(&scope) && page.text().contains("bold"));
}

#[tokio::test]
async fn a_button_counts_once_and_only_from_the_page_of_this_browser() {
    let stage = PracticeRun::new().await;
    let (request, token, cookie) = opened(&stage).await;
    let with_cookie = [("cookie", cookie.as_str())];
    let other = "practice_browser=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let good = form(&request, &token, "ada", "allow");
    is_a_page(&stage.post("/authorize", &[], &good).await, StatusCode::FORBIDDEN);
    is_a_page(&stage.post("/authorize", &[("cookie", other)], &good).await, StatusCode::FORBIDDEN);
    let wrong = form(&request, "wrong", "ada", "allow");
    is_a_page(&stage.post("/authorize", &with_cookie, &wrong).await, StatusCode::FORBIDDEN);
    let nobody = form(&request, &token, "nobody", "allow");
    is_a_page(&stage.post("/authorize", &with_cookie, &nobody).await, StatusCode::BAD_REQUEST);
    let unclear = form(&request, &token, "ada", "perhaps");
    is_a_page(&stage.post("/authorize", &with_cookie, &unclear).await, StatusCode::BAD_REQUEST);

    let answer = stage.post("/authorize", &with_cookie, &good).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert!(answer.sent("code").is_some());
    is_a_page(&stage.post("/authorize", &with_cookie, &good).await, StatusCode::BAD_REQUEST);

    let (request, token, cookie) = opened(&stage).await;
    stage.pass(600);
    let late = stage.post("/authorize", &[("cookie", &cookie)], &form(&request, &token, "ada", "allow")).await;
    is_a_page(&late, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn the_scripted_user_says_what_was_shown_instead_of_the_consent_page() {
    let stage = PracticeRun::new().await;
    let url = format!("{}{}", stage.provider.base_url, PracticeRun::authorize_path(&[("client_id", "nobody")]));
    let error = consent(&url).await.expect_err("no page to consent on");
    assert_eq!(error.to_string(), "instead of the consent page the provider answered 400: Unknown client");
    assert!(matches!(consent("https://127.0.0.1/").await, Err(ConsentError::Connect(_))));
    assert!(matches!(consent("nonsense").await, Err(ConsentError::Address)));
    let refused = format!("{}{}", stage.provider.base_url, PracticeRun::authorize_path(&[("scope", "everything")]));
    assert!(consent(&refused).await.expect("sent back").contains("error=invalid_scope"));
}

#[tokio::test]
async fn the_first_page_says_what_there_is() {
    let stage = PracticeRun::new().await;
    let page = stage.get("/").await;
    is_a_page(&page, StatusCode::OK);
    for name in ["practice-public", "practice-confidential", "/practice/expire", "Grace Murray"] {
        assert!(page.text().contains(name), "{name}");
    }
}

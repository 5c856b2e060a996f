use innkeeper_guest::Level;

use super::*;
use crate::answer::ANSWER_LIMIT;

fn who_am_i(answer: Answer) -> Result<Called, Error> {
    Script::new().on(get(format!("{API}/auth.test"))).reply_with(answer).call(connector, "whoAmI", &json!({}))
}

fn upstream(status: u16, message: &str, retryable: bool) -> Error {
    Error::Upstream { status, message: message.to_owned(), retryable }
}

#[test]
fn a_refusal_with_the_status_200_is_an_error_of_its_kind() {
    for code in ["not_authed", "invalid_auth", "token_revoked", "token_expired", "account_inactive"] {
        assert_eq!(who_am_i(service::refusal(code)), Err(Error::NeedsAuthorization), "{code}");
    }
    for (code, expected) in [
        ("ratelimited", Error::RateLimited(None)),
        ("access_denied", Error::denied("Slack whoAmI error: access_denied")),
        ("team_not_found", Error::not_found("Slack whoAmI error: team_not_found")),
        ("invalid_arg_name", Error::invalid_input("Slack whoAmI error: invalid_arg_name")),
        ("internal_error", upstream(200, "Slack whoAmI error: internal_error", true)),
        ("unknown_method", upstream(200, "Slack whoAmI error: unknown_method", false)),
    ] {
        assert_eq!(who_am_i(service::refusal(code)), Err(expected), "{code}");
    }
    assert_eq!(
        who_am_i(Answer::json(200, &json!({ "ok": false }))),
        Err(upstream(200, "Slack whoAmI error: unknown_error", false))
    );
}

#[test]
fn a_scope_that_lacks_is_named() {
    let token = Token { scopes: "users:read chat:write".to_owned(), is_bot: false };
    let expected = [asked("files.info", &[("file", SNIPPET)])];
    let error = call_as(&token, "getFileInfo", &json!({ "file": SNIPPET }), &expected).expect_err("the scope lacks");
    let text = "Slack getFileInfo error: missing_scope (needed=files:read, provided=users:read,chat:write)";
    assert_eq!(error, Error::denied(text));
}

#[test]
fn what_slack_says_of_an_argument_reaches_the_caller() {
    let body = json!({
        "ok": false, "error": "invalid_arguments", "response_metadata": { "messages": ["[ERROR] missing required field: channel"] },
    });
    let text = "Slack whoAmI error: invalid_arguments: [ERROR] missing required field: channel";
    assert_eq!(who_am_i(Answer::json(200, &body)), Err(Error::invalid_input(text)));
}

#[test]
fn too_many_requests_tell_how_long_to_wait() {
    for answer in [service::refusal("ratelimited"), Answer::json(429, &json!({ "ok": false, "error": "ratelimited" }))]
    {
        assert_eq!(who_am_i(answer.header("Retry-After", "30")), Err(Error::RateLimited(Some(30))));
    }
    assert_eq!(who_am_i(Answer::new(429)), Err(Error::RateLimited(None)));
}

#[test]
fn a_status_of_failure_is_an_error_with_slacks_words() {
    let down = json!({ "ok": false, "error": "service_unavailable" });
    let text = "Slack whoAmI error: service_unavailable";
    assert_eq!(who_am_i(Answer::json(503, &down)), Err(upstream(503, text, true)));
    assert_eq!(who_am_i(Answer::new(502).body("<html>", "text/html")), Err(upstream(502, "status 502", true)));
    assert_eq!(who_am_i(Answer::new(401)), Err(Error::NeedsAuthorization));
}

#[test]
fn the_operator_reads_why_a_connection_has_to_be_authorized_again() {
    let ctx =
        Script::new().on(get(format!("{API}/auth.test"))).reply_with(service::refusal("token_revoked")).into_ctx();
    assert_eq!(ctx.call(connector, "whoAmI", &json!({})), Err(Error::NeedsAuthorization));
    assert_eq!(ctx.logged(), [(Level::Warn, "Slack whoAmI error: token_revoked".to_owned())]);
}

#[test]
fn an_answer_that_is_not_slacks_is_an_error_that_says_so() {
    for answer in [
        Answer::new(200).body("<html>Sign in</html>", "text/html"),
        Answer::json(200, &json!({ "team": "Acme" })),
        Answer::json(200, &json!([])),
        Answer::json(200, &json!({ "ok": true, "team": 7 })),
    ] {
        let error = who_am_i(answer).expect_err("no answer of Slack");
        let expected = "Slack whoAmI: auth.test did not answer the expected JSON";
        assert!(
            matches!(&error, Error::Upstream { status: 200, message, .. } if message.starts_with(expected)),
            "{error}"
        );
    }
}

#[test]
fn an_answer_beyond_the_limit_is_not_read() {
    let large = "x".repeat(usize::try_from(ANSWER_LIMIT).expect("a small number") + 1);
    let error = who_am_i(Answer::new(200).body(large, "application/json"));
    assert!(matches!(error, Err(Error::TooLarge { limit: ANSWER_LIMIT, content_length: Some(_), .. })));
}

#[test]
fn a_service_that_does_not_answer_is_told_as_such() {
    let script = Script::new().on(get(format!("{API}/auth.test"))).fail(HttpError::Timeout);
    let error = script.call(connector, "whoAmI", &json!({}));
    assert!(matches!(error, Err(Error::Upstream { status: 504, retryable: true, .. })));
}

#[test]
fn the_scripted_slack_refuses_what_the_real_one_does() {
    let token = Token::user();
    let code = |request: &Sent| {
        let answer = format!("{:?}", service::answer(request, &token));
        let script = Script::new().on(get(format!("{API}/auth.test"))).reply_with(service::answer(request, &token));
        (script.call(connector, "whoAmI", &json!({})), answer).0
    };
    let message = json!({ "channel": "C0GENERAL", "text": "x" });
    let good = posted("chat.postMessage", &message);
    assert!(code(&good).is_ok());
    let bare = Sent { headers: Vec::new(), ..good.clone() };
    let typed = |kind: &str| Sent { headers: vec![("content-type".to_owned(), kind.to_owned())], ..good.clone() };
    let refusals = [
        (bare, "missing_post_type"),
        (typed("text/html"), "invalid_post_type"),
        (typed("application/json"), "missing_charset"),
        (posted("chat.postMessage", &json!({ "text": "x" })), "missing required field: channel"),
        (posted("chat.postMessage", &json!({ "channel": "C0GENERAL" })), "no_text"),
        (
            posted("chat.postMessage", &json!({ "channel": "C0GENERAL", "text": "x", "threadTs": "1" })),
            "unknown argument",
        ),
        (asked("conversations.list", &[("limit", "1001")]), "invalid_limit"),
        (asked("users.conversations", &[("limit", "1000")]), "invalid_limit"),
        (asked("users.list", &[("cursor", "2")]), "invalid_cursor"),
        (asked("conversations.replies", &[]), "unknown_method"),
    ];
    for (request, expected) in refusals {
        let error = code(&request).expect_err(expected).to_string();
        assert!(error.contains(expected), "{error}");
    }
    assert_eq!(code(&Sent { with_credential: false, ..good }), Err(Error::NeedsAuthorization));
}

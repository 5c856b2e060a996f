//! Answers of token endpoints.

use serde_json::{Value, json};

use super::ANSWER;
use crate::attack::{Attack, Class, attack, on_each};
use crate::reach::{Target, tokens};
use crate::rig::Rig;
use crate::told::Told;
use crate::upstream::{json as json_answer, raw, say};
use crate::ways::{OF_SERVICES, Way};

/// Every way on which tokens come.
const TOKENS: &[Way] = &[Way::Token, Way::Code, Way::Refresh, Way::Ears, Way::ServiceToken];

fn with(name: &str, value: Value) -> Value {
    let mut answer = tokens();
    answer[name] = value;
    answer
}

/// An auth redirect service that cannot read the answer of its provider.
const UNREAD: (&str, &str) = ("EARS 502", "the provider's answer is not valid");

pub(super) fn attacks() -> Vec<Attack> {
    let answered = |id, what, text, answer: fn() -> Value| {
        on_each(Class::AuthFlows, (id, what), ANSWER, text, TOKENS, move |rig: Rig, way| async move {
            rig.reach(way, Target::Answer(json_answer(&answer()))).await
        })
    };
    let unread = |id, what, text, answer: fn() -> Value| answered(id, what, text, answer).but_on(OF_SERVICES, UNREAD);
    let said = |id, what, media_type: &'static str, body: fn() -> String| {
        let work =
            move |rig: Rig, way| async move { rig.reach(way, Target::Answer(say(200, &[media_type], body()))).await };
        on_each(Class::AuthFlows, (id, what), ANSWER, "it is neither a JSON object nor a form", TOKENS, work)
            .but_on(OF_SERVICES, UNREAD)
    };
    vec![
        unread(
            "flows-no-token",
            "An answer has no token",
            "it contains no access token",
            || json!({ "token_type": "Bearer" }),
        ),
        unread("flows-empty-token", "A token is empty", "a token in it is empty", || with("access_token", json!(""))),
        unread("flows-token-type", "A token is a number", "a token in it is not text", || {
            with("access_token", json!(7))
        }),
        unread("flows-token-large", "A token has 20 KB", "a token in it is longer than 16 KiB", || {
            with("access_token", json!("x".repeat(20_000)))
        }),
        unread(
            "flows-token-lines",
            "A token adds a header to every request",
            "a token in it contains characters that are not allowed in tokens",
            || with("access_token", json!("a\r\nx-evil: 1")),
        ),
        unread(
            "flows-token-letters",
            "A token has letters that no header may hold",
            "a token in it contains characters that are not allowed in tokens",
            || with("access_token", json!("t\u{f6}ken")),
        ),
        unread("flows-type-lines", "The token's type adds a header", "its token type is not a name", || {
            with("token_type", json!("Bearer x\r\ny:"))
        }),
        unread("flows-refresh-large", "A refresh token has 20 KB", "a token in it is longer than 16 KiB", || {
            with("refresh_token", json!("x".repeat(20_000)))
        }),
        unread("flows-refresh-type", "A refresh token is a list", "a token in it is not text", || {
            with("refresh_token", json!(["a"]))
        }),
        unread("flows-list", "An answer is a list", "it is neither a JSON object nor a form", || json!([tokens()])),
        answered(
            "flows-error",
            "An answer is an error with a status of success",
            "the authorization server does not accept the grant (invalid_grant)",
            || json!({ "error": "invalid_grant" }),
        )
        .but_on(&[Way::Refresh], ("AuthError::NeedsAuthorization", "the provider no longer accepts the grant"))
        .but_on(OF_SERVICES, ("EARS 400", "invalid_grant")),
        unread(
            "flows-large",
            "An answer has 100 KB of fields that nobody asked for",
            "it is longer than any legitimate response",
            || with("more", json!("x".repeat(100_000))),
        ),
        said("flows-deep", "An answer is nested twenty thousand deep", "content-type: application/json", || {
            format!("{{\"access_token\":{}", "[".repeat(20_000))
        }),
        said("flows-page", "A captive portal answers with its page", "content-type: text/html", || {
            "<html><body>access_token=stolen&token_type=Bearer</body></html>".to_owned()
        }),
        on_each(
            Class::AuthFlows,
            ("flows-text", "A refusal is written for the page that shows it"),
            "of what a server says, only the codes of the RFC are passed on",
            "the authorization server refused for another reason",
            TOKENS,
            |rig, way| async move {
                let body =
                    json!({ "error": "<script>alert(1)</script>", "error_description": "<script>alert(2)</script>" });
                let told = rig.reach(way, Target::Answer(say(400, &[], body.to_string()))).await;
                let shown = told.everything().contains("alert(");
                if shown { Told::answer(told.everything()) } else { told }
            },
        )
        .but_on(OF_SERVICES, ("EARS 400", "unauthorized_client")),
        attack(
            Class::AuthFlows,
            ("flows-life", "A token lives for a million years"),
            ANSWER,
            ("answer", "in use"),
            |rig| async move {
                let answer = with("expires_in", json!(1e300));
                rig.reach(Way::Token, Target::Answer(json_answer(&answer))).await
            },
        ),
        attack(
            Class::AuthFlows,
            ("flows-twice", "A token endpoint takes a code and hangs up, again and again"),
            "a code is shown once",
            ("1", "the code was shown once"),
            |rig| async move {
                let place = rig.upstream().at([raw("")]);
                match rig.consented(&place.url("/")).await {
                    Ok((connection, callback, session)) => {
                        rig.complete(&connection, &callback, &session).await;
                        rig.complete(&connection, &callback, &session).await;
                        Told::error(place.received().len().to_string(), "the code was shown once")
                    }
                    Err(error) => Told::host(&error),
                }
            },
        ),
    ]
}

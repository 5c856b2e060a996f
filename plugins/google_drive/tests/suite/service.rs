//! A scripted Drive that gives and takes only what Google's description allows.

use innkeeper_guest::testing::{Answer, Called, Expected, Script, Sent, get};
use innkeeper_guest::{Error, Value, json};

use super::discovery;
use crate::connector;

/// A Drive for one call.
#[must_use]
pub(super) struct Drive(Script);

/// What came of a call.
pub(super) struct Outcome {
    pub(super) result: Result<Called, Error>,
    pub(super) sent: Vec<Sent>,
}

/// A request to the API; `path` is below `drive/v3`.
pub(super) fn ask(path: &str) -> Expected {
    get(format!("https://www.googleapis.com/drive/v3/{path}"))
}

/// Google's error body.
pub(super) fn failure(status: u16, reason: &str, message: &str) -> Answer {
    let detail = json!({ "domain": "global", "reason": reason, "message": message });
    Answer::json(status, &json!({ "error": { "code": status, "message": message, "errors": [detail] } }))
}

impl Drive {
    pub(super) fn new() -> Self {
        Self(Script::new().auth_type("oauth_authorization_code"))
    }

    /// Answers JSON, which has to be as Google describes the answers of this method (`drive.files.list`).
    pub(super) fn answers(self, method: &str, request: Expected, body: &Value) -> Self {
        let mistakes = discovery::mistakes_of_answer(method, body);
        assert!(mistakes.is_empty(), "Google would not answer {body:#}:\n{}", mistakes.join("\n"));
        self.gives(request, Answer::json(200, body))
    }

    /// Answers bytes, or an error.
    pub(super) fn gives(self, request: Expected, answer: Answer) -> Self {
        Self(self.0.on(request).reply_with(answer))
    }

    /// Calls an action the way a host does: its output has to fit its schema, and each request Google's description.
    pub(super) fn call(self, action: &str, input: &Value) -> Outcome {
        let ctx = self.0.into_ctx();
        let result = ctx.call(connector, action, input);
        Outcome { result, sent: examined(ctx.sent()) }
    }

    /// The same for the connection's check.
    pub(super) fn check(self) -> Result<String, Error> {
        let ctx = self.0.into_ctx();
        let result = ctx.check(connector);
        examined(ctx.sent());
        result
    }
}

impl Outcome {
    /// The value of a call that succeeded.
    pub(super) fn value(self) -> Value {
        self.result.unwrap_or_else(|error| panic!("the call fails: {error}")).value
    }

    /// The error of a call that failed.
    pub(super) fn error(self) -> Error {
        self.result.expect_err("the call should fail")
    }
}

fn examined(sent: Vec<Sent>) -> Vec<Sent> {
    let scopes = connector().spec().auth_types[0].defaults["scope"].as_str().map(str::to_owned).unwrap_or_default();
    let scopes: Vec<&str> = scopes.split(' ').collect();
    for request in &sent {
        let mistakes = discovery::mistakes_of_request(request, &scopes);
        assert!(mistakes.is_empty(), "Google would not take this request:\n{request}\n{}", mistakes.join("\n"));
    }
    sent
}

mod channels;
mod failures;
mod files;
mod messages;
mod resolving;
mod searching;
mod service;
mod spec;
mod users;

use innkeeper_guest::testing::{Answer, Called, HttpError, Script, Sent, SentBody, get, post, request};

use super::*;
use service::{BEN, ME, SNIPPET, Token};

const API: &str = "https://slack.com/api";

/// A GET that an action must send.
fn asked(method: &str, query: &[(&str, &str)]) -> Sent {
    Sent {
        method: "GET".to_owned(),
        url: format!("{API}/{method}"),
        query: query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        headers: Vec::new(),
        body: SentBody::Empty,
        with_credential: true,
        follows_redirects: true,
        timeout: None,
    }
}

/// A POST of JSON that an action must send.
fn posted(method: &str, body: &Value) -> Sent {
    Sent {
        method: "POST".to_owned(),
        headers: vec![("content-type".to_owned(), "application/json; charset=utf-8".to_owned())],
        body: SentBody::Bytes(body.to_string().into_bytes()),
        ..asked(method, &[])
    }
}

/// Runs an action against the service, and holds what it sent against what it must send.
fn call_as(token: &Token, action: &str, input: &Value, expected: &[Sent]) -> Result<Called, Error> {
    let script = expected.iter().fold(Script::new().auth_type("oauth_authorization_code"), |script, expected| {
        script.on(request(&expected.method, &expected.url)).reply_with(service::answer(expected, token))
    });
    let ctx = script.into_ctx();
    let outcome = ctx.call(connector, action, input);
    let requests = ctx.sent();
    assert_eq!(requests.len(), expected.len(), "{requests:?}");
    for (sent, expected) in requests.iter().zip(expected) {
        assert_eq!(sent.json(), expected.json());
        assert_eq!(sorted(Sent { body: expected.body.clone(), ..sent.clone() }), sorted(expected.clone()));
    }
    outcome
}

fn sorted(mut request: Sent) -> Sent {
    request.query.sort();
    request
}

fn call(action: &str, input: &Value, expected: &Sent) -> Result<Called, Error> {
    call_as(&Token::user(), action, input, std::slice::from_ref(expected))
}

/// The action is answered this value.
fn answered(action: &str, input: &Value, expected: &Sent) -> Value {
    call(action, input, expected).unwrap_or_else(|error| panic!("{action} {input}: {error}")).value
}

/// The input is refused before anything is sent; the error's text.
fn refused(action: &str, input: &Value) -> String {
    match Script::new().call(connector, action, input) {
        Err(Error::InvalidInput(message)) => message,
        other => panic!("{action} {input}: {other:?}"),
    }
}

mod addresses;
mod browsing;
mod downloads;
mod graph_calls;
mod service;
mod spec;

use innkeeper_guest::testing::{Answer, Called, HttpError, Script, Sent, SentBody, get, request};

use super::*;
use service::{DRIVE, ITEM, LIST, PAGE, SITE, Token};

/// A GET request that an action must send.
fn sent(path: &str, query: &[(&str, &str)]) -> Sent {
    Sent {
        method: "GET".to_owned(),
        url: format!("{GRAPH}{path}"),
        query: query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        headers: Vec::new(),
        body: SentBody::Empty,
        with_credential: true,
        follows_redirects: true,
        timeout: None,
    }
}

/// The same as a POST of JSON.
fn posted(path: &str, body: &Value) -> Sent {
    Sent {
        method: "POST".to_owned(),
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        body: SentBody::Bytes(body.to_string().into_bytes()),
        ..sent(path, &[])
    }
}

/// What an app without a user connects by: a secret, or a certificate.
const APPS: [&str; 2] = ["oauth_client_credentials", "oauth_client_credentials_private_key_jwt"];

/// A connection of an app, or of a user.
fn connection(token: Token) -> Script {
    connection_by(if token == Token::App { APPS[0] } else { "oauth_authorization_code" })
}

fn connection_by(auth_type: &str) -> Script {
    Script::new().config(json!({ "tenantId": "contoso.onmicrosoft.com" })).auth_type(auth_type)
}

/// Runs an action against the service, and holds what it sent against what it must send.
fn call_as(token: Token, action: &str, input: &Value, expected: &Sent) -> Result<Called, Error> {
    call_of(connection(token), token, action, input, expected)
}

/// The same on a connection of an app, by one of its auth types.
fn call_by(app: &str, action: &str, input: &Value, expected: &Sent) -> Result<Called, Error> {
    call_of(connection_by(app), Token::App, action, input, expected)
}

fn call_of(connection: Script, token: Token, action: &str, input: &Value, expected: &Sent) -> Result<Called, Error> {
    let on = request(&expected.method, &expected.url);
    let ctx = connection.on(on).reply_with(service::answer(expected, token)).into_ctx();
    let outcome = ctx.call(connector, action, input);
    let requests = ctx.sent();
    assert_eq!(requests.len(), 1, "{requests:?}");
    assert_eq!(requests[0].json(), expected.json());
    let body = expected.body.clone();
    assert_eq!(Sent { body, ..requests[0].clone() }, *expected);
    outcome
}

fn call(action: &str, input: &Value, expected: &Sent) -> Result<Called, Error> {
    call_as(Token::App, action, input, expected)
}

/// The input is refused before anything is sent; the error's text.
fn refused(action: &str, input: &Value) -> String {
    match connection(Token::App).call(connector, action, input) {
        Err(Error::InvalidInput(message)) => message,
        other => panic!("{action} {input}: {other:?}"),
    }
}

/// A site's id as one segment.
fn site_path() -> String {
    format!("/sites/{}", SITE.replace(',', "%2C"))
}

fn drive_path() -> String {
    format!("/drives/{}", DRIVE.replace('!', "%21"))
}

//! Practice Echo: asks the practice provider to repeat a request, and returns every header and every word of it
//! unchanged: what a connector sees of a request with a credential.

use std::collections::BTreeMap;

use innkeeper_guest::prelude::*;

/// The maximum size of a response in bytes.
const ANSWER_LIMIT: u64 = 1 << 20;

/// The configuration of a connection.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Config {
    /// The address of the practice provider, as `innkeeper practice` prints it.
    #[schemars(url, extend("x-form" = { "label": "Practice provider", "placeholder": "http://127.0.0.1:4747" }))]
    base_url: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Echo {
    /// The path to append to `/echo/`; segments are separated by slashes.
    #[serde(default)]
    #[schemars(length(max = 1024))]
    path: String,
}

#[derive(Serialize, JsonSchema)]
struct Echoed {
    /// The HTTP status of the response.
    status: u16,
    /// The headers of the response.
    headers: BTreeMap<String, String>,
    /// The body of the response: what the provider received.
    body: Value,
}

fn echo(ctx: &Ctx, Echo { path }: Echo) -> Result<Echoed, Error> {
    let server = ctx.config::<Config>()?.base_url;
    let path = path.trim_matches('/');
    let address = if path.is_empty() { url!(server; "/echo") } else { url!(server; "/echo/{*}", path) };
    let answer = ctx.get(address).send()?.limit(ANSWER_LIMIT);
    let status = answer.status();
    let mut headers: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in answer.headers() {
        let all = headers.entry(name.to_owned()).or_default();
        if !all.is_empty() {
            all.push_str(", ");
        }
        all.push_str(value);
    }
    Ok(Echoed { status, headers, body: answer.json()? })
}

fn check(ctx: &Ctx) -> Result<String, Error> {
    let answer = echo(ctx, Echo { path: String::new() })?;
    Ok(match answer.body["person"].as_str() {
        Some(person) => format!("The practice provider sees a live token of {person}"),
        None if answer.body["authenticated"] == true => "The practice provider sees a live token".to_owned(),
        None => "The practice provider responds; it sees no live token".to_owned(),
    })
}

fn connector() -> Connector {
    Connector::new("practice_echo", env!("CARGO_PKG_VERSION"))
        .title("Practice Echo")
        .description("Shows what a connector sees of a request to which the host added a credential.")
        .auth(
            Auth::new("oauth_authorization_code")
                .recommended()
                .default("scope", "https://www.googleapis.com/auth/drive.readonly"),
        )
        .auth(Auth::new("oauth_client_credentials"))
        .auth(Auth::new("bearer"))
        .auth(Auth::new("none"))
        .auth(Auth::new("ears").default("scope", "https://www.googleapis.com/auth/drive.readonly"))
        .config::<Config>()
        .host(Host::config("/baseUrl").path_prefix("/echo").methods(["GET"]).reason("The provider's echo"))
        .action(
            Action::new("echo", echo)
                .title("Echo a request")
                .description("Sends a request to the practice provider and returns the response unchanged.")
                .read(),
        )
        .check(check)
}

innkeeper_guest::export!(connector);

#[cfg(test)]
mod tests {
    use innkeeper_guest::testing::{Answer, Script, get};

    use super::*;

    fn script() -> Script {
        Script::new().config(json!({ "baseUrl": "http://127.0.0.1:4747" }))
    }

    #[test]
    fn an_answer_is_shown_as_it_came() {
        let seen = json!({ "headers": { "authorization": "[redacted]" } });
        let answer = Answer::json(200, &seen).header("x-echo-authorization", "[redacted]");
        let ctx = script().on(get("http://127.0.0.1:4747/echo/a/b%20c")).reply_with(answer).into_ctx();
        let called = ctx.call(connector, "echo", &json!({ "path": "a/b c" })).expect("answered");
        assert_eq!(called.value["status"], 200);
        assert_eq!(called.value["headers"]["x-echo-authorization"], "[redacted]");
        assert_eq!(called.value["body"], seen);
        assert!(ctx.sent()[0].with_credential);
    }

    #[test]
    fn the_check_says_whose_token_arrived() {
        let answer = script()
            .on(get("http://127.0.0.1:4747/echo"))
            .reply(200, json!({ "authenticated": true, "person": "ada" }))
            .check(connector);
        assert_eq!(answer.expect("answered"), "The practice provider sees a live token of ada");
    }
}

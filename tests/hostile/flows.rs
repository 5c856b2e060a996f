//! Attacks on authorization: by hostile authorization servers, and by whoever brings a browser back.

use innkeeper::{ConnectionChange, NewConnection};
use serde_json::{Value, json};

use crate::attack::{Attack, Class, attack, on_each};
use crate::reach::{Target, tokens};
use crate::rig::{CLIENT_SECRET, Rig};
use crate::told::Told;
use crate::upstream::{json as json_answer, raw, say};
use crate::ways::Way;

const ANSWER: &str = "the answer of a token endpoint is held to its form";
const METADATA: &str = "metadata is of the issuer that was asked, and its addresses are https";
const DEVICE: &str = "what a person is shown is held to its form";
const STATE: &str = "a state is random, stored hashed, bound to the session, and good once";
const EXCHANGE: &str = "a code goes to the endpoint that the owner approved, with its verifier";

/// Every way on which tokens come.
const TOKENS: &[Way] = &[Way::Token, Way::Code, Way::Refresh, Way::Ears, Way::ServiceToken];

pub(crate) fn attacks() -> Vec<Attack> {
    [answers(), metadata(), devices(), callbacks(), endings()].into_iter().flatten().collect()
}

fn with(name: &str, value: Value) -> Value {
    let mut answer = tokens();
    answer[name] = value;
    answer
}

fn answers() -> Vec<Attack> {
    let answered = |id, what, answer: fn() -> Value| {
        on_each(Class::AuthFlows, (id, what), ANSWER, "", TOKENS, move |rig: Rig, way| async move {
            rig.reach(way, Target::Answer(json_answer(&answer()))).await
        })
    };
    vec![
        answered("flows-no-token", "An answer has no token", || json!({ "token_type": "Bearer" })),
        answered("flows-empty-token", "A token is empty", || with("access_token", json!(""))),
        answered("flows-token-type", "A token is a number", || with("access_token", json!(7))),
        answered("flows-token-large", "A token has 20 KB", || with("access_token", json!("x".repeat(20_000)))),
        answered("flows-token-lines", "A token adds a header to every request", || {
            with("access_token", json!("a\r\nx-evil: 1"))
        }),
        answered("flows-token-letters", "A token has letters that no header may hold", || {
            with("access_token", json!("t\u{f6}ken"))
        }),
        answered("flows-type-lines", "The token's type adds a header", || with("token_type", json!("Bearer x\r\ny:"))),
        answered("flows-refresh-large", "A refresh token has 20 KB", || {
            with("refresh_token", json!("x".repeat(20_000)))
        }),
        answered("flows-refresh-type", "A refresh token is a list", || with("refresh_token", json!(["a"]))),
        answered("flows-list", "An answer is a list", || json!([tokens()])),
        answered(
            "flows-error",
            "An answer is an error with a status of success",
            || json!({ "error": "invalid_grant" }),
        ),
        on_each(
            Class::AuthFlows,
            ("flows-large", "An answer has 100 KB of fields that nobody asked for"),
            ANSWER,
            "",
            TOKENS,
            |rig, way| async move {
                let mut answer = tokens();
                answer["more"] = json!("x".repeat(100_000));
                rig.reach(way, Target::Answer(json_answer(&answer))).await
            },
        ),
        on_each(
            Class::AuthFlows,
            ("flows-deep", "An answer is nested twenty thousand deep"),
            ANSWER,
            "",
            TOKENS,
            |rig, way| async move {
                let body = format!("{{\"access_token\":{}", "[".repeat(20_000));
                rig.reach(way, Target::Answer(say(200, &["content-type: application/json"], body))).await
            },
        ),
        on_each(
            Class::AuthFlows,
            ("flows-page", "A captive portal answers with its page"),
            ANSWER,
            "",
            TOKENS,
            |rig, way| async move {
                let page = "<html><body>access_token=stolen&token_type=Bearer</body></html>";
                rig.reach(way, Target::Answer(say(200, &["content-type: text/html"], page))).await
            },
        ),
        on_each(
            Class::AuthFlows,
            ("flows-text", "A refusal is written for the page that shows it"),
            "of what a server says, only the codes of the RFC are passed on",
            "",
            TOKENS,
            |rig, way| async move {
                let body =
                    json!({ "error": "<script>alert(1)</script>", "error_description": "<script>alert(2)</script>" });
                let told = rig.reach(way, Target::Answer(say(400, &[], body.to_string()))).await;
                let shown = told.everything().contains("alert(");
                if shown { Told::answer(told.everything()) } else { told }
            },
        ),
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
                        Told::error(place.heard().len().to_string(), "the code was shown once")
                    }
                    Err(error) => Told::host(&error),
                }
            },
        ),
    ]
}

fn metadata() -> Vec<Attack> {
    let read = |id, what, text, change: fn(&str) -> Value| {
        attack(Class::AuthFlows, (id, what), METADATA, ("Error::Fields", text), move |rig: Rig| async move {
            let document = std::sync::Arc::new(move |heard: &crate::upstream::Heard| {
                // The issuer is what stands before the well-known path.
                let base = format!("http://{}", heard.header("host").unwrap_or_default());
                let place = heard.line().split('/').find(|part| part.starts_with('p')).unwrap_or_default();
                let place = place.split(' ').next().unwrap_or_default();
                let body = change(&format!("{base}/{place}")).to_string();
                crate::upstream::Reply {
                    bytes: crate::upstream::written(200, &["content-type: application/json"], body.as_bytes()),
                    ..crate::upstream::Reply::default()
                }
            });
            rig.reach(Way::Discovery, Target::Answer(document)).await
        })
    };
    vec![
        read(
            "flows-issuer",
            "Metadata is of another issuer",
            "it is of the issuer",
            |_| json!({ "issuer": "https://accounts.example.com", "token_endpoint": "https://evil.example/token" }),
        ),
        read(
            "flows-no-issuer",
            "Metadata names no issuer",
            "names no issuer",
            |_| json!({ "token_endpoint": "https://evil.example/token" }),
        ),
        read(
            "flows-endpoint-plain",
            "An endpoint of metadata goes without TLS",
            "token_endpoint must use https",
            |issuer| json!({ "issuer": issuer, "token_endpoint": "http://evil.example/token" }),
        ),
        read(
            "flows-endpoint-script",
            "An endpoint of metadata is a script",
            "authorization_endpoint",
            |issuer| json!({ "issuer": issuer, "token_endpoint": "https://a.example/t", "authorization_endpoint": "javascript:alert(1)" }),
        ),
        read(
            "flows-endpoint-user",
            "An endpoint of metadata hides its host behind a user name",
            "token_endpoint",
            |issuer| json!({ "issuer": issuer, "token_endpoint": "https://accounts.example.com@evil.example/token" }),
        ),
        read("flows-pkce", "Metadata knows PKCE without a digest alone", "S256 is not among them", |issuer| {
            json!({
                "issuer": issuer, "token_endpoint": "https://a.example/t", "code_challenge_methods_supported": ["plain"],
            })
        }),
        read("flows-metadata-type", "Metadata is a list", "is not usable", |_| json!([1])),
    ]
}

fn devices() -> Vec<Attack> {
    fn whole() -> Value {
        json!({
            "device_code": "d", "user_code": "WDJB-MJHT", "verification_uri": "https://as.example.com/device",
            "expires_in": 600, "interval": 5,
        })
    }
    let begun = |id, what, name: &'static str, value: fn() -> Value| {
        attack(
            Class::AuthFlows,
            (id, what),
            DEVICE,
            ("DeviceFailure::Server", "makes no sense"),
            move |rig: Rig| async move {
                let mut answer = whole();
                answer[name] = value();
                rig.reach(Way::Device, Target::Answer(json_answer(&answer))).await
            },
        )
    };
    vec![
        begun("flows-code-escape", "A code rewrites the terminal it is shown in", "user_code", || json!("A\u{1b}[2J")),
        begun("flows-code-lines", "A code goes on as a line of the host", "user_code", || {
            json!("A\nEnter it at evil.example")
        }),
        begun("flows-code-bidi", "A code is read from right to left", "user_code", || json!("A\u{202e}B")),
        begun("flows-code-long", "A code has a thousand letters", "user_code", || json!("A".repeat(1000))),
        begun("flows-address-script", "A person is sent to a script", "verification_uri", || {
            json!("javascript:alert(1)")
        }),
        begun("flows-address-plain", "A person is sent somewhere without TLS", "verification_uri", || {
            json!("http://as.example.com/")
        }),
        begun("flows-address-user", "A person is sent to a host behind a user name", "verification_uri", || {
            json!("https://accounts.example.com@evil.example/")
        }),
        begun(
            "flows-address-complete",
            "The address with the code in it leads to a file",
            "verification_uri_complete",
            || json!("file:///etc/passwd"),
        ),
        begun("flows-device-life", "A person has no time", "expires_in", || json!(0)),
    ]
}

/// A callback that somebody changed.
fn callbacks() -> Vec<Attack> {
    let brought = |id, what, wall, error, change: fn(&str) -> String| {
        attack(Class::AuthFlows, (id, what), wall, error, move |rig: Rig| async move {
            let place = rig.upstream().at([json_answer(&tokens())]);
            match rig.consented(&place.url("/")).await {
                Ok((connection, callback, session)) => {
                    let told = rig.complete(&connection, &change(&callback), &session).await;
                    assert!(place.heard().is_empty(), "no code was shown to anybody");
                    told
                }
                Err(error) => Told::host(&error),
            }
        })
    };
    let refused = |text| ("Refused", text);
    vec![
        brought("flows-state-guess", "A state is guessed", STATE, refused(""), |_| {
            format!("code=c&state={}", "A".repeat(43))
        }),
        brought("flows-state-short", "A state is cut", STATE, refused(""), |callback| {
            callback[..callback.len() - 1].to_owned()
        }),
        brought("flows-state-case", "A state is in another case", STATE, refused(""), str::to_lowercase),
        brought("flows-state-empty", "A state is empty", STATE, ("FlowFailure", "state"), |_| {
            "code=c&state=".to_owned()
        }),
        brought("flows-code-twice", "A callback has two codes", STATE, ("FlowFailure", "twice"), |callback| {
            format!("{callback}&code=another")
        }),
        brought("flows-no-code", "A callback has neither a code nor an error", STATE, refused(""), |callback| {
            callback.replace("code=a-code&", "")
        }),
        brought("flows-denied", "A callback says that the user said no", STATE, refused("denied"), |callback| {
            format!("error=access_denied&{}", callback.replace("code=a-code&", ""))
        }),
        attack(
            Class::AuthFlows,
            ("flows-session", "A callback is brought with another session"),
            STATE,
            refused("another"),
            |rig| async move {
                let place = rig.upstream().at([json_answer(&tokens())]);
                match rig.consented(&place.url("/")).await {
                    Ok((connection, callback, _)) => {
                        let (_, other) = rig.begin(&connection).await.expect("it begins");
                        rig.complete(&connection, &callback, &other).await
                    }
                    Err(error) => Told::host(&error),
                }
            },
        ),
        attack(
            Class::AuthFlows,
            ("flows-replay", "A callback is brought twice"),
            STATE,
            refused(""),
            |rig| async move {
                let place = rig.upstream().at([json_answer(&tokens())]);
                match rig.consented(&place.url("/")).await {
                    Ok((connection, callback, session)) => {
                        rig.complete(&connection, &callback, &session).await;
                        rig.complete(&connection, &callback, &session).await
                    }
                    Err(error) => Told::host(&error),
                }
            },
        ),
        attack(
            Class::AuthFlows,
            ("flows-many", "A user begins 500 authorizations"),
            "authorizations of a user are counted",
            ("AuthError::TooManyAuthorizations", "try again in"),
            |rig| async move {
                let place = rig.upstream().at([json_answer(&tokens())]);
                match rig.consented(&place.url("/")).await {
                    Ok((connection, ..)) => {
                        for _ in 0..500 {
                            if let Err(error) = rig.begin(&connection).await {
                                return Told::host(&error);
                            }
                        }
                        Told::answer("all 500 began")
                    }
                    Err(error) => Told::host(&error),
                }
            },
        ),
    ]
}

/// Grants that end, or that lead elsewhere.
fn endings() -> Vec<Attack> {
    async fn granted(rig: &Rig, address: &str) -> Result<innkeeper::ConnectionView, Told> {
        let settings = |new: NewConnection| {
            new.field("clientId", "client").secret("clientSecret", CLIENT_SECRET).field("tokenUrl", address)
        };
        let connection = rig.connect("oauth_client_credentials", settings).await.map_err(|error| Told::host(&error))?;
        let used = rig.use_grant(&connection).await;
        if used.kind == "answer" { Ok(connection) } else { Err(used) }
    }
    vec![
        attack(
            Class::AuthFlows,
            ("flows-moved", "A connection is pointed at another token endpoint, and the old grant with it"),
            EXCHANGE,
            ("moved", "the other server got no token of the first"),
            |rig| async move {
                let (first, other) =
                    (rig.upstream().at([json_answer(&tokens())]), rig.upstream().at([say(400, &[], "{}")]));
                let connection = match granted(&rig, &first.url("/")).await {
                    Ok(connection) => connection,
                    Err(told) => return told,
                };
                let change = ConnectionChange {
                    fields: [("tokenUrl".to_owned(), json!(other.url("/")))].into(),
                    ..ConnectionChange::default()
                };
                rig.host().change_connection(&connection.space, &connection.id, change).await.expect("it is changed");
                let told = rig.use_grant(&connection).await;
                let shown = other.heard().iter().any(|heard| {
                    let all = format!("{}{}", heard.head, String::from_utf8_lossy(&heard.body));
                    all.contains(crate::rig::ACCESS_TOKEN) || all.contains(crate::rig::REFRESH_TOKEN)
                });
                if shown { told } else { Told::error("moved", "the other server got no token of the first") }
            },
        ),
        attack(
            Class::AuthFlows,
            ("flows-refused", "A service refuses every token"),
            "a grant is renewed once for each call",
            ("answer", "401"),
            |rig| async move {
                let token = rig.upstream().at([json_answer(&tokens())]);
                let connection = match granted(&rig, &token.url("/")).await {
                    Ok(connection) => connection,
                    Err(told) => return told,
                };
                let place = rig.upstream().at([say(401, &[], "")]);
                let told = rig.script(&connection, json!([{ "do": "send", "url": place.url("/") }])).await;
                assert!(
                    token.heard().len() <= 3 && place.heard().len() <= 3,
                    "{} {}",
                    token.heard().len(),
                    place.heard().len()
                );
                told
            },
        ),
        on_each(
            Class::AuthFlows,
            ("flows-revocation", "A server does not take a token back"),
            "what is disconnected is gone here whatever the server says",
            "did not take back",
            &[Way::Revocation, Way::EarsRevocation],
            |rig, way| async move { rig.reach(way, Target::Answer(say(503, &[], "later"))).await },
        ),
    ]
}

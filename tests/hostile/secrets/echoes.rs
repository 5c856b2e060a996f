//! Answers that hold the token as it is.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use innkeeper::NewConnection;
use innkeeper_tests::scripted::{Received, Reply};
use serde_json::json;

use super::{KEPT, PIECE, SCRUBBER, in_form, kept};
use crate::attack::{Attack, Class, attack};
use crate::rig::TOKEN;
use crate::told::Told;
use crate::upstream::{Answer, credential_of, say, written};

pub(super) fn attacks() -> Vec<Attack> {
    vec![
        in_form("secrets-echo", "A service answers with the token", &[], |token| token.as_bytes().to_vec()),
        in_form(
            "secrets-echo-twice",
            "A service answers with the token twice, one over the other's end",
            &[],
            |token| format!("{token}{token}{}", &token[..PIECE]).into_bytes(),
        ),
        in_form(
            "secrets-echo-half",
            "A service answers with the beginning twice, and then with the whole",
            &[],
            |token| format!("{0}{0}{token}", &token[..PIECE]).into_bytes(),
        ),
        attack(
            Class::Secrets,
            ("secrets-echo-header", "A service answers with the token in a header"),
            SCRUBBER,
            KEPT,
            |rig| async move {
                let place = rig.upstream().at([std::sync::Arc::new(|heard: &Received| {
                    let header = format!("x-you-sent: <{}>", credential_of(heard));
                    written(200, &[&header], b"{}")
                }) as Answer]);
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
                let place = rig.upstream().at([std::sync::Arc::new(|heard: &Received| {
                    let header = format!("set-cookie: session={}", STANDARD.encode(credential_of(heard)));
                    written(200, &[&header], b"{}")
                }) as Answer]);
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
                let place = rig.upstream().at([std::sync::Arc::new(|heard: &Received| {
                    let head =
                        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-token\r\n\r\n2\r\n{}\r\n0\r\n";
                    Reply::raw(format!("{head}x-token: {}\r\n\r\n", credential_of(heard)))
                }) as Answer]);
                rig.run(json!([{ "do": "send", "url": place.url("/") }])).await
            },
        ),
        attack(
            Class::Secrets,
            ("secrets-echo-pieces", "A service sends the token a byte at a time"),
            SCRUBBER,
            KEPT,
            |rig| async move {
                let place = rig.upstream().at([std::sync::Arc::new(|heard: &Received| {
                    let mut bytes = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
                    for byte in format!("you sent {} to me", credential_of(heard)).bytes() {
                        bytes.extend([b"1\r\n", &[byte][..], b"\r\n"].concat());
                    }
                    bytes.extend(b"0\r\n\r\n");
                    Reply::raw(bytes)
                }) as Answer]);
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

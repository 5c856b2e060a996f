//! Places where a token could come to lie, and what can be measured of an answer.

use innkeeper::NewConnection;
use innkeeper_tests::scripted::Received;
use serde_json::{Value, json};

use super::SCRUBBER;
use crate::attack::{Attack, Class, attack, on_each};
use crate::reach::Target;
use crate::rig::{Rig, TOKEN};
use crate::told::Told;
use crate::upstream::{credential_of, echo, say};
use crate::ways::Way;

/// Places where a token could come to lie.
pub(super) fn places() -> Vec<Attack> {
    let said = |id, what, last: Value, error: (&'static str, &'static str)| {
        attack(Class::Secrets, (id, what), SCRUBBER, error, move |rig: Rig| {
            let last = last.clone();
            async move {
                let place = rig.upstream().at([echo(&[], |heard| credential_of(heard).into_bytes())]);
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
        )
        .of_kind("answer"),
        attack(
            Class::Secrets,
            ("secrets-forward", "A guest sends what it was answered on to another service"),
            SCRUBBER,
            ("kept", "[redacted]"),
            |rig| async move {
                let (from, to) = (
                    rig.upstream().at([echo(&[], |heard| credential_of(heard).into_bytes())]),
                    rig.upstream().at([say(200, &[], "")]),
                );
                let steps = json!([
                    { "do": "send", "url": from.url("/"), "keep": true },
                    { "do": "send", "method": "POST", "url": to.url("/"), "body": { "body": null } },
                ]);
                let told = rig.run(steps).await;
                let body = to.received().first().map(Received::text);
                match body {
                    Some(body) => Told::error("kept", body),
                    None => told,
                }
            },
        ),
    ]
}

/// What can be measured of an answer.
pub(super) fn observations() -> Vec<Attack> {
    let other: String = TOKEN.chars().rev().collect();
    let compared = |id, what, look: fn(&Told) -> String, body: fn(&str, &str) -> Vec<u8>, max: u32| {
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
                        let answer = echo(&[], move |heard| body(&credential_of(heard), TOKEN));
                        let place = rig.upstream().at([answer]);
                        let steps = json!([
                            { "do": "send", "url": place.url("/"), "keep": true }, { "do": "drain", "max": max },
                        ]);
                        let told = rig.script(&connection, steps).await;
                        if told.kind != "answer" {
                            return told;
                        }
                        seen.push(look(&told).replace(&place.name, "place"));
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
            "A guest compares the sizes of what it reads, with pieces of the token beside the whole",
            measured,
            |token, _| format!("{} {} {}", &token[..9], token, &token[5..]).into_bytes(),
            7,
        ),
        compared(
            "secrets-sizes-guess",
            "A service sends a guess beside the token, and a guest compares the sizes",
            everything,
            |_, guess| {
                // The guess is right for one of the two.
                format!("{} and so on and on and on and on", &guess[..12]).into_bytes()
            },
            1,
        ),
        compared(
            "secrets-sizes-large",
            "The same with an answer of many pieces",
            everything,
            |token, guess| format!("{}{}", format!("{}. ", &guess[..20]).repeat(5000), token).into_bytes(),
            4096,
        ),
        attack(
            Class::Secrets,
            ("secrets-length", "A guest asks for the length of an answer that was scrubbed"),
            SCRUBBER,
            ("answer", "null"),
            |rig| async move {
                let place = rig.upstream().at([echo(&[], |heard| credential_of(heard).into_bytes())]);
                rig.run(
                    json!([{ "do": "send", "url": place.url("/"), "keep": true, "quiet": true }, { "do": "length" }]),
                )
                .await
            },
        ),
    ]
}

/// All that a guest saw.
fn everything(told: &Told) -> String {
    told.text.clone()
}

/// All of it but the texts, in which the service put pieces of the secret itself.
fn measured(told: &Told) -> String {
    let mut seen: Value = serde_json::from_str(&told.text).expect("an answer is JSON");
    for step in seen["seen"].as_array_mut().into_iter().flatten() {
        step.as_object_mut().and_then(|step| step.remove("text"));
    }
    seen.to_string()
}

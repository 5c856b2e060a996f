//! What the host holds for a guest.

use serde_json::{Value, json};

use super::{ACCOUNT, HANDLES, REQUESTS, run};
use crate::attack::{Attack, Class, attack};
use crate::rig::Rig;
use crate::told::Told;
use crate::upstream::say;

/// What the host holds for a guest.
pub(super) fn attacks() -> Vec<Attack> {
    let too_large = ("HttpError::TooLarge", "8388608");
    let send = |more: Value| {
        let mut step = json!({ "do": "send", "method": "POST", "url": "http://127.0.0.1:1/" });
        for (name, value) in more.as_object().cloned().unwrap_or_default() {
            step[name] = value;
        }
        json!([step])
    };
    let held = |id, what, error, more: Value| {
        attack(Class::Resources, (id, what), ACCOUNT, error, move |rig: Rig| {
            let mut steps = send(more.clone());
            async move {
                steps[0]["url"] = json!(rig.upstream().at([say(200, &[], "it was sent")]).url("/"));
                rig.run(steps).await
            }
        })
    };
    vec![
        run(
            "resources-hoard",
            "A guest leaves bodies with the host until that is full",
            ACCOUNT,
            too_large,
            json!([
                { "do": "repeat", "times": 20, "steps": [
                    { "do": "make", "bytes": { "repeat": "x", "times": 500_000 }, "quiet": true },
                ] },
                { "do": "read", "max": 1 },
            ]),
        ),
        run(
            "resources-handles",
            "A guest makes bodies of nothing until the host's table is full",
            HANDLES,
            ("CallError::TooManyHandles", "needed more than 10000 handles"),
            json!([
                { "do": "repeat", "times": 100_000, "steps": [{ "do": "make", "bytes": "", "quiet": true }] },
                { "do": "read", "max": 1 },
            ]),
        ),
        held(
            "resources-body",
            "A request has a body over the limit",
            too_large,
            json!({
                "body": { "bytes": { "repeat": "x", "times": 9 << 20 } },
            }),
        ),
        held(
            "resources-form",
            "A form has a hundred thousand fields",
            ("HttpError::TooLarge", "8388608"),
            json!({
                "body": { "form": { "each": ["field", "value"], "times": 100_000 } },
            }),
        ),
        held(
            "resources-form-large",
            "A form has one field over the limit",
            too_large,
            json!({
                "body": { "form": [["field", { "repeat": "x", "times": 9 << 20 }]] },
            }),
        ),
        held(
            "resources-parts",
            "A form has forty thousand parts",
            ("HttpError::TooLarge", "8388608"),
            json!({
                "body": { "multipart": { "each": { "name": "part", "bytes": "" }, "times": 40_000 } },
            }),
        ),
        held(
            "resources-query",
            "A query has a hundred thousand pairs",
            ("HttpError::InvalidRequest", "at most 65534 can be sent"),
            json!({
                "query": { "each": ["name", "value"], "times": 100_000 },
            }),
        ),
        held(
            "resources-address",
            "An address has five megabytes",
            ("HttpError::InvalidRequest", "at most 65534 can be sent"),
            json!({
                "query": [["q", { "repeat": "x", "times": 5 << 20 }]],
            }),
        ),
        held(
            "resources-headers",
            "A request has 24,577 headers",
            ("HttpError::InvalidRequest", "headers"),
            json!({
                "headers": { "each": ["x-{n}", "a"], "times": 24_577 },
            }),
        ),
        held(
            "resources-headers-one",
            "A request repeats one header 40,000 times",
            ("HttpError::InvalidRequest", "headers"),
            json!({
                "headers": { "each": ["x", "a"], "times": 40_000 },
            }),
        ),
        held(
            "resources-header-large",
            "A header has five megabytes",
            too_large,
            json!({
                "headers": [["x", { "repeat": "a", "times": 5 << 20 }]],
            }),
        ),
        held(
            "resources-method",
            "A method has a megabyte",
            ("HttpError::InvalidRequest", "is not an HTTP method"),
            json!({
                "method": { "repeat": "A ", "times": 1 << 19 },
            }),
        ),
        attack(
            Class::Resources,
            ("resources-requests", "A guest sends requests without end"),
            REQUESTS,
            ("HttpError::InvalidRequest", "as many requests as a call may make"),
            |rig| async move {
                let place = rig.upstream().at([say(200, &[], "")]);
                let send = json!({ "do": "send", "url": place.url("/"), "quiet": true });
                let steps =
                    json!([{ "do": "repeat", "times": 50, "steps": [send] }, { "do": "send", "url": place.url("/") }]);
                let told = rig.run(steps).await;
                assert_eq!(place.received().len(), 50, "as many as one call may make");
                told
            },
        ),
        attack(
            Class::Resources,
            ("resources-batch", "A guest sends a thousand requests at once"),
            REQUESTS,
            ("HttpError::InvalidRequest", "as many requests as a call may make"),
            |rig| async move {
                let place = rig.upstream().at([say(200, &[], "")]);
                let requests = json!({ "each": { "url": place.url("/") }, "times": 1000 });
                let told = rig.run(json!([{ "do": "send_all", "requests": requests }])).await;
                assert!(place.received().is_empty(), "none is sent");
                told
            },
        ),
        attack(
            Class::Resources,
            ("resources-redirects", "A service makes 50 requests into 550 by redirects"),
            REQUESTS,
            ("HttpError::InvalidRequest", "as many requests as a call may make"),
            |rig| async move {
                let place = rig.upstream().at([say(302, &["location: ./on"], "")]);
                let send = json!({ "do": "send", "url": place.url("/"), "quiet": true });
                let steps =
                    json!([{ "do": "repeat", "times": 20, "steps": [send] }, { "do": "send", "url": place.url("/") }]);
                let told = rig.run(steps).await;
                let count = place.received().len();
                if count > 60 { Told::error("sent", format!("{count} requests")) } else { told }
            },
        ),
    ]
}

//! What a guest says.

use innkeeper::{Body, File};
use serde_json::{Value, json};

use super::{ACCOUNT, FILES, LOGS, OUTPUT, run};
use crate::attack::{Attack, Class, attack};
use crate::rig::{RUN, Rig, request};
use crate::told::Told;

/// What a guest says.
pub(super) fn attacks() -> Vec<Attack> {
    let cut = |id, what, steps: Value| {
        attack(Class::Resources, (id, what), LOGS, ("cut", "lines of at most 8192 bytes"), move |rig: Rig| {
            let steps = steps.clone();
            async move {
                let connection = rig.bearer().await;
                let input = json!({ "steps": steps });
                match rig.host().call(request(&connection, RUN, input)).await {
                    Ok(result)
                        if result.logs.len() <= 201 && result.logs.iter().all(|line| line.message.len() <= 8 << 10) =>
                    {
                        Told::error("cut", format!("{} lines of at most 8192 bytes", result.logs.len()))
                    }
                    result => Told::guest(result),
                }
            }
        })
    };
    let large = ("CallError::OutputTooLarge", "the limit is 1048576");
    vec![
        cut(
            "resources-logs",
            "A guest floods the log",
            json!([
                { "do": "log", "text": { "repeat": "x", "times": 100_000 }, "times": 5000 },
            ]),
        ),
        cut(
            "resources-prints",
            "A guest floods its standard streams",
            json!([
                { "do": "print", "text": { "repeat": "x\n", "times": 200_000 } },
            ]),
        ),
        run(
            "resources-output",
            "An output is over the limit",
            OUTPUT,
            large,
            json!([
                { "do": "answer", "text": { "repeat": " ", "times": 2 << 20 } },
            ]),
        ),
        run(
            "resources-output-tree",
            "A megabyte of `[[],[],...` becomes a hundred of memory",
            ACCOUNT,
            ("CallError::HeldTooMuch", "made the host hold more than"),
            json!([{ "do": "answer", "text": { "join": ["[", { "repeat": "{\"\":0},", "times": 140_000 }, "0]"] } }]),
        ),
        run(
            "resources-output-deep",
            "An output is nested ten thousand deep",
            OUTPUT,
            ("CallError::OutputNotJson", "recursion limit exceeded"),
            json!([{ "do": "answer", "text": { "repeat": "[", "times": 10_000 } }]),
        ),
        run(
            "resources-events",
            "Streamed results pile up",
            ACCOUNT,
            ("CallError::HeldTooMuch", "there is no room for a streamed result"),
            json!([
                { "do": "emit", "text": "{\"a\":\"0123456789012345678901234567890123456789\"}", "times": 1_000_000 },
            ]),
        ),
        run(
            "resources-error",
            "An error has ten megabytes",
            ACCOUNT,
            ("ActionFailure::Internal", "xxxxxxxx"),
            json!([
                { "do": "fail", "text": { "repeat": "x", "times": 10 << 20 } },
            ]),
        ),
        attack(
            Class::Resources,
            ("resources-error-size", "An error text of a guest is handed on whole"),
            ACCOUNT,
            ("bounded", "the error is at most 64 KiB"),
            |rig| async move {
                let told = rig.run(json!([{ "do": "fail", "text": { "repeat": "x", "times": 10 << 20 } }])).await;
                if told.text.len() <= 64 << 10 {
                    Told::error("bounded", "the error is at most 64 KiB")
                } else {
                    Told::error(told.kind, format!("{} bytes", told.text.len()))
                }
            },
        ),
        attack(
            Class::Resources,
            ("resources-last-words", "A guest panics with a megabyte of last words"),
            LOGS,
            ("bounded", "the error is at most 64 KiB"),
            |rig| async move {
                let told = rig.run(json!([{ "do": "panic", "text": { "repeat": "x", "times": 1 << 20 } }])).await;
                if told.kind == "CallError::Trapped" && told.text.len() <= 64 << 10 {
                    Told::error("bounded", "the error is at most 64 KiB")
                } else {
                    Told::error(told.kind, format!("{} bytes", told.text.len()))
                }
            },
        ),
        attack(
            Class::Resources,
            ("resources-files", "A result has two thousand files"),
            FILES,
            ("CallError::InvalidFiles", "files"),
            |rig| async move {
                let make =
                    json!({ "do": "repeat", "times": 2000, "steps": [{ "do": "make", "bytes": "", "quiet": true }] });
                let files = json!({ "each": { "name": "f", "body": "{n}" }, "times": 2000 });
                rig.run(json!([make, { "do": "answer", "text": "{}", "files": files }])).await
            },
        ),
        attack(
            Class::Resources,
            ("resources-input-files", "A caller hands in a file that never ends, and a guest reads it all"),
            "what is read at once",
            ("HttpError::TooLarge", "1048576"),
            |rig| async move {
                let connection = rig.bearer().await;
                let endless = futures::stream::repeat_with(|| Ok(bytes::Bytes::from_static(&[0; 65_536])));
                let content = Body::from_stream(endless, None, None);
                let file = File { name: "endless".to_owned(), content_type: None, content };
                rig.script_with(&connection, json!([{ "do": "read_all", "body": 0 }]), |request| request.file(file))
                    .await
            },
        ),
    ]
}

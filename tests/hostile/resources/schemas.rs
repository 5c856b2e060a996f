//! Checks against the schemas of a spec.

use serde_json::{Value, json};

use super::SCHEMA;
use crate::attack::{Attack, Class, attack};
use crate::component::{Action, Core, Spec};
use crate::rig::{RUN, Rig, request};
use crate::told::Told;

/// A connector whose action has this schema.
fn with_schema(id: &str, input: String, output: Option<String>) -> Vec<u8> {
    let spec = Spec { actions: vec![Action { input, output, ..Action::named("run") }], ..Spec::named(id) };
    // Room for inputs of some megabytes.
    Core { spec, pages: 256, ..Core::default() }.component()
}

pub(super) fn attacks() -> Vec<Attack> {
    // The check itself is what is attacked: it ends in an error, within a second or so, and others go on.
    let checked = |id: &'static str, what, error, schema: fn() -> Value, input: fn() -> Value| {
        attack(Class::Resources, (id, what), SCHEMA, error, move |rig: Rig| async move {
            let name = id.replace('-', "_");
            let component = with_schema(&name, schema().to_string(), None);
            if let Err(error) = rig.host().load(component).await {
                return Told::host(&error);
            }
            match rig.connect_to(&name, "none", |new| new.config(json!({}))).await {
                Ok(connection) => Told::guest(rig.host().call(request(&connection, RUN, input())).await),
                Err(error) => Told::host(&error),
            }
        })
    };
    let refused = |text| ("LoadError::Spec", text);
    let costly = ("CallError::InvalidInput", "its schema takes too many steps for it");
    let slow = ("CallError::Unchecked", "was not checked against its schema: it took more than 3 s");
    vec![
        checked(
            "resources-schema-pattern",
            "A pattern of a schema needs exponential time in most engines",
            ("CallError::InvalidInput", "does not match the pattern"),
            || json!({ "type": "object", "properties": { "a": { "type": "string", "pattern": "^(a+)+$" } } }),
            || json!({ "a": format!("{}!", "a".repeat(200_000)) }),
        ),
        checked(
            "resources-schema-pattern-long",
            "16 KB of pattern are held against a megabyte",
            costly,
            || {
                let pattern = format!("^({})*$", ["a?"; 7000].concat());
                json!({ "type": "object", "properties": { "a": { "type": "string", "pattern": pattern } } })
            },
            || json!({ "a": format!("{}!", "a".repeat(1 << 20)) }),
        )
        .or(slow),
        checked(
            "resources-schema-repeat",
            "A short pattern stands for millions of states",
            refused("would have 10404040402 states when compiled: at most 100000 are allowed"),
            || json!({ "type": "object", "properties": { "a": { "pattern": "((((a{100}){100}){100}){100}){100}" } } }),
            || json!({}),
        ),
        checked(
            "resources-schema-unique",
            "`uniqueItems` compares twenty thousand objects with each other",
            ("answer", "{}"),
            || json!({ "type": "object", "properties": { "a": { "type": "array", "uniqueItems": true } } }),
            || json!({ "a": (0..20_000).map(|n| json!({ "n": { "n": [n] } })).collect::<Vec<_>>() }),
        ),
        checked(
            "resources-schema-enum",
            "An `enum` of large values is reached by a thousand references",
            costly,
            || {
                let value: Vec<u32> = (0..2000).collect();
                let all: Vec<Value> = (0..500).map(|_| json!({ "not": { "$ref": "#/$defs/large" } })).collect();
                json!({
                    "type": "object",
                    "$defs": { "large": { "enum": [[value]] } },
                    "properties": { "a": { "type": "array", "items": { "allOf": all } } },
                })
            },
            || json!({ "a": (0..100).map(|_| json!([(0..1999).chain([7]).collect::<Vec<u32>>()])).collect::<Vec<_>>() }),
        )
        .or(slow),
        checked(
            "resources-schema-branches",
            "References branch at every level",
            refused("fans out to more than 20000 checks at one place"),
            || {
                let definitions: serde_json::Map<String, Value> = (0..40)
                    .map(|n| {
                        let next = json!({ "$ref": format!("#/$defs/d{}", n + 1) });
                        (format!("d{n}"), json!({ "anyOf": [next, next, next] }))
                    })
                    .chain([("d40".to_owned(), json!(false))])
                    .collect();
                json!({ "type": "object", "$defs": definitions, "properties": { "a": { "$ref": "#/$defs/d0" } } })
            },
            || json!({ "a": 1 }),
        ),
        checked(
            "resources-schema-circle",
            "A reference leads to itself",
            refused("refers to itself endlessly"),
            || json!({ "type": "object", "$defs": { "a": { "$ref": "#/$defs/a" } }, "properties": { "a": { "$ref": "#/$defs/a" } } }),
            || json!({ "a": 1 }),
        ),
        checked(
            "resources-schema-remote",
            "A reference leads to another host",
            refused("another document: copy the part under `$defs`"),
            || json!({ "type": "object", "properties": { "a": { "$ref": "https://evil.example/schema.json" } } }),
            || json!({ "a": 1 }),
        ),
        checked(
            "resources-schema-deep",
            "A schema is nested a thousand deep",
            refused("recursion limit exceeded"),
            || (0..1000).fold(json!(true), |inner, _| json!({ "not": inner })),
            || json!({}),
        ),
        checked(
            "resources-schema-patterns",
            "300 KB of patterns are compiled for one spec",
            refused("the patterns of the spec would have more than 500000 states when compiled"),
            || {
                let patterns: serde_json::Map<String, Value> =
                    (0..300).map(|n| (format!("^(x{n}|\\w{{1,900}}\\pL{{1,90}})$"), json!(true))).collect();
                json!({ "type": "object", "patternProperties": patterns })
            },
            || json!({}),
        ),
    ]
}

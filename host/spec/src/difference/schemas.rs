//! Whether a changed schema breaks users of the former one, as far as its top-level fields show.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Found, Impact};
use crate::{ActionName, Schema};

/// A schema of what the connector accepts: new requirements break.
pub(super) fn compare_taken(place: &str, subject: &str, older: &Schema, newer: &Schema, found: &mut Found) {
    if without_texts(older.as_value()) == without_texts(newer.as_value()) {
        return;
    }
    let before = found.0.len();
    let demanded = required(older);
    for name in required(newer) {
        // A config is filled with its defaults before it is checked; an input is not.
        let is_filled = place == "/config" && newer.property(name).is_some_and(|field| field.get("default").is_some());
        if !demanded.contains(name) && !is_filled {
            found.note(place, format!("{subject} must have the field `{name}`"), Impact::Breaking);
        }
    }
    fields(place, subject, older, newer, found);
    if found.0.len() == before {
        found.note(place, format!("{subject} has a different schema"), Impact::Informative);
    }
}

/// A schema of what the connector returns: breaks if something is no longer promised.
pub(super) fn compare_given(
    place: &str,
    action: &ActionName,
    older: Option<&Schema>,
    newer: Option<&Schema>,
    found: &mut Found,
) {
    let subject = format!("the output of `{action}`");
    match (older, newer) {
        (None, None) => {}
        (None, Some(_)) => found.note(place, format!("{subject} has a schema now"), Impact::Informative),
        (Some(_), None) => found.note(place, format!("{subject} no longer has a schema"), Impact::Breaking),
        (Some(older), Some(newer)) if without_texts(older.as_value()) == without_texts(newer.as_value()) => {}
        (Some(older), Some(newer)) => {
            let before = found.0.len();
            let promised = required(newer);
            for name in required(older) {
                if !promised.contains(name) && newer.property(name).is_some() {
                    found.note(place, format!("{subject} may lack the field `{name}`"), Impact::Breaking);
                }
            }
            fields(place, &subject, older, newer, found);
            if found.0.len() == before {
                found.note(place, format!("{subject} has a different schema"), Impact::Informative);
            }
        }
    }
}

fn fields(place: &str, subject: &str, older: &Schema, newer: &Schema, found: &mut Found) {
    for (name, former) in older.properties() {
        match newer.property(name) {
            None => found.note(place, format!("{subject} no longer has a field `{name}`"), Impact::Breaking),
            Some(later) if former.get("type") != later.get("type") => {
                found.note(place, format!("the field `{name}` of {subject} has a different type"), Impact::Breaking);
            }
            Some(_) => {}
        }
    }
}

fn required(schema: &Schema) -> BTreeSet<&str> {
    let names = schema.as_value().get("required").and_then(Value::as_array);
    names.into_iter().flatten().filter_map(Value::as_str).collect()
}

/// The schema without what only people read. A property may be called `title`: only texts are removed.
fn without_texts(schema: &Value) -> Value {
    match schema {
        Value::Object(fields) => {
            let kept = fields.iter().filter(|(keyword, value)| {
                let is_text = matches!(keyword.as_str(), "title" | "description" | "$comment") && value.is_string();
                !is_text && !matches!(keyword.as_str(), "examples" | "x-form")
            });
            Value::Object(kept.map(|(keyword, value)| (keyword.clone(), without_texts(value))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(without_texts).collect()),
        other => other.clone(),
    }
}

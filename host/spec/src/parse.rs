//! Checks that several parts of a spec share.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::ids::MAX_LENGTH;
use crate::json::{self, ParseError};
use crate::mistake::{Mistakes, quoted, step};
use crate::schema::Budget;
use crate::{Schema, draft, path};

/// Bytes of memory that one JSON part of a spec may take.
const MOST_JSON: usize = 32 << 20;
/// Longest spec, in bytes of JSON.
pub(crate) const MAX_SIZE: usize = 1 << 20;

/// A JSON value from its text.
pub(crate) fn json(text: &str) -> Result<Value, String> {
    match json::parse(text, MOST_JSON) {
        Ok((value, _)) => Ok(value),
        Err(ParseError::Syntax(reason)) => Err(format!("is not JSON ({reason})")),
        Err(ParseError::TooLarge { limit }) => {
            Err(format!("takes more than {limit} bytes of memory when it is read: make it smaller"))
        }
    }
}

/// A schema whose values are objects. An empty text is the schema of an object without fields.
pub(crate) fn object_schema(text: &str, place: &str, budget: &mut Budget, mistakes: &mut Mistakes) -> Option<Schema> {
    if text.trim().is_empty() {
        return Some(Schema::of_nothing());
    }
    let schema = mistakes.take(place, schema(text, budget))?;
    match schema.as_value().get("type") {
        Some(Value::String(kind)) if kind == "object" => Some(schema),
        Some(other) => {
            let other = quoted(&other.to_string());
            mistakes.note(format!("{place}/type"), format!("is {other}: write `\"object\"`"));
            None
        }
        None => {
            mistakes.note(place, "does not require an object: add `\"type\": \"object\"`");
            None
        }
    }
}

/// A schema from its text.
pub(crate) fn schema(text: &str, budget: &mut Budget) -> Result<Schema, String> {
    Schema::parse_within(json(text)?, budget)
}

/// Annotations by name.
pub(crate) fn annotations(
    drafts: &[draft::Annotation],
    place: &str,
    mistakes: &mut Mistakes,
) -> BTreeMap<String, Value> {
    mistakes.check_count(place, drafts.len(), 64);
    let mut annotations = BTreeMap::new();
    for draft::Annotation { name, value } in drafts.iter().take(64) {
        let place = format!("{place}/{}", step(&name.chars().take(MAX_LENGTH).collect::<String>()));
        if !name.starts_with(|first: char| first.is_ascii_alphabetic())
            || name.len() > MAX_LENGTH
            || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
        {
            let name = quoted(name);
            mistakes.note(&place, format!("{name} is not an annotation name: use letters, digits and `_`, `-`, `.`"));
        }
        let Some(value) = mistakes.take(&place, json(value)) else { continue };
        if annotations.insert(name.clone(), value).is_some() {
            mistakes.note(place, "is repeated: keep one");
        }
    }
    annotations
}

/// A method is written in capitals and hyphens: only what a rule can name can be sent.
pub fn check_method(method: &str) -> Result<(), String> {
    if method.is_empty() || method.len() > 32 || !method.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-') {
        return Err(format!("{} is not a method: write it in upper case, such as `GET`", quoted(method)));
    }
    if NEVER_SENT.contains(&method) {
        return Err(format!("{} is never sent: leave it out", quoted(method)));
    }
    Ok(())
}

/// Methods that are for proxies, that make a server return the request with its credential, or that start another
/// protocol.
pub const NEVER_SENT: [&str; 4] = ["CONNECT", "PRI", "TRACE", "TRACK"];

pub(crate) fn check_prefix(prefix: &str) -> Result<(), String> {
    let given = quoted(prefix);
    if !prefix.starts_with('/') {
        return Err(format!("{given} does not start with `/`: write the path from its beginning, such as `/v1`"));
    }
    if prefix.len() > 1024 {
        return Err("is longer than 1024 characters".to_owned());
    }
    if !prefix.bytes().all(|byte| byte.is_ascii_graphic()) || prefix.contains(['?', '#', '%', '\\', '*']) {
        return Err(format!("{given} is not a plain path: leave out query, wildcards, escapes and spaces"));
    }
    let is_dots = |segment: &str| {
        let name = segment.split([';', ':', ',']).next().unwrap_or_default();
        !name.is_empty() && name.bytes().all(|byte| byte == b'.')
    };
    if prefix.contains("//") || prefix.split('/').any(is_dots) {
        return Err(format!("{given} contains empty or dot segments: write the path that it means"));
    }
    // No path is within such a prefix.
    match path::doubt(prefix) {
        Some(doubt) => Err(format!("{given} {doubt}: write the path that it means")),
        None => Ok(()),
    }
}

/// Refuses a draft that is too large to check.
pub(crate) fn check_size(draft: &impl Serialize) -> Result<(), String> {
    let mut size = Size(0);
    serde_json::to_writer(&mut size, draft).map_err(|error| format!("cannot be read ({error})"))?;
    if size.0 > MAX_SIZE {
        return Err(format!(
            "the spec has {} bytes: at most {MAX_SIZE} are allowed; shorten texts and schemas",
            size.0
        ));
    }
    Ok(())
}

struct Size(usize);

impl std::io::Write for Size {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 = self.0.saturating_add(bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

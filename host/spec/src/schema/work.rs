//! How much work a check is, counted before it is done. Schema and value may both come from a stranger, the checks of one place
//! can lead to the next place on several ways, and a check that runs cannot be ended.

use std::collections::HashSet;
use std::ptr;

use serde_json::{Map, Value};

use super::reach::resolve;

/// Steps of one check, about 50 ns each.
const MOST_STEPS: u64 = 20_000_000;
/// References, alternatives and steps into the value within each other: each takes room on the stack.
const DEEPEST: u32 = 1_000;
/// Steps of a pattern that the linear engine cannot match: as many as 10,000 times back and forth, see [`BACKTRACKS`].
const BACKTRACKING: u64 = 500;
/// How often the other engine may go back and forth.
pub(super) const BACKTRACKS: usize = 10_000;

/// Keywords that lead from one place to the same place again, or on several ways to the next.
const BRANCHING: [&str; 15] = [
    "$ref",
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "if",
    "then",
    "else",
    "dependentSchemas",
    "patternProperties",
    "propertyNames",
    "contains",
    "prefixItems",
    "unevaluatedItems",
    "unevaluatedProperties",
];
/// Alternatives and names that are looked through in no time.
const FEW: usize = 32;

/// Whether the work grows with the value alone: then nothing has to be counted.
pub(super) fn is_plain(schema: &Value) -> bool {
    match schema {
        Value::Object(fields) => fields.iter().all(|(keyword, part)| match (keyword.as_str(), part) {
            (keyword, _) if BRANCHING.contains(&keyword) => false,
            ("enum" | "required", Value::Array(items)) => items.len() <= FEW,
            ("pattern", Value::String(pattern)) => !backtracks(pattern),
            _ => is_plain(part),
        }),
        Value::Array(items) => items.iter().all(is_plain),
        _ => true,
    }
}

/// Why a value cannot be checked; none where it can.
pub(super) fn too_much_to_check(root: &Value, value: &Value) -> Option<String> {
    // The library does not go twice from one reference to one place.
    count(root, value, Some(HashSet::new()))
}

/// Why not all that is wrong with a value can be told; none where it can. There is no remembering then: what is wrong is told once for
/// each way that leads to it.
pub(super) fn too_much_to_tell(root: &Value, value: &Value) -> Option<String> {
    count(root, value, None)
}

fn count(root: &Value, value: &Value, seen: Option<HashSet<Visit>>) -> Option<String> {
    let mut work = Work { root, left: MOST_STEPS, depth: 0, seen };
    match work.walk(root, value) {
        Ok(()) => None,
        Err(Excess::Steps) => Some(format!(
            "is more than can be checked: its schema takes more than {MOST_STEPS} steps for it; answer less at once, or write a \
             schema with fewer alternatives and no look-around in patterns"
        )),
        Err(Excess::Depth) => {
            Some(format!("is nested too deeply to be checked: the schema leads more than {DEEPEST} steps into it"))
        }
    }
}

enum Excess {
    Steps,
    Depth,
}

/// Walks every way that a check could take; the check itself leaves many of them out.
struct Work<'a> {
    root: &'a Value,
    left: u64,
    depth: u32,
    seen: Option<HashSet<Visit>>,
}

/// What a reference leads to, and a container that it is applied to.
type Visit = (*const Value, *const Value);

impl Work<'_> {
    fn take(&mut self, steps: u64) -> Result<(), Excess> {
        self.left = self.left.checked_sub(steps).ok_or(Excess::Steps)?;
        Ok(())
    }

    fn walk(&mut self, schema: &Value, value: &Value) -> Result<(), Excess> {
        self.take(1)?;
        let Some(fields) = schema.as_object() else { return Ok(()) };
        if self.depth == DEEPEST {
            return Err(Excess::Depth);
        }
        self.depth += 1;
        for (keyword, part) in fields {
            self.keyword(fields, keyword, part, value)?;
        }
        self.depth -= 1;
        Ok(())
    }

    fn keyword(
        &mut self,
        schema: &Map<String, Value>,
        keyword: &str,
        part: &Value,
        value: &Value,
    ) -> Result<(), Excess> {
        match (keyword, part, value) {
            ("$ref", Value::String(target), _) => {
                // A name is looked for in the whole schema. References that lead nowhere were refused.
                self.take(FEW as u64)?;
                let root = self.root;
                let Some(target) = resolve(root, target) else { return Ok(()) };
                let remembers = value.is_object() || value.is_array();
                let new = match &mut self.seen {
                    Some(seen) if remembers => seen.insert((ptr::from_ref(target), ptr::from_ref(value))),
                    _ => true,
                };
                if new { self.walk(target, value) } else { Ok(()) }
            }
            ("allOf" | "anyOf" | "oneOf", Value::Array(parts), _) => {
                parts.iter().try_for_each(|part| self.walk(part, value))
            }
            ("not" | "if" | "then" | "else", part, _) => self.walk(part, value),
            ("dependentSchemas", Value::Object(parts), Value::Object(_)) => {
                parts.values().try_for_each(|part| self.walk(part, value))
            }
            ("enum" | "required", Value::Array(items), _) => self.take(items.len() as u64),
            ("pattern", Value::String(pattern), Value::String(text)) => self.take(cost(pattern, text)),
            ("properties", Value::Object(parts), Value::Object(children)) => {
                parts.iter().try_for_each(|(name, part)| {
                    self.take(1)?;
                    children.get(name).map_or(Ok(()), |child| self.walk(part, child))
                })
            }
            ("patternProperties", Value::Object(parts), Value::Object(children)) => {
                parts.iter().try_for_each(|(pattern, part)| {
                    children.iter().try_for_each(|(name, child)| {
                        self.take(cost(pattern, name))?;
                        self.walk(part, child)
                    })
                })
            }
            ("additionalProperties", part, Value::Object(children)) => {
                let known = schema.get("properties").and_then(Value::as_object);
                let mut others =
                    children.iter().filter(|(name, _)| !known.is_some_and(|known| known.contains_key(*name)));
                others.try_for_each(|(_, child)| self.walk(part, child))
            }
            ("unevaluatedProperties", part, Value::Object(children)) => {
                children.values().try_for_each(|child| self.walk(part, child))
            }
            ("propertyNames", part, Value::Object(children)) => {
                children.keys().try_for_each(|name| self.walk(part, &Value::String(name.clone())))
            }
            ("items" | "contains" | "unevaluatedItems", part, Value::Array(children)) => {
                children.iter().try_for_each(|child| self.walk(part, child))
            }
            ("prefixItems", Value::Array(parts), Value::Array(children)) => {
                parts.iter().zip(children).try_for_each(|(part, child)| self.walk(part, child))
            }
            _ => Ok(()),
        }
    }
}

/// Steps of matching `text`.
fn cost(pattern: &str, text: &str) -> u64 {
    let linear = 1 + text.len() as u64 / 64;
    if backtracks(pattern) { linear + BACKTRACKING } else { linear }
}

/// Look-around, back-references and atomic groups: what only an engine that goes back and forth can match. Says yes to more than that.
fn backtracks(pattern: &str) -> bool {
    let bytes = pattern.as_bytes();
    bytes.windows(3).any(|window| window[..2] == *b"(?" && matches!(window[2], b'=' | b'!' | b'<' | b'>' | b'('))
        || bytes
            .windows(2)
            .any(|pair| pair[0] == b'\\' && (pair[1].is_ascii_digit() || matches!(pair[1], b'k' | b'g' | b'K' | b'G')))
        || bytes.windows(2).any(|pair| matches!(pair[0], b'*' | b'+' | b'?' | b'}') && pair[1] == b'+')
}

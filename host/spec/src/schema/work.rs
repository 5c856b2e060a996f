//! How much work a check is, counted before it is done. Schema and value may both come from a stranger, the checks of one place
//! can lead to the next place on several ways, and a check that runs cannot be ended.

use std::collections::{HashMap, HashSet};
use std::ptr;

use serde_json::{Map, Value};

use super::reach::{anchors, follow};

/// Steps of one check, about 50 ns each.
const MOST_STEPS: u64 = 20_000_000;
/// The same where a pattern goes back and forth: a match that is given up makes the library check again, up to 64 times.
const MOST_STEPS_WITH_BACKTRACKING: u64 = MOST_STEPS / 10;
/// Steps of a report of all that is wrong, which is made whole before its first line is read.
const MOST_STEPS_TO_TELL: u64 = 200_000;
/// References, alternatives and steps into the value within each other: each takes room on the stack.
const DEEPEST: u32 = 1_000;
/// Steps of a pattern that the linear engine cannot match, which goes back and forth [`BACKTRACKS`] times at most.
const BACKTRACKING: u64 = 500;
/// How often the other engine may go back and forth.
pub(super) const BACKTRACKS: usize = 10_000;

/// Keywords that lead from one place to the same place again.
const IN_PLACE: [&str; 10] =
    ["$ref", "allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas", "dependencies"];
/// Keywords by which several ways lead to one child, or to its name.
const SEVERAL_WAYS: [&str; 7] = [
    "patternProperties",
    "propertyNames",
    "contains",
    "prefixItems",
    "additionalItems",
    "unevaluatedItems",
    "unevaluatedProperties",
];
/// Alternatives and names that are looked through in no time.
const FEW: usize = 32;

/// Whether the work of a check grows with the value alone: then it need not be counted.
pub(super) fn is_plain(schema: &Value) -> bool {
    match schema {
        Value::Object(fields) => fields.iter().all(|(keyword, part)| match (keyword.as_str(), part) {
            (keyword, _) if IN_PLACE.contains(&keyword) || SEVERAL_WAYS.contains(&keyword) => false,
            ("enum" | "required", Value::Array(items)) => items.len() <= FEW,
            ("pattern", Value::String(pattern)) => !backtracks(pattern) && repeats(pattern) == 1,
            ("dependentRequired", _) => false,
            _ => is_plain(part),
        }),
        Value::Array(items) => items.iter().all(is_plain),
        _ => true,
    }
}

/// Why a value cannot be checked; none where it can.
pub(super) fn too_much(root: &Value, value: &Value) -> Option<String> {
    match count(root, value, most(root), true) {
        Ok(()) => None,
        Err(Excess::Steps) => Some(
            "is more than can be checked: its schema takes too many steps for it; answer less at once, or write a schema with fewer \
             alternatives and no look-around in patterns"
                .to_owned(),
        ),
        Err(Excess::Depth) => {
            Some(format!("is nested too deeply to be checked: the schema leads more than {DEEPEST} steps into it"))
        }
    }
}

/// What can be told of a value that does not fit.
pub(super) fn to_tell(root: &Value, value: &Value) -> Telling {
    // What is wrong is told once for each way that leads to it.
    match count(root, value, MOST_STEPS_TO_TELL, false) {
        Ok(()) => Telling::All,
        Err(_) if count(root, value, most(root), false).is_ok() => Telling::First,
        Err(_) => Telling::Nothing,
    }
}

/// How much of what is wrong can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Telling {
    All,
    First,
    Nothing,
}

fn most(root: &Value) -> u64 {
    if goes_back_and_forth(root) { MOST_STEPS_WITH_BACKTRACKING } else { MOST_STEPS }
}

fn goes_back_and_forth(schema: &Value) -> bool {
    match schema {
        Value::Object(fields) => fields.iter().any(|(keyword, part)| match (keyword.as_str(), part) {
            ("pattern", Value::String(pattern)) => backtracks(pattern),
            ("patternProperties", Value::Object(parts)) => {
                parts.iter().any(|(pattern, part)| backtracks(pattern) || goes_back_and_forth(part))
            }
            _ => goes_back_and_forth(part),
        }),
        Value::Array(items) => items.iter().any(goes_back_and_forth),
        _ => false,
    }
}

fn count(root: &Value, value: &Value, most: u64, remembers: bool) -> Result<(), Excess> {
    let mut work = Work { root, within: root, anchors: None, left: most, depth: 0, seen: remembers.then(HashSet::new) };
    work.walk(root, value)
}

enum Excess {
    Steps,
    Depth,
}

/// Walks every way that a check could take; the check itself leaves many of them out.
struct Work<'a> {
    root: &'a Value,
    /// What the last reference led to: the walk is inside of it.
    within: &'a Value,
    /// Of the whole schema, once one was asked for.
    anchors: Option<HashMap<&'a str, &'a Value>>,
    left: u64,
    depth: u32,
    /// What a definition's reference to itself leads to, and the container that it is applied to. The library goes there once;
    /// other references it follows each time.
    seen: Option<HashSet<(*const Value, *const Value)>>,
}

impl<'a> Work<'a> {
    fn take(&mut self, steps: u64) -> Result<(), Excess> {
        self.left = self.left.checked_sub(steps).ok_or(Excess::Steps)?;
        Ok(())
    }

    fn walk(&mut self, schema: &'a Value, value: &Value) -> Result<(), Excess> {
        self.take(1)?;
        let Some(fields) = schema.as_object() else { return Ok(()) };
        if self.depth == DEEPEST {
            return Err(Excess::Depth);
        }
        self.depth += 1;
        for (keyword, part) in fields {
            self.keyword(fields, keyword, part, value)?;
        }
        if fields.contains_key("unevaluatedProperties") || fields.contains_key("unevaluatedItems") {
            // Which branches fit is found out once more.
            for keyword in IN_PLACE {
                if let Some(part) = fields.get(keyword) {
                    self.keyword(fields, keyword, part, value)?;
                }
            }
        }
        self.depth -= 1;
        Ok(())
    }

    fn keyword(
        &mut self,
        schema: &'a Map<String, Value>,
        keyword: &str,
        part: &'a Value,
        value: &Value,
    ) -> Result<(), Excess> {
        match (keyword, part, value) {
            ("$ref", Value::String(target), _) => self.reference(target, value),
            ("allOf" | "anyOf" | "oneOf", Value::Array(parts), _) => {
                parts.iter().try_for_each(|part| self.walk(part, value))
            }
            ("not" | "if" | "then" | "else", part, _) => self.walk(part, value),
            ("dependentSchemas" | "dependencies", Value::Object(parts), Value::Object(_)) => {
                parts.values().try_for_each(|part| {
                    self.take(part.as_array().map_or(1, Vec::len) as u64)?;
                    self.walk(part, value)
                })
            }
            ("dependentRequired", Value::Object(parts), Value::Object(_)) => {
                parts.values().try_for_each(|part| self.take(part.as_array().map_or(1, Vec::len) as u64))
            }
            ("enum" | "required", Value::Array(items), _) => self.take(items.len() as u64),
            ("pattern", Value::String(pattern), Value::String(text)) => self.take(cost(pattern, text)),
            ("minLength" | "maxLength" | "format" | "const", _, Value::String(text)) => {
                self.take(text.len() as u64 / 64)
            }
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
                let is_known = |name: &String| known.is_some_and(|known| known.contains_key(name));
                let mut others = children.iter().filter(|(name, _)| !is_known(name));
                others.try_for_each(|(_, child)| self.walk(part, child))
            }
            ("unevaluatedProperties", part, Value::Object(children)) => {
                children.values().try_for_each(|child| self.walk(part, child))
            }
            ("propertyNames", part, Value::Object(children)) => {
                children.keys().try_for_each(|name| self.walk(part, &Value::String(name.clone())))
            }
            ("items" | "contains" | "additionalItems" | "unevaluatedItems", part, Value::Array(children)) => {
                children.iter().try_for_each(|child| self.walk(part, child))
            }
            ("prefixItems", Value::Array(parts), Value::Array(children)) => {
                parts.iter().zip(children).try_for_each(|(part, child)| self.walk(part, child))
            }
            _ => Ok(()),
        }
    }

    fn reference(&mut self, target: &str, value: &Value) -> Result<(), Excess> {
        self.take(FEW as u64)?;
        let (root, names) = (self.root, &mut self.anchors);
        let found = follow(root, target, |name| names.get_or_insert_with(|| anchors(root)).get(name).copied());
        // References that lead nowhere were refused.
        let Some(target) = found else { return Ok(()) };
        if ptr::eq(target, self.within)
            && (value.is_object() || value.is_array())
            && let Some(seen) = &mut self.seen
            && !seen.insert((ptr::from_ref(target), ptr::from_ref(value)))
        {
            return Ok(());
        }
        let outer = std::mem::replace(&mut self.within, target);
        let walked = self.walk(target, value);
        self.within = outer;
        walked
    }
}

/// Steps of matching `text`.
fn cost(pattern: &str, text: &str) -> u64 {
    let linear = 1 + (text.len() as u64).saturating_mul(repeats(pattern)) / 64;
    if backtracks(pattern) { linear + BACKTRACKING } else { linear }
}

/// How much larger counted repetitions (`{2,8}`) make a pattern than it looks, at most: as if all stood within each other.
fn repeats(pattern: &str) -> u64 {
    let counted = pattern.split('{').skip(1).filter_map(|rest| rest.split_once('}'));
    let numbers =
        counted.filter_map(|(range, _)| range.split(',').filter_map(|number| number.trim().parse().ok()).max());
    numbers.fold(1, |product: u64, number: u64| product.saturating_mul(number.max(1))).min(10_000)
}

/// Look-around, back-references and atomic groups: what only an engine that goes back and forth can match. Says yes to some more.
fn backtracks(pattern: &str) -> bool {
    let bytes = pattern.as_bytes();
    let grouped = |window: &[u8]| {
        matches!(
            window,
            [b'(', b'?', b'=' | b'!' | b'>' | b'(', ..]
                | [b'(', b'?', b'<', b'=' | b'!', ..]
                | [b'\\', b'k' | b'g' | b'K' | b'G' | b'1'..=b'9', ..]
                | [b'*' | b'+' | b'?' | b'}', b'+', ..]
        )
    };
    (0..bytes.len()).any(|at| grouped(&bytes[at..]))
}

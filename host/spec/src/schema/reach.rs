//! What a schema's references reach. A schema comes from a third party: one that leads outside its document, or into
//! itself without a step into the value, or that fans out without end, would hang a check.

use std::collections::HashMap;

use serde_json::Value;

use crate::mistake::quoted;

/// Checks of one place of a value, counted through references.
const MOST_CHECKS: u64 = 20_000;

/// Nested references and alternatives at one place of a value.
const DEEPEST: u32 = 128;

/// Refuses references that cannot be followed safely.
pub(super) fn check(schema: &Value) -> Result<(), String> {
    let mut anchors = HashMap::new();
    survey(schema, true, &mut anchors)?;
    let mut reach = Reach { root: schema, anchors, known: HashMap::new(), depth: 0 };
    let mut pending = vec![schema];
    while let Some(place) = pending.pop() {
        reach.count(place)?;
        match place {
            Value::Array(items) => pending.extend(items),
            Value::Object(fields) => pending.extend(fields.values()),
            _ => {}
        }
    }
    Ok(())
}

/// Walks data (`default`, `enum`) too, because a `$ref` may lead into it.
fn survey<'a>(place: &'a Value, root: bool, anchors: &mut HashMap<&'a str, &'a Value>) -> Result<(), String> {
    let fields = match place {
        Value::Array(items) => return items.iter().try_for_each(|item| survey(item, false, anchors)),
        Value::Object(fields) => fields,
        _ => return Ok(()),
    };
    for (keyword, value) in fields {
        match (keyword.as_str(), value) {
            ("$id", Value::String(_)) if !root => {
                return Err("contains `$id` below its top: move the part into `$defs` and leave `$id` out".to_owned());
            }
            ("$dynamicRef" | "$recursiveRef", Value::String(_)) => {
                return Err(format!("contains `{keyword}`: use `$ref` to a part under `$defs`"));
            }
            ("$ref", Value::String(target)) if !target.starts_with('#') => {
                let target = quoted(target);
                return Err(format!("refers to {target}, another document: copy the part under `$defs`"));
            }
            ("$anchor", Value::String(name)) => {
                if anchors.insert(name, place).is_some() {
                    return Err(format!("names two places {}: an `$anchor` is given once", quoted(name)));
                }
            }
            _ => survey(value, false, anchors)?,
        }
    }
    Ok(())
}

struct Reach<'a> {
    root: &'a Value,
    anchors: HashMap<&'a str, &'a Value>,
    /// By address of the subschema; `None` while it is being counted.
    known: HashMap<*const Value, Option<u64>>,
    depth: u32,
}

impl<'a> Reach<'a> {
    /// The number of checks that the subschema makes at one place of the value.
    fn count(&mut self, schema: &'a Value) -> Result<u64, String> {
        let Some(fields) = schema.as_object() else { return Ok(1) };
        match self.known.get(&std::ptr::from_ref(schema)) {
            Some(Some(count)) => return Ok(*count),
            Some(None) => {
                return Err("refers to itself endlessly: a `$ref` must lead deeper into the value".to_owned());
            }
            None => {}
        }
        if self.depth == DEEPEST {
            return Err(format!("nests more than {DEEPEST} references and alternatives at one place: nest fewer"));
        }
        self.depth += 1;
        self.known.insert(std::ptr::from_ref(schema), None);
        let mut count: u64 = 1;
        for (keyword, value) in fields {
            let inner = match (keyword.as_str(), value) {
                ("$ref", Value::String(target)) => match self.resolve(target) {
                    Some(target) => self.count(target)?,
                    None => return Err(format!("refers to {}, which does not exist", quoted(target))),
                },
                ("allOf" | "anyOf" | "oneOf", Value::Array(items)) => self.sum(items.iter())?,
                ("not" | "if" | "then" | "else", one) => self.count(one)?,
                ("dependentSchemas" | "dependencies", Value::Object(several)) => self.sum(several.values())?,
                _ => 0,
            };
            count = count.saturating_add(inner);
        }
        if count > MOST_CHECKS {
            return Err(format!("fans out to more than {MOST_CHECKS} checks at one place: refer to fewer parts"));
        }
        self.depth -= 1;
        self.known.insert(std::ptr::from_ref(schema), Some(count));
        Ok(count)
    }

    fn sum(&mut self, schemas: impl Iterator<Item = &'a Value>) -> Result<u64, String> {
        let mut sum: u64 = 0;
        for schema in schemas {
            sum = sum.saturating_add(self.count(schema)?);
        }
        Ok(sum)
    }

    fn resolve(&self, target: &str) -> Option<&'a Value> {
        follow(self.root, target, |name| self.anchors.get(name).copied())
    }
}

/// Where a reference leads; `anchor` finds names.
pub(super) fn follow<'a>(
    root: &'a Value,
    target: &str,
    anchor: impl FnOnce(&str) -> Option<&'a Value>,
) -> Option<&'a Value> {
    let fragment = target.strip_prefix('#')?;
    let fragment = percent_encoding::percent_decode_str(fragment).decode_utf8().ok()?;
    if fragment.is_empty() || fragment.starts_with('/') { root.pointer(&fragment) } else { anchor(&fragment) }
}

/// Names of places in a schema that [`check`] accepted.
pub(super) fn anchors(schema: &Value) -> HashMap<&str, &Value> {
    let mut anchors = HashMap::new();
    // It was surveyed when it was parsed.
    let _ = survey(schema, true, &mut anchors);
    anchors
}

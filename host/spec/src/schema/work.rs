//! The amount of work of a check, counted before it is done. Schema and value may both come from a third party, the
//! checks of one place can lead to the next place on several paths, and a running check cannot be stopped.

use std::collections::{HashMap, HashSet};
use std::ptr;

use serde_json::{Map, Value};

use super::budget::Patterns;
use super::pattern;
use super::reach::{anchors, follow};

/// Steps of one check, at most 50 ns each.
const MOST_STEPS: u64 = 20_000_000;
/// Steps of a check that is made while others wait.
const MOST_STEPS_AT_ONCE: u64 = 100_000;
/// Bytes of a value that a plain schema checks while others wait.
const MOST_BYTES_AT_ONCE: usize = 128 << 10;
/// Only this fraction of them if a pattern backtracks: a match that is given up makes the library check again, up to
/// 64 times.
const BACKTRACKING_PART: u64 = 10;
/// Steps of a report of everything that is wrong, which is built completely before its first line is read.
const MOST_STEPS_TO_TELL: u64 = 50_000;
/// Bytes that the library holds for a report. It copies a value for each alternative that it does not match.
const MOST_BYTES_TO_TELL: u64 = 32 << 20;
/// What it holds for one error, in addition to texts.
const BYTES_OF_AN_ERROR: u64 = 400;
/// Nested references, alternatives and steps into the value: each takes room on the stack.
const DEEPEST: u32 = 1_000;
/// Steps of a pattern that the linear engine cannot match, and which backtracks at most [`BACKTRACKS`] times.
const BACKTRACKING: u64 = 500;
/// How often the other engine may backtrack.
pub(super) const BACKTRACKS: usize = 10_000;
/// Bytes of one text that are compared or searched in a step.
const BYTES_A_STEP: u64 = 64;

/// Keywords that lead from one place to the same place again.
const IN_PLACE: [&str; 10] =
    ["$ref", "allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas", "dependencies"];
/// Keywords through which several paths lead to one child, or to its name.
const SEVERAL_WAYS: [&str; 7] = [
    "patternProperties",
    "propertyNames",
    "contains",
    "prefixItems",
    "additionalItems",
    "unevaluatedItems",
    "unevaluatedProperties",
];
/// Alternatives and names that are searched in negligible time.
const FEW: usize = 32;
/// States of a pattern that are walked in negligible time.
const NARROW: u64 = 16;

/// Whether the work of a check grows only with the value: then it need not be counted.
pub(super) fn is_plain(schema: &Value, patterns: &Patterns) -> bool {
    match schema {
        Value::Object(fields) => fields.iter().all(|(keyword, part)| match (keyword.as_str(), part) {
            (keyword, _) if IN_PLACE.contains(&keyword) || SEVERAL_WAYS.contains(&keyword) => false,
            ("enum", Value::Array(items)) => items.len() <= FEW && !items.iter().any(is_container),
            ("required", Value::Array(names)) => names.len() <= FEW,
            ("const", value) => !is_container(value),
            ("properties", Value::Object(parts)) if parts.len() > 2 * FEW => false,
            ("pattern", Value::String(pattern)) => {
                let pattern = patterns.get(pattern);
                !pattern.backtracks && pattern.width <= NARROW
            }
            ("format", Value::String(format)) => !is_costly(format),
            ("dependentRequired", _) | ("uniqueItems", Value::Bool(true)) => false,
            _ => is_plain(part, patterns),
        }),
        Value::Array(items) => items.iter().all(|item| is_plain(item, patterns)),
        _ => true,
    }
}

fn is_container(value: &Value) -> bool {
    value.is_object() || value.is_array()
}

/// Formats that take more than one look at each byte.
fn is_costly(format: &str) -> bool {
    matches!(format, "regex" | "idn-hostname" | "idn-email")
}

/// A schema, and what is already known about it.
#[derive(Clone, Copy)]
pub(super) struct Counted<'a> {
    pub(super) root: &'a Value,
    pub(super) patterns: &'a Patterns,
    pub(super) plain: bool,
}

impl Counted<'_> {
    /// Whether a value with this many bytes of JSON is checked within a few milliseconds.
    pub(super) fn is_quick(&self, value: &Value, bytes: usize) -> bool {
        if self.plain {
            return bytes <= MOST_BYTES_AT_ONCE;
        }
        self.count(value, self.most(MOST_STEPS_AT_ONCE), None, true).is_ok()
    }

    /// Why a value cannot be checked; `None` if it can.
    pub(super) fn too_much(&self, value: &Value) -> Option<String> {
        if self.plain {
            return None;
        }
        match self.count(value, self.most(MOST_STEPS), None, true) {
            Ok(()) => None,
            Err(Excess::Steps | Excess::Bytes) => Some(
                "cannot be checked: its schema takes too many steps for it; return less data at once, or write a schema with fewer \
                 alternatives, shorter patterns without look-around, and no lists and objects in `const` and `enum`"
                    .to_owned(),
            ),
            Err(Excess::Depth) => {
                Some(format!("is nested too deeply to be checked: the schema leads more than {DEEPEST} steps into it"))
            }
        }
    }

    /// How much can be reported about a value that does not match.
    pub(super) fn tell(&self, value: &Value) -> Telling {
        // A mistake is reported once for each path that leads to it.
        if self.can_tell_all(value) {
            Telling::All
        } else if self.count(value, self.most(MOST_STEPS), Some(Report::of(true)), false).is_ok() {
            Telling::First
        } else {
            Telling::Nothing
        }
    }

    /// Whether everything that is wrong is reported within a few milliseconds.
    pub(super) fn can_tell_all(&self, value: &Value) -> bool {
        self.count(value, self.most(MOST_STEPS_TO_TELL), Some(Report::of(false)), false).is_ok()
    }

    fn most(&self, steps: u64) -> u64 {
        if self.patterns.backtrack { steps / BACKTRACKING_PART } else { steps }
    }

    fn count(&self, value: &Value, most: u64, report: Option<Report>, remembers: bool) -> Result<(), Excess> {
        let mut work = Work {
            root: self.root,
            patterns: self.patterns,
            within: self.root,
            anchors: None,
            left: most,
            depth: 0,
            seen: remembers.then(HashSet::new),
            report,
        };
        work.walk(self.root, value)
    }
}

/// How much of what is wrong can be reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Telling {
    All,
    First,
    Nothing,
}

enum Excess {
    Steps,
    Depth,
    Bytes,
}

/// What a report of everything that is wrong, or of the first error, would hold if nothing matched.
struct Report {
    first: bool,
    left: u64,
    /// Bytes of the path to this place, through the value and through the schema.
    path: u64,
    /// Alternatives that this is within: for each, the library copies the errors, and the value with them.
    alternatives: u32,
}

impl Report {
    fn of(first: bool) -> Self {
        Self { first, left: MOST_BYTES_TO_TELL, path: 0, alternatives: 0 }
    }

    fn take(&mut self, bytes: u64) -> Result<(), Excess> {
        // Only the first error is kept, but with all of its alternatives.
        if self.first && self.alternatives == 0 {
            return Ok(());
        }
        self.left = self.left.checked_sub(bytes).ok_or(Excess::Bytes)?;
        Ok(())
    }
}

/// Walks every path that a check could take; the check itself skips many of them.
struct Work<'a> {
    root: &'a Value,
    patterns: &'a Patterns,
    /// The target of the last reference: the walk is inside of it.
    within: &'a Value,
    /// The anchors of the whole schema, once one was needed.
    anchors: Option<HashMap<&'a str, &'a Value>>,
    left: u64,
    depth: u32,
    /// The target of a definition's reference to itself, and the container that it is applied to. The library goes
    /// there once; it follows other references each time.
    seen: Option<HashSet<(*const Value, *const Value)>>,
    report: Option<Report>,
}

impl<'a> Work<'a> {
    fn take(&mut self, steps: u64) -> Result<(), Excess> {
        self.left = self.left.checked_sub(steps).ok_or(Excess::Steps)?;
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), Excess> {
        self.take(1 + text.len() as u64 / BYTES_A_STEP)
    }

    /// Takes a step for each part of a value, like code that copies, hashes or compares all of it; returns its bytes,
    /// roughly.
    fn whole(&mut self, value: &Value) -> Result<u64, Excess> {
        const PART: u64 = 32;
        self.take(1)?;
        match value {
            Value::String(text) => {
                self.text(text)?;
                Ok(PART + text.len() as u64)
            }
            Value::Array(items) => items.iter().try_fold(PART, |sum, item| Ok(sum.saturating_add(self.whole(item)?))),
            Value::Object(fields) => fields.iter().try_fold(PART, |sum, (name, item)| {
                self.text(name)?;
                Ok(sum.saturating_add(3 * PART + name.len() as u64).saturating_add(self.whole(item)?))
            }),
            _ => Ok(PART),
        }
    }

    /// Takes the steps of a comparison, which stops where the two differ; returns whether they are equal.
    fn compare(&mut self, one: &Value, other: &Value) -> Result<bool, Excess> {
        self.take(1)?;
        match (one, other) {
            (Value::String(one), Value::String(other)) => {
                if one.len() == other.len() {
                    self.text(one)?;
                }
                Ok(one == other)
            }
            (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
                for (one, other) in one.iter().zip(other) {
                    if !self.compare(one, other)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            (Value::Object(one), Value::Object(other)) if one.len() == other.len() => {
                for (name, one) in one {
                    self.text(name)?;
                    match other.get(name) {
                        Some(other) if self.compare(one, other)? => {}
                        _ => return Ok(false),
                    }
                }
                Ok(true)
            }
            (Value::Number(_), Value::Number(_)) => {
                // 1 and 1.0 are equal to the library: continuing costs only a few steps more.
                Ok(true)
            }
            (one, other) => Ok(one == other),
        }
    }

    fn walk(&mut self, schema: &'a Value, value: &Value) -> Result<(), Excess> {
        self.take(1)?;
        let Some(fields) = schema.as_object() else { return self.note(value, 0) };
        if self.depth == DEEPEST {
            return Err(Excess::Depth);
        }
        self.depth += 1;
        for (keyword, part) in fields {
            self.keyword(fields, keyword, part, value)?;
        }
        if fields.contains_key("unevaluatedProperties") || fields.contains_key("unevaluatedItems") {
            // It is determined again which branches match.
            for keyword in IN_PLACE {
                if let Some(part) = fields.get(keyword) {
                    self.keyword(fields, keyword, part, value)?;
                }
            }
        }
        self.depth -= 1;
        Ok(())
    }

    /// [`Self::walk`] to a place with a path of this many bytes.
    fn walk_along(&mut self, bytes: usize, schema: &'a Value, value: &Value) -> Result<(), Excess> {
        let bytes = bytes as u64 + 16;
        if let Some(report) = &mut self.report {
            report.path += bytes;
        }
        let walked = self.walk(schema, value);
        if let Some(report) = &mut self.report {
            report.path -= bytes;
        }
        walked
    }

    /// Takes what is held for one error, with the texts that are copied from the schema.
    fn note(&mut self, value: &Value, texts: u64) -> Result<(), Excess> {
        let Some(report) = &mut self.report else { return Ok(()) };
        let copies = report.alternatives > 0;
        let path = report.path;
        report.take(BYTES_OF_AN_ERROR + path + texts)?;
        if copies {
            let bytes = self.whole(value)?;
            if let Some(report) = &mut self.report {
                report.take(bytes)?;
            }
        }
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
            ("allOf", Value::Array(parts), _) => parts.iter().try_for_each(|part| self.walk_along(8, part, value)),
            ("anyOf" | "oneOf", Value::Array(parts), _) => self.alternatives(parts, value),
            ("not", part, _) => {
                let bytes = if self.report.is_some() { self.whole(part)? } else { 0 };
                self.note(value, bytes)?;
                self.walk_along(4, part, value)
            }
            ("if" | "then" | "else", part, _) => self.walk_along(4, part, value),
            ("dependentSchemas" | "dependencies", Value::Object(parts), Value::Object(_)) => {
                parts.iter().try_for_each(|(name, part)| {
                    self.text(name)?;
                    part.as_array().map_or(Ok(()), |names| self.names(names))?;
                    self.walk_along(name.len(), part, value)
                })
            }
            ("dependentRequired", Value::Object(parts), Value::Object(_)) => {
                parts.iter().try_for_each(|(name, part)| {
                    self.text(name)?;
                    part.as_array().map_or(Ok(()), |names| self.names(names))
                })
            }
            ("required", Value::Array(names), Value::Object(_)) => self.names(names),
            ("enum", Value::Array(items), _) => {
                self.note(value, 0)?;
                self.one_of(items, value)
            }
            ("const", expected, _) => {
                self.note(value, 0)?;
                self.compare(value, expected).map(drop)
            }
            ("pattern", Value::String(pattern), Value::String(text)) => {
                self.note(value, pattern.len() as u64)?;
                let steps = self.steps_to_match(pattern, text);
                self.take(steps)
            }
            ("format", Value::String(format), Value::String(text)) => {
                self.note(value, 0)?;
                self.take(steps_of_format(format, text))
            }
            ("minLength" | "maxLength", _, Value::String(text)) => {
                self.note(value, 0)?;
                self.text(text)
            }
            ("uniqueItems", Value::Bool(true), Value::Array(_)) => {
                let bytes = self.whole(value)?;
                self.take(bytes / BYTES_A_STEP)?;
                // The message contains a copy.
                self.note(value, bytes)
            }
            ("properties", Value::Object(parts), Value::Object(children)) => {
                parts.iter().try_for_each(|(name, part)| {
                    self.text(name)?;
                    children.get(name).map_or(Ok(()), |child| self.walk_along(2 * name.len(), part, child))
                })
            }
            ("patternProperties", Value::Object(parts), Value::Object(children)) => {
                parts.iter().try_for_each(|(pattern, part)| {
                    children.iter().try_for_each(|(name, child)| {
                        let steps = self.steps_to_match(pattern, name);
                        self.take(steps)?;
                        self.walk_along(pattern.len() + name.len(), part, child)
                    })
                })
            }
            ("additionalProperties", part, Value::Object(children)) => {
                let known = schema.get("properties").and_then(Value::as_object);
                let is_known = |name: &String| known.is_some_and(|known| known.contains_key(name));
                children.iter().try_for_each(|(name, child)| {
                    self.text(name)?;
                    if is_known(name) { Ok(()) } else { self.walk_along(2 * name.len(), part, child) }
                })
            }
            ("unevaluatedProperties", part, Value::Object(children)) => {
                children.iter().try_for_each(|(name, child)| {
                    self.text(name)?;
                    self.walk_along(2 * name.len(), part, child)
                })
            }
            ("propertyNames", part, Value::Object(children)) => children.keys().try_for_each(|name| {
                self.text(name)?;
                self.walk_along(name.len(), part, &Value::String(name.clone()))
            }),
            ("items" | "contains" | "additionalItems" | "unevaluatedItems", part, Value::Array(children)) => {
                children.iter().try_for_each(|child| self.walk_along(8, part, child))
            }
            ("prefixItems", Value::Array(parts), Value::Array(children)) => {
                parts.iter().zip(children).try_for_each(|(part, child)| self.walk_along(8, part, child))
            }
            _ => self.note(value, 0),
        }
    }

    fn alternatives(&mut self, parts: &'a [Value], value: &Value) -> Result<(), Excess> {
        self.note(value, 0)?;
        let mut before = None;
        if let Some(report) = &mut self.report {
            before = Some(report.left);
            report.alternatives += 1;
        }
        parts.iter().try_for_each(|part| self.walk_along(8, part, value))?;
        if let (Some(report), Some(before)) = (&mut self.report, before) {
            report.alternatives -= 1;
            if report.first && report.alternatives == 0 {
                // What the next ones hold replaces this.
                report.left = before;
            }
        }
        Ok(())
    }

    /// Names that a value requires, each of which may be reported missing.
    fn names(&mut self, names: &[Value]) -> Result<(), Excess> {
        names.iter().try_for_each(|name| {
            self.text(name.as_str().unwrap_or_default())?;
            self.note(&Value::Null, name.as_str().map_or(0, str::len) as u64)
        })
    }

    fn one_of(&mut self, items: &[Value], value: &Value) -> Result<(), Excess> {
        if is_container(value) {
            return items.iter().try_for_each(|item| self.compare(value, item).map(drop));
        }
        self.take(items.len() as u64)?;
        let Some(text) = value.as_str() else { return Ok(()) };
        // Texts of another length differ at once.
        let alike =
            items.iter().filter(|item| item.as_str().is_some_and(|item| item.len() == text.len())).count() as u64;
        self.take(alike.saturating_mul(text.len() as u64) / BYTES_A_STEP)
    }

    fn reference(&mut self, target: &'a str, value: &Value) -> Result<(), Excess> {
        self.take(FEW as u64 + target.len() as u64 / BYTES_A_STEP)?;
        let (root, names) = (self.root, &mut self.anchors);
        let found = follow(root, target, |name| names.get_or_insert_with(|| anchors(root)).get(name).copied());
        // References without a target were refused.
        let Some(part) = found else { return Ok(()) };
        if ptr::eq(part, self.within)
            && (value.is_object() || value.is_array())
            && let Some(seen) = &mut self.seen
            && !seen.insert((ptr::from_ref(part), ptr::from_ref(value)))
        {
            return Ok(());
        }
        let outer = std::mem::replace(&mut self.within, part);
        let walked = self.walk_along(target.len(), part, value);
        self.within = outer;
        walked
    }

    /// Steps of matching `text`: each of its bytes may lead to each state.
    fn steps_to_match(&self, pattern: &str, text: &str) -> u64 {
        /// States that a byte leads to in a step.
        const STATES_A_STEP: u64 = 10;
        /// The same if a group is tried at each byte, and reads on to the end.
        const TRIED_A_STEP: u64 = 400;
        let (pattern, bytes) = (self.patterns.get(pattern), text.len() as u64);
        let linear = 1 + pattern.width.saturating_mul(bytes) / STATES_A_STEP;
        if !pattern.backtracks {
            return linear;
        }
        linear + BACKTRACKING + pattern.width.saturating_mul(bytes).saturating_mul(bytes) / TRIED_A_STEP
    }
}

fn steps_of_format(format: &str, text: &str) -> u64 {
    /// Bytes that are looked at in a step.
    const PARSED_A_STEP: u64 = 8;
    let bytes = text.len() as u64;
    let linear = 1 + bytes / PARSED_A_STEP;
    match format {
        "regex" => linear + pattern::steps_to_parse(text),
        // Punycode puts each character in its place among those before.
        "idn-hostname" | "idn-email" => linear + bytes + bytes.saturating_mul(bytes) / 1_000,
        _ => linear,
    }
}

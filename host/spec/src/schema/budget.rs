//! What compiling the schemas of one spec takes, measured beforehand: the limits of the library and of its pattern
//! engine apply to each schema and each pattern, and a spec has room for thousands of both.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::cut;
use super::pattern::{self, Measure};
use super::reach::{anchors, follow};
use crate::mistake::step;

/// Subschemas, keywords and items of lists; those that a reference names count again.
const MOST_PARTS: u64 = 100_000;
/// Bytes of the places of all parts: each is stored with its whole path.
const MOST_PATHS: u64 = 16 << 20;
/// Patterns; the same one counts once for each schema.
const MOST_PATTERNS: u64 = 2_000;
/// States of all patterns together.
const MOST_STATES: u64 = 500_000;
/// Parts of alternatives that are compared before the first value is checked: the library looks for a field that
/// distinguishes them, through references.
const MOST_COMPARED: u64 = 1_000_000;
/// Nested references and `allOf` that it looks through.
const DEEPEST_COMPARED: u32 = 17;
/// Nested objects and lists: as deep as JSON is read.
const DEEPEST: usize = 128;

/// What is left for the schemas of one spec.
pub(crate) struct Budget {
    parts: u64,
    paths: u64,
    patterns: u64,
    states: u64,
    compared: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            parts: MOST_PARTS,
            paths: MOST_PATHS,
            patterns: MOST_PATTERNS,
            states: MOST_STATES,
            compared: MOST_COMPARED,
        }
    }
}

/// The measured size of each pattern of a schema.
#[derive(Debug, Default)]
pub(super) struct Patterns {
    /// By the address of its text, which does not move while the schema lives.
    known: HashMap<usize, Pattern>,
    /// Whether one of them backtracks.
    pub(super) backtrack: bool,
}

/// The cost of matching with a pattern.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pattern {
    pub(super) width: u64,
    pub(super) backtracks: bool,
}

impl Patterns {
    /// A pattern of this schema.
    pub(super) fn get(&self, pattern: &str) -> Pattern {
        self.known.get(&pattern.as_ptr().addr()).copied().unwrap_or_default()
    }
}

/// Takes what a schema will need; the error names the place that is too much. The references must have been checked.
pub(super) fn take(schema: &Value, budget: &mut Budget) -> Result<Patterns, String> {
    let mut survey = Survey {
        budget,
        patterns: Patterns::default(),
        known: HashSet::new(),
        references: HashSet::new(),
        alternatives: Vec::new(),
    };
    let refused = |refusal: Refusal| {
        let Refusal { place, reason } = refusal;
        if place.is_empty() { reason } else { format!("at {}: {reason}", cut(&place)) }
    };
    survey.walk(schema, 0).map_err(refused)?;
    let Survey { patterns, references, alternatives, .. } = survey;
    let names = if references.is_empty() { HashMap::new() } else { anchors(schema) };
    let resolve = |target: &str| follow(schema, target, |name| names.get(name).copied());
    for target in references {
        // A target is compiled once for each way of writing it.
        if let Some(part) = resolve(target) {
            budget.walk_again(part, target.len() as u64)?;
        }
    }
    for branches in alternatives {
        branches.iter().try_for_each(|branch| budget.compare(branch, &resolve, DEEPEST_COMPARED))?;
    }
    Ok(patterns)
}

/// Only the depth: code that walks a schema recurses as deep as the schema.
pub(super) fn check_depth(schema: &Value) -> Result<(), String> {
    let mut pending = vec![(schema, 0)];
    while let Some((place, depth)) = pending.pop() {
        if depth > DEEPEST {
            return Err(format!("nests more than {DEEPEST} objects and lists: nest fewer"));
        }
        match place {
            Value::Array(items) => pending.extend(items.iter().map(|item| (item, depth + 1))),
            Value::Object(fields) => pending.extend(fields.values().map(|field| (field, depth + 1))),
            _ => {}
        }
    }
    Ok(())
}

impl Budget {
    fn part(&mut self, path: u64) -> Result<(), String> {
        self.parts = self
            .parts
            .checked_sub(1)
            .ok_or_else(|| format!("the schemas of the spec have more than {MOST_PARTS} parts: shorten them"))?;
        self.paths = self.paths.checked_sub(path).ok_or_else(|| {
            format!(
                "the paths of the schemas' parts take more than {MOST_PATHS} bytes: shorten names, or nest fewer parts"
            )
        })?;
        Ok(())
    }

    fn pattern(&mut self, measure: Measure) -> Result<(), String> {
        self.patterns = self
            .patterns
            .checked_sub(1)
            .ok_or_else(|| format!("the spec has more than {MOST_PATTERNS} patterns: use fewer"))?;
        self.states = self.states.checked_sub(measure.size).ok_or_else(|| {
            format!(
                "the patterns of the spec would have more than {MOST_STATES} states when compiled: use fewer or simpler ones"
            )
        })?;
        Ok(())
    }

    /// What a branch requires directly and through references.
    fn compare<'a>(
        &mut self,
        branch: &'a Value,
        resolve: &dyn Fn(&str) -> Option<&'a Value>,
        depth: u32,
    ) -> Result<(), String> {
        let Value::Object(fields) = branch else { return Ok(()) };
        self.look_through(branch)?;
        if depth == 0 {
            return Ok(());
        }
        if let Some(target) = fields.get("$ref").and_then(Value::as_str).and_then(resolve) {
            self.compare(target, resolve, depth - 1)?;
        }
        let all = fields.get("allOf").and_then(Value::as_array);
        all.into_iter().flatten().try_for_each(|part| self.compare(part, resolve, depth - 1))
    }

    fn look_through(&mut self, place: &Value) -> Result<(), String> {
        const BYTES_A_STEP: u64 = 64;
        let bytes = place.as_str().map_or(0, str::len) as u64;
        self.compared = self.compared.checked_sub(1 + bytes / BYTES_A_STEP).ok_or_else(|| {
            format!("the alternatives of the spec's schemas have more than {MOST_COMPARED} parts to compare: use fewer, or smaller ones")
        })?;
        match place {
            Value::Array(items) => items.iter().try_for_each(|item| self.look_through(item)),
            Value::Object(fields) => fields.iter().try_for_each(|(name, part)| {
                self.compared = self.compared.saturating_sub(name.len() as u64 / BYTES_A_STEP);
                self.look_through(part)
            }),
            _ => Ok(()),
        }
    }

    fn walk_again(&mut self, place: &Value, path: u64) -> Result<(), String> {
        match place {
            Value::Array(items) => items.iter().try_for_each(|item| {
                self.part(path)?;
                self.walk_again(item, path + 4)
            }),
            Value::Object(fields) => fields.iter().try_for_each(|(name, part)| {
                let path = path + 1 + name.len() as u64;
                self.part(path)?;
                self.walk_again(part, path)
            }),
            _ => Ok(()),
        }
    }
}

/// Why a schema is not compiled, and the place.
struct Refusal {
    place: String,
    reason: String,
}

impl Refusal {
    fn below(mut self, name: &str) -> Self {
        self.place = format!("/{}{}", step(&cut(name)), self.place);
        self
    }
}

struct Survey<'a, 'b> {
    budget: &'b mut Budget,
    patterns: Patterns,
    /// Each is compiled once for a schema.
    known: HashSet<&'a str>,
    references: HashSet<&'a str>,
    alternatives: Vec<&'a [Value]>,
}

impl<'a> Survey<'a, '_> {
    /// Walks data (`default`, `enum`) too, because a `$ref` may lead into it.
    fn walk(&mut self, place: &'a Value, path: u64) -> Result<(), Refusal> {
        let here = |reason| Refusal { place: String::new(), reason };
        match place {
            Value::Array(items) => items.iter().enumerate().try_for_each(|(index, item)| {
                let refused = |refusal: Refusal| refusal.below(&index.to_string());
                self.budget.part(path).map_err(here).map_err(refused)?;
                self.walk(item, path + 4).map_err(refused)
            }),
            Value::Object(fields) => fields.iter().try_for_each(|(name, part)| {
                let path = path + 1 + name.len() as u64;
                self.field(name, part, path).map_err(|refusal| refusal.below(name))
            }),
            _ => Ok(()),
        }
    }

    fn field(&mut self, name: &'a str, part: &'a Value, path: u64) -> Result<(), Refusal> {
        let here = |reason| Refusal { place: String::new(), reason };
        self.budget.part(path).map_err(here)?;
        match (name, part) {
            ("pattern", Value::String(pattern)) => self.pattern(pattern).map_err(here)?,
            ("patternProperties", Value::Object(parts)) => {
                parts.keys().try_for_each(|pattern| self.pattern(pattern)).map_err(here)?;
            }
            ("$ref", Value::String(target)) => {
                self.references.insert(target);
            }
            ("anyOf" | "oneOf", Value::Array(branches)) => self.alternatives.push(branches),
            _ => {}
        }
        self.walk(part, path)
    }

    fn pattern(&mut self, pattern: &'a str) -> Result<(), String> {
        let measure = pattern::measure(pattern)?;
        if self.known.insert(pattern) {
            self.budget.pattern(measure)?;
        }
        let known = Pattern { width: measure.width, backtracks: pattern::backtracks(pattern) };
        self.patterns.backtrack |= known.backtracks;
        self.patterns.known.insert(pattern.as_ptr().addr(), known);
        Ok(())
    }
}

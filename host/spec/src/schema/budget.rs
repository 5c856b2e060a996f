//! What the schemas of one spec take when they are compiled, counted before they are: the bounds of the library and of its
//! pattern engine are for each schema and each pattern, and a spec has room for thousands of both.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::cut;
use super::pattern::{self, Measure};
use super::reach::{anchors, follow};
use crate::mistake::step;

/// Subschemas, keywords and items of lists; those that a reference names count once more.
const MOST_PARTS: u64 = 100_000;
/// Bytes of the places of all parts: each is kept with its whole path.
const MOST_PATHS: u64 = 16 << 20;
/// Patterns, where the same one counts once for each schema.
const MOST_PATTERNS: u64 = 2_000;
/// States of all patterns together.
const MOST_STATES: u64 = 300_000;
/// Objects and lists within each other: as deep as JSON is read.
const DEEPEST: usize = 128;

/// What is left for the schemas of one spec.
pub(crate) struct Budget {
    parts: u64,
    paths: u64,
    patterns: u64,
    states: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Self { parts: MOST_PARTS, paths: MOST_PATHS, patterns: MOST_PATTERNS, states: MOST_STATES }
    }
}

/// What each pattern of a schema was measured to be.
#[derive(Debug, Default)]
pub(super) struct Patterns {
    /// By the address of its text, which stays where it is while the schema lives.
    measures: HashMap<usize, Measure>,
    /// Whether one of them goes back and forth.
    pub(super) backtrack: bool,
}

impl Patterns {
    pub(super) fn measure(&self, pattern: &str) -> Measure {
        self.measures.get(&pattern.as_ptr().addr()).copied().unwrap_or_default()
    }
}

/// Takes what a schema will need; the error names the place that is too much. The references must be known to be sound.
pub(super) fn take(schema: &Value, budget: &mut Budget) -> Result<Patterns, String> {
    let mut survey =
        Survey { budget, patterns: Patterns::default(), known: HashSet::new(), references: HashSet::new() };
    let refused = |refusal: Refusal| {
        let Refusal { place, reason } = refusal;
        if place.is_empty() { reason } else { format!("at {}: {reason}", cut(&place)) }
    };
    survey.walk(schema, 0).map_err(refused)?;
    let Survey { patterns, references, .. } = survey;
    if !references.is_empty() {
        let names = anchors(schema);
        for target in references {
            // A target is compiled once for each way to write it.
            if let Some(part) = follow(schema, target, |name| names.get(name).copied()) {
                budget.walk_again(part, target.len() as u64)?;
            }
        }
    }
    Ok(patterns)
}

/// The depth alone: whoever looks at a schema goes as deep as it is.
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
                "the places of the schemas' parts take more than {MOST_PATHS} bytes: shorten names, or nest fewer parts"
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
}

impl<'a> Survey<'a, '_> {
    /// Walks data (`default`, `enum`) too, for a `$ref` may lead into it.
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
            _ => {}
        }
        self.walk(part, path)
    }

    fn pattern(&mut self, pattern: &'a str) -> Result<(), String> {
        let measure = pattern::measure(pattern)?;
        if self.known.insert(pattern) {
            self.budget.pattern(measure)?;
            self.patterns.backtrack |= pattern::backtracks(pattern);
        }
        self.patterns.measures.insert(pattern.as_ptr().addr(), measure);
        Ok(())
    }
}

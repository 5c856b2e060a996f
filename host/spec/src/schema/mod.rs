//! JSON Schema 2020-12, compiled once.

use std::fmt;
use std::sync::Arc;

use innkeeper_shown::OneLine;
use jsonschema::{PatternOptions, Validator};
use schemars::JsonSchema;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

pub(crate) use self::budget::Budget;
use self::budget::Patterns;
use self::work::{Counted, Telling};
use crate::mistake::quoted;

mod budget;
mod message;
mod pattern;
mod reach;
mod unique;
mod work;

/// The dialect that is supported.
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";
/// Longest message of a violation, in characters.
const LONGEST_MESSAGE: usize = 4000;
/// A report has at most this many violations.
const MOST_VIOLATIONS: usize = 50;
/// Bytes of a compiled pattern.
const MOST_BYTES_OF_A_PATTERN: usize = 1 << 20;
/// Bytes of a pattern that are cached for each thread that matches with it.
const MOST_BYTES_OF_A_MATCH: usize = 256 << 10;

/// A compiled JSON Schema 2020-12. Cloning is cheap; formats are checked; references to other documents are refused.
#[derive(Clone)]
pub struct Schema(Arc<Compiled>);

struct Compiled {
    value: Value,
    validator: Validator,
    patterns: Patterns,
    /// Its work grows only with the value.
    plain: bool,
}

impl Schema {
    /// Compiles a schema. The error says why it is not valid; nothing is ever fetched. A schema that would take more
    /// than a few seconds or about 100 MiB is refused.
    pub fn parse(value: Value) -> Result<Self, String> {
        Self::parse_within(value, &mut Budget::default())
    }

    /// [`Schema::parse`] for one of several schemas that share `budget`.
    pub(crate) fn parse_within(value: Value, budget: &mut Budget) -> Result<Self, String> {
        if !value.is_object() && !value.is_boolean() {
            return Err(format!("a JSON Schema is an object, this is {}", message::kind_of(&value)));
        }
        if let Some(dialect) = value.get("$schema").filter(|dialect| !is_known_dialect(dialect)) {
            let given = dialect.as_str().map_or_else(|| message::kind_of(dialect).to_owned(), quoted);
            return Err(format!("`$schema` is {given}: write JSON Schema 2020-12 ({DIALECT}) or leave it out"));
        }
        budget::check_depth(&value)?;
        let patterns = budget::take(&value, budget)?;
        // Only the first error: a report of all of them would be built completely before its first line is read.
        let violations =
            message::violations(jsonschema::draft202012::meta::validator().validate(&value).err().into_iter());
        if let Some(violation) = violations.0.first() {
            let place = if violation.pointer.is_empty() { String::new() } else { format!(" at {}", violation.pointer) };
            return Err(format!("is not a valid JSON Schema 2020-12{place}: {}", violation.message));
        }
        reach::check(&value)?;
        let validator = jsonschema::draft202012::options()
            .should_validate_formats(true)
            .with_keyword("uniqueItems", unique::keyword)
            .with_pattern_options(
                PatternOptions::fancy_regex()
                    .backtrack_limit(work::BACKTRACKS)
                    .size_limit(MOST_BYTES_OF_A_PATTERN)
                    .dfa_size_limit(MOST_BYTES_OF_A_MATCH),
            )
            .offline()
            .build(&value)
            .map_err(|error| format!("is not a valid JSON Schema 2020-12: {}", cut(&error.to_string())))?;
        let plain = work::is_plain(&value, &patterns);
        Ok(Self(Arc::new(Compiled { value, validator, patterns, plain })))
    }

    /// The schema as it was given.
    pub fn as_value(&self) -> &Value {
        &self.0.value
    }

    /// Checks a value; every violation is reported, up to 50. A value whose check would take more than about a second
    /// is refused unchecked.
    pub fn validate(&self, value: &Value) -> Result<(), Violations> {
        let counted = self.counted();
        if let Some(message) = counted.too_much(value) {
            return Err(Violations::of_the_whole(message));
        }
        if self.0.validator.is_valid(value) {
            return Ok(());
        }
        Err(match counted.tell(value) {
            Telling::All => self.all_violations(value),
            Telling::First => message::violations(self.0.validator.validate(value).err().into_iter()),
            Telling::Nothing => Violations::of_the_whole("does not fit, in more ways than can be listed".to_owned()),
        })
    }

    /// [`Schema::validate`] if that takes a few milliseconds at most; `None` if it may take longer, and others should
    /// not wait for it. `size`: bytes of the value's JSON.
    pub fn validate_at_once(&self, value: &Value, size: usize) -> Option<Result<(), Violations>> {
        let counted = self.counted();
        if !counted.is_quick(value, size) {
            return None;
        }
        if self.0.validator.is_valid(value) {
            return Some(Ok(()));
        }
        counted.can_tell_all(value).then(|| Err(self.all_violations(value)))
    }

    fn all_violations(&self, value: &Value) -> Violations {
        message::violations(self.0.validator.iter_errors(value))
    }

    fn counted(&self) -> Counted<'_> {
        Counted { root: &self.0.value, patterns: &self.0.patterns, plain: self.0.plain }
    }

    /// The value with the defaults of top-level properties that it lacks. A value that is not an object is returned
    /// unchanged.
    pub fn with_defaults(&self, value: &Value) -> Value {
        let Some(given) = value.as_object() else { return value.clone() };
        let mut filled = given.clone();
        for (name, property) in self.properties() {
            if let Some(default) = property.get("default").filter(|_| !given.contains_key(name)) {
                filled.insert(name.clone(), default.clone());
            }
        }
        Value::Object(filled)
    }

    /// Top-level properties, by name.
    pub(crate) fn properties(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.as_value().get("properties").and_then(Value::as_object).into_iter().flatten()
    }

    /// The schema of a top-level property.
    pub(crate) fn property(&self, name: &str) -> Option<&Value> {
        self.as_value().get("properties")?.get(name)
    }

    /// The schema of the property that a JSON pointer leads to, through nested `properties`.
    pub(crate) fn property_at(&self, pointer: &str) -> Option<&Value> {
        let mut schema = self.as_value();
        for name in pointer.strip_prefix('/')?.split('/') {
            schema = schema.get("properties")?.get(name.replace("~1", "/").replace("~0", "~"))?;
        }
        Some(schema)
    }

    /// The schema of an object without fields.
    pub(crate) fn of_nothing() -> Self {
        let mut value = Map::new();
        value.insert("type".to_owned(), "object".into());
        value.insert("properties".to_owned(), Map::new().into());
        value.insert("additionalProperties".to_owned(), false.into());
        Self::parse(Value::Object(value)).expect("a constant schema is valid")
    }

    /// The schema of one of our types.
    pub(crate) fn of<T: JsonSchema>() -> Self {
        Self::parse(schemars::schema_for!(T).to_value()).expect("a derived schema is valid")
    }
}

impl PartialEq for Schema {
    fn eq(&self, other: &Self) -> bool {
        self.as_value() == other.as_value()
    }
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Schema({})", self.as_value())
    }
}

impl Serialize for Schema {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.as_value().serialize(serializer)
    }
}

/// Everything in a value that its schema does not allow. Prints one line per violation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{}", self.0.iter().map(Violation::to_string).collect::<Vec<_>>().join("\n"))]
pub struct Violations(pub Vec<Violation>);

impl Violations {
    fn of_the_whole(message: String) -> Self {
        Self(vec![Violation { pointer: String::new(), message }])
    }
}

/// One thing in a value that its schema does not allow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// JSON pointer into the value; empty for the value itself.
    pub pointer: String,
    /// What is wrong there. Long values are cut.
    pub message: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.pointer.is_empty() {
            write!(f, "{}: ", OneLine::new(&self.pointer))?;
        }
        OneLine::new(&self.message).at_most(LONGEST_MESSAGE).fmt(f)
    }
}

fn is_known_dialect(dialect: &Value) -> bool {
    dialect.as_str().is_some_and(|dialect| dialect.trim_end_matches('#') == DIALECT)
}

/// A library's message, short enough to print.
fn cut(text: &str) -> String {
    const LONGEST: usize = 200;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;

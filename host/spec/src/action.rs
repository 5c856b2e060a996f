//! A named operation.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::connector::annotations;
use crate::json::{self, ParseError};
use crate::mistake::{Mistakes, quoted};
use crate::schema::Budget;
use crate::{ActionName, Schema, draft};

/// Bytes of memory that one JSON part of a spec may take.
const MOST_JSON: usize = 32 << 20;

/// A named operation of a connector.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ActionSpec {
    /// Name that callers use.
    pub name: ActionName,
    /// Name for people.
    pub title: String,
    /// What it does, for people and language models.
    pub description: String,
    /// JSON Schema of the input, which is an object.
    #[schemars(schema_with = "crate::published::inline_schema")]
    pub input: Schema,
    /// JSON Schema of the output; if absent, any value is allowed.
    #[schemars(schema_with = "crate::published::optional_inline_schema")]
    pub output: Option<Schema>,
    /// What it may do at the service.
    pub scope: Scope,
    /// Whether it is offered to language models as a tool.
    pub tool: bool,
    /// Whether it streams results.
    pub streaming: bool,
    /// Values that the contract has no field for.
    pub annotations: BTreeMap<String, Value>,
}

/// What an action may do at the service. Ordered: each includes the one before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Changes nothing.
    #[default]
    Read,
    /// Makes changes that can be undone.
    Write,
    /// Makes changes that cannot be undone.
    Destroy,
}

impl Scope {
    /// `read`, `write` or `destroy`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Destroy => "destroy",
        }
    }
}

impl std::fmt::Display for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl ActionSpec {
    pub(crate) fn parse(
        draft: &draft::ActionSpec,
        place: &str,
        budget: &mut Budget,
        mistakes: &mut Mistakes,
    ) -> Option<Self> {
        let name = mistakes.take(&format!("{place}/name"), ActionName::parse(&draft.name));
        mistakes.check_line(&format!("{place}/title"), &draft.title, 128);
        mistakes.check_text(&format!("{place}/description"), &draft.description, 16 * 1024);
        let input = object_schema(&draft.input, &format!("{place}/input"), budget, mistakes);
        let output =
            draft.output.as_deref().map(|text| mistakes.take(&format!("{place}/output"), schema(text, budget)));
        let annotations = annotations(&draft.annotations, &format!("{place}/annotations"), mistakes);
        Some(Self {
            name: name?,
            title: draft.title.clone(),
            description: draft.description.clone(),
            input: input?,
            output: match output {
                Some(parsed) => Some(parsed?),
                None => None,
            },
            scope: draft.scope,
            tool: draft.tool,
            streaming: draft.streaming,
            annotations,
        })
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

fn schema(text: &str, budget: &mut Budget) -> Result<Schema, String> {
    Schema::parse_within(json(text)?, budget)
}

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

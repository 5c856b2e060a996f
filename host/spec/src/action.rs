//! A named operation.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::mistake::Mistakes;
use crate::parse::{annotations, object_schema, schema};
use crate::schema::Budget;
use crate::{ActionName, Schema, Scope, draft};

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

//! JSON Schemas of the JSON in a spec, for editors and other languages: `wit/schemas/*.json`.

use std::collections::BTreeMap;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Value, json};

use crate::{AuthTypeSpec, ConnectorSpec, FieldOverride, FormHints, Policies};

/// File name and JSON Schema 2020-12 of each: policies, overrides, form hints, the whole spec of a connector as
/// [`ConnectorSpec::to_json`] prints it, and of an auth type.
pub fn schemas() -> Vec<(&'static str, Value)> {
    vec![
        ("policies.json", written::<Policies>("Policies", "What the host does with every request and response.")),
        (
            "overrides.json",
            written::<BTreeMap<String, FieldOverride>>("Overrides", "How a form shows an auth type's fields."),
        ),
        ("form.json", written::<FormHints>("Form hints", "The value of `x-form` in the schema of a config field.")),
        ("connector-spec.json", printed::<ConnectorSpec>("Connector spec", "A connector's spec, as it is printed.")),
        ("auth-type-spec.json", printed::<AuthTypeSpec>("Auth type spec", "An auth type's spec, as it is printed.")),
    ]
}

/// The schema of a schema within a spec.
pub(crate) fn inline_schema(_: &mut SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({ "$ref": "https://json-schema.org/draft/2020-12/schema" })
}

/// The schema of a schema within a spec, or null.
pub(crate) fn optional_inline_schema(_: &mut SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({ "anyOf": [{ "$ref": "https://json-schema.org/draft/2020-12/schema" }, { "type": "null" }] })
}

/// The schema of what authors write: what has a default may be omitted.
fn written<T: JsonSchema>(title: &str, description: &str) -> Value {
    titled(
        SchemaSettings::draft2020_12().for_deserialize().into_generator().into_root_schema_for::<T>(),
        title,
        description,
    )
}

/// The JSON Schema (2020-12) of a type that is printed, not read: every field is present.
pub fn printed<T: JsonSchema>(title: &str, description: &str) -> Value {
    titled(
        SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<T>(),
        title,
        description,
    )
}

fn titled(schema: schemars::Schema, title: &str, description: &str) -> Value {
    let mut value = schema.to_value();
    if let Some(fields) = value.as_object_mut() {
        fields.insert("title".to_owned(), json!(title));
        fields.insert("description".to_owned(), json!(description));
    }
    value
}

#[cfg(test)]
mod tests;

//! JSON Schemas of an author's types.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value;

/// JSON Schema 2020-12 of what `T` is read from.
pub(crate) fn of_input<T: JsonSchema>() -> Value {
    let mut schema = generate::<T>(SchemaSettings::draft2020_12().for_deserialize());
    if schema.as_object().is_none_or(|schema| !schema.contains_key("type") && !schema.contains_key("$ref")) {
        // An enum or any value at all: the contract wants an object in any case.
        let mut object = serde_json::Map::new();
        object.insert("type".to_owned(), Value::from("object"));
        if let Value::Object(fields) = schema {
            object.extend(fields);
        }
        schema = Value::Object(object);
    }
    schema
}

/// JSON Schema 2020-12 of what `T` is written as; none when that is any JSON at all.
pub(crate) fn of_output<T: JsonSchema>() -> Option<Value> {
    let schema = generate::<T>(SchemaSettings::draft2020_12().for_serialize());
    let says_something =
        schema.as_object().is_some_and(|schema| schema.keys().any(|key| key != "$schema" && key != "title"));
    says_something.then_some(schema)
}

fn generate<T: JsonSchema>(settings: SchemaSettings) -> Value {
    let settings = settings.with(|settings| settings.inline_subschemas = true);
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    if let Some(fields) = schema.as_object_mut() {
        // The name of a Rust type says nothing to who fills in a form.
        fields.remove("title");
    }
    forget_widths(&mut schema);
    schema
}

/// Drops `uint32` and the like: the width of a Rust integer is no format of JSON Schema; its bounds are there as numbers.
fn forget_widths(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            let is_width = fields.get("format").and_then(Value::as_str).is_some_and(|format| {
                let format = format.strip_prefix('u').unwrap_or(format);
                matches!(format, "int" | "int8" | "int16" | "int32" | "int64" | "int128" | "float" | "double")
            });
            if is_width {
                fields.remove("format");
            }
            fields.values_mut().for_each(forget_widths);
        }
        Value::Array(items) => items.iter_mut().for_each(forget_widths),
        _ => {}
    }
}

//! JSON Schemas of an author's types.

use schemars::generate::{SchemaGenerator, SchemaSettings};
use schemars::{JsonSchema, Schema};
use serde_json::Value;

/// The JSON Schema 2020-12 of the JSON that `T` is read from.
pub(crate) fn of_input<T: JsonSchema>() -> Value {
    of_object(tidy(generator(true).root_schema_for::<T>(), &T::schema_name()))
}

/// The JSON Schema 2020-12 of the JSON that `T` is written as; `None` if it may be any JSON.
pub(crate) fn of_output<T: JsonSchema>() -> Option<Value> {
    unless_empty(tidy(generator(false).root_schema_for::<T>(), &T::schema_name()))
}

// The code below does not depend on `T` and is not inlined, so a component contains it once and not once for each
// action.

#[inline(never)]
fn generator(is_read: bool) -> SchemaGenerator {
    let mut settings = SchemaSettings::draft2020_12();
    settings.inline_subschemas = true;
    if is_read { settings.for_deserialize() } else { settings.for_serialize() }.into_generator()
}

#[inline(never)]
fn tidy(schema: Schema, type_name: &str) -> Value {
    let mut schema = schema.to_value();
    if let Some(fields) = schema.as_object_mut()
        && fields.get("title").and_then(Value::as_str) == Some(type_name)
    {
        // The name of a Rust type means nothing to a person who fills in a form.
        fields.remove("title");
    }
    forget_widths(&mut schema);
    schema
}

/// The contract requires the schema of an object, even if the type is an enum or any value.
#[inline(never)]
fn of_object(schema: Value) -> Value {
    match schema {
        Value::Object(fields) if fields.contains_key("type") => Value::Object(fields),
        Value::Object(mut fields) => {
            fields.insert("type".to_owned(), Value::from("object"));
            Value::Object(fields)
        }
        other => other,
    }
}

#[inline(never)]
fn unless_empty(schema: Value) -> Option<Value> {
    let says_something = schema.as_object().is_some_and(|fields| fields.keys().any(|key| key != "$schema"));
    says_something.then_some(schema)
}

/// Drops `uint32` and the like: the width of a Rust integer is not a format of JSON Schema, and its bounds are present
/// as numbers.
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

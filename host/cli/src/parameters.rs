//! `name=value` on the command line.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Splits `name=value`.
pub(crate) fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => Ok((name.trim().to_owned(), value.to_owned())),
        // The text may be a secret in the wrong place: it is not repeated.
        _ => Err("write `name=value`".to_owned()),
    }
}

/// Merges `name=value` texts and JSON objects. A value gets the type of the schema's property of that name: a number,
/// a flag, JSON, otherwise a text.
pub(crate) fn config(mut base: Map<String, Value>, given: &[String], schema: &Value) -> Result<Value, String> {
    for text in given {
        if text.trim_start().starts_with('{') {
            let object: Map<String, Value> =
                serde_json::from_str(text).map_err(|error| format!("the config is not a JSON object: {error}"))?;
            base.extend(object);
        } else {
            let (name, value) = pair(text).map_err(|reason| format!("{reason}, or a JSON object"))?;
            let value = typed(&value, &schema["properties"][&name])?;
            base.insert(name, value);
        }
    }
    Ok(Value::Object(base))
}

/// `text` as the type that a property's schema names.
pub(crate) fn typed(text: &str, property: &Value) -> Result<Value, String> {
    let types: Vec<&str> = match &property["type"] {
        Value::String(name) => vec![name],
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let is = |name: &str| types.contains(&name);
    if is("string") || types.is_empty() {
        return Ok(Value::from(text));
    }
    if is("null") && text.is_empty() {
        return Ok(Value::Null);
    }
    let is_structure = is("object") || is("array");
    match serde_json::from_str::<Value>(text) {
        Ok(value) => Ok(value),
        Err(error) if is_structure => Err(format!("{text:?} is not JSON: {error}")),
        // The schema's own check describes the mistake best.
        Err(_) => Ok(Value::from(text)),
    }
}

/// Plain fields by name.
pub(crate) fn fields(given: &[(String, String)]) -> BTreeMap<String, Value> {
    given.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_value_takes_the_type_that_the_schema_asks_for() {
        let schema = json!({ "properties": {
            "port": { "type": "integer" }, "name": { "type": "string" }, "tags": { "type": "array" },
            "deep": { "type": ["boolean", "null"] }
        } });
        let given =
            ["port=8080", "name=8080", "tags=[\"a\"]", "deep=true", "more=x", "{\"json\": 1}"].map(str::to_owned);
        let value = config(Map::new(), &given, &schema).expect("all fit");
        let wanted = json!({ "port": 8080, "name": "8080", "tags": ["a"], "deep": true, "more": "x", "json": 1 });
        assert_eq!(value, wanted);
        assert!(config(Map::new(), &["tags=a".to_owned()], &schema).is_err());
        assert!(config(Map::new(), &["tags".to_owned()], &schema).is_err());
    }

    #[test]
    fn an_address_with_an_equals_sign_stays_whole() {
        assert_eq!(pair("url=https://a?b=c"), Ok(("url".to_owned(), "https://a?b=c".to_owned())));
        assert!(!pair("hunter2").expect_err("no pair").contains("hunter2"));
    }
}

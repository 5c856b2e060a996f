//! `api_key_query`: a key in the query of the URL.

use innkeeper_spec::{AuthDeclaration, FieldKind, FieldSpec};
use secrecy::SecretString;
use serde_json::Value;

use super::field::{BuiltIn, optional, required};
use crate::auth_type::Credential;
use crate::grant::Placement;
use crate::settings::{Settings, declared_fields};
use crate::settings_errors::SettingsErrors;

/// A connector that names the parameters in its declaration gets one secret field for each. Otherwise the connection has
/// `paramNames` (separated by commas) and `apiKey`, whose text goes into each of them.
pub(super) fn auth_type() -> BuiltIn {
    let help = "The query parameters that the key is sent in, separated by commas.";
    let mut names = optional("paramNames", "Query parameters", FieldKind::Text, help);
    names.default = Some(Value::from("apiKey"));
    let fields =
        vec![names, required("apiKey", "API key", FieldKind::Secret, "The key that you created at the service.")];
    let description = "A key in the query of every request.";
    BuiltIn::new("api_key_query", "API key in the address", description, fields, credential).with_fields(fields_of)
}

fn fields_of(own: &[FieldSpec], declaration: &AuthDeclaration) -> Vec<FieldSpec> {
    let names = declaration.defaults.get("paramNames").map(listed).unwrap_or_default();
    if names.is_empty() {
        let mut fields = declared_fields(own, declaration);
        // An empty list is not a default.
        if let Some(field) = fields.iter_mut().find(|field| field.name == "paramNames") {
            field.default = Some(Value::from("apiKey"));
        }
        return fields;
    }
    let help = "The key that you created at the service.";
    let fields: Vec<_> = names.iter().map(|name| required(name, name, FieldKind::Secret, help)).collect();
    declared_fields(&fields, declaration)
}

fn credential(settings: &Settings) -> Result<Credential, SettingsErrors> {
    let query: Vec<(String, SecretString)> = match settings.plain().get("paramNames") {
        Some(names) => {
            let key = settings.secret("apiKey").ok_or_else(|| SettingsErrors::one("apiKey", "is required"))?;
            let names = listed(names);
            if names.is_empty() {
                return Err(SettingsErrors::one("paramNames", "must name at least one parameter"));
            }
            names.into_iter().map(|name| (name, key.clone())).collect()
        }
        None if settings.secrets().is_empty() => return Err(SettingsErrors::one("apiKey", "is required")),
        None => settings.secrets().iter().map(|(name, key)| (name.clone(), key.clone())).collect(),
    };
    let secrets = query.iter().map(|(_, key)| key.clone()).collect();
    Ok(Credential::Fixed(Placement { query, secrets, ..Placement::default() }))
}

/// The names in a list or in a comma-separated text, without empty names, values that are not text, and duplicates.
fn listed(value: &Value) -> Vec<String> {
    let names: Vec<&str> = match value {
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
        Value::String(text) => text.split(',').collect(),
        _ => Vec::new(),
    };
    let mut found: Vec<String> = Vec::new();
    for name in names.into_iter().map(str::trim).filter(|name| !name.is_empty()) {
        if !found.iter().any(|known| known == name) {
            found.push(name.to_owned());
        }
    }
    found
}

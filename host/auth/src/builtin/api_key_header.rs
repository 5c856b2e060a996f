//! `api_key_header`: a key in a header of the service's choice.

use http::HeaderName;
use innkeeper_spec::{AuthDeclaration, FieldKind, FieldSpec, disguise};
use secrecy::SecretString;
use serde_json::Value;

use super::field::{BuiltIn, optional, required};
use super::mistakes::Mistakes;
use crate::auth_type::Credential;
use crate::grant::Placement;
use crate::settings::{Settings, declared_fields};
use crate::settings_errors::SettingsErrors;

/// A connector that names the header in its declaration gets one secret field of that name, and the connection stores
/// the key under it. Otherwise the connection has `headerField` and `apiKey`.
pub(super) fn auth_type() -> BuiltIn {
    let mut header = optional("headerField", "Header", FieldKind::Text, "The header that the key is sent in.");
    header.default = Some(Value::from("Api-Key"));
    let fields =
        vec![header, required("apiKey", "API key", FieldKind::Secret, "The key that you created at the service.")];
    let description = "A key in a header of every request.";
    BuiltIn::new("api_key_header", "API key in a header", description, fields, credential).with_fields(fields_of)
}

fn fields_of(own: &[FieldSpec], declaration: &AuthDeclaration) -> Vec<FieldSpec> {
    match declaration.defaults.get("headerField").and_then(Value::as_str).filter(|name| !name.is_empty()) {
        Some(name) => {
            let mut field = required(name, name, FieldKind::Secret, "The key that you created at the service.");
            if let Some(key) = declared_fields(own, declaration).into_iter().find(|field| field.name == "apiKey")
                && declaration.overrides.contains_key("apiKey")
            {
                field.label = key.label;
                field.help = key.help;
            }
            declared_fields(&[field], declaration)
        }
        None => declared_fields(own, declaration),
    }
}

fn credential(settings: &Settings) -> Result<Credential, SettingsErrors> {
    let (mut mistakes, mut placement) = (Mistakes::default(), Placement::default());
    for (field, name, key) in pairs(settings)? {
        match header_name(name) {
            Ok(header) => placement.headers.push((header, key.clone())),
            Err(reason) => mistakes.note(field, reason),
        }
        mistakes.check_header_text(field, key);
        placement.secrets.push(key.clone());
    }
    mistakes.finish(Some(Credential::Fixed(placement)))
}

/// The field that a mistake is reported for, the header name and the key.
fn pairs(settings: &Settings) -> Result<Vec<(&str, &str, &SecretString)>, SettingsErrors> {
    if let Some(header) = settings.text("headerField") {
        let key = settings.secret("apiKey").ok_or_else(|| SettingsErrors::one("apiKey", "is required"))?;
        return Ok(vec![("headerField", header, key)]);
    }
    if settings.secrets().is_empty() {
        return Err(SettingsErrors::one("apiKey", "is required"));
    }
    Ok(settings.secrets().iter().map(|(name, key)| (name.as_str(), name.as_str(), key)).collect())
}

fn header_name(name: &str) -> Result<HeaderName, String> {
    let header =
        HeaderName::try_from(name).map_err(|_| "is not a header name: use letters, digits and hyphens".to_owned())?;
    // These headers control how the request itself is transported.
    let framing = ["host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer", "expect"];
    if framing.contains(&header.as_str()) {
        return Err(format!("cannot be {header}, which belongs to the HTTP connection"));
    }
    match disguise::of_header(name) {
        Some(disguise) => {
            let changed = disguise.as_str();
            Err(format!("cannot be {header}: with it, a service could treat the request as one {changed}"))
        }
        None => Ok(header),
    }
}

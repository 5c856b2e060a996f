//! `api_key_header`: a key in a header of the service's choice.

use http::HeaderName;
use innkeeper_spec::{AuthDeclaration, AuthMode, AuthTypeSpec, FieldKind, FieldSpec, disguise};
use secrecy::SecretString;
use serde_json::Value;

use super::field::{built_in, header_text, optional, required};
use crate::auth_type::{AuthType, Credential};
use crate::grant::Placement;
use crate::settings::{Settings, SettingsErrors, SettingsMistake, declared_fields};

/// A connector that names the header in its declaration gets one secret field of that name, and the connection stores
/// the key under it. Otherwise the connection has `headerField` and `apiKey`.
#[derive(Debug)]
pub(crate) struct ApiKeyHeader(AuthTypeSpec);

impl ApiKeyHeader {
    pub(crate) fn new() -> Self {
        let mut header = optional("headerField", "Header", FieldKind::Text, "The header that carries the key.");
        header.default = Some(Value::from("Api-Key"));
        let fields =
            vec![header, required("apiKey", "API key", FieldKind::Secret, "The key that was made at the service.")];
        let description = "A key in a header of every request.";
        Self(built_in("api_key_header", "API key in a header", description, fields, vec![AuthMode::Shared], false))
    }
}

impl AuthType for ApiKeyHeader {
    fn spec(&self) -> &AuthTypeSpec {
        &self.0
    }

    fn fields(&self, declaration: &AuthDeclaration) -> Vec<FieldSpec> {
        match declaration.defaults.get("headerField").and_then(Value::as_str).filter(|name| !name.is_empty()) {
            Some(name) => {
                let mut field = required(name, name, FieldKind::Secret, "The key that was made at the service.");
                if let Some(key) =
                    declared_fields(&self.0.fields, declaration).into_iter().find(|field| field.name == "apiKey")
                    && declaration.overrides.contains_key("apiKey")
                {
                    field.label = key.label;
                    field.help = key.help;
                }
                declared_fields(&[field], declaration)
            }
            None => declared_fields(&self.0.fields, declaration),
        }
    }

    fn check(&self, settings: &Settings) -> Vec<SettingsMistake> {
        if settings.secrets().is_empty() {
            return Vec::new();
        }
        self.credential(settings).err().map(|errors| errors.0).unwrap_or_default()
    }

    fn credential(&self, settings: &Settings) -> Result<Credential, SettingsErrors> {
        let mut headers = Vec::new();
        let mut secrets = Vec::new();
        for (field, name, key) in pairs(settings)? {
            headers.push((header_name(field, name)?, key.clone()));
            header_text(field, key)?;
            secrets.push(key.clone());
        }
        Ok(Credential::Fixed(Placement { headers, secrets, ..Placement::default() }))
    }
}

/// Field that a mistake is reported at, header name, key.
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

fn header_name(field: &str, name: &str) -> Result<HeaderName, SettingsErrors> {
    let header = HeaderName::try_from(name)
        .map_err(|_| SettingsErrors::one(field, "is not the name of a header: letters, digits and hyphens"))?;
    // They say how the request itself travels.
    let framing = ["host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer", "expect"];
    if framing.contains(&header.as_str()) {
        return Err(SettingsErrors::one(field, format!("cannot be {header}, which belongs to the connection itself")));
    }
    if let Some(disguise) = disguise::of_header(name) {
        let changed = disguise.as_str();
        let reason = format!("cannot be {header}, by which a service could take the request for one {changed}");
        return Err(SettingsErrors::one(field, reason));
    }
    Ok(header)
}

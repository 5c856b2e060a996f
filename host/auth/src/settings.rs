//! The fields of one connection's auth type, after defaults and checks.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use innkeeper_address::SecureUrl;
use innkeeper_spec::{AuthDeclaration, AuthTypeId, FieldKind, FieldSpec, Template, ValueSource};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::auth_type::AuthType;
use crate::settings_errors::{SettingsErrors, SettingsMistake};

/// An auth type as a connector declares it, for the config of one connection.
#[derive(Clone, Copy, Debug)]
pub struct Declared<'a> {
    /// The connector's declaration.
    pub declaration: &'a AuthDeclaration,
    /// The auth type.
    pub auth_type: &'a dyn AuthType,
    /// The connection's config, which fills in the templates in the connector's defaults.
    pub config: &'a Value,
    /// Which defaults are taken.
    pub defaults: Defaults,
}

/// Which defaults the fields of a connection get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Defaults {
    /// All defaults of the connector's current version: for a new connection, and for one that is to follow its connector.
    All,
    /// Those that are made from the config, because the config has changed. Other defaults stay as they were.
    FromConfig,
    /// None: defaults stay as they were. A required field that has no value gets one all the same.
    AsBefore,
}

impl Declared<'_> {
    /// The fields of the auth type, with the connector's defaults and labels.
    pub fn fields(&self) -> Vec<FieldSpec> {
        self.auth_type.fields(self.declaration)
    }

    /// The values of the plain fields that were not set. A default that cannot be made from the config is omitted.
    pub(crate) fn plain_defaults(&self) -> BTreeMap<String, Sourced> {
        let plain = self.fields().into_iter().filter(|field| !field.kind.is_secret());
        plain
            .filter_map(|field| Some((field.name.clone(), self.taken_default(&field).ok()??.typed(field.kind))))
            .collect()
    }

    /// The default of a plain field, whether or not it is taken.
    pub fn default(&self, name: &str) -> Option<Sourced> {
        let field = self.fields().into_iter().find(|field| field.name == name)?;
        Some(self.default_of(&field).ok()??.typed(field.kind))
    }

    /// Whether a value with this source stays. Otherwise it is made again.
    pub(crate) fn keeps(&self, source: ValueSource) -> bool {
        match source {
            ValueSource::ConnectorTemplate => self.defaults == Defaults::AsBefore,
            ValueSource::ConnectorDefault | ValueSource::AuthTypeDefault => self.defaults != Defaults::All,
            _ => true,
        }
    }

    /// The default of a field that has no value, if it is taken.
    fn taken_default(&self, field: &FieldSpec) -> Result<Option<Sourced>, String> {
        let default = self.default_of(field)?;
        Ok(default.filter(|default| field.required || !self.keeps(default.source)))
    }

    fn default_of(&self, field: &FieldSpec) -> Result<Option<Sourced>, String> {
        let (value, source) = match self.declaration.defaults.get(&field.name) {
            Some(Value::String(text)) => {
                let template = Template::parse(text);
                let is_filled_in = template.as_ref().is_ok_and(|template| template.fields().next().is_some());
                let text = template
                    .and_then(|template| template.render(self.config))
                    .map_err(|reason| format!("cannot be filled in from the connector's default {text:?}: {reason}"))?;
                let source = if is_filled_in { ValueSource::ConnectorTemplate } else { ValueSource::ConnectorDefault };
                (Value::String(text), source)
            }
            Some(value) if !is_blank(value) => (value.clone(), ValueSource::ConnectorDefault),
            _ => match &field.default {
                Some(value) => (value.clone(), ValueSource::AuthTypeDefault),
                None => return Ok(None),
            },
        };
        Ok((!is_blank(&value)).then_some(Sourced { value, source }))
    }
}

/// The value of a field and its origin.
#[derive(Clone, Debug, PartialEq)]
pub struct Sourced<T = Value> {
    /// The value.
    pub value: T,
    /// Its origin.
    pub source: ValueSource,
}

impl Sourced {
    fn typed(self, kind: FieldKind) -> Self {
        Self { value: typed(kind, self.value), ..self }
    }
}

/// The values of fields that are known before defaults are taken.
#[derive(Clone, Debug, Default)]
pub struct FieldValues {
    /// Of plain fields.
    pub plain: BTreeMap<String, Sourced>,
    /// Of secret fields.
    pub secret: BTreeMap<String, Sourced<SecretString>>,
}

impl FieldValues {
    /// Values that were set explicitly.
    pub fn given(plain: BTreeMap<String, Value>, secret: BTreeMap<String, SecretString>) -> Self {
        Self::sourced(plain, secret, |_| ValueSource::Given)
    }

    /// Values whose sources are known by name.
    pub fn sourced(
        plain: BTreeMap<String, Value>,
        secret: BTreeMap<String, SecretString>,
        source: impl Fn(&str) -> ValueSource,
    ) -> Self {
        Self { plain: with_sources(plain, &source), secret: with_sources(secret, &source) }
    }
}

fn with_sources<T>(values: BTreeMap<String, T>, source: impl Fn(&str) -> ValueSource) -> BTreeMap<String, Sourced<T>> {
    let sourced = |(name, value): (String, T)| {
        let source = source(&name);
        (name, Sourced { value, source })
    };
    values.into_iter().map(sourced).collect()
}

/// All fields of a connection's auth type that have a value; plain and secret fields are separate.
#[derive(Clone)]
pub struct Settings {
    auth_type: AuthTypeId,
    plain: BTreeMap<String, Value>,
    secret: BTreeMap<String, SecretString>,
    sources: BTreeMap<String, ValueSource>,
}

impl Settings {
    /// Builds settings from the values that are `known`. A field that has none gets a default, as [`Declared::defaults`] says:
    /// the connector's, which may be a template over the config, or else that of the auth type. An empty text is not a value; it
    /// resets the field to its default. Fails with every mistake.
    pub fn build(of: &Declared<'_>, known: &FieldValues) -> Result<Self, SettingsErrors> {
        let fields = of.fields();
        let mut settings = Self::from_stored(of.declaration.auth_type.clone(), BTreeMap::new(), BTreeMap::new());
        let mut mistakes = misplaced(&fields, known);
        for field in &fields {
            let result = if field.kind.is_secret() {
                settings.take_secret(field, of, &known.secret)
            } else {
                settings.take_plain(field, of, &known.plain)
            };
            if let Err(reason) = result {
                mistakes.push(SettingsMistake::new(&field.name, reason));
            }
        }
        // Making the credential is the last check.
        match of.auth_type.credential(&settings) {
            Ok(_) if mistakes.is_empty() => return Ok(settings),
            Ok(_) => {}
            Err(errors) if mistakes.is_empty() => return Err(errors),
            // A field with a mistake of its own is missing here, and a field that the connection does not have cannot be
            // corrected.
            Err(SettingsErrors(further)) => {
                let new = |name: &String| mistakes.iter().all(|mistake| mistake.field != *name);
                let has = |name: &String| fields.iter().any(|field| field.name == *name);
                let further: Vec<_> = further.into_iter().filter(|m| new(&m.field) && has(&m.field)).collect();
                mistakes.extend(further);
            }
        }
        Err(SettingsErrors(mistakes))
    }

    /// Restores settings from a connection's record and its opened secrets, which [`Settings::build`] made before.
    pub fn from_stored(
        auth_type: AuthTypeId,
        plain: BTreeMap<String, Value>,
        secret: BTreeMap<String, SecretString>,
    ) -> Self {
        Self { auth_type, plain, secret, sources: BTreeMap::new() }
    }

    /// The auth type.
    pub fn auth_type(&self) -> &AuthTypeId {
        &self.auth_type
    }

    /// The plain fields.
    pub fn plain(&self) -> &BTreeMap<String, Value> {
        &self.plain
    }

    /// The secret fields.
    pub fn secrets(&self) -> &BTreeMap<String, SecretString> {
        &self.secret
    }

    /// The origin of each value, including secret fields. Empty in settings from [`Settings::from_stored`].
    pub fn sources(&self) -> &BTreeMap<String, ValueSource> {
        &self.sources
    }

    /// Names of the secret fields that have a value.
    pub fn secret_names(&self) -> Vec<String> {
        self.secret.keys().cloned().collect()
    }

    /// The text of a plain field, if it is set and not empty.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.plain.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// The value of a plain flag.
    pub fn flag(&self, name: &str) -> Option<bool> {
        self.plain.get(name).and_then(Value::as_bool)
    }

    /// The text of a secret field.
    pub fn secret(&self, name: &str) -> Option<&SecretString> {
        self.secret.get(name)
    }

    fn take_plain(
        &mut self,
        field: &FieldSpec,
        of: &Declared<'_>,
        known: &BTreeMap<String, Sourced>,
    ) -> Result<(), String> {
        let found = match known.get(&field.name) {
            Some(known) if !is_blank(&known.value) => Some(known.clone()),
            Some(_) => of.default_of(field)?,
            None => of.taken_default(field)?,
        };
        let Some(Sourced { value, source }) = found.map(|found| found.typed(field.kind)) else {
            return if field.required { Err("is required".to_owned()) } else { Ok(()) };
        };
        field.check(&value).map_err(|reason| without_name(&reason, field))?;
        if field.kind == FieldKind::Url {
            let address = value.as_str().unwrap_or_default().parse::<SecureUrl>();
            address.map_err(|problem| problem.to_string())?;
        }
        self.plain.insert(field.name.clone(), value);
        self.sources.insert(field.name.clone(), source);
        Ok(())
    }

    fn take_secret(
        &mut self,
        field: &FieldSpec,
        of: &Declared<'_>,
        known: &BTreeMap<String, Sourced<SecretString>>,
    ) -> Result<(), String> {
        let as_secret = |default: Option<Sourced>| match default {
            Some(Sourced { value: Value::String(text), source }) => Some(Sourced { value: text.into(), source }),
            _ => None,
        };
        let found = match known.get(&field.name) {
            Some(known) if !known.value.expose_secret().is_empty() => Some(known.clone()),
            Some(_) => as_secret(of.default_of(field)?),
            None => as_secret(of.taken_default(field)?),
        };
        let Some(Sourced { value: text, source }) = found else {
            return if field.required { Err("is required".to_owned()) } else { Ok(()) };
        };
        // For a secret, the reason of the check does not contain the value.
        field.check(&Value::String(text.expose_secret().to_owned())).map_err(|reason| without_name(&reason, field))?;
        self.secret.insert(field.name.clone(), text);
        self.sources.insert(field.name.clone(), source);
        Ok(())
    }
}

/// Shows plain fields, and only the names of secret ones.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("auth_type", &self.auth_type)
            .field("plain", &self.plain)
            .field("secret", &self.secret.keys().collect::<Vec<_>>())
            .field("sources", &self.sources)
            .finish()
    }
}

/// The fields that a user is asked for: those that the declaration neither hides nor disables, and those that it does although
/// they are required and have no default. Defaults that are templates are shown as written.
/// Omitted are fields that few users need, which the auth type's annotation `advanced` names, unless the declaration mentions
/// them; and the discovery URL, if the declaration names the endpoints.
/// something of them; and the discovery URL, where the declaration names the endpoints.
pub fn fields_for(declaration: &AuthDeclaration, auth_type: &dyn AuthType) -> Vec<FieldSpec> {
    let mut fields = auth_type.fields(declaration);
    let has_default = |name: &str| declaration.defaults.contains_key(name);
    let advanced = auth_type.spec().annotations.get("advanced").and_then(Value::as_array);
    let is_advanced = |name: &str| advanced.is_some_and(|names| names.iter().any(|advanced| advanced == name));
    fields.retain(|field| {
        let name = field.name.as_str();
        let shown = declaration.overrides.get(name);
        let hidden = shown.is_some_and(|shown| shown.hidden || shown.disabled)
            || (is_advanced(name) && shown.is_none() && !has_default(name))
            || (name == "discoveryUrl" && has_default("tokenUrl") && !has_default(name));
        !hidden || (field.required && field.default.is_none())
    });
    fields
}

/// `fields` with the declaration's defaults, labels and help.
pub(crate) fn declared_fields(fields: &[FieldSpec], declaration: &AuthDeclaration) -> Vec<FieldSpec> {
    let mut fields = fields.to_vec();
    for field in &mut fields {
        if let Some(default) = declaration.defaults.get(&field.name) {
            field.default = Some(default.clone());
        }
        if let Some(shown) = declaration.overrides.get(&field.name) {
            if let Some(label) = &shown.label {
                field.label.clone_from(label);
            }
            if shown.help.is_some() {
                field.help.clone_from(&shown.help);
            }
        }
    }
    fields
}

fn misplaced(fields: &[FieldSpec], FieldValues { plain, secret: secrets }: &FieldValues) -> Vec<SettingsMistake> {
    let mut mistakes = Vec::new();
    let names: BTreeSet<&String> = plain.keys().chain(secrets.keys()).collect();
    for name in names {
        let Some(field) = fields.iter().find(|field| field.name == *name) else {
            mistakes.push(SettingsMistake::new(name, unknown(name, fields)));
            continue;
        };
        let secret = field.kind.is_secret();
        if plain.contains_key(name) && secrets.contains_key(name) {
            mistakes.push(SettingsMistake::new(name, "is set twice, as a plain field and as a secret"));
        } else if secret && plain.contains_key(name) {
            mistakes.push(SettingsMistake::new(name, "is a secret: set it among the secrets"));
        } else if !secret && secrets.contains_key(name) {
            mistakes.push(SettingsMistake::new(name, "is not a secret: set it among the plain fields"));
        }
    }
    mistakes
}

fn unknown(name: &str, fields: &[FieldSpec]) -> String {
    let nearest = fields
        .iter()
        .map(|field| (strsim::jaro_winkler(&name.to_lowercase(), &field.name.to_lowercase()), field))
        .filter(|(likeness, _)| *likeness > 0.7)
        .max_by(|(a, _), (b, _)| a.total_cmp(b));
    match nearest {
        Some((_, field)) => format!("is not a field of this auth type; the nearest is {}", field.name),
        None if fields.is_empty() => "is not a field of this auth type, which has none".to_owned(),
        None => {
            let known: Vec<_> = fields.iter().map(|field| field.name.as_str()).collect();
            format!("is not a field of this auth type; it has {}", known.join(", "))
        }
    }
}

/// The reason, worded to follow the field's name.
fn without_name(reason: &str, field: &FieldSpec) -> String {
    reason.strip_prefix(&format!("`{}` ", field.name)).unwrap_or(reason).to_owned()
}

fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        // A list without any name.
        Value::Array(names) => !names.iter().any(|name| name.as_str().is_some_and(|name| !name.is_empty())),
        _ => false,
    }
}

/// Forms and command lines only have texts.
fn typed(kind: FieldKind, value: Value) -> Value {
    match (kind, value.as_str()) {
        (FieldKind::Flag, Some("true")) => Value::Bool(true),
        (FieldKind::Flag, Some("false")) => Value::Bool(false),
        (FieldKind::Number, Some(text)) => text.parse().map(Value::Number).unwrap_or(value),
        _ => value,
    }
}

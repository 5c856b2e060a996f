//! Asks a person for the settings of a connection.

use std::collections::BTreeMap;

use innkeeper::shown::{Quoted, Said};
use innkeeper::spec::{AuthDeclaration, ConnectorSpec, FieldKind, FieldSpec, FormHints, Standing};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value};

use crate::failure::Outcome;
use crate::output::say;
use crate::parameters::typed;
use crate::{prompts, secrets};

/// Asks which of the connector's auth types to use: the recommended one is offered first.
pub(super) fn auth_type(spec: &ConnectorSpec) -> Outcome<String> {
    let offered: Vec<_> = spec.auth_types.iter().filter(|taken| taken.standing != Standing::Legacy).collect();
    let offered = if offered.is_empty() { spec.auth_types.iter().collect() } else { offered };
    if let [only] = offered[..] {
        return Ok(only.auth_type.to_string());
    }
    let label = |standing| match standing {
        Standing::Recommended => " (recommended)",
        Standing::Experimental => " (experimental)",
        _ => "",
    };
    let items: Vec<String> = offered
        .iter()
        .map(|taken| {
            let id = taken.auth_type.as_str();
            format!(
                "{}{}",
                taken.label.as_deref().map_or_else(|| id.to_owned(), |name| format!("{}: {id}", Quoted::new(name))),
                label(taken.standing)
            )
        })
        .collect();
    let recommended = offered.iter().position(|taken| taken.standing == Standing::Recommended).unwrap_or(0);
    let chosen = prompts::choice("How does it authenticate?", &items, recommended)?;
    Ok(offered[chosen].auth_type.to_string())
}

/// Asks for the config's fields that are not set yet: all of them, or only the ones that it is not valid without.
pub(super) fn config(spec: &ConnectorSpec, given: &mut Map<String, Value>, all: bool) -> Outcome {
    let schema = spec.config.as_value();
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let hints = FormHints::of(property);
        let default = property.get("default");
        let needed = required.contains(&name.as_str()) && default.is_none();
        if given.contains_key(name) || ((hints.hidden || hints.disabled || !all) && !needed) {
            continue;
        }
        let label = asks(hints.label.as_ref().unwrap_or(name));
        if let Some(help) = hints.help.as_deref().or_else(|| property["description"].as_str()) {
            say(&format!("  {}", Said::connector(help)));
        }
        if let Some(value) = property_value(&label, property, default, needed)? {
            given.insert(name.clone(), value);
        }
    }
    Ok(())
}

fn property_value(label: &str, property: &Value, default: Option<&Value>, needed: bool) -> Outcome<Option<Value>> {
    if let Some(choices) = property["enum"].as_array().filter(|choices| !choices.is_empty()) {
        let items: Vec<String> = choices.iter().map(plain).collect();
        let first = default.and_then(|default| choices.iter().position(|choice| choice == default)).unwrap_or(0);
        return Ok(Some(choices[prompts::choice(label, &items, first)?].clone()));
    }
    if property["type"] == "boolean" {
        let first = default.and_then(Value::as_bool).unwrap_or(false);
        return Ok(Some(Value::Bool(prompts::confirm(label, first)?)));
    }
    loop {
        let text = prompts::text(label, default.map(plain).as_deref(), needed)?;
        if text.is_empty() {
            return Ok(None);
        }
        match typed(&text, property) {
            Ok(value) => return Ok(Some(value)),
            Err(reason) => say(&format!("  {reason}")),
        }
    }
}

/// The fields, with texts that the connector puts instead of the auth type's marked as the connector's.
pub(super) fn with_speaker(fields: Vec<FieldSpec>, declaration: &AuthDeclaration) -> Vec<FieldSpec> {
    let marked = |mut field: FieldSpec| {
        let Some(shown) = declaration.overrides.get(&field.name) else { return field };
        if shown.label.is_some() {
            field.label = asks(&field.label);
        }
        if shown.help.is_some() {
            field.help = field.help.map(|help| Said::connector(help).to_string());
        }
        field
    };
    fields.into_iter().map(marked).collect()
}

/// A question in the connector's words, marked so that it cannot be mistaken for one of the host.
fn asks(label: &str) -> String {
    format!("The connector asks: {}", Quoted::new(label).at_most(200))
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The fields for the addresses of an authorization server, and for the address of its metadata.
const ENDPOINTS: [&str; 3] = ["authorizationUrl", "deviceAuthorizationUrl", "tokenUrl"];
const DISCOVERY: &str = "discoveryUrl";

/// Fields of the auth type, plain and secret separately.
#[derive(Debug, Default)]
pub(super) struct Filled {
    pub(super) fields: BTreeMap<String, Value>,
    pub(super) secrets: BTreeMap<String, SecretString>,
}

/// Asks for the auth type's fields that are not set yet: everything that a person is asked for, or only the fields
/// that it cannot work without.
pub(super) fn fields(asked: &[FieldSpec], filled: &mut Filled, all: bool) -> Outcome {
    let discovery_was_asked = endpoints(asked, filled)?;
    let is_open = |field: &&FieldSpec| {
        let given = filled.fields.contains_key(&field.name) || filled.secrets.contains_key(&field.name);
        !(given || discovery_was_asked && field.name == DISCOVERY)
    };
    let open: Vec<&FieldSpec> = asked.iter().filter(is_open).collect();
    let (first, rest): (Vec<&FieldSpec>, Vec<&FieldSpec>) =
        open.into_iter().partition(|field| is_needed(field) || (all && field.kind.is_secret()));
    for field in first {
        fill(field, filled)?;
    }
    if !all || rest.is_empty() {
        return Ok(());
    }
    let labels: Vec<&str> = rest.iter().map(|field| field.label.as_str()).collect();
    say(&format!("  These fields can be left unchanged: {}.", labels.join(", ")));
    if prompts::confirm("Change any of them?", false)? {
        for field in rest {
            fill(field, filled)?;
        }
    }
    Ok(())
}

/// If the addresses of an authorization server are required and may be read from its metadata: asks for the address
/// of the metadata, and without it for each address. Returns whether it asked.
fn endpoints(asked: &[FieldSpec], filled: &mut Filled) -> Outcome<bool> {
    let is_open = |field: &&FieldSpec| field.default.is_none() && !filled.fields.contains_key(&field.name);
    let open: Vec<&FieldSpec> =
        asked.iter().filter(|field| ENDPOINTS.contains(&field.name.as_str())).filter(is_open).collect();
    let Some(discovery) = asked.iter().filter(is_open).find(|field| field.name == DISCOVERY) else { return Ok(false) };
    if open.is_empty() {
        return Ok(false);
    }
    fill(discovery, filled)?;
    if filled.fields.contains_key(DISCOVERY) {
        return Ok(true);
    }
    for field in open {
        fill(&FieldSpec { required: true, ..field.clone() }, filled)?;
    }
    Ok(true)
}

/// Whether an answer is required.
fn is_needed(field: &FieldSpec) -> bool {
    field.required && field.default.is_none()
}

fn fill(field: &FieldSpec, filled: &mut Filled) -> Outcome {
    if let Some(help) = &field.help {
        say(&format!("  {help}"));
    }
    if field.kind.is_secret() {
        if let Some(secret) = secret(field)? {
            filled.secrets.insert(field.name.clone(), secret);
        }
    } else if let Some(value) = plain_field(field, is_needed(field))? {
        filled.fields.insert(field.name.clone(), value);
    }
    Ok(())
}

fn secret(field: &FieldSpec) -> Outcome<Option<SecretString>> {
    if matches!(field.kind, FieldKind::File | FieldKind::Multiline) {
        let path = prompts::text(&format!("{} (path of a file)", field.label), None, field.required)?;
        return if path.is_empty() { Ok(None) } else { secrets::from_file(path.as_ref(), field.kind).map(Some) };
    }
    let secret = prompts::secret(&field.label, field.required)?;
    Ok((!secret.expose_secret().is_empty()).then_some(secret))
}

fn plain_field(field: &FieldSpec, needed: bool) -> Outcome<Option<Value>> {
    let default = field.default.as_ref();
    match field.kind {
        FieldKind::Flag => {
            let first = default.and_then(Value::as_bool).unwrap_or(false);
            Ok(Some(Value::Bool(prompts::confirm(&field.label, first)?)))
        }
        FieldKind::Choice => {
            let first =
                field.choices.iter().position(|choice| default.is_some_and(|default| default == choice.as_str()));
            let chosen = prompts::choice(&field.label, &field.choices, first.unwrap_or(0))?;
            Ok(Some(Value::from(field.choices[chosen].as_str())))
        }
        _ => {
            // A default that is a template follows the config: an answer would pin it.
            let text = prompts::text(&field.label, default.map(plain).as_deref(), needed)?;
            let is_default = default.is_some_and(|default| plain(default) == text);
            Ok((!text.is_empty() && !is_default).then(|| Value::from(text)))
        }
    }
}

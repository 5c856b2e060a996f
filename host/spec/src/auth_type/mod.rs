//! The spec of an auth type, and the fields that a connection fills in for it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ids::is_identifier;
use crate::mistake::{Mistakes, quoted};
use crate::parse::{annotations, check_size, json};
use crate::{About, AuthMode, AuthTypeId, FieldKind, HostRule, draft};

mod field;

/// The spec of an auth type.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct AuthTypeSpec {
    /// The identity of the auth type.
    pub about: About<AuthTypeId>,
    /// The fields that a connection sets, in the order of the form.
    pub fields: Vec<FieldSpec>,
    /// Who may own the grant; never empty.
    pub modes: Vec<AuthMode>,
    /// Whether it redirects the user's browser.
    pub interactive: bool,
    /// Token hosts that it requests access to.
    pub hosts: Vec<HostRule>,
    /// Values that the contract has no field for.
    pub annotations: BTreeMap<String, Value>,
}

/// One field of an auth type.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FieldSpec {
    /// Name in the connection's settings.
    pub name: String,
    /// Name for people.
    pub label: String,
    /// What to fill in.
    pub help: Option<String>,
    /// How a form asks for it, and which values it accepts.
    pub kind: FieldKind,
    /// For [`FieldKind::Choice`].
    #[serde(default)]
    pub choices: Vec<String>,
    /// Whether it is required.
    #[serde(default)]
    pub required: bool,
    /// The value if it is not set. Never for a secret.
    pub default: Option<Value>,
    /// Regular expression that the whole text must match.
    pub pattern: Option<String>,
}

impl AuthTypeSpec {
    /// Checks what an auth type returned; reports every mistake at once.
    pub fn parse(draft: &draft::AuthTypeSpec) -> Result<Self, Mistakes> {
        let mut mistakes = Mistakes::default();
        if let Err(reason) = check_size(draft) {
            mistakes.note("", reason);
            return Err(mistakes);
        }
        let about = About::parse(&draft.about, |id| AuthTypeId::parse(id), &mut mistakes);
        mistakes.check_count("/fields", draft.fields.len(), 64);
        let mut fields: Vec<FieldSpec> = Vec::new();
        for (index, field) in draft.fields.iter().enumerate().take(64) {
            let place = format!("/fields/{index}");
            if draft.fields[..index].iter().any(|other| other.name == field.name) {
                mistakes.note(format!("{place}/name"), format!("{} is declared twice", quoted(&field.name)));
            }
            fields.extend(FieldSpec::parse(field, &place, &mut mistakes));
        }
        if draft.modes.is_empty() {
            mistakes.note("/modes", "is empty: write `shared`, `per-user` or both");
        }
        mistakes.check_count("/hosts", draft.hosts.len(), 128);
        let rule = |(index, rule)| HostRule::parse(rule, &format!("/hosts/{index}"), None, &[], &mut mistakes);
        let hosts: Vec<_> = draft.hosts.iter().enumerate().take(128).filter_map(rule).collect();
        let annotations = annotations(&draft.annotations, "/annotations", &mut mistakes);
        match about {
            Some(about) if mistakes.0.is_empty() => {
                let mut modes = draft.modes.clone();
                modes.sort_unstable();
                modes.dedup();
                Ok(Self { about, fields, modes, interactive: draft.interactive, hosts, annotations })
            }
            _ => Err(mistakes),
        }
    }

    /// The field of that name.
    pub fn field(&self, name: &str) -> Option<&FieldSpec> {
        self.fields.iter().find(|field| field.name == name)
    }
}

impl FieldSpec {
    fn parse(draft: &draft::FieldSpec, place: &str, mistakes: &mut Mistakes) -> Option<Self> {
        let before = mistakes.0.len();
        if !is_identifier(&draft.name) {
            let reason = format!("{} is not a field name: use letters, digits and `_`", quoted(&draft.name));
            mistakes.note(format!("{place}/name"), reason);
        }
        mistakes.check_line(&format!("{place}/label"), &draft.label, 128);
        mistakes.check_optional_text(&format!("{place}/help"), draft.help.as_deref(), 2048);
        mistakes.check_count(&format!("{place}/choices"), draft.choices.len(), 256);
        for (index, choice) in draft.choices.iter().enumerate().take(256) {
            mistakes.check_line(&format!("{place}/choices/{index}"), choice, 1024);
        }
        match (draft.kind, draft.choices.is_empty()) {
            (FieldKind::Choice, true) => mistakes.note(format!("{place}/choices"), "is empty: list the choices"),
            (FieldKind::Choice, false) | (_, true) => {}
            _ => mistakes.note(format!("{place}/choices"), "only a field of the kind `choice` has choices"),
        }
        let default_place = format!("{place}/default");
        let default = draft.default.as_deref().and_then(|text| mistakes.take(&default_place, json(text)));
        if let Some(pattern) = &draft.pattern {
            mistakes.take(&format!("{place}/pattern"), field::expression(pattern));
        }
        let field = Self {
            name: draft.name.clone(),
            label: draft.label.clone(),
            help: draft.help.clone(),
            kind: draft.kind,
            choices: draft.choices.clone(),
            required: draft.required,
            default,
            pattern: draft.pattern.clone(),
        };
        if mistakes.0.len() > before {
            return None;
        }
        if field.default.is_some() && field.kind.is_secret() {
            mistakes
                .note(&default_place, "a secret has no default, because anybody who reads the component would know it");
        } else if let Some(default) = &field.default {
            mistakes.take(&default_place, field.check(default))?;
        }
        Some(field)
    }
}

#[cfg(test)]
mod tests;

//! An auth type that a connector accepts, and what the connector declares for it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ids::is_identifier;
use crate::mistake::{Mistake, Mistakes, quoted, step};
use crate::parse::json;
use crate::{AuthTypeId, Schema, Standing, Template, draft, form};

/// An auth type that a connector accepts.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct AuthDeclaration {
    /// A built-in auth type, or one that a component brings.
    pub auth_type: AuthTypeId,
    /// Name for people, if the auth type's own does not fit.
    pub label: Option<String>,
    /// How it is presented among the others.
    pub standing: Standing,
    /// Values of the auth type's fields. A text with braces is a template over config fields.
    pub defaults: BTreeMap<String, Value>,
    /// How a form shows the auth type's fields.
    pub overrides: BTreeMap<String, FieldOverride>,
}

/// How a form shows one field of an auth type, if different from the auth type's own definition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FieldOverride {
    /// Whether the field is not shown: the default is used.
    pub hidden: bool,
    /// Whether the field is shown, but cannot be changed.
    pub disabled: bool,
    /// Name for people.
    #[schemars(length(max = 128))]
    pub label: Option<String>,
    /// What to fill in.
    #[schemars(length(max = 2048))]
    pub help: Option<String>,
    /// An example in the empty field.
    #[schemars(length(max = 256))]
    pub placeholder: Option<String>,
}

impl AuthDeclaration {
    /// Only `none`: what a connector that declares no auth type accepts.
    pub(crate) fn of_none() -> Self {
        Self {
            auth_type: AuthTypeId::parse("none").expect("a constant id is valid"),
            label: None,
            standing: Standing::Standard,
            defaults: BTreeMap::new(),
            overrides: BTreeMap::new(),
        }
    }

    /// The defaults with their templates filled in from a connection's config; the mistake names the config field
    /// that is not set or contains what an address may not.
    pub fn rendered_defaults(&self, config: &Value) -> Result<BTreeMap<String, Value>, Mistake> {
        let render = |(name, value): (&String, &Value)| match value {
            Value::String(text) => {
                let refuse = |reason| Mistake::new(format!("/defaults/{}", step(name)), reason);
                let text = Template::parse(text).and_then(|template| template.render(config)).map_err(refuse)?;
                Ok((name.clone(), Value::String(text)))
            }
            other => Ok((name.clone(), other.clone())),
        };
        self.defaults.iter().map(render).collect()
    }

    /// Reads one declaration. `config`: `None` if it could not be parsed.
    pub(crate) fn parse(
        draft: &draft::AuthDeclaration,
        place: &str,
        config: Option<&Schema>,
        mistakes: &mut Mistakes,
    ) -> Option<Self> {
        let auth_type = mistakes.take(&format!("{place}/auth_type"), AuthTypeId::parse(&draft.auth_type));
        mistakes.check_optional_line(&format!("{place}/label"), draft.label.as_deref(), 128);
        let defaults = defaults(&draft.defaults, &format!("{place}/defaults"), config, mistakes);
        let overrides = overrides(&draft.overrides, &format!("{place}/overrides"), mistakes);
        Some(Self {
            auth_type: auth_type?,
            label: draft.label.clone(),
            standing: draft.standing,
            defaults: defaults?,
            overrides: overrides?,
        })
    }
}

fn defaults(
    text: &str,
    place: &str,
    config: Option<&Schema>,
    mistakes: &mut Mistakes,
) -> Option<BTreeMap<String, Value>> {
    let fields = object(text, place, mistakes)?;
    for (name, value) in &fields {
        let place = format!("{place}/{}", step(name));
        check_field_name(name, &place, mistakes);
        let Value::String(text) = value else { continue };
        let Some(template) = mistakes.take(&place, Template::parse(text)) else { continue };
        for field in template.fields() {
            if config.is_some_and(|config| config.property(field).is_none()) {
                mistakes
                    .note(&place, format!("names `{field}`, which is not a field of the config schema: add it there"));
            }
        }
    }
    Some(fields)
}

fn overrides(text: &str, place: &str, mistakes: &mut Mistakes) -> Option<BTreeMap<String, FieldOverride>> {
    let fields = object(text, place, mistakes)?;
    let schema = Schema::of::<FieldOverride>();
    let mut overrides = BTreeMap::new();
    for (name, value) in fields {
        let place = format!("{place}/{}", step(&name));
        check_field_name(&name, &place, mistakes);
        if let Err(violations) = schema.validate(&value) {
            for violation in violations.0 {
                mistakes.note(format!("{place}{}", violation.pointer), violation.message);
            }
        } else if let Some(shown) = mistakes.take(&place, serde_json::from_value::<FieldOverride>(value)) {
            let FieldOverride { label, placeholder, help, .. } = shown.clone();
            form::check_texts([label, placeholder], help, &place, mistakes);
            overrides.insert(name, shown);
        }
    }
    Some(overrides)
}

fn object(text: &str, place: &str, mistakes: &mut Mistakes) -> Option<BTreeMap<String, Value>> {
    if text.trim().is_empty() {
        return Some(BTreeMap::new());
    }
    let Value::Object(fields) = mistakes.take(place, json(text))? else {
        mistakes.note(place, "is not a JSON object: write field names and their values in braces");
        return None;
    };
    Some(fields.into_iter().collect())
}

fn check_field_name(name: &str, place: &str, mistakes: &mut Mistakes) {
    if !is_identifier(name) {
        mistakes.note(place, format!("{} is not a field name: use letters, digits and `_`", quoted(name)));
    }
}

//! The auth types that a connector supports.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::spec::{AuthDeclaration, Standing};

/// An auth type that the connector supports, with its defaults and how a form shows its fields.
#[derive(Clone, Debug)]
pub struct Auth {
    id: Cow<'static, str>,
    label: Option<Cow<'static, str>>,
    standing: Standing,
    defaults: Map<String, Value>,
    overrides: Map<String, Value>,
}

impl Auth {
    /// A built-in auth type (`none`, `basic`, `bearer`, `api_key_header`, `api_key_query`, `oauth_client_credentials`,
    /// `oauth_authorization_code` ...) or one that a component provides.
    pub fn new(auth_type: impl Into<Cow<'static, str>>) -> Self {
        Self {
            id: auth_type.into(),
            label: None,
            standing: Standing::Standard,
            defaults: Map::new(),
            overrides: Map::new(),
        }
    }

    /// The name that is shown to people.
    pub fn label(mut self, label: impl Into<Cow<'static, str>>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Recommended.
    pub fn recommended(mut self) -> Self {
        self.standing = Standing::Recommended;
        self
    }

    /// Not offered for new connections, but still valid for existing ones.
    pub fn legacy(mut self) -> Self {
        self.standing = Standing::Legacy;
        self
    }

    /// Experimental: it may change.
    pub fn experimental(mut self) -> Self {
        self.standing = Standing::Experimental;
        self
    }

    /// The default value of a field. A text may be a template over config fields:
    /// `https://{tenant}.example.com/token`.
    pub fn default(mut self, field: impl Into<String>, value: impl Into<Value>) -> Self {
        self.defaults.insert(field.into(), value.into());
        self
    }

    /// The form does not show this field.
    pub fn hide(self, field: &str) -> Self {
        self.with(field, "hidden", Value::Bool(true))
    }

    /// The form shows this field as read-only.
    pub fn disable(self, field: &str) -> Self {
        self.with(field, "disabled", Value::Bool(true))
    }

    /// The field's label in the form.
    pub fn field_label(self, field: &str, label: impl Into<String>) -> Self {
        self.with(field, "label", Value::String(label.into()))
    }

    /// A help text below the field.
    pub fn help(self, field: &str, help: impl Into<String>) -> Self {
        self.with(field, "help", Value::String(help.into()))
    }

    /// An example value, shown while the field is empty.
    pub fn placeholder(self, field: &str, placeholder: impl Into<String>) -> Self {
        self.with(field, "placeholder", Value::String(placeholder.into()))
    }

    fn with(mut self, field: &str, property: &str, value: Value) -> Self {
        let properties = self.overrides.entry(field).or_insert_with(|| Value::Object(Map::new()));
        if let Some(properties) = properties.as_object_mut() {
            properties.insert(property.to_owned(), value);
        }
        self
    }

    pub(crate) fn declaration(&self) -> AuthDeclaration {
        AuthDeclaration {
            auth_type: self.id.clone().into_owned(),
            label: self.label.clone().map(Cow::into_owned),
            standing: self.standing,
            defaults: Value::Object(self.defaults.clone()),
            overrides: Value::Object(self.overrides.clone()),
        }
    }
}

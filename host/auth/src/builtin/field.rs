//! How the built-in auth types describe their fields.

use std::collections::BTreeMap;
use std::fmt;

use innkeeper_address::SecureUrl;
use innkeeper_spec::{About, AuthDeclaration, AuthMode, AuthTypeId, AuthTypeSpec, FieldKind, FieldSpec};
use serde_json::Value;

use crate::auth_type::{AuthType, Credential};
use crate::settings::{Settings, declared_fields};
use crate::settings_errors::SettingsErrors;

/// An auth type that comes with the host: its description, and the function that makes a credential from a connection's
/// settings.
pub(super) struct BuiltIn {
    spec: AuthTypeSpec,
    addresses: Vec<(&'static str, SecureUrl)>,
    fields: fn(&[FieldSpec], &AuthDeclaration) -> Vec<FieldSpec>,
    credential: Box<MakeCredential>,
}

/// Makes a credential of a connection's settings.
type MakeCredential = dyn Fn(&Settings) -> Result<Credential, SettingsErrors> + Send + Sync;

impl BuiltIn {
    /// An auth type for shared connections that need no authorization by a user.
    pub(super) fn new(
        id: &str,
        title: &str,
        description: &str,
        fields: Vec<FieldSpec>,
        credential: impl Fn(&Settings) -> Result<Credential, SettingsErrors> + Send + Sync + 'static,
    ) -> Self {
        let about = About {
            id: AuthTypeId::parse(id).expect("the ids of built-in auth types are valid"),
            version: semver::Version::new(1, 0, 0),
            title: title.to_owned(),
            description: description.to_owned(),
            documentation: None,
            icon: None,
        };
        let spec = AuthTypeSpec {
            about,
            fields,
            modes: vec![AuthMode::Shared],
            interactive: false,
            // Their endpoints are fields, which the connection's owner fills in.
            hosts: Vec::new(),
            annotations: BTreeMap::new(),
        };
        Self { spec, addresses: Vec::new(), fields: declared_fields, credential: Box::new(credential) }
    }

    /// Adds authorization by a user.
    pub(super) fn interactive(mut self, modes: Vec<AuthMode>) -> Self {
        self.spec.modes = modes;
        self.spec.interactive = true;
        self
    }

    pub(super) fn annotated(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.spec.annotations.insert(name.to_owned(), value.into());
        self
    }

    /// Adds an address from the host's own configuration.
    pub(super) fn at(mut self, name: &'static str, address: SecureUrl) -> Self {
        self.addresses.push((name, address));
        self
    }

    /// Makes the fields depend on what a connector declares.
    pub(super) fn with_fields(mut self, fields: fn(&[FieldSpec], &AuthDeclaration) -> Vec<FieldSpec>) -> Self {
        self.fields = fields;
        self
    }
}

impl AuthType for BuiltIn {
    fn spec(&self) -> &AuthTypeSpec {
        &self.spec
    }

    fn fields(&self, declaration: &AuthDeclaration) -> Vec<FieldSpec> {
        (self.fields)(&self.spec.fields, declaration)
    }

    fn addresses(&self) -> Vec<(&'static str, SecureUrl)> {
        self.addresses.clone()
    }

    fn credential(&self, settings: &Settings) -> Result<Credential, SettingsErrors> {
        (self.credential)(settings)
    }
}

impl fmt::Debug for BuiltIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BuiltIn").field(&self.spec.about.id).finish()
    }
}

pub(super) fn required(name: &str, label: &str, kind: FieldKind, help: &str) -> FieldSpec {
    FieldSpec { required: true, ..optional(name, label, kind, help) }
}

pub(super) fn optional(name: &str, label: &str, kind: FieldKind, help: &str) -> FieldSpec {
    FieldSpec {
        name: name.to_owned(),
        label: label.to_owned(),
        help: Some(help.to_owned()),
        kind,
        choices: Vec::new(),
        required: false,
        default: None,
        pattern: None,
    }
}

/// The first choice is the default.
pub(super) fn choice(name: &str, label: &str, help: &str, choices: &[&str]) -> FieldSpec {
    FieldSpec {
        choices: choices.iter().map(|choice| (*choice).to_owned()).collect(),
        default: choices.first().map(|choice| Value::from(*choice)),
        ..optional(name, label, FieldKind::Choice, help)
    }
}

//! How the built-in auth types describe themselves.

use innkeeper_spec::{About, AuthMode, AuthTypeId, AuthTypeSpec, FieldKind, FieldSpec};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

use crate::settings::{Settings, SettingsErrors, SettingsMistake, check_address};

pub(super) fn built_in(
    id: &str,
    title: &str,
    description: &str,
    fields: Vec<FieldSpec>,
    modes: Vec<AuthMode>,
    interactive: bool,
) -> AuthTypeSpec {
    AuthTypeSpec {
        about: About {
            id: AuthTypeId::parse(id).expect("the ids of built-in auth types are valid"),
            version: semver::Version::new(1, 0, 0),
            title: title.to_owned(),
            description: description.to_owned(),
            documentation: None,
            icon: None,
        },
        fields,
        modes,
        interactive,
        // Their endpoints are fields, which the connection's owner fills in.
        hosts: Vec::new(),
        annotations: std::collections::BTreeMap::new(),
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

/// The address in a field.
pub(super) fn address(settings: &Settings, field: &str) -> Result<Url, SettingsErrors> {
    let text = settings.text(field).ok_or_else(|| SettingsErrors::one(field, "is required"))?;
    check_address(text).map_err(|reason| SettingsErrors::one(field, reason))
}

/// RFC 6749, section 3.3: words of visible characters without quotes and backslashes.
pub(super) fn check_scope(settings: &Settings) -> Option<SettingsMistake> {
    let fits = |byte: u8| (byte.is_ascii_graphic() && byte != b'"' && byte != b'\\') || byte == b' ';
    let scope = settings.text("scope")?;
    (!scope.bytes().all(fits))
        .then(|| SettingsMistake::new("scope", "must be words separated by spaces, without quotes and backslashes"))
}

/// A secret that goes into a header as it is.
pub(super) fn header_text(field: &str, text: &SecretString) -> Result<(), SettingsErrors> {
    let text = text.expose_secret();
    if text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ') && text.trim() == text {
        return Ok(());
    }
    let reason =
        "must be visible characters without a space or line break at either end (one may have been pasted along)";
    Err(SettingsErrors::one(field, reason))
}

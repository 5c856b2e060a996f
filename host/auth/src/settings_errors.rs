//! Mistakes in the fields of a connection.

use std::fmt;

/// One mistake in a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsMistake {
    /// The field.
    pub field: String,
    /// The mistake, worded to follow the field's name. Contains no secret.
    pub reason: String,
}

impl SettingsMistake {
    /// `reason` follows the field's name in a sentence.
    pub fn new(field: &str, reason: impl Into<String>) -> Self {
        Self { field: field.to_owned(), reason: reason.into() }
    }
}

impl fmt::Display for SettingsMistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.field, self.reason)
    }
}

/// All mistakes in the fields of a connection.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct SettingsErrors(pub Vec<SettingsMistake>);

impl SettingsErrors {
    /// Creates one mistake; the reason follows the field's name in a sentence.
    pub fn one(field: &str, reason: impl Into<String>) -> Self {
        Self(vec![SettingsMistake::new(field, reason)])
    }
}

//! What is wrong with the fields of a connection.

use std::fmt;

/// One thing that is wrong with a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsMistake {
    /// Which field.
    pub field: String,
    /// What is wrong, fit to follow the field's name. Holds no secret.
    pub reason: String,
}

impl SettingsMistake {
    /// What is wrong follows the field's name in a sentence.
    pub fn new(field: &str, reason: impl Into<String>) -> Self {
        Self { field: field.to_owned(), reason: reason.into() }
    }
}

impl fmt::Display for SettingsMistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.field, self.reason)
    }
}

/// All that is wrong with the fields of a connection.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct SettingsErrors(pub Vec<SettingsMistake>);

impl SettingsErrors {
    /// One mistake: what is wrong follows the field's name in a sentence.
    pub fn one(field: &str, reason: impl Into<String>) -> Self {
        Self(vec![SettingsMistake::new(field, reason)])
    }
}

//! `innkeeper.toml`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use innkeeper::KeyringSource;
use serde::Deserialize;
use toml::{Table, Value};
use url::Url;

use super::limits;
use crate::failure::{Failure, Outcome};
use crate::names::suggestion;
use crate::toml_text::mistake;

/// The content of a configuration file.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct FileSettings {
    pub(crate) folder: Option<PathBuf>,
    pub(crate) keyring: Option<KeyringText>,
    pub(crate) space: Option<String>,
    pub(crate) allow_loopback: Option<bool>,
    pub(crate) private_networks: Option<Vec<String>>,
    pub(crate) plain_http: Option<Vec<String>>,
    pub(crate) extra_roots: Option<Vec<PathBuf>>,
    pub(crate) ears_url: Option<Url>,
    pub(crate) log: Option<String>,
    /// Texts and numbers, checked by their own module.
    pub(crate) limits: Option<BTreeMap<String, Value>>,
}

const KEYS: &[&str] = &[
    "folder",
    "keyring",
    "space",
    "allow_loopback",
    "private_networks",
    "plain_http",
    "extra_roots",
    "ears_url",
    "log",
    "limits",
];

impl FileSettings {
    /// Reads a file; relative paths in it start at its folder.
    pub(crate) fn read(path: &Path) -> Outcome<Self> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            Failure::usage(format!("the configuration file {} cannot be read: {error}", path.display()))
        })?;
        let wrong = |reason: String| {
            Failure::usage(format!("the configuration file {} is not valid: {reason}", path.display()))
        };
        let table: Table = text.parse().map_err(|error| wrong(mistake(&text, &error)))?;
        check_keys(&table).map_err(wrong)?;
        let mut settings: Self = toml::from_str(&text).map_err(|error| wrong(mistake(&text, &error)))?;
        let base = path.parent().unwrap_or(Path::new(""));
        if let Some(folder) = &mut settings.folder {
            *folder = base.join(&*folder);
        }
        for root in settings.extra_roots.iter_mut().flatten() {
            *root = base.join(&*root);
        }
        if let Some(KeyringText(KeyringSource::File(file))) = &mut settings.keyring {
            *file = base.join(&*file);
        }
        Ok(settings)
    }

    /// The limits as texts.
    pub(crate) fn limit_texts(&self) -> BTreeMap<String, String> {
        let text = |value: &Value| match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        self.limits.iter().flatten().map(|(name, value)| (name.clone(), text(value))).collect()
    }
}

fn check_keys(table: &Table) -> Result<(), String> {
    for key in table.keys() {
        if !KEYS.contains(&key.as_str()) {
            return Err(format!("there is no setting `{key}`{}", suggestion(key, KEYS)));
        }
    }
    if let Some(Value::Table(given)) = table.get("limits") {
        given.keys().try_for_each(|name| limits::check_name(name))?;
    }
    Ok(())
}

/// The source of the keyring: `file:PATH`, `env:NAME` or `command:PROGRAM ARGUMENT...`; in a file also a list of
/// words, which is a command.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "KeyringForm")]
pub(crate) struct KeyringText(pub(crate) KeyringSource);

#[derive(Deserialize)]
#[serde(untagged)]
enum KeyringForm {
    Text(String),
    Command(Vec<String>),
}

impl TryFrom<KeyringForm> for KeyringText {
    type Error = String;

    fn try_from(form: KeyringForm) -> Result<Self, String> {
        match form {
            KeyringForm::Text(text) => text.parse(),
            KeyringForm::Command(words) if words.is_empty() => Err("the keyring's command is empty".to_owned()),
            KeyringForm::Command(words) => Ok(Self(KeyringSource::Command(words))),
        }
    }
}

impl std::str::FromStr for KeyringText {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // The given text is not repeated: it might be a key.
        let wrong = || "a keyring is `file:PATH`, `env:NAME` or `command:PROGRAM ARGUMENT...`".to_owned();
        let (kind, rest) = text.split_once(':').ok_or_else(wrong)?;
        match kind {
            _ if rest.trim().is_empty() => Err(wrong()),
            "file" => Ok(Self(KeyringSource::File(rest.into()))),
            "env" => Ok(Self(KeyringSource::Environment(rest.to_owned()))),
            "command" => Ok(Self(KeyringSource::Command(rest.split_whitespace().map(str::to_owned).collect()))),
            _ => Err(wrong()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keyring_is_a_file_a_variable_or_a_command() {
        let source = |text: &str| text.parse::<KeyringText>().map(|keyring| keyring.0);
        assert_eq!(source("file:/a/b"), Ok(KeyringSource::File("/a/b".into())));
        assert_eq!(source("env:KEYS"), Ok(KeyringSource::Environment("KEYS".to_owned())));
        assert_eq!(
            source("command:vault read x"),
            Ok(KeyringSource::Command(["vault", "read", "x"].map(str::to_owned).into()))
        );
        for wrong in ["", "file:", "key-1:c2VjcmV0", "/a/b"] {
            let error = source(wrong).expect_err(wrong);
            assert!(!error.contains("c2VjcmV0"), "{error}");
        }
    }

    #[test]
    fn an_unknown_setting_names_the_nearest() {
        let check = |text: &str| check_keys(&text.parse().expect("TOML"));
        assert_eq!(check("fodler = 'x'"), Err("there is no setting `fodler`; did you mean `folder`?".to_owned()));
        assert_eq!(
            check("[limits]\nrequest = 3"),
            Err("there is no limit `request`; did you mean `requests`?".to_owned())
        );
        assert_eq!(check("folder = 'x'\n[limits]\nwall = 3"), Ok(()));
    }
}

//! A connection that is described in a file.

use std::collections::BTreeMap;
use std::path::Path;

use innkeeper::spec::AuthMode;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::failure::{Failure, Outcome};
use crate::names::suggestion;
use crate::secrets::{SecretSource, refusal};
use crate::toml_text::mistake;

/// A connection as a file describes it; everything in it is optional. It contains no secret, only where secrets are,
/// so that it can be stored with other configuration.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ConnectionFile {
    pub(super) connector: Option<String>,
    pub(super) id: Option<String>,
    pub(super) title: Option<String>,
    pub(super) auth_type: Option<String>,
    pub(super) auth_mode: Option<AuthMode>,
    pub(super) config: Map<String, Value>,
    pub(super) fields: BTreeMap<String, Value>,
    pub(super) secrets: BTreeMap<String, SecretSource>,
    pub(super) hosts: Option<Vec<String>>,
}

const KEYS: &[&str] = &["connector", "id", "title", "auth_type", "auth_mode", "config", "fields", "secrets", "hosts"];

impl ConnectionFile {
    /// Reads TOML, or JSON if the file name ends in that. Paths of secret files are relative to it.
    pub(super) fn read(path: &Path) -> Outcome<Self> {
        let text = std::fs::read_to_string(path).map_err(|error| Failure::file("read", path, &error))?;
        let wrong =
            |reason: String| Failure::invalid(format!("{} does not describe a connection: {reason}", path.display()));
        let is_json = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"));
        // The parsers' errors quote the text around a mistake, which may be a secret in the wrong place.
        let value: Value = if is_json {
            serde_json::from_str(&text).map_err(|error| wrong(format!("it is not JSON: {error}")))?
        } else {
            toml::from_str(&text).map_err(|error| wrong(format!("it is not TOML: {}", mistake(&text, &error))))?
        };
        let object = value.as_object().ok_or_else(|| wrong("it is not an object".to_owned()))?;
        for key in object.keys() {
            if !KEYS.contains(&key.as_str()) {
                return Err(wrong(format!("there is no key `{key}`{}", suggestion(key, KEYS))));
            }
        }
        if object
            .get("secrets")
            .and_then(Value::as_object)
            .is_some_and(|secrets| secrets.values().any(|s| !s.is_object()))
        {
            return Err(in_the_clear(path));
        }
        let mut file: Self = serde_json::from_value(value).map_err(|error| wrong(without_values(&error)))?;
        let base = path.parent().unwrap_or(Path::new(""));
        for source in file.secrets.values_mut() {
            if let SecretSource::File { file: path } = source {
                *path = base.join(&*path);
            }
        }
        Ok(file)
    }
}

fn in_the_clear(path: &Path) -> Failure {
    let Failure::Reported(report) = refusal() else { return refusal() };
    let message =
        format!("{} contains a secret; it may only say where secrets are, so that it can be shared", path.display());
    Failure::new(report.exit, "secret-in-the-clear", message)
        .hint("write `name = { file = \"path\" }` or `name = { env = \"VARIABLE\" }` under [secrets]")
}

/// The mistake, without the value that serde quotes.
fn without_values(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.split_once(", expected ") {
        Some((_, expected)) => format!("a value in it is not {expected}"),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, text: &str) -> Outcome<ConnectionFile> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        ConnectionFile::read(&path)
    }

    fn message(outcome: Outcome<ConnectionFile>) -> String {
        match outcome.expect_err("refused") {
            Failure::Reported(report) => report.message,
            Failure::ClosedPipe => String::new(),
        }
    }

    #[test]
    fn toml_and_json_say_the_same() {
        let toml = read(
            "c.toml",
            "connector = 'notion'\nauth_mode = 'per-user'\nhosts = ['https://a.example']\n[config]\nsize = 3\n[secrets]\ntoken = { env = 'T' }",
        )
        .expect("a plan");
        let json = read(
            "c.json",
            r#"{"connector":"notion","auth_mode":"per-user","hosts":["https://a.example"],"config":{"size":3},"secrets":{"token":{"env":"T"}}}"#,
        )
        .expect("a plan");
        assert_eq!(format!("{toml:?}"), format!("{json:?}"));
        assert_eq!(toml.auth_mode, Some(AuthMode::PerUser));
    }

    #[test]
    fn a_secret_in_the_clear_is_refused_and_not_repeated() {
        for (name, text) in [
            ("c.toml", "[secrets]\ntoken = 'hunter2'"),
            ("c.json", r#"{"secrets":{"token":"hunter2"}}"#),
            ("c.toml", "[secrets]\ntoken = hunter2"),
            ("c.json", r#"{"secrets":{"token":{"text":"hunter2"}}}"#),
            ("c.toml", "secrets = 'hunter2'"),
        ] {
            let message = message(read(name, text));
            assert!(!message.contains("hunter2"), "{message}");
        }
    }

    #[test]
    fn an_unknown_key_names_the_nearest() {
        assert!(message(read("c.toml", "conector = 'notion'")).contains("did you mean `connector`?"));
    }
}

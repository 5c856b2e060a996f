//! Where secrets come from: a prompt, a file, the environment. Never an argument: other users of the machine can read
//! those, and the shell stores them in its history.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use innkeeper::spec::{FieldKind, FieldSpec};
use secrecy::SecretString;
use serde::Deserialize;

use crate::failure::{Exit, Failure, Outcome};
use crate::parameters::pair;
use crate::prompts;

/// The largest file of a secret, in bytes: secrets of all auth types are smaller.
const LARGEST_FILE: u64 = 64 * 1024;

/// Flags that say where secrets are.
#[derive(Args, Debug, Default)]
pub(crate) struct SecretArguments {
    /// A secret field and the file that holds it; `-` reads standard input
    #[arg(long, value_name = "NAME=FILE", value_parser = pair)]
    secret_file: Vec<(String, String)>,
    /// A secret field and the environment variable that holds it
    #[arg(long, value_name = "NAME=VARIABLE", value_parser = pair)]
    secret_env: Vec<(String, String)>,
    /// A secret field to ask for at the terminal
    #[arg(long, value_name = "NAME")]
    ask_secret: Vec<String>,
    /// Refused: there only to say so without repeating what was given.
    #[arg(long, hide = true, num_args = 0.., allow_hyphen_values = true)]
    secret: Option<Vec<String>>,
}

/// Where one secret is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(
    untagged,
    expecting = "secrets are not allowed here: write `{ file = \"path\" }` or `{ env = \"VARIABLE\" }`, which say where the secret is"
)]
pub(crate) enum SecretSource {
    /// In a file.
    File {
        /// The path of the file.
        file: PathBuf,
    },
    /// In an environment variable.
    Environment {
        /// The name of the variable.
        env: String,
    },
}

impl SecretArguments {
    /// Whether no secret is named.
    pub(crate) fn is_empty(&self) -> bool {
        self.secret_file.is_empty() && self.secret_env.is_empty() && self.ask_secret.is_empty()
    }

    /// Fails if a secret was passed as an argument.
    pub(crate) fn refuse_values(&self) -> Outcome {
        if self.secret.is_some() { Err(refusal()) } else { Ok(()) }
    }

    /// Reads the named secrets: in `sources` (from a file), then in the flags, then at the terminal.
    pub(crate) fn read(
        &self,
        sources: &BTreeMap<String, SecretSource>,
        fields: &[FieldSpec],
    ) -> Outcome<BTreeMap<String, SecretString>> {
        let mut secrets = BTreeMap::new();
        for (name, source) in sources {
            secrets.insert(name.clone(), source.read(name, kind(fields, name))?);
        }
        for (name, path) in &self.secret_file {
            secrets.insert(name.clone(), from_file(Path::new(path), kind(fields, name))?);
        }
        for (name, variable) in &self.secret_env {
            secrets.insert(name.clone(), from_environment(name, variable)?);
        }
        for name in &self.ask_secret {
            let label = fields.iter().find(|field| field.name == *name).map_or(name.as_str(), |field| &field.label);
            secrets.insert(name.clone(), prompts::secret(label, true)?);
        }
        Ok(secrets)
    }
}

impl SecretSource {
    /// The same, with a file's path relative to `folder`.
    pub(crate) fn within(self, folder: &Path) -> Self {
        match self {
            Self::File { file } => Self::File { file: folder.join(file) },
            environment @ Self::Environment { .. } => environment,
        }
    }

    /// A secret of one line.
    pub(crate) fn read_line(&self, name: &str) -> Outcome<SecretString> {
        self.read(name, FieldKind::Secret)
    }

    fn read(&self, name: &str, kind: FieldKind) -> Outcome<SecretString> {
        match self {
            Self::File { file } => from_file(file, kind),
            Self::Environment { env } => from_environment(name, env),
        }
    }
}

/// The error for a secret that was passed as an argument, without repeating it.
pub(crate) fn refusal() -> Failure {
    Failure::new(
        Exit::Usage,
        "secret-as-argument",
        "a secret is never accepted as an argument, because other users of this machine can read it and the shell \
         stores it. Treat the secret that you passed as exposed",
    )
    .hint("use `--ask-secret NAME` to enter it, `--secret-file NAME=FILE` or `--secret-env NAME=VARIABLE`")
}

/// Reads a secret from a file. Editors and `echo` end a file with a line break that is not part of a one-line secret.
pub(crate) fn from_file(path: &Path, kind: FieldKind) -> Outcome<SecretString> {
    use std::io::Read as _;
    let not_read = |error: std::io::Error| Failure::file("read", path, &error);
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        std::io::stdin().lock().take(LARGEST_FILE + 1).read_to_end(&mut bytes).map_err(not_read)?;
    } else {
        let file = std::fs::File::open(path).map_err(not_read)?;
        file.take(LARGEST_FILE + 1).read_to_end(&mut bytes).map_err(not_read)?;
    }
    if bytes.len() as u64 > LARGEST_FILE {
        let message = format!("{} is longer than {LARGEST_FILE} bytes; is this the right file?", path.display());
        return Err(Failure::invalid(message));
    }
    let text = String::from_utf8(bytes)
        .map_err(|_| Failure::invalid(format!("{} is not UTF-8 text; is this the right file?", path.display())))?;
    let text = if kind == FieldKind::Secret { text.trim_end_matches(['\r', '\n']) } else { &text };
    Ok(SecretString::from(text))
}

fn from_environment(name: &str, variable: &str) -> Outcome<SecretString> {
    match std::env::var(variable) {
        Ok(text) => Ok(SecretString::from(text)),
        Err(std::env::VarError::NotPresent) => {
            Err(Failure::usage(format!("the environment variable {variable} for the secret `{name}` is not set")))
        }
        Err(std::env::VarError::NotUnicode(_)) => Err(Failure::usage(format!(
            "the environment variable {variable} for the secret `{name}` is not UTF-8 text"
        ))),
    }
}

fn kind(fields: &[FieldSpec], name: &str) -> FieldKind {
    fields.iter().find(|field| field.name == name).map_or(FieldKind::Secret, |field| field.kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret as _;

    #[test]
    fn the_line_break_at_the_end_of_a_file_is_no_part_of_a_token() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("token");
        std::fs::write(&path, "abc\n").expect("written");
        assert_eq!(from_file(&path, FieldKind::Secret).expect("read").expose_secret(), "abc");
        assert_eq!(from_file(&path, FieldKind::Multiline).expect("read").expose_secret(), "abc\n");
    }

    #[test]
    fn a_missing_variable_is_named() {
        let failure = from_environment("token", "INNKEEPER_TEST_NOT_SET").expect_err("unset");
        let Failure::Reported(report) = failure else { panic!("it is reported") };
        assert!(report.message.contains("INNKEEPER_TEST_NOT_SET"));
    }
}

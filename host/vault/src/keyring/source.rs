//! The places that a keyring is loaded from.

use std::fmt;
use std::io::Read as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use zeroize::Zeroizing;

use super::{Keyring, KeyringError, file};

/// The place of the keyring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyringSource {
    /// A file that only its owner may read.
    File(PathBuf),
    /// The value of an environment variable of this name.
    Environment(String),
    /// The output of a command (program and arguments, no shell), such as a secret manager's client. It must not require input.
    Command(Vec<String>),
}

impl fmt::Display for KeyringSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Environment(name) => write!(f, "environment variable {name}"),
            // Its arguments may contain secrets.
            Self::Command(words) => write!(f, "command {}", words.first().map_or("", String::as_str)),
        }
    }
}

impl Keyring {
    /// Loads the keyring. Blocks while a command runs.
    pub fn load(source: &KeyringSource) -> Result<Self, KeyringError> {
        match source {
            KeyringSource::File(path) => file::load(path),
            KeyringSource::Environment(name) => match std::env::var(name) {
                Ok(text) => Self::parse(&Zeroizing::new(text)),
                Err(std::env::VarError::NotPresent) => Err(KeyringError::Unset(name.clone())),
                Err(std::env::VarError::NotUnicode(_)) => Err(KeyringError::NotText),
            },
            KeyringSource::Command(words) => from_command(words),
        }
    }
}

fn from_command(words: &[String]) -> Result<Keyring, KeyringError> {
    let (program, arguments) = words
        .split_first()
        .ok_or_else(|| KeyringError::Command { program: String::new(), reason: "no program is named".to_owned() })?;
    let failed = |reason: String| KeyringError::Command { program: program.clone(), reason };
    // Its standard error goes to ours, so that its own message reaches the operator.
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| failed(error.to_string()))?;
    let text = match child.stdout.take() {
        Some(output) => read_text(output, |error| failed(error.to_string())),
        None => Err(failed("its output cannot be read".to_owned())),
    };
    if text.is_err() {
        // It may wait for a reader forever; it does not matter if it has already exited.
        let _ = child.kill();
    }
    let status = child.wait().map_err(|error| failed(error.to_string()))?;
    let text = text?;
    if !status.success() {
        return Err(failed(status.to_string()));
    }
    Keyring::parse(&text)
}

/// All of `source`, which is rejected if it is longer than a keyring can be.
pub(super) fn read_text(
    source: impl std::io::Read,
    failed: impl Fn(std::io::Error) -> KeyringError,
) -> Result<Zeroizing<String>, KeyringError> {
    // Allocated once: growing would leave copies of the keys behind.
    let mut bytes = Zeroizing::new(vec![0; LONGEST + 1]);
    let mut length = 0;
    let mut source = source.take(LONGEST as u64 + 1);
    loop {
        match source.read(&mut bytes[length..]) {
            Ok(0) => break,
            Ok(read) => length += read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(failed(error)),
        }
    }
    if length > LONGEST {
        return Err(KeyringError::TooLong(LONGEST as u64));
    }
    let text = std::str::from_utf8(&bytes[..length]).map_err(|_| KeyringError::NotText)?;
    Ok(Zeroizing::new(text.to_owned()))
}

const LONGEST: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;

    #[cfg(unix)]
    #[test]
    fn a_command_prints_the_keyring() {
        let key = base64::engine::general_purpose::STANDARD.encode([3; 32]);
        let command = |script: &str| KeyringSource::Command(vec!["sh".into(), "-c".into(), script.into()]);
        let keyring = Keyring::load(&command(&format!("echo a:{key}"))).expect("a keyring");
        assert_eq!(keyring.first_id(), "a");

        let error = Keyring::load(&command(&format!("echo a:{key}; exit 3"))).expect_err("it failed");
        assert!(error.to_string().contains("exit status: 3") && !error.to_string().contains(&key), "{error}");
        assert!(matches!(Keyring::load(&command("yes")), Err(KeyringError::TooLong(_))));
        assert!(Keyring::load(&KeyringSource::Command(Vec::new())).is_err());
    }

    #[test]
    fn a_variable_that_is_not_set_is_named() {
        let error = Keyring::load(&KeyringSource::Environment("INNKEEPER_TEST_NO_SUCH".to_owned())).expect_err("unset");
        assert!(error.to_string().contains("INNKEEPER_TEST_NO_SUCH"), "{error}");
    }
}

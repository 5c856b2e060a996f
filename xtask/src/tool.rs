//! Other programs, started so that failures can be reported.

use std::{
    env,
    ffi::OsStr,
    path::{Path, PathBuf},
    process::{Command, ExitCode, ExitStatus, Stdio},
};

use crate::failure::Failure;

/// A program to run in a folder.
pub(crate) struct Tool(Command);

impl Tool {
    /// The cargo that runs this command, so that the toolchain stays the same.
    pub(crate) fn cargo(folder: &Path) -> Self {
        Self::named(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()), folder)
    }

    /// Any program of the search path, or at a path. Where `CI` is set nothing is built twice, so cargo keeps no
    /// incremental state there.
    pub(crate) fn named(program: impl AsRef<OsStr>, folder: &Path) -> Self {
        let mut command = Command::new(program);
        command.current_dir(folder);
        if env::var("CI").is_ok_and(|ci| ci == "true" || ci == "1") {
            command.env("CARGO_INCREMENTAL", "0");
        }
        Self(command)
    }

    /// Adds an argument.
    pub(crate) fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.0.arg(argument);
        self
    }

    /// Adds arguments.
    pub(crate) fn args(mut self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.0.args(arguments);
        self
    }

    /// Sets a variable of its environment.
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.0.env(name, value);
        self
    }

    /// Runs it with this terminal; anything but success is a failure.
    pub(crate) fn run(self) -> Result<(), Failure> {
        let command = self.line();
        let status = self.status()?;
        if status.success() { Ok(()) } else { Err(Failure::Ended { command, status }) }
    }

    /// Runs it with this terminal and returns its exit code; a program that a signal ended counts as failed.
    pub(crate) fn exit_code(self) -> Result<ExitCode, Failure> {
        let code = self.status()?.code().and_then(|code| u8::try_from(code).ok());
        Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
    }

    fn status(mut self) -> Result<ExitStatus, Failure> {
        let command = self.line();
        self.0.status().map_err(|source| Failure::Start { command, source })
    }

    /// What it prints, or nothing if it is missing or fails. Its error output is not shown.
    pub(crate) fn answer(mut self) -> Option<String> {
        let output = self.0.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// What it prints; anything but success is a failure. Its error output is shown.
    pub(crate) fn output(mut self) -> Result<String, Failure> {
        let command = self.line();
        let output = self
            .0
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()
            .map_err(|source| Failure::Start { command: command.clone(), source })?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        } else {
            Err(Failure::Ended { command, status: output.status })
        }
    }

    fn line(&self) -> String {
        let program = Path::new(self.0.get_program()).file_name().unwrap_or(self.0.get_program());
        let words = std::iter::once(program).chain(self.0.get_args());
        words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
    }
}

/// Where a program of this name is, looking through the search path.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(program)).find(|candidate| candidate.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_not_there_is_named_in_the_failure() {
        let failure = Tool::named("no-such-program", Path::new(".")).arg("--version").run().expect_err("not there");
        assert!(failure.to_string().starts_with("`no-such-program --version` could not be started"), "{failure}");
        assert_eq!(Tool::named("no-such-program", Path::new(".")).answer(), None);
    }

    #[test]
    fn an_end_with_an_error_is_a_failure_that_shows_the_command_without_its_folder() {
        let sh = find("sh").expect("every system these commands run on has a shell");
        let failure = Tool::named(sh, Path::new(".")).args(["-c", "exit 3"]).run().expect_err("ends with 3");
        assert!(failure.to_string().starts_with("`sh -c exit 3` ended with exit status: 3"), "{failure}");
    }
}

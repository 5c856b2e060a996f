//! Programs that cargo installs, each at the version that this project was tried with.

use std::path::{Path, PathBuf};

use crate::{failure::Failure, step::step, tool::Tool, workspace::Workspace};

/// Rules for dependencies and their known weaknesses.
pub(crate) const CARGO_DENY: CargoTool = CargoTool { name: "cargo-deny", version: "0.20.2" };
/// Finds dependencies that no source names.
pub(crate) const CARGO_MACHETE: CargoTool = CargoTool { name: "cargo-machete", version: "0.9.2" };
/// Builds and runs fuzz targets.
pub(crate) const CARGO_FUZZ: CargoTool = CargoTool { name: "cargo-fuzz", version: "0.13.2" };

/// Such a program.
pub(crate) struct CargoTool {
    name: &'static str,
    version: &'static str,
}

impl CargoTool {
    /// Its path: in the search path if that has this version, otherwise in `target/tools`, where it is installed if
    /// necessary.
    pub(crate) fn ensure(&self, workspace: &Workspace) -> Result<PathBuf, Failure> {
        let folder = workspace.target().join("tools");
        let own = folder.join("bin").join(self.name);
        for candidate in [PathBuf::from(self.name), own.clone()] {
            if self.is_at(&candidate) {
                return Ok(candidate);
            }
        }
        step(&format!("{} {} into target/tools (once; this takes some minutes)", self.name, self.version), || {
            Tool::cargo(workspace.root())
                .args(["install", self.name, "--locked", "--force", "--version", self.version, "--root"])
                .arg(&folder)
                // Its own profile is for those who ship it: it takes three times as long to build and saves a second a run.
                .env("CARGO_PROFILE_RELEASE_LTO", "off")
                .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
                .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
                .run()
        })?;
        if self.is_at(&own) { Ok(own) } else { Err(self.unusable(&own)) }
    }

    fn is_at(&self, program: &Path) -> bool {
        let said = Tool::named(program, Path::new("/")).arg("--version").answer();
        said.is_some_and(|said| self.is_named_in(&said))
    }

    fn is_named_in(&self, said: &str) -> bool {
        // Some say their name before it.
        said.split_whitespace().last() == Some(self.version)
    }

    fn unusable(&self, place: &Path) -> Failure {
        Failure::Missing {
            what: format!("{} was installed, but is not version {} at {}", self.name, self.version, place.display()),
            remedy: format!("cargo install {} --locked --version {}", self.name, self.version),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_version_that_is_named_counts_as_there() {
        for (said, there) in [
            ("cargo-deny 0.20.2", true),
            ("0.20.2", true),
            ("cargo-deny 0.20.1", false),
            ("cargo-deny", false),
            ("", false),
        ] {
            assert_eq!(CARGO_DENY.is_named_in(said), there, "{said}");
        }
        assert!(!CARGO_DENY.is_at(Path::new("/no/such/program")));
    }
}

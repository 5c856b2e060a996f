//! What cargo says of this workspace.

use std::{
    env,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::{failure::Failure, tool::Tool};

/// Whether a build may change `Cargo.lock`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lockfile {
    /// It may: somebody is changing a dependency.
    MayChange,
    /// It may not: what is tested is what was committed.
    Fixed,
}

impl Lockfile {
    /// The arguments for cargo.
    pub(crate) fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::MayChange => &[],
            Self::Fixed => &["--locked"],
        }
    }
}

/// This workspace.
pub(crate) struct Workspace {
    root: PathBuf,
    target: PathBuf,
    guests: Vec<Guest>,
}

/// A package that is built to a component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Guest {
    /// The name of the package, for `-p`.
    pub(crate) package: String,
    /// The name of the library, which is that of the `.wasm` file without its ending.
    pub(crate) library: String,
    /// Whether it is only for the tests.
    pub(crate) fixture: bool,
}

impl Workspace {
    /// Asks cargo about the workspace that these commands belong to.
    pub(crate) fn find() -> Result<Self, Failure> {
        // Cargo says at run time where the package is; what was compiled in is wrong once the folder was moved.
        let package = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        let root = Path::new(&package).parent().expect("xtask lies in a folder of the workspace");
        let metadata =
            Tool::cargo(root).args(["metadata", "--no-deps", "--format-version", "1"]).output().map(|text| {
                serde_json::from_str(&text)
                    .map_err(|error| Failure::Workspace(format!("`cargo metadata` cannot be read: {error}")))
            })??;
        Self::from_metadata(&metadata)
            .ok_or_else(|| Failure::Workspace("`cargo metadata` lacks a field that these commands need".to_owned()))
    }

    fn from_metadata(metadata: &Value) -> Option<Self> {
        let root = PathBuf::from(metadata["workspace_root"].as_str()?);
        let target = PathBuf::from(metadata["target_directory"].as_str()?);
        let packages = metadata["packages"].as_array()?;
        let mut guests: Vec<_> = packages.iter().filter_map(|package| guest(&root.join("plugins"), package)).collect();
        guests.sort_by(|one, other| one.package.cmp(&other.package));
        Some(Self { root, target, guests })
    }

    /// The folder of the workspace.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Where cargo puts what it builds.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// Where built guests are put for everything that loads them.
    pub(crate) fn connectors(&self) -> PathBuf {
        self.target.join("connectors")
    }

    /// Every guest, in the order of their names.
    pub(crate) fn guests(&self) -> &[Guest] {
        &self.guests
    }
}

/// A package below `plugins` with a library of type `cdylib` is a guest.
fn guest(plugins: &Path, package: &Value) -> Option<Guest> {
    let below = Path::new(package["manifest_path"].as_str()?).strip_prefix(plugins).ok()?;
    let library = package["targets"].as_array()?.iter().find(|target| {
        target["crate_types"].as_array().is_some_and(|types| types.iter().any(|kind| kind == "cdylib"))
    })?;
    Some(Guest {
        package: package["name"].as_str()?.to_owned(),
        library: library["name"].as_str()?.replace('-', "_"),
        fixture: below.starts_with("fixtures"),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn guests_are_the_dynamic_libraries_below_plugins() {
        let package = |name: &str, path: &str, kind: &str| {
            json!({
                "name": name,
                "manifest_path": format!("/project/{path}/Cargo.toml"),
                "targets": [{ "name": "build-script-build", "crate_types": ["bin"] }, { "name": name, "crate_types": [kind] }],
            })
        };
        let workspace = Workspace::from_metadata(&json!({
            "workspace_root": "/project",
            "target_directory": "/project/target",
            "packages": [
                package("notion", "plugins/notion", "cdylib"),
                package("echo-guest", "plugins/fixtures/echo", "cdylib"),
                package("shared", "plugins/shared", "lib"),
                package("elsewhere", "host/elsewhere", "cdylib"),
            ],
        }))
        .expect("complete metadata");

        let guest = |package: &str, library: &str, fixture| Guest {
            package: package.to_owned(),
            library: library.to_owned(),
            fixture,
        };
        assert_eq!(workspace.guests(), [guest("echo-guest", "echo_guest", true), guest("notion", "notion", false)]);
        assert_eq!(workspace.connectors(), Path::new("/project/target/connectors"));
    }
}

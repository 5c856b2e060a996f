//! Audit of the dependencies: by `deny.toml`, and for unused ones.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use crate::{
    cargo_tool::{CARGO_DENY, CARGO_MACHETE},
    failure::Failure,
    step::{report, step},
    tool::Tool,
    workspace::Workspace,
};

/// Unused dependencies; licences, sources and bans; yanked versions; and known vulnerabilities.
pub(crate) fn audit(workspace: &Workspace) -> Result<(), Failure> {
    let machete = CARGO_MACHETE.ensure(workspace)?;
    step("no unused dependencies (cargo-machete)", || {
        Tool::named(&machete, workspace.root()).arg("--skip-target-dir").run()
    })?;
    let deny = Deny { program: CARGO_DENY.ensure(workspace)?, workspace };
    step("dependency rules (deny.toml)", || {
        let check = deny.tool().args(["--locked", "check", "--hide-inclusion-graph", "--allow", "duplicate"]);
        check.args(["licenses", "bans", "sources"]).run()
    })?;
    step("withdrawn versions of dependencies", || deny.withdrawn())?;
    deny.advisories()
}

struct Deny<'w> {
    program: PathBuf,
    workspace: &'w Workspace,
}

impl Deny<'_> {
    fn tool(&self) -> Tool {
        Tool::named(&self.program, self.workspace.root())
    }

    /// The advisories of the database. They change daily. If there is no database and none can be fetched, this is
    /// reported and skipped, because a network is not required.
    fn advisories(&self) -> Result<(), Failure> {
        let fetched = self.tool().args(["fetch", "db"]).answer().is_some();
        if !fetched && !has_database(&databases()) {
            report(
                "==> ADVISORIES WERE NOT CHECKED: the RustSec database is missing and cannot be fetched. With a \
                 network, run `cargo xtask lint`: it fetches https://github.com/RustSec/advisory-db and keeps a copy",
            );
            return Ok(());
        }
        let when = if fetched { "fetched just now" } else { "the last copy, because it cannot be fetched now" };
        step(&format!("advisories (the RustSec database, {when})"), || {
            let tool = if fetched { self.tool() } else { self.tool().arg("--offline") };
            tool.args(["--locked", "check", "--hide-inclusion-graph", "advisories"]).run()
        })
    }

    /// Versions that their authors withdrew ("yanked"), by the registry's own index. cargo-deny looks for them together
    /// with advisories, so it gets an empty database: the real one may be unreachable while the registry is not.
    fn withdrawn(&self) -> Result<(), Failure> {
        let folder = self.workspace.target().join("tools/no-advisories");
        let source = folder.join("source");
        let configuration = folder.join("deny.toml");
        write(&source.join("crates/no-such-crate/RUSTSEC-1970-0001.md"), NO_ADVISORY)?;
        write(&configuration, &configuration_of(&folder))?;
        // What an earlier run fetched: it may be of another text.
        let _ = fs::remove_dir_all(folder.join("databases"));
        let git = || {
            let git = Tool::named("git", &source).env("GIT_CONFIG_GLOBAL", "/dev/null");
            git.args(["-c", "user.name=innkeeper", "-c", "user.email=innkeeper@localhost"])
        };
        git().args(["init", "--quiet", "--initial-branch=main"]).run()?;
        git().args(["add", "--all"]).run()?;
        git().args(["commit", "--quiet", "--allow-empty", "--message", "No advisories"]).run()?;
        self.tool()
            .args(["--locked", "--config"])
            .arg(&configuration)
            .args(["check", "--hide-inclusion-graph", "advisories"])
            // cargo-deny takes no database from a folder.
            .env("GIT_CONFIG_COUNT", "1")
            .env("GIT_CONFIG_KEY_0", format!("url.file://{}.insteadOf", source.display()))
            .env("GIT_CONFIG_VALUE_0", NO_DATABASE)
            .run()
    }
}

/// The address of the empty database. Nothing is ever there.
const NO_DATABASE: &str = "https://advisories.invalid/none";

const NO_ADVISORY: &str = "\
```toml
[advisory]
id = \"RUSTSEC-1970-0001\"
package = \"no-such-crate\"
date = \"1970-01-01\"

[versions]
patched = []
```

# Nothing

A database must hold an advisory. This one is about no crate.
";

fn configuration_of(folder: &Path) -> String {
    let databases = folder.join("databases").display().to_string();
    format!(
        "[graph]\nall-features = true\n\n[advisories]\nversion = 2\nyanked = \"deny\"\ndb-path = {databases:?}\n\
         db-urls = [{NO_DATABASE:?}]\n"
    )
}

/// Where cargo-deny keeps its databases.
fn databases() -> PathBuf {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| env::var_os("HOME").map(|home| Path::new(&home).join(".cargo")));
    home.unwrap_or_default().join("advisory-dbs")
}

fn has_database(databases: &Path) -> bool {
    let entries = fs::read_dir(databases).into_iter().flatten().flatten();
    entries.map(|entry| entry.path().join("crates")).any(|crates| crates.is_dir())
}

fn write(file: &Path, text: &str) -> Result<(), Failure> {
    let folder = file.parent().expect("a file lies in a folder");
    let failed = |what, path: &Path| {
        let path = path.to_owned();
        move |source| Failure::File { what, path, source }
    };
    fs::create_dir_all(folder).map_err(failed("create the folder", folder))?;
    fs::write(file, text).map_err(failed("write", file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_there_when_its_advisories_are() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(!has_database(&folder.path().join("missing")));
        fs::create_dir(folder.path().join("db.lock")).expect("created");
        assert!(!has_database(folder.path()));
        fs::create_dir_all(folder.path().join("advisory-db-1/crates")).expect("created");
        assert!(has_database(folder.path()));
    }
}

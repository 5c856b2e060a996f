//! Checks of the code itself: format, lints, documentation, dependencies.

use std::path::Path;

use crate::{
    failure::Failure,
    step::{report, step},
    tool::Tool,
    workspace::{Lockfile, Workspace},
};

/// Formats all code.
pub(crate) fn format(workspace: &Workspace) -> Result<(), Failure> {
    step("format", || cargo(workspace).args(["fmt", "--all"]).run())
}

/// Fails when some code is not formatted.
pub(crate) fn formatted(workspace: &Workspace) -> Result<(), Failure> {
    step("format is kept (else: cargo xtask fmt)", || cargo(workspace).args(["fmt", "--all", "--check"]).run())
}

/// Clippy and the dependency rules.
pub(crate) fn lint(workspace: &Workspace) -> Result<(), Failure> {
    clippy(workspace, Lockfile::MayChange)?;
    dependencies(workspace)?;
    advisories(workspace)
}

/// Clippy over all targets, guests included: they compile for this machine too.
pub(crate) fn clippy(workspace: &Workspace, lockfile: Lockfile) -> Result<(), Failure> {
    step("clippy", || {
        let clippy = cargo(workspace).args(["clippy", "--workspace", "--all-targets"]).args(lockfile.arguments());
        clippy.args(["--", "-D", "warnings"]).run()
    })
}

/// The documentation builds, and all its links lead somewhere.
pub(crate) fn documentation(workspace: &Workspace) -> Result<(), Failure> {
    step("documentation", || {
        cargo(workspace).args(["doc", "--workspace", "--no-deps", "--locked"]).env("RUSTDOCFLAGS", "-D warnings").run()
    })
}

/// Licences, sources and duplicates of the dependencies, by `deny.toml`.
pub(crate) fn dependencies(workspace: &Workspace) -> Result<(), Failure> {
    if !has_cargo_deny() {
        report(
            "==> dependency rules: left out, because cargo-deny is not installed (`cargo install cargo-deny --locked`); \
             they are not part of the tests",
        );
        return Ok(());
    }
    step("dependency rules (deny.toml)", || {
        let deny = cargo(workspace).args(["deny", "check", "--hide-inclusion-graph", "--allow", "duplicate"]);
        deny.args(["licenses", "bans", "sources"]).run()
    })
}

/// Known weaknesses of the dependencies. What is known changes with the day, so this is no part of the tests.
fn advisories(workspace: &Workspace) -> Result<(), Failure> {
    if !has_cargo_deny() {
        return Ok(());
    }
    if cargo(workspace).args(["deny", "fetch", "db"]).run().is_err() {
        report("==> advisories: left out, because their database cannot be fetched (see above)");
        return Ok(());
    }
    step("advisories", || cargo(workspace).args(["deny", "check", "--disable-fetch", "advisories"]).run())
}

fn has_cargo_deny() -> bool {
    Tool::named("cargo-deny", Path::new("/")).arg("--version").answer().is_some()
}

fn cargo(workspace: &Workspace) -> Tool {
    Tool::cargo(workspace.root())
}

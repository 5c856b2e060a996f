//! Checks of the code itself: format, lints, documentation.

use crate::{
    dependencies,
    failure::Failure,
    step::step,
    tool::Tool,
    workspace::{Lockfile, Workspace},
};

/// Formats all code.
pub(crate) fn format(workspace: &Workspace) -> Result<(), Failure> {
    step("format", || cargo(workspace).args(["fmt", "--all"]).run())
}

/// Fails when some code is not formatted.
pub(crate) fn formatted(workspace: &Workspace) -> Result<(), Failure> {
    step("the code is formatted (if not: cargo xtask fmt)", || cargo(workspace).args(["fmt", "--all", "--check"]).run())
}

/// Clippy and the audit of the dependencies.
pub(crate) fn lint(workspace: &Workspace) -> Result<(), Failure> {
    clippy(workspace, Lockfile::MayChange)?;
    dependencies::audit(workspace)
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

fn cargo(workspace: &Workspace) -> Tool {
    Tool::cargo(workspace.root())
}

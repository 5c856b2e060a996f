//! A connector at work, from a fresh clone.

use std::process::ExitCode;

use crate::{
    failure::Failure,
    guests,
    step::{report, step},
    tool::Tool,
    toolchain,
    workspace::{Lockfile, Workspace},
};

/// Builds the connectors and the command line, then runs `innkeeper demo` in this terminal and ends as it does.
pub(crate) fn run(workspace: &Workspace, headless: bool, ears: bool) -> Result<ExitCode, Failure> {
    toolchain::ensure_wasm_target(workspace)?;
    guests::build_shipped(workspace, Lockfile::MayChange)?;
    step("the command line `innkeeper`", || {
        Tool::cargo(workspace.root()).args(["build", "-p", "innkeeper-cli"]).run()
    })?;
    report("==> innkeeper demo");
    let program = workspace.target().join("debug").join(format!("innkeeper{}", std::env::consts::EXE_SUFFIX));
    let demo = Tool::named(program, workspace.root()).args(["demo", "--connectors"]).arg(workspace.connectors());
    demo.args(headless.then_some("--headless")).args(ears.then_some("--ears")).exit_code()
}

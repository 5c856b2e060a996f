//! Measurements, side by side with the same work outside of a sandbox.

use std::process::ExitCode;

use crate::{
    failure::Failure,
    guests,
    step::{report, step},
    tool::Tool,
    toolchain,
    workspace::{Lockfile, Workspace},
};

/// Builds the guests and the benchmark in release, runs it in this terminal and ends as it does.
pub(crate) fn run(workspace: &Workspace, json: bool, rest: &[String]) -> Result<ExitCode, Failure> {
    toolchain::ensure_wasm_target(workspace)?;
    guests::build_all(workspace, Lockfile::MayChange)?;
    step("the benchmark, in release", || {
        Tool::cargo(workspace.root()).args(["build", "--release", "-p", "innkeeper-bench"]).run()
    })?;
    report("==> innkeeper-bench");
    let program = workspace.target().join("release").join(format!("innkeeper-bench{}", std::env::consts::EXE_SUFFIX));
    Tool::named(program, workspace.root())
        .args(json.then_some("--json"))
        .args(rest)
        .env("INNKEEPER_CONNECTORS", workspace.connectors())
        .exit_code()
}

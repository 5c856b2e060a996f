//! All that has to pass before a change goes in.

use crate::{
    checks, chromium, dependencies,
    failure::Failure,
    guests, npm,
    step::{Stopwatch, result, step},
    tool::Tool,
    toolchain,
    workspace::{Lockfile, Workspace},
};

/// Runs every check and test, the quick ones first, and ends with `tests: ok`.
pub(crate) fn run(workspace: &Workspace) -> Result<(), Failure> {
    let watch = Stopwatch::start();
    checks::formatted(workspace)?;
    toolchain::ensure_wasm_target(workspace)?;
    npm::ensure_test_server(workspace)?;
    let browser = chromium::ensure()?;
    guests::build_all(workspace, Lockfile::Fixed)?;
    checks::clippy(workspace, Lockfile::Fixed)?;
    step("tests", || {
        Tool::cargo(workspace.root())
            .args(["test", "--workspace", "--locked"])
            .env("INNKEEPER_CONNECTORS", workspace.connectors())
            .env(chromium::VARIABLE, &browser)
            .run()
    })?;
    checks::documentation(workspace)?;
    dependencies::audit(workspace)?;
    result(&format!("everything took {watch}\ntests: ok"));
    Ok(())
}

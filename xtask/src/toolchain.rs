//! The compiler's target for guests.

use std::path::Path;

use crate::{failure::Failure, step::step, tool::Tool, workspace::Workspace};

/// What guests are compiled for.
pub(crate) const WASM_TARGET: &str = "wasm32-wasip2";

/// Makes sure that the target is there; if not, rustup adds it.
pub(crate) fn ensure_wasm_target(workspace: &Workspace) -> Result<(), Failure> {
    step(&format!("the target {WASM_TARGET} of the toolchain"), || {
        if installed(workspace.root()) {
            return Ok(());
        }
        if Tool::named("rustup", workspace.root()).arg("--version").answer().is_none() {
            return Err(Failure::Missing {
                what: format!(
                    "the compiler cannot build for {WASM_TARGET}, and rustup, which could add the target, is not installed"
                ),
                remedy: format!(
                    "rustup (https://rustup.rs), or the standard library for {WASM_TARGET} of the compiler that \
                     rust-toolchain.toml names, in the folder that `rustc --print sysroot` prints"
                ),
            });
        }
        Tool::named("rustup", workspace.root()).args(["target", "add", WASM_TARGET]).run()
    })
}

fn installed(root: &Path) -> bool {
    let by_rustup = Tool::named("rustup", root)
        .args(["target", "list", "--installed"])
        .answer()
        .is_some_and(|targets| targets.lines().any(|target| target.trim() == WASM_TARGET));
    by_rustup
        || Tool::named("rustc", root)
            .args(["--print", "sysroot"])
            .answer()
            .is_some_and(|sysroot| Path::new(&sysroot).join("lib/rustlib").join(WASM_TARGET).join("lib").is_dir())
}

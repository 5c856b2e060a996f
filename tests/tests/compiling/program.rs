//! Programs in the compiler's place.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use innkeeper::Compiler;
use tempfile::TempDir;

/// The compiler itself, as a script calls it.
pub(crate) const REAL: &str = concat!(env!("CARGO_BIN_EXE_innkeeper-test-compiler"), " innkeeper-compile-component");
/// Bytes of the compiler's greeting.
pub(crate) const GREETING: usize = 72;

/// A program of a shell's commands.
pub(crate) struct Script {
    folder: TempDir,
}

pub(crate) fn script(commands: &str) -> Script {
    let folder = tempfile::tempdir().expect("a folder");
    // Another process writes it: a file that this one has open for writing may be inherited by a test beside, and is not run then.
    let mut install = Command::new("install")
        .args(["-m", "755", "/dev/stdin"])
        .arg(folder.path().join("program"))
        .stdin(Stdio::piped())
        .spawn()
        .expect("there is `install`");
    let text = format!("#!/bin/sh\n{commands}\n");
    install.stdin.take().expect("it is piped").write_all(text.as_bytes()).expect("it is written");
    assert!(install.wait().expect("it ends").success());
    Script { folder }
}

/// Greets as the compiler does, and then does something else.
pub(crate) fn greeting(then: &str) -> Script {
    script(&format!("{REAL} </dev/null 2>/dev/null | head -c {GREETING}\n{then}"))
}

impl Script {
    pub(crate) fn compiler(&self) -> Compiler {
        Compiler::program(self.folder.path().join("program"))
    }

    /// A file that the script may write.
    pub(crate) fn marker() -> (TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("marker");
        (folder, path)
    }
}

/// The process that wrote its id there.
pub(crate) async fn process_of(marker: &Path) -> u32 {
    loop {
        let text = std::fs::read_to_string(marker).unwrap_or_default();
        if let Some(id) = text.strip_suffix('\n') {
            return id.parse().expect("an id");
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Waits until a process is gone, or dead and only not yet waited for.
pub(crate) async fn gone(process: u32) {
    while let Ok(status) = std::fs::read_to_string(format!("/proc/{process}/stat"))
        && !status.contains(") Z ")
    {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

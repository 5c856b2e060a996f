//! Connectors and test guests, compiled to components.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::{
    failure::Failure,
    step::{report, step},
    tool::Tool,
    toolchain::WASM_TARGET,
    workspace::{Guest, Lockfile, Workspace},
};

/// The build profile of guests, which is also the name of its output folder.
const PROFILE: &str = "guest";

/// Builds every guest into `target/connectors`, named like its library: `google_drive.wasm`.
pub(crate) fn build_all(workspace: &Workspace, lockfile: Lockfile) -> Result<(), Failure> {
    build(workspace, &workspace.guests().iter().collect::<Vec<_>>(), lockfile)
}

/// Builds the connectors that are shipped, without those that only tests load.
pub(crate) fn build_shipped(workspace: &Workspace, lockfile: Lockfile) -> Result<(), Failure> {
    build(workspace, &workspace.guests().iter().filter(|guest| !guest.fixture).collect::<Vec<_>>(), lockfile)
}

fn build(workspace: &Workspace, guests: &[&Guest], lockfile: Lockfile) -> Result<(), Failure> {
    if guests.is_empty() {
        return Err(Failure::Workspace("there is no package with a cdylib below plugins/".to_owned()));
    }
    step(&format!("guests for {WASM_TARGET} ({})", guests.len()), || {
        Tool::cargo(workspace.root())
            .args(["build", "--profile", PROFILE, "--target", WASM_TARGET])
            .args(lockfile.arguments())
            .args(guests.iter().flat_map(|guest| ["-p", guest.package.as_str()]))
            .run()?;
        let built = workspace.target().join(WASM_TARGET).join(PROFILE);
        let connectors = workspace.connectors();
        fs::create_dir_all(&connectors).map_err(failed("create the folder", &connectors))?;
        for guest in guests {
            let file = format!("{}.wasm", guest.library);
            if put(&built.join(&file), &connectors.join(&file))? {
                report(&format!("    new: {}", connectors.join(&file).display()));
            }
        }
        Ok(())
    })
}

/// Copies the file unless the same bytes are there, and returns whether it did. Whoever loads it meanwhile sees the old
/// file or the new one, never a part.
fn put(from: &Path, to: &Path) -> Result<bool, Failure> {
    let bytes = fs::read(from).map_err(failed("read", from))?;
    match fs::read(to) {
        Ok(present) if present == bytes => return Ok(false),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed("read", to)(error)),
    }
    let mut part = to.to_owned().into_os_string();
    part.push(format!(".{}.part", std::process::id()));
    let part = PathBuf::from(part);
    fs::write(&part, bytes).map_err(failed("write", &part))?;
    fs::rename(&part, to).map_err(failed("replace", to))?;
    Ok(true)
}

fn failed(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Failure {
    let path = path.to_owned();
    move |source| Failure::File { what, path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guest_is_copied_only_when_it_changed() {
        let folder = tempfile::tempdir().expect("a folder");
        let (from, to) = (folder.path().join("built.wasm"), folder.path().join("connector.wasm"));
        fs::write(&from, "first").expect("written");
        assert!(put(&from, &to).expect("copied"));
        assert!(!put(&from, &to).expect("compared"));
        fs::write(&from, "second").expect("written");
        assert!(put(&from, &to).expect("copied"));
        assert_eq!(fs::read(&to).expect("read"), b"second");
        assert_eq!(fs::read_dir(folder.path()).expect("listed").count(), 2);
    }

    #[test]
    fn a_guest_that_was_not_built_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let failure = put(&folder.path().join("missing.wasm"), &folder.path().join("to.wasm")).expect_err("not there");
        assert!(failure.to_string().contains("missing.wasm"), "{failure}");
    }
}

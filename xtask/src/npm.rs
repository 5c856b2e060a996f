//! The packages of the authorization server that the end-to-end tests run against.

use std::{fs, path::Path, time::SystemTime};

use crate::{failure::Failure, step::step, tool::Tool, workspace::Workspace};

/// The oldest Node.js that runs the server.
const OLDEST_NODE: u32 = 20;

/// Checks Node.js and npm, and installs the packages unless those of the lock file are there.
pub(crate) fn ensure_test_server(workspace: &Workspace) -> Result<(), Failure> {
    step("the authorization server of the tests (tests/oidc)", || {
        let folder = workspace.root().join("tests/oidc");
        ensure_node(&folder)?;
        if is_current(&folder) {
            return Ok(());
        }
        if Tool::named("npm", &folder).arg("--version").answer().is_none() {
            return Err(missing("npm, which installs the server's packages, is not installed".to_owned()));
        }
        Tool::named("npm", &folder).args(["ci", "--no-audit", "--no-fund"]).run()
    })
}

fn ensure_node(folder: &Path) -> Result<(), Failure> {
    let Some(version) = Tool::named("node", folder).arg("--version").answer() else {
        return Err(missing("Node.js, which runs the server, is not installed".to_owned()));
    };
    match major(&version) {
        Some(major) if major >= OLDEST_NODE => Ok(()),
        _ => Err(missing(format!("Node.js is {version}, but the server requires {OLDEST_NODE} or newer"))),
    }
}

fn missing(what: String) -> Failure {
    let remedy = format!("Node.js {OLDEST_NODE} or newer with npm, from https://nodejs.org or your system's packages");
    Failure::Missing { what, remedy }
}

fn major(version: &str) -> Option<u32> {
    version.strip_prefix('v')?.split('.').next()?.parse().ok()
}

/// npm writes the hidden lock file last, so it is newer than the lock file when the installation was completed.
fn is_current(folder: &Path) -> bool {
    match (modified(&folder.join("node_modules/.package-lock.json")), modified(&folder.join("package-lock.json"))) {
        (Some(installed), Some(wanted)) => installed >= wanted,
        _ => false,
    }
}

fn modified(file: &Path) -> Option<SystemTime> {
    fs::metadata(file).ok()?.modified().ok()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_major_version_is_read() {
        assert_eq!(major("v20.20.2"), Some(20));
        assert_eq!(major("20"), None);
    }

    #[test]
    fn packages_older_than_the_lock_file_are_not_current() {
        let folder = tempfile::tempdir().expect("a folder");
        let (lock, installed) =
            (folder.path().join("package-lock.json"), folder.path().join("node_modules/.package-lock.json"));
        fs::create_dir(folder.path().join("node_modules")).expect("created");
        fs::write(&lock, "{}").expect("written");
        assert!(!is_current(folder.path()));

        fs::write(&installed, "{}").expect("written");
        assert!(is_current(folder.path()));

        let later = modified(&installed).expect("a time") + Duration::from_mins(1);
        fs::File::options().write(true).open(&lock).expect("opened").set_modified(later).expect("set");
        assert!(!is_current(folder.path()));
    }
}

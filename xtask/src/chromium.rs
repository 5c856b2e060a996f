//! The browser that tests of pages run in.

use std::{
    env,
    path::{Path, PathBuf},
};

use crate::{
    failure::Failure,
    step::step,
    tool::{Tool, find},
};

/// Names another browser of the Chromium family; also how the tests learn which one to use.
pub(crate) const VARIABLE: &str = "INNKEEPER_CHROMIUM";

const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// Finds the browser, or installs Debian's when this runs as root on Debian.
pub(crate) fn ensure() -> Result<PathBuf, Failure> {
    step("a Chromium browser", || {
        if let Some(named) = env::var_os(VARIABLE) {
            let named = PathBuf::from(named);
            return if works(&named) {
                Ok(named)
            } else {
                Err(missing(&format!("{VARIABLE} names {}, which does not run", named.display())))
            };
        }
        if let Some(found) = present() {
            return Ok(found);
        }
        if !(is_root() && is_debian()) {
            return Err(missing("there is no Chromium in the search path"));
        }
        install()?;
        present().ok_or_else(|| missing("the package chromium was installed, but no Chromium runs"))
    })
}

fn present() -> Option<PathBuf> {
    NAMES.iter().filter_map(|name| find(name)).find(|candidate| works(candidate))
}

fn works(browser: &Path) -> bool {
    Tool::named(browser, Path::new("/")).arg("--version").answer().is_some()
}

fn is_root() -> bool {
    Tool::named("id", Path::new("/")).arg("-u").answer().as_deref() == Some("0")
}

fn is_debian() -> bool {
    Path::new("/etc/debian_version").exists() && find("apt-get").is_some()
}

fn install() -> Result<(), Failure> {
    let apt = || Tool::named("apt-get", Path::new("/")).env("DEBIAN_FRONTEND", "noninteractive");
    apt().args(["update", "-qq"]).run()?;
    apt().args(["install", "-y", "-qq", "--no-install-recommends", "chromium"]).run()
}

fn missing(what: &str) -> Failure {
    Failure::Missing {
        what: what.to_owned(),
        remedy: format!(
            "the package chromium of your system, or set {VARIABLE} to the path of another Chromium or Chrome"
        ),
    }
}

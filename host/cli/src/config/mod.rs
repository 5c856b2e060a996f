//! How the command is set up: from files, the environment and flags, the later ones stronger.

mod file;
mod limits;
mod settings;

pub(crate) use file::KeyringText;
pub(crate) use settings::{Globals, Settings};

//! How the command is set up: from files, the environment and flags, the later ones stronger.

mod compile_limits;
mod file;
mod limits;
mod settings;

pub(crate) use file::KeyringText;
pub(crate) use settings::{Globals, Settings};

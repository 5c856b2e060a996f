//! The configuration of the command: files, the environment and flags, in ascending precedence.

mod file;
mod limits;
mod settings;

pub(crate) use file::KeyringText;
pub(crate) use settings::{Globals, Settings};

//! Why a command failed, for the person who has to act on it.

use std::{io, path::PathBuf, process::ExitStatus};

/// What was to be done, what is wrong, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// A program is missing, or one that is too old.
    #[error("{what}\nto install: {remedy}")]
    Missing {
        /// What is not there.
        what: String,
        /// How to get it.
        remedy: String,
    },
    /// A program could not be started.
    #[error("`{command}` could not be started: {source}")]
    Start {
        /// The command line.
        command: String,
        /// The system's reason.
        source: io::Error,
    },
    /// A program ended with an error, which it has printed itself.
    #[error("`{command}` ended with {status}; its own message is above")]
    Ended {
        /// The command line.
        command: String,
        /// How it ended.
        status: ExitStatus,
    },
    /// A file could not be read or written.
    #[error("cannot {what} {path}: {source}", path = .path.display())]
    File {
        /// The attempt, as a verb.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The workspace is not as these commands need it.
    #[error("{0}")]
    Workspace(String),
}

//! `innkeeper connection ...`

mod approval;
mod check;
mod create;
mod delete;
mod edit;
mod file;
mod form;
mod list;
mod show;

use clap::Subcommand;

use super::Context;
use crate::failure::Outcome;

/// What can be done with connections.
#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Create a connection: interactively, from a file, or with flags
    Create(Box<create::Arguments>),
    /// List the connections of the space
    List,
    /// Show a connection; never its secrets
    Show(show::Arguments),
    /// Change a connection; only what is named changes
    Edit(Box<edit::Arguments>),
    /// Test a connection with the connector's own check
    Check(check::Arguments),
    /// Delete a connection and its grants, which are revoked at the provider
    Delete(delete::Arguments),
}

impl Command {
    pub(super) async fn run(self, context: &Context) -> Outcome {
        match self {
            Self::Create(arguments) => create::run(*arguments, context).await,
            Self::List => list::run(context).await,
            Self::Show(arguments) => show::run(arguments, context).await,
            Self::Edit(arguments) => edit::run(*arguments, context).await,
            Self::Check(arguments) => check::run(arguments, context).await,
            Self::Delete(arguments) => delete::run(arguments, context).await,
        }
    }
}

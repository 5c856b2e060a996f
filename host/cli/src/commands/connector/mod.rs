//! `innkeeper connector ...`

mod add;
mod component;
mod describe;
mod inspect;
mod list;
mod remove;

use clap::Subcommand;
pub(super) use describe::with_warning;

use super::Context;
use crate::failure::Outcome;

/// What can be done with connectors.
#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Vet connectors and add them; a connector with the same id is replaced
    Add(add::Arguments),
    /// Show a connector's spec, without adding it
    Inspect(inspect::Arguments),
    /// List the connectors
    List,
    /// Remove a connector that no connection uses
    Remove(remove::Arguments),
}

impl Command {
    pub(super) async fn run(self, context: &Context) -> Outcome {
        match self {
            Self::Add(arguments) => add::run(arguments, context).await,
            Self::Inspect(arguments) => inspect::run(arguments, context).await,
            Self::List => list::run(context).await,
            Self::Remove(arguments) => remove::run(arguments, context).await,
        }
    }
}

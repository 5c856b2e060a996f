//! The commands, one file for each.

mod audit;
mod authorize;
mod call;
mod completion;
mod config;
mod connection;
mod connector;
mod demo;
mod disconnect;
mod ears;
mod keys;
mod practice;
mod serve;
mod status;

use clap::Subcommand;
use innkeeper::{ErrorKind, Innkeeper, Page, Paged};

use crate::config::Settings;
use crate::failure::{Failure, Outcome};
use crate::output::Output;

/// The context of every command.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) settings: Settings,
    pub(crate) output: Output,
}

impl Context {
    /// Opens the host, works with it, and waits until its audit records are durable, even if the work failed.
    async fn with_host<T>(&self, work: impl AsyncFnOnce(&Innkeeper) -> Outcome<T>) -> Outcome<T> {
        let host = self.settings.open().await?;
        let mut outcome = work(&host).await;
        if let Err(failure) = &mut outcome {
            self.name_what_there_is(&host, failure).await;
        }
        let closed = host.close().await;
        let value = outcome?;
        closed?;
        Ok(value)
    }

    /// If the connection or connector does not exist: lists the ones that do. The host does not reveal the ids of
    /// others, but the user of this command may read its store.
    async fn name_what_there_is(&self, host: &Innkeeper, failure: &mut Failure) {
        let Failure::Reported(report) = failure else { return };
        let page = Page::first(MOST_NAMES);
        let (names, more) = if report.kind == ErrorKind::UnknownConnection.as_str() {
            let Ok(Paged { items, next }) = host.connections(&self.settings.space, &page).await else { return };
            (items.iter().map(|connection| connection.id.to_string()).collect::<Vec<_>>(), next.is_some())
        } else if report.kind == ErrorKind::UnknownConnector.as_str() {
            let Ok(Paged { items, next }) = host.connectors(&page).await else { return };
            (items.iter().map(|connector| connector.id.to_string()).collect(), next.is_some())
        } else {
            return;
        };
        if !names.is_empty() {
            let more = if more { " and more" } else { "" };
            report.hint = Some(format!("there is {}{more}", names.join(", ")));
        }
    }
}

/// Names that are listed in an error.
const MOST_NAMES: usize = 20;

/// What can be done.
#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Add, inspect, list and remove connectors
    #[command(subcommand)]
    Connector(connector::Command),
    /// Create, list, show, change, check and delete connections
    #[command(subcommand)]
    Connection(connection::Command),
    /// Authorize a connection in the browser
    Authorize(authorize::Arguments),
    /// Call an action of a connection
    Call(call::Arguments),
    /// Run the pages on which users authorize connections, on 127.0.0.1
    Serve(serve::Arguments),
    /// Show the status of a connection's authorization
    Status(status::Arguments),
    /// Delete a connection's grant, and revoke it at the provider
    Disconnect(disconnect::Arguments),
    /// Show the audit trail, newest first
    Audit(audit::Arguments),
    /// List and rotate the keys that secrets are sealed under
    #[command(subcommand)]
    Keys(keys::Command),
    /// Run an auth redirect service, which owns the OAuth clients of providers for hosts that have none
    #[command(subcommand)]
    Ears(ears::Command),
    /// Run an authorization server and a small Drive-like API to practise with
    Practice(practice::Arguments),
    /// Run a connector with a token that it never sees
    Demo(demo::Arguments),
    /// Print a completion script for a shell
    Completion(completion::Arguments),
    /// Show the command's configuration
    #[command(subcommand)]
    Config(config::Command),
}

impl Command {
    /// Runs it.
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        match self {
            Self::Connector(command) => command.run(context).await,
            Self::Connection(command) => command.run(context).await,
            Self::Authorize(arguments) => authorize::run(arguments, context).await,
            Self::Call(arguments) => call::run(arguments, context).await,
            Self::Serve(arguments) => serve::run(arguments, context).await,
            Self::Status(arguments) => status::run(arguments, context).await,
            Self::Disconnect(arguments) => disconnect::run(arguments, context).await,
            Self::Audit(arguments) => audit::run(arguments, context).await,
            Self::Keys(command) => command.run(context).await,
            Self::Ears(command) => ears::run(command, context).await,
            Self::Practice(arguments) => practice::run(arguments, context).await,
            Self::Demo(arguments) => demo::run(arguments, context).await,
            Self::Completion(arguments) => completion::run(&arguments, context),
            Self::Config(command) => command.run(context),
        }
    }
}

//! `innkeeper connection show ID`

use clap::Args;
use innkeeper::shown::OneLine;
use innkeeper::{ConnectionId, ConnectionView};

use crate::commands::Context;
use crate::commands::connector::with_warning;
use crate::failure::Outcome;
use crate::output::Output;
use crate::time::moment;

/// The longest value that is shown, in characters.
const LONGEST: usize = 4096;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Which connection
    id: ConnectionId,
}

pub(super) async fn run(arguments: Arguments, context: &Context) -> Outcome {
    let space = &context.settings.space;
    let view = context.with_host(async |host| Ok(host.connection(space, &arguments.id).await?)).await?;
    if context.output.is_json() {
        return context.output.json(&view);
    }
    context.output.heading(format!("{}: {}", view.id, OneLine::new(&view.title)))?;
    details(&view, context.output)
}

/// Everything of a connection that is not secret, one line each.
pub(super) fn details(view: &ConnectionView, output: Output) -> Outcome {
    let line = |name: &str, value: &str| output.line(format!("  {name:<10}  {}", OneLine::new(value).at_most(LONGEST)));
    line("connector", view.connector.as_str())?;
    line("auth", &format!("{} ({})", view.auth_type, view.auth_mode))?;
    let config = view.config.as_object().into_iter().flatten();
    for (index, (name, value)) in config.enumerate() {
        line(if index == 0 { "config" } else { "" }, &format!("{name} = {value}"))?;
    }
    for (index, (name, value)) in view.fields.iter().enumerate() {
        line(if index == 0 { "fields" } else { "" }, &format!("{name} = {value}"))?;
    }
    if !view.secret_names.is_empty() {
        line("secrets", &format!("{} (sealed)", view.secret_names.join(", ")))?;
    }
    for (index, host) in view.hosts.iter().enumerate() {
        line(if index == 0 { "may reach" } else { "" }, &with_warning(host))?;
    }
    if view.hosts.is_empty() {
        line("may reach", "nothing")?;
    }
    if !view.placeholders.is_empty() {
        line("may fill", &view.placeholders.join(", "))?;
    }
    if !view.claims.is_empty() {
        line("may read", &view.claims.join(", "))?;
    }
    line("made", &moment(view.created_at))?;
    if view.updated_at != view.created_at {
        line("changed", &moment(view.updated_at))?;
    }
    Ok(())
}

//! `innkeeper connection delete ID`

use clap::Args;
use innkeeper::shown::OneLine;
use innkeeper::{ConnectionId, ConnectionView};
use serde_json::json;

use crate::commands::Context;
use crate::failure::{Exit, Failure, Outcome};
use crate::prompts;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Which connection
    id: ConnectionId,
    /// Delete it without asking
    #[arg(long, short)]
    yes: bool,
}

pub(super) async fn run(arguments: Arguments, context: &Context) -> Outcome {
    let space = &context.settings.space;
    let Arguments { id, yes } = arguments;
    context
        .with_host(async |host| {
            let view = host.connection(space, &id).await?;
            if !yes {
                confirm(&view, context)?;
            }
            Ok(host.delete_connection(space, &id).await?)
        })
        .await?;
    if context.output.is_json() {
        return context.output.json(&json!({ "deleted": id }));
    }
    context.output.line(format!("deleted {id}"))
}

/// Requires a confirmation.
fn confirm(view: &ConnectionView, context: &Context) -> Outcome {
    if context.output.is_json() || !prompts::is_possible() {
        let message = format!("deleting {} requires confirmation, and there is no terminal to ask at", view.id);
        return Err(Failure::new(Exit::Usage, "approval-needed", message).hint("pass `--yes` to confirm"));
    }
    let title = OneLine::new(&view.title).at_most(100);
    if prompts::confirm(&format!("Delete {} ({title}) and its grants?", view.id), false)? {
        return Ok(());
    }
    Err(Failure::new(Exit::Denied, "not-approved", "nothing was deleted"))
}

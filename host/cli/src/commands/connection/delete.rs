//! `innkeeper connection delete ID`

use clap::Args;
use innkeeper::ConnectionId;
use serde_json::json;

use crate::commands::Context;
use crate::failure::{Exit, Failure, Outcome};
use crate::prompts;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Which connection
    id: ConnectionId,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

pub(super) async fn run(arguments: Arguments, context: &Context) -> Outcome {
    let space = &context.settings.space;
    let Arguments { id, yes } = arguments;
    context
        .with_host(async |host| {
            let view = host.connection(space, &id).await?;
            let ask = !yes && !context.output.is_json() && prompts::is_possible();
            if ask && !prompts::confirm(&format!("Delete {} ({}) with its grants?", view.id, view.title), false)? {
                return Err(Failure::new(Exit::Denied, "not-approved", "nothing was deleted"));
            }
            Ok(host.delete_connection(space, &id).await?)
        })
        .await?;
    if context.output.is_json() {
        return context.output.json(&json!({ "deleted": id }));
    }
    context.output.line(format!("deleted {id}"))
}

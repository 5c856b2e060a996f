//! `innkeeper disconnect CONNECTION`

use clap::Args;
use innkeeper::{ConnectionId, PrincipalId};
use serde_json::json;

use super::Context;
use crate::failure::Outcome;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Which connection
    connection: ConnectionId,
    /// For whom, where each principal has a grant of their own
    #[arg(long, value_name = "NAME")]
    principal: Option<PrincipalId>,
}

pub(super) async fn run(arguments: Arguments, context: &Context) -> Outcome {
    let space = &context.settings.space;
    let Arguments { connection, principal } = arguments;
    context.with_host(async |host| Ok(host.disconnect(space, &connection, principal.clone()).await?)).await?;
    if context.output.is_json() {
        return context.output.json(&json!({ "disconnected": connection, "principal": principal }));
    }
    let whose = principal.map(|principal| format!(" for {principal}")).unwrap_or_default();
    context.output.line(format!("disconnected {connection}{whose}"))
}

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
    /// For whom, if each principal has a separate grant
    #[arg(long, value_name = "NAME")]
    principal: Option<PrincipalId>,
}

pub(super) async fn run(arguments: Arguments, context: &Context) -> Outcome {
    let space = &context.settings.space;
    let Arguments { connection, principal } = arguments;
    let ended =
        context.with_host(async |host| Ok(host.disconnect(space, &connection, principal.clone()).await?)).await?;
    let unrevoked = ended.unrevoked.map(|reason| reason.to_string());
    if context.output.is_json() {
        return context.output.json(&json!({
            "disconnected": connection,
            "principal": principal,
            "existed": ended.existed,
            "unrevoked": unrevoked,
        }));
    }
    let whose = principal.map(|principal| format!(" for {principal}")).unwrap_or_default();
    if !ended.existed {
        return context.output.line(format!("there was nothing to disconnect: {connection} has no grant{whose}"));
    }
    context.output.line(format!("disconnected {connection}{whose}"))?;
    if let Some(reason) = unrevoked {
        context.output.note(format!(
            "The tokens were deleted here but not revoked at the provider: {reason}. They stay valid there until they \
             expire; you can remove the app's access in the account's settings at the provider.",
        ));
    }
    Ok(())
}

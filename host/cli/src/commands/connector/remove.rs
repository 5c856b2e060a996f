//! `innkeeper connector remove ID`

use clap::Args;
use innkeeper::spec::ConnectorId;
use serde_json::json;

use crate::commands::Context;
use crate::failure::{Failure, Outcome};

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Which connector
    id: String,
}

pub(super) async fn run(arguments: Arguments, context: &Context) -> Outcome {
    let id = ConnectorId::parse(arguments.id).map_err(|error| Failure::invalid(error.to_string()))?;
    context.with_host(async |host| Ok(host.remove_connector(&id).await?)).await?;
    if context.output.is_json() {
        return context.output.json(&json!({ "removed": id }));
    }
    context.output.line(format!("removed {id}"))
}

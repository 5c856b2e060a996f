//! `innkeeper audit [CONNECTION]`

use std::time::Duration;

use clap::Args;
use innkeeper::shown::Quoted;
use innkeeper::{AuditRecord, AuditView, ConnectionId};

use super::Context;
use crate::failure::Outcome;
use crate::output::Listing;
use crate::time::{moment, span};

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Of this connection alone
    connection: Option<ConnectionId>,
    /// How many records at most
    #[arg(long, value_name = "NUMBER", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    last: u32,
}

pub(super) async fn run(arguments: Arguments, context: &Context) -> Outcome {
    let space = &context.settings.space;
    let records = context
        .with_host(async |host| Ok(host.audit(space, arguments.connection.as_ref(), arguments.last as usize).await?))
        .await?;
    if context.output.is_json() {
        let views: Vec<AuditView> = records.into_iter().map(AuditView::from).collect();
        return context.output.json(&views);
    }
    let mut listing = Listing::new(["WHEN", "CONNECTION", "EVENT", "ACTION", "FOR", "OUTCOME", "TOOK", "REQUESTS"]);
    for record in records {
        let AuditRecord { at, connection, event, action, principal, outcome, duration, requests, .. } = record;
        listing.row([
            moment(at),
            connection.to_string(),
            event.into_owned(),
            action.unwrap_or_default(),
            principal.map(String::from).unwrap_or_default(),
            outcome.into_owned(),
            span(Duration::from_millis(duration)),
            requests.to_string(),
        ]);
    }
    let nothing = match &arguments.connection {
        Some(connection) => format!("nothing is on record for {}", Quoted::new(connection.as_str())),
        None => "nothing was done yet".to_owned(),
    };
    context.output.table(&listing, &nothing)
}

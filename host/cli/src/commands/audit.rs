//! `innkeeper audit [CONNECTION]`

use std::time::Duration;

use clap::Args;
use innkeeper::shown::Quoted;
use innkeeper::{AuditFilter, AuditRecord, AuditView, ConnectionId, Page, PrincipalId, Timestamp};

use super::Context;
use crate::failure::Outcome;
use crate::output::Listing;
use crate::time::{moment, span};

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Only records of this connection
    connection: Option<ConnectionId>,
    /// Only records of this principal
    #[arg(long, value_name = "NAME")]
    principal: Option<PrincipalId>,
    /// Only records of this kind: `call`, `check`, `authorize`, `disconnect`, `connect`, `change`, `delete`
    #[arg(long, value_name = "KIND")]
    event: Option<String>,
    /// Only records with this outcome: `ok`, `cancelled`, or the kind of an error
    #[arg(long, value_name = "KIND")]
    outcome: Option<String>,
    /// Only records from this time on: `2026-03-14T16:20:05Z`
    #[arg(long, value_name = "TIME")]
    since: Option<Timestamp>,
    /// Only records before this time
    #[arg(long, value_name = "TIME")]
    until: Option<Timestamp>,
    /// At most this many records
    #[arg(long, value_name = "NUMBER", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    last: u32,
}

pub(super) async fn run(arguments: Arguments, context: &Context) -> Outcome {
    let space = &context.settings.space;
    let mut filter = AuditFilter::new(space.clone());
    filter.connection.clone_from(&arguments.connection);
    filter.principal = arguments.principal;
    filter.event = arguments.event.map(Into::into);
    filter.outcome = arguments.outcome.map(Into::into);
    filter.during.start = arguments.since.unwrap_or(filter.during.start);
    filter.during.end = arguments.until.unwrap_or(filter.during.end);
    let page = Page::first(arguments.last as usize);
    let records = context.with_host(async |host| Ok(host.audit(&filter, &page).await?.items)).await?;
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
        Some(connection) => format!("there are no records of {}", Quoted::new(connection.as_str())),
        None => "there are no records yet".to_owned(),
    };
    context.output.table(&listing, &nothing)
}

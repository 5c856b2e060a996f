//! `innkeeper connector list`

use innkeeper::ConnectorSummary;
use serde_json::{Value, json};

use crate::commands::Context;
use crate::failure::Outcome;
use crate::output::Listing;
use crate::time::moment;

pub(super) async fn run(context: &Context) -> Outcome {
    let connectors = context.with_host(async |host| Ok(host.connectors().await?)).await?;
    if context.output.is_json() {
        return context.output.json(&connectors.iter().map(to_json).collect());
    }
    let mut listing = Listing::new(["ID", "VERSION", "TITLE", "ACTIONS", "ADDED"]);
    for connector in connectors {
        let ConnectorSummary { id, title, version, actions, added_at, .. } = connector;
        listing.row([id.to_string(), version, title, actions.len().to_string(), moment(added_at)]);
    }
    context.output.table(&listing, "no connector yet; add one with `innkeeper connector add FILE.wasm`")
}

fn to_json(connector: &ConnectorSummary) -> Value {
    json!({
        "id": connector.id,
        "version": connector.version,
        "title": connector.title,
        "actions": connector.actions,
        "digest": connector.digest.0,
        "added_at": connector.added_at.to_string(),
    })
}

//! `innkeeper connector list`

use innkeeper::{ConnectorView, every_page};

use crate::commands::Context;
use crate::failure::Outcome;
use crate::output::Listing;
use crate::time::moment;

pub(super) async fn run(context: &Context) -> Outcome {
    let connectors = context
        .with_host(async |host| Ok(every_page(|page| async move { host.connectors(&page).await }).await?))
        .await?;
    if context.output.is_json() {
        return context.output.json(&connectors);
    }
    let mut listing = Listing::new(["ID", "VERSION", "TITLE", "ACTIONS", "ADDED"]);
    for connector in connectors {
        let ConnectorView { id, title, version, actions, added_at, .. } = connector;
        listing.row([
            id.to_string(),
            version,
            title,
            actions.len().to_string(),
            added_at.map(moment).unwrap_or_default(),
        ]);
    }
    context.output.table(&listing, "there are no connectors yet; add one with `innkeeper connector add FILE.wasm`")
}

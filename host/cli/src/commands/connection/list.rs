//! `innkeeper connection list`

use innkeeper::every_page;

use crate::commands::Context;
use crate::commands::connector::with_warning;
use crate::failure::Outcome;
use crate::output::Listing;

pub(super) async fn run(context: &Context) -> Outcome {
    let space = &context.settings.space;
    let connections = context
        .with_host(async |host| Ok(every_page(|page| async move { host.connections(space, &page).await }).await?))
        .await?;
    if context.output.is_json() {
        return context.output.json(&connections);
    }
    let mut listing = Listing::new(["ID", "TITLE", "CONNECTOR", "AUTH", "MODE", "MAY REACH"]);
    for view in connections {
        let mut hosts = view.hosts.iter().map(with_warning);
        listing.row([
            view.id.to_string(),
            view.title.clone(),
            view.connector.to_string(),
            view.auth_type.to_string(),
            view.auth_mode.to_string(),
            hosts.next().unwrap_or_default(),
        ]);
        for host in hosts {
            let empty = String::new;
            listing.row([empty(), empty(), empty(), empty(), empty(), host]);
        }
    }
    let nothing = format!("there are no connections in space {space}; create one with `innkeeper connection create`");
    context.output.table(&listing, &nothing)
}

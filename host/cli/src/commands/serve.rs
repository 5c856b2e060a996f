//! `innkeeper serve`

use std::net::{IpAddr, Ipv4Addr};

use clap::Args;
use innkeeper::{Innkeeper, SpaceId};
use innkeeper_server::{LinkHolders, ListenSettings, PagesSettings, authorization_router};
use ipnet::IpNet;
use serde_json::json;
use tokio::net::TcpListener;
use url::Url;

use super::Context;
use crate::ending::asked_to_end;
use crate::failure::Outcome;
use crate::listener::bind_loopback;

/// The default port of `serve`, which `authorize --link` links to by default.
pub(super) const PORT: u16 = 4780;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The port on 127.0.0.1; 0 takes a free one
    #[arg(long, default_value_t = PORT)]
    port: u16,
    /// The public address of the pages, if they are behind a proxy with TLS
    #[arg(long, value_name = "URL")]
    public_url: Option<Url>,
    /// An origin that users may be sent to at the end: scheme, host and port
    #[arg(long, value_name = "URL")]
    return_origin: Vec<Url>,
}

pub(super) async fn run(arguments: Arguments, context: &Context) -> Outcome {
    let (listener, address) = bind_loopback(arguments.port).await?;
    let pages = arguments.public_url.unwrap_or_else(|| address.clone());
    let host = context.settings.open_with_pages(pages).await?;
    let settings = PagesSettings::returning_to(arguments.return_origin);
    let served = serve(&host, listener, &address, settings, context).await;
    let closed = host.close().await;
    served?;
    Ok(closed?)
}

async fn serve(
    host: &Innkeeper,
    listener: TcpListener,
    address: &Url,
    settings: PagesSettings,
    context: &Context,
) -> Outcome {
    let router = authorization_router(host.clone(), LinkHolders, &settings)?;
    let asked_to_end = asked_to_end();
    introduce(host, address, context)?;
    let tended = host.clone();
    let tending = tokio::spawn(async move { tended.keep_tended().await });
    // Peers are on this machine, mostly a proxy, which stands for many clients.
    let uncounted_peers = vec![IpNet::from(IpAddr::from(Ipv4Addr::LOCALHOST))];
    let mut settings = ListenSettings::default();
    settings.uncounted_peers = uncounted_peers;
    innkeeper_server::listen(listener, router, settings, asked_to_end).await;
    tending.abort();
    Ok(())
}

fn introduce(host: &Innkeeper, address: &Url, context: &Context) -> Outcome {
    let output = context.output;
    let pages = host.pages().unwrap_or(address);
    let callback = format!("{pages}callback");
    if output.is_json() {
        return output.json_line(&json!({ "listening": address, "pages": pages, "redirect_uri": callback }));
    }
    output.heading(format!("The authorization pages are at {pages}"))?;
    if pages != address {
        output.line(format!(
            "It listens on {address}; the proxy in front of it has to pass requests on to that address."
        ))?;
    }
    output.line(format!("Register this redirect URI at the provider: {callback}"))?;
    let space = &context.settings.space;
    let flag = if *space == SpaceId::default() { String::new() } else { format!(" --space {space}") };
    let at = if pages.port() == Some(PORT) { String::new() } else { format!(" --pages {pages}") };
    output.line("Press Ctrl-C to stop it. To create a link for a user, in another terminal:")?;
    output.gap()?;
    output.line(format!("  {} authorize CONNECTION --principal NAME --link{at}{flag}", super::practice::program()))
}

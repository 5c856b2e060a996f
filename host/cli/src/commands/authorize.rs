//! `innkeeper authorize CONNECTION`

use std::time::Duration;

use clap::Args;
use innkeeper::shown::host_warning;
use innkeeper::{
    AuthorizationWay, Completed, ConnectionId, Innkeeper, LINK_PURPOSE, PrincipalId, Signer, StartLink, SystemClock,
    SystemRandom, start_address,
};
use serde_json::json;
use url::Url;

use super::Context;
use super::serve::PORT;
use crate::authorization::{Authorization, open_browser};
use crate::failure::{Exit, Failure, Outcome};
use crate::output::say;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Which connection
    connection: ConnectionId,
    /// Who authorizes, if each principal has a separate grant
    #[arg(long, value_name = "NAME")]
    principal: Option<PrincipalId>,
    /// Print the address to open instead of opening a browser; if the browser runs on another machine, paste the
    /// address that it ends at. A connection that is authorized with a device code never opens a browser
    #[arg(long)]
    no_browser: bool,
    /// The port on 127.0.0.1 that the browser returns to; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Print a link that the principal opens at the pages of a running `innkeeper serve`, and do not wait
    #[arg(long, conflicts_with_all = ["no_browser", "port", "timeout"])]
    link: bool,
    /// Where those pages are
    #[arg(long, value_name = "URL", requires = "link", default_value_t = default_pages())]
    pages: Url,
    /// Where the user goes at the end; `serve` must allow its origin
    #[arg(long, value_name = "URL", requires = "link")]
    return_url: Option<Url>,
    /// How long the link is valid, in seconds
    #[arg(long, value_name = "SECONDS", requires = "link", default_value_t = 600,
          value_parser = clap::value_parser!(u64).range(1..=86_400))]
    link_life: u64,
    /// How long to wait, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..=600))]
    timeout: u64,
}

pub(super) async fn run(arguments: Arguments, context: &Context) -> Outcome {
    if arguments.link {
        return print_link(arguments, context);
    }
    context
        .with_host(async |host| {
            let completed = authorize(&arguments, host, context).await?;
            show(&completed, host, context).await
        })
        .await
}

/// Needs only the keyring, because the store is open in the process that serves the pages. That process reports
/// whether the connection exists.
fn print_link(arguments: Arguments, context: &Context) -> Outcome {
    let signer = Signer::new(context.settings.load_keyring()?.mac_key(LINK_PURPOSE));
    let Arguments { connection, principal, return_url, mut pages, .. } = arguments;
    if !pages.path().ends_with('/') {
        pages.set_path(&format!("{}/", pages.path()));
    }
    let (space, life) = (context.settings.space.clone(), Duration::from_secs(arguments.link_life));
    let link = StartLink::new(space, connection, principal, return_url, life, &SystemClock, &SystemRandom);
    let address = start_address(&pages, &link, &signer);
    if context.output.is_json() {
        return context.output.json_line(&json!({ "start_url": address, "expires_at": link.expires_at.to_string() }));
    }
    let whose = link.principal.as_ref().map_or_else(|| "the user who may authorize it".to_owned(), ToString::to_string);
    context.output.note(format!(
        "Valid once, until {}, for {whose}: whoever opens it can authorize in their place, so share it with nobody else.",
        link.expires_at
    ));
    context.output.line(address)
}

fn default_pages() -> Url {
    Url::parse(&format!("http://127.0.0.1:{PORT}/")).expect("a loopback address with a port is an address")
}

async fn authorize(arguments: &Arguments, host: &Innkeeper, context: &Context) -> Outcome<Completed> {
    match host.authorization_way(&context.settings.space, &arguments.connection).await? {
        AuthorizationWay::Device => by_device(arguments, host, context).await,
        // For a connection that needs no authorization, this says so.
        AuthorizationWay::Browser | AuthorizationWay::None => in_browser(arguments, host, context).await,
    }
}

/// The user enters a code on any device (RFC 8628).
async fn by_device(arguments: &Arguments, host: &Innkeeper, context: &Context) -> Outcome<Completed> {
    let space = &context.settings.space;
    let pending = host.begin_device_authorization(space, &arguments.connection, arguments.principal.clone()).await?;
    let output = context.output;
    if output.is_json() {
        output.json_line(&json!({
            "verification_uri": pending.verification_uri,
            "verification_uri_complete": pending.verification_uri_complete,
            "user_code": pending.user_code,
            "expires_at": pending.expires_at.to_string(),
            "interval": pending.interval.as_secs(),
        }))?;
    } else {
        say("Open this address on any device:");
        say_apart(pending.verification_uri.as_str());
        warn_of(&pending.verification_uri);
        say("and enter this code there:");
        say_apart(&pending.user_code);
        if let Some(complete) = &pending.verification_uri_complete {
            say(&format!("This address already contains the code; compare it: {complete}"));
            warn_of(complete);
        }
    }
    let patience = Duration::from_secs(arguments.timeout);
    if let Ok(completed) = tokio::time::timeout(patience, host.wait_device_authorization(pending)).await {
        return Ok(completed?);
    }
    let message = format!("nobody authorized the connection within {} s", patience.as_secs());
    Err(Failure::new(Exit::NeedsAuthorization, "authorization-timeout", message).hint("run the command again"))
}

async fn in_browser(arguments: &Arguments, host: &Innkeeper, context: &Context) -> Outcome<Completed> {
    let authorization = Authorization {
        space: &context.settings.space,
        connection: &arguments.connection,
        principal: arguments.principal.clone(),
        port: arguments.port,
        patience: Duration::from_secs(arguments.timeout),
    };
    let begun = authorization.begin(host).await?;
    let output = context.output;
    if output.is_json() {
        output.json_line(&json!({
            "authorization_url": begun.address,
            "redirect_uri": begun.redirect_uri().as_str(),
            "expires_at": begun.expires_at.to_string(),
        }))?;
    } else if arguments.no_browser {
        say("Open this address in a browser:");
        say_apart(begun.address.as_str());
        warn_of(&begun.address);
        say(
            "If that browser runs on another machine, it ends at an address that it cannot open: paste that address here.",
        );
    } else {
        say("Your browser opens. If it does not, open this address:");
        say_apart(begun.address.as_str());
        warn_of(&begun.address);
    }
    if arguments.no_browser {
        return begun.wait_or_read(host).await;
    }
    open_browser(&begun.address);
    begun.wait(host).await
}

fn say_apart(text: &str) {
    say("");
    say(&format!("  {text}"));
    say("");
}

/// Warns a user who is sent to an address if the name of the host may be mistaken for another.
fn warn_of(address: &Url) {
    if let Some(warning) = address.host_str().and_then(host_warning) {
        say(&format!("{}: {warning}", address.host_str().unwrap_or_default()));
    }
}

async fn show(completed: &Completed, host: &Innkeeper, context: &Context) -> Outcome {
    let principal = completed.owner.principal().cloned();
    if context.output.is_json() {
        return context.output.json_line(&json!({
            "authorized": true,
            "space": completed.space,
            "connection": completed.connection,
            "principal": principal,
        }));
    }
    let whose = principal.as_ref().map(|principal| format!(" for {principal}")).unwrap_or_default();
    context.output.line(format!("authorized {}{whose}", completed.connection))?;
    let flag = principal.as_ref().map(|principal| format!(" --principal {principal}")).unwrap_or_default();
    let status = host.status(&completed.space, &completed.connection, principal).await?;
    if !status.grant.refreshable {
        context.output.note("The provider issued no refresh token: authorize again when the access token has expired.");
    }
    context.output.note(format!("next: innkeeper connection check {}{flag}", completed.connection));
    Ok(())
}

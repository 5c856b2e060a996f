//! `innkeeper ears`: an auth redirect service, which owns the OAuth clients of providers for hosts that have none.

mod file;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::http::header;
use axum::routing::get;
use clap::{Args, Subcommand};
use innkeeper::{Keyring, KeyringSource, SystemClock, SystemRandom};
use innkeeper_ears::{EarsService, Egress};
use innkeeper_server::ListenSettings;
use serde_json::json;
use tokio::sync::watch;
use url::Url;

use super::Context;
use crate::ending::asked_to_end;
use crate::failure::{Failure, Outcome};
use crate::listener::{bind, http};
use file::ServiceFile;

/// The default address.
const LISTEN: &str = "127.0.0.1:4790";
/// The media type of the text format of metrics.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Run the service
    Serve(Serve),
}

#[derive(Args, Debug)]
pub(crate) struct Serve {
    /// Its settings: providers, callbacks, limits (docs/ears.md)
    #[arg(long, value_name = "FILE", default_value = "ears.toml")]
    service_file: PathBuf,
    /// The address that it listens on [default: the file's, or 127.0.0.1:4790]; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// The address that its metrics are served on, separate from the service itself [default: the file's, or none]
    #[arg(long, value_name = "ADDRESS:PORT")]
    metrics_listen: Option<SocketAddr>,
    /// The address that browsers and hosts use for it [default: the file's, or the address that it listens on]
    #[arg(long, value_name = "URL")]
    public_url: Option<Url>,
}

pub(super) async fn run(command: Command, context: &Context) -> Outcome {
    match command {
        Command::Serve(arguments) => serve(arguments, context).await,
    }
}

async fn serve(arguments: Serve, context: &Context) -> Outcome {
    let file = ServiceFile::read(&arguments.service_file)?;
    let default = || LISTEN.parse().map_err(|_| Failure::failed(format!("{LISTEN} is not an address")));
    let listen = arguments.listen.or(file.listen).map_or_else(default, Ok)?;
    let (listener, address) = bind(listen).await?;
    let metrics = match arguments.metrics_listen.or(file.metrics_listen) {
        Some(listen) => Some(bind(listen).await?),
        None => None,
    };
    let public_url = match arguments.public_url.or_else(|| file.public_url.clone()) {
        Some(url) => url,
        None => http(address)?,
    };
    let source = file.keyring();
    let (clock, random) = (Arc::new(SystemClock), Arc::new(SystemRandom));
    let egress = Egress::new(context.settings.egress.clone(), clock.clone(), random.clone());
    let egress = egress.map_err(|error| Failure::usage(error.to_string()))?;
    let listening = file.listening()?;
    let settings = file.settings(public_url.clone())?;
    // If the start fails before this, no keyring is created.
    let keyring = keyring(&source)?;
    let service = EarsService::new(settings, &keyring, &egress, clock, random);
    let service = service
        .map_err(|error| Failure::usage(format!("the service file {}: {error}", arguments.service_file.display())))?;
    let asked_to_end = asked_to_end();
    introduce(&service, &public_url, address, metrics.as_ref().map(|(_, address)| *address), context)?;
    let (ends, ended) = watch::channel(());
    let until_told = |mut ended: watch::Receiver<()>| async move {
        // A dropped sender means the end, too.
        let _ = ended.changed().await;
    };
    let measured = metrics.map(|(listener, _)| {
        let (router, until) = (metrics_router(service.clone()), until_told(ended.clone()));
        tokio::spawn(innkeeper_server::listen(listener, router, ListenSettings::default(), until))
    });
    let until = async move {
        asked_to_end.await;
        tracing::info!("the service stops once the requests under way are answered");
    };
    let serving = tokio::spawn(innkeeper_server::listen(listener, service.router(), listening, until));
    let outcome = serving.await;
    drop(ends);
    if let Some(measured) = measured {
        measured.abort();
    }
    outcome.map_err(|error| Failure::failed(format!("the service at {address} stopped: {error}")))
}

/// The service's own keyring, which its replicas share, and never that of a host, which seals stored data. A file is
/// created at the first start.
fn keyring(source: &KeyringSource) -> Outcome<Keyring> {
    let keyring = match source {
        KeyringSource::File(path) if !path.exists() => Keyring::create_file(path, &SystemRandom),
        other => Keyring::load(other),
    };
    Ok(keyring.map_err(innkeeper::Error::from)?)
}

fn metrics_router(service: EarsService) -> Router {
    Router::new()
        .route("/metrics", get(move || std::future::ready(([(header::CONTENT_TYPE, OPEN_METRICS)], service.metrics()))))
}

fn introduce(
    service: &EarsService,
    public_url: &Url,
    address: SocketAddr,
    metrics: Option<SocketAddr>,
    context: &Context,
) -> Outcome {
    let output = context.output;
    let base = public_url.as_str().trim_end_matches('/');
    if output.is_json() {
        let redirect_uris: serde_json::Map<_, _> =
            service.redirect_uris().map(|(name, uri)| (name.to_owned(), json!(uri))).collect();
        return output.json_line(&json!({
            "listening": address.to_string(),
            "metrics": metrics.map(|metrics| format!("http://{metrics}/metrics")),
            "ears_url": base,
            "redirect_uris": redirect_uris,
        }));
    }
    output.heading(format!("The auth redirect service is at {base}"))?;
    if base != format!("http://{address}") {
        output.line(format!(
            "It listens on {address}; the proxy in front of it has to pass requests on to that address."
        ))?;
    }
    if let Some(metrics) = metrics {
        output.line(format!("Metrics are at http://{metrics}/metrics."))?;
    }
    output.line("Register these redirect URIs at the providers:")?;
    for (name, uri) in service.redirect_uris() {
        output.line(format!("  {name}: {uri}"))?;
    }
    output.line(format!("Hosts use it with `ears_url = \"{base}\"` in innkeeper.toml. Press Ctrl-C to stop it."))
}

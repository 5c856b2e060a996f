//! `innkeeper practice`

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use innkeeper::{SystemClock, SystemRandom};
use innkeeper_practice::{Event, PEOPLE, Practice, Running, Settings};
use serde_json::{Value, json};

use super::Context;
use crate::failure::{Failure, Outcome};
use crate::output::{Listing, Output};

/// How often it looks for new events.
const GLANCE: Duration = Duration::from_millis(250);

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The port on 127.0.0.1; 0 takes a free one
    #[arg(long, default_value_t = 4747)]
    port: u16,
    /// How long an access token is valid, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 3600, value_parser = clap::value_parser!(u64).range(1..=31_536_000))]
    token_life: u64,
    /// Keep the same refresh token after each refresh
    #[arg(long)]
    no_rotation: bool,
    /// Omit `expires_in` from token responses, as some providers do
    #[arg(long)]
    no_expiry: bool,
    /// An additional redirect URI
    #[arg(long, value_name = "URL")]
    redirect_uri: Vec<String>,
    /// An additional scope that may be requested
    #[arg(long, value_name = "SCOPE")]
    scope: Vec<String>,
    /// Do not print what happens
    #[arg(long, short)]
    quiet: bool,
}

pub(super) async fn run(arguments: Arguments, context: &Context) -> Outcome {
    let settings = Settings {
        port: arguments.port,
        access_token_life: Duration::from_secs(arguments.token_life),
        rotate_refresh_tokens: !arguments.no_rotation,
        announce_expiry: !arguments.no_expiry,
        redirect_uris: arguments.redirect_uri,
        scopes: arguments.scope,
        ..Settings::default()
    };
    let provider = Practice::start(settings, Arc::new(SystemClock), Arc::new(SystemRandom))
        .await
        .map_err(|error| Failure::failed(error.to_string()))?;
    introduce(&provider, context.output)?;
    let followed = follow(&provider, arguments.quiet, context.output).await;
    provider.stop().await;
    followed
}

/// Prints what happens until the user stops it.
async fn follow(provider: &Running, quiet: bool, output: Output) -> Outcome {
    let mut seen = 0;
    loop {
        tokio::select! {
            stopped = tokio::signal::ctrl_c() => {
                return stopped.map_err(|error| Failure::failed(format!("signals cannot be received: {error}")));
            }
            () = tokio::time::sleep(GLANCE), if !quiet => {
                let known = seen;
                for event in provider.events().into_iter().filter(|event| event.number > known) {
                    seen = event.number;
                    if output.is_json() { output.json_line(&json!(event))? } else { output.line(line(&event))? }
                }
            }
        }
    }
}

fn line(event: &Event) -> String {
    let kind = serde_json::to_value(event.kind).ok();
    let kind = kind.as_ref().and_then(Value::as_str).unwrap_or_default();
    let mut line = format!("{}  {kind:<20}", crate::time::moment(event.at));
    let token = event.token.as_ref().map(|token| format!("token {token}..."));
    for part in [&event.client, &event.person, &token, &event.detail].into_iter().flatten() {
        line.push_str("  ");
        line.push_str(part);
    }
    line
}

fn introduce(provider: &Running, output: Output) -> Outcome {
    let base = &provider.base_url;
    if output.is_json() {
        return output.json_line(&json!({
            "base_url": base,
            "authorization_url": format!("{base}/authorize"),
            "token_url": format!("{base}/token"),
            "revocation_url": format!("{base}/revoke"),
            "introspection_url": format!("{base}/introspect"),
            "clients": provider.clients(),
            "people": PEOPLE,
            "try": to_try(base),
        }));
    }
    output.heading(format!("The practice provider is at {base}"))?;
    output.line(
        "People and files are made up; nothing leaves this machine. Press Ctrl-C to stop it; nothing is saved.",
    )?;
    output.gap()?;
    let mut addresses = Listing::new(["WHAT", "ADDRESS"]);
    for (what, path) in [
        ("authorization", "/authorize"),
        ("token", "/token"),
        ("revocation", "/revoke"),
        ("introspection", "/introspect"),
        ("metadata", "/.well-known/oauth-authorization-server"),
        ("files", "/drive/v3/files"),
        ("echo", "/echo"),
        ("events, counters", "/practice/events, /practice/counters"),
    ] {
        addresses.row([what.to_owned(), format!("{base}{path}")]);
    }
    output.table(&addresses, "")?;
    output.gap()?;
    let mut clients = Listing::new(["CLIENT ID", "SECRET", "FOR"]);
    for client in provider.clients() {
        clients.row([client.id.to_owned(), client.secret.unwrap_or("none").to_owned(), client.name.to_owned()]);
    }
    output.table(&clients, "")?;
    let people: Vec<String> = PEOPLE.iter().map(|person| format!("{} ({})", person.name, person.about)).collect();
    output.gap()?;
    output.line(format!("Who can log in: {}", people.join("; ")))?;
    output.gap()?;
    output.heading("To try it, in another terminal:")?;
    for command in to_try(base) {
        output.line(format!("  {command}"))?;
    }
    output.gap()?;
    output.line(format!("Expire all access tokens:  curl -X POST {base}/practice/expire"))?;
    output.gap()
}

/// Commands that work with a practice provider at `base`, starting with an empty folder.
pub(super) fn to_try(base: &str) -> Vec<String> {
    let innkeeper = program();
    let connector = connectors_folder().join("google_drive.wasm");
    let list = r#"'{"pageSize": 10}'"#;
    vec![
        "export INNKEEPER_FOLDER=practice-folder INNKEEPER_ALLOW_LOOPBACK=true".to_owned(),
        format!("{innkeeper} connector add {}", connector.display()),
        format!(
            "{innkeeper} connection create google_drive --id drive --yes --auth-type oauth_authorization_code \
             --config baseUrl={base} --field authorizationUrl={base}/authorize --field tokenUrl={base}/token \
             --field revocationUrl={base}/revoke --field clientId={}",
            innkeeper_practice::PUBLIC_CLIENT
        ),
        format!("{innkeeper} authorize drive"),
        format!("{innkeeper} call drive listFiles --input {list}"),
        format!("{innkeeper} status drive"),
    ]
}

/// How this program is called from the folder that it was started in.
pub(super) fn program() -> String {
    let Ok(program) = std::env::current_exe() else { return "innkeeper".to_owned() };
    let on_path = std::env::var_os("PATH").is_some_and(|path| {
        let first = std::env::split_paths(&path).map(|folder| folder.join("innkeeper")).find(|there| there.is_file());
        first.is_some_and(|there| there.canonicalize().ok() == program.canonicalize().ok())
    });
    if on_path { "innkeeper".to_owned() } else { from_here(program).display().to_string() }
}

/// The folder of built connectors next to the folder of this program, as `cargo xtask guests` makes it.
fn connectors_folder() -> PathBuf {
    let built = std::env::current_exe().ok().and_then(|program| Some(program.parent()?.parent()?.join("connectors")));
    from_here(built.filter(|folder| folder.is_dir()).unwrap_or_else(|| "target/connectors".into()))
}

fn from_here(path: PathBuf) -> PathBuf {
    let here = std::env::current_dir().unwrap_or_default();
    match path.strip_prefix(&here) {
        Ok(relative) => PathBuf::from(".").join(relative),
        Err(_) => path,
    }
}

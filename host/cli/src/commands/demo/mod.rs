//! `innkeeper demo`: a connector at work with a token it never sees, and the evidence.

mod ears;
mod narrator;
mod stage;

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use innkeeper::ConnectionId;
use innkeeper_practice::{EventKind, PUBLIC_CLIENT, ScriptedUser};
use serde_json::{Value, json};

use super::Context;
use super::practice::{program, to_try};
use crate::authorization::{Authorization, open_browser};
use crate::failure::{Failure, Outcome};
use crate::output::Listing;
use crate::time::{size, span};
use narrator::Narrator;
use stage::Stage;

/// How long a person may take to consent.
const PATIENCE: Duration = Duration::from_mins(10);
/// Callers that find the token expired at the same moment.
const CALLERS: usize = 4;
/// What the guest reads instead of the token.
const REDACTED: &str = "[redacted]";

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The folder of the built connectors
    #[arg(long, value_name = "DIR", default_value = "target/connectors")]
    connectors: PathBuf,
    /// Let a script sign in and consent instead of opening a browser
    #[arg(long)]
    headless: bool,
    /// Authorize through an auth redirect service in front of the practice provider
    #[arg(long)]
    ears: bool,
}

pub(super) async fn run(arguments: Arguments, context: &Context) -> Outcome {
    let mut narrator = Narrator::new(context.output);
    let compiler = context.settings.compiler.clone();
    let stage = Stage::set(&arguments.connectors, arguments.ears, compiler, &mut narrator).await?;
    let outcome = play(&stage, arguments.headless, &mut narrator).await;
    stage.clear().await?;
    outcome?;
    end(arguments.ears, &mut narrator)
}

async fn play(stage: &Stage, headless: bool, narrator: &mut Narrator) -> Outcome {
    let drive = connect_drive(stage, narrator).await?;
    narrator.step("Authorize it")?;
    authorize(stage, &drive, headless, narrator).await?;
    let file = find_files(stage, &drive, narrator).await?;
    read_file(stage, &drive, &file, narrator).await?;
    expire(stage, &drive, narrator).await?;
    look_from_inside(stage, headless, narrator).await
}

async fn connect_drive(stage: &Stage, narrator: &mut Narrator) -> Outcome<ConnectionId> {
    narrator.step("Add the connector google_drive")?;
    let added = stage.add("google_drive", narrator).await?;
    let actions: Vec<&str> = added.spec().actions.iter().map(|action| action.name.as_str()).collect();
    narrator.check(actions.contains(&"listFiles"), "google_drive has no action listFiles")?;
    narrator.seen(format!("actions: {}", actions.join(", ")))?;
    narrator.step("Create a connection with it")?;
    let base = stage.base_url();
    let drive = stage.connect("drive", &added).await?;
    let hosts: Vec<String> = drive.hosts.iter().map(ToString::to_string).collect();
    match stage.ears_url() {
        Some(ears) => narrator.seen(format!("the connection drive, without a client: {ears} has one"))?,
        None => narrator.seen(format!("the connection drive, with the client {PUBLIC_CLIENT} (public, PKCE)"))?,
    }
    narrator.seen(format!("it may reach only {}", hosts.join("; ")))?;
    narrator.check(
        hosts.iter().all(|host| host.starts_with(base)),
        "the connection may reach more than the practice provider",
    )?;
    Ok(drive.id)
}

/// Sends the user, or the script instead, through the consent.
async fn authorize(stage: &Stage, connection: &ConnectionId, headless: bool, narrator: &mut Narrator) -> Outcome {
    let before = stage.provider().counters();
    let authorization =
        Authorization { space: stage.space(), connection, principal: None, port: 0, patience: PATIENCE };
    let begun = authorization.begin(stage.host()).await?;
    if headless {
        narrator.seen("a scripted user opens the page, signs in as ada and allows it")?;
        let user = ScriptedUser { ends_at: Some(begun.redirect_uri().to_string()), ..ScriptedUser::default() };
        let callback = user
            .visit(begun.address.as_str())
            .await
            .map_err(|error| Failure::failed(format!("the scripted user could not authorize: {error}")))?;
        begun.arrive(stage.host(), callback).await?;
    } else {
        Narrator::ask("Sign in and press Allow. The browser opens; if it does not, open this address:");
        Narrator::ask("");
        Narrator::ask(begun.address.as_str());
        Narrator::ask("");
        open_browser(&begun.address);
        begun.wait(stage.host()).await?;
    }
    let exchanged = stage.provider().counters().code_exchanges - before.code_exchanges;
    narrator.check(exchanged == 1, "the provider did not see exactly one code exchange")?;
    let status = stage.host().status(stage.space(), connection, None).await?.grant;
    narrator.check(status.authorized && status.refreshable, "the connection has no grant that can be refreshed")?;
    let life = status.expires_at.map(|at| at.since(stage.now())).map(span).unwrap_or_default();
    if stage.ears_url().is_some() {
        narrator.seen(
            "the page was the provider's; the service's sealed code was returned, bound to the host's PKCE verifier",
        )?;
        narrator.seen(
            "the host redeemed it at the service, which redeemed the provider's code once, with its own client secret",
        )?;
    } else {
        narrator.seen("the code was exchanged once, by the host, with its PKCE verifier")?;
    }
    narrator
        .seen(format!("the grant is sealed in the store; its access token is valid for {life} and can be refreshed"))
}

async fn find_files(stage: &Stage, drive: &ConnectionId, narrator: &mut Narrator) -> Outcome<Value> {
    narrator.step("List and search files")?;
    let listed = stage.call(drive, "listFiles", json!({ "pageSize": 50 })).await?;
    let files = listed["files"].as_array().cloned().unwrap_or_default();
    narrator.check(!files.is_empty(), "listFiles found no file")?;
    narrator.seen(format!("listFiles: {} files and folders at the top of the Drive", files.len()))?;
    narrator.table(&table(&files))?;
    let found =
        stage.call(drive, "searchFiles", json!({ "query": "fullText contains 'rain' and trashed = false" })).await?;
    let found = found["files"].as_array().cloned().unwrap_or_default();
    narrator.check(!found.is_empty(), "searchFiles found no file with the word rain")?;
    narrator.seen(format!("searchFiles: {} with the word \"rain\"", found.len()))?;
    narrator.table(&table(&found))?;
    let document = |file: &&Value| file["mimeType"] == "application/vnd.google-apps.document";
    let file = found.iter().find(document).cloned();
    file.ok_or_else(|| Failure::failed("searchFiles found no document with the word rain"))
}

fn table(files: &[Value]) -> Listing {
    let mut listing = Listing::new(["NAME", "TYPE", "SIZE", "MODIFIED"]);
    let text = |file: &Value, name: &str| file[name].as_str().unwrap_or_default().to_owned();
    for file in files.iter().take(8) {
        let kind = text(file, "mimeType");
        let kind = kind.rsplit(['.', '/']).next().unwrap_or_default().to_owned();
        let bytes = text(file, "size").parse().map(size).unwrap_or_default();
        listing.row([text(file, "name"), kind, bytes, text(file, "modifiedTime").chars().take(10).collect()]);
    }
    listing
}

async fn read_file(stage: &Stage, drive: &ConnectionId, file: &Value, narrator: &mut Narrator) -> Outcome {
    narrator.step("Describe and download one")?;
    let id = file["id"].as_str().unwrap_or_default();
    let described = stage.call(drive, "getFileMetadata", json!({ "fileIds": [id] })).await?;
    let described = &described["files"][0];
    let owner = described["owners"][0]["displayName"].as_str().unwrap_or_default();
    narrator.check(described["id"] == id && !owner.is_empty(), "getFileMetadata did not describe the file")?;
    narrator.seen(format!("getFileMetadata: {} belongs to {owner}", file["name"]))?;
    let content = stage.call(drive, "downloadFile", json!({ "fileId": id, "responseType": "text" })).await?;
    let text = content["content"].as_str().unwrap_or_default();
    narrator.check(
        text.to_lowercase().contains("rain"),
        "downloadFile returned different content than searchFiles found",
    )?;
    let first = text.lines().find(|line| line.to_lowercase().contains("rain")).unwrap_or_default();
    narrator.seen(format!("downloadFile: {}, which contains \"{}\"", size(text.len() as u64), first.trim()))
}

/// The provider expires the access token early; callers that get the 401 at the same time share one refresh.
async fn expire(stage: &Stage, drive: &ConnectionId, narrator: &mut Narrator) -> Outcome {
    narrator.step("Let the access token expire")?;
    let before = stage.provider().counters();
    let ended = stage.provider().expire_access_tokens();
    narrator.check(ended > 0, "the provider had no valid access token to expire")?;
    narrator.seen(format!("the provider expired {ended} access token; the host does not know yet"))?;
    let calls = (0..CALLERS).map(|_| stage.call(drive, "listFiles", json!({ "pageSize": 5 })));
    let answers = futures::future::join_all(calls).await;
    for answer in answers {
        let files = answer?["files"].as_array().map_or(0, Vec::len);
        narrator.check(files > 0, "a call after the expiry returned no file")?;
    }
    let after = stage.provider().counters();
    let refused = after.api_unauthorized - before.api_unauthorized;
    let refreshes = after.refreshes - before.refreshes;
    narrator.seen(format!("{CALLERS} calls at once: {refused} answered 401, all succeeded at the second try"))?;
    narrator.seen(format!("refreshes at the provider: {refreshes}"))?;
    narrator.check(refused > 0, "the provider refused no call after the expiry")?;
    narrator.check(refreshes == 1, "the host did not refresh exactly once")?;
    narrator.check(after.reuses == before.reuses, "the host used a refresh token twice")?;
    let status = stage.host().status(stage.space(), drive, None).await?.grant;
    narrator.check(status.last_refresh.is_some(), "the connection's status shows no refresh")
}

/// The practice provider repeats the request that reached it. The host removes the token from the answer, wherever it
/// appears.
async fn look_from_inside(stage: &Stage, headless: bool, narrator: &mut Narrator) -> Outcome {
    narrator.step("Look at a request from inside a connector")?;
    let added = stage.add("practice_echo", narrator).await?;
    let echo = stage.connect("echo", &added).await?;
    authorize(stage, &echo.id, headless, narrator).await?;
    let seen = stage.call(&echo.id, "echo", json!({ "path": "what/did/you/get" })).await?;
    let (body, headers) = (&seen["body"], &seen["headers"]);
    let told = body["headers"]["authorization"].as_str().unwrap_or_default();
    let repeated = headers["x-echo-authorization"].as_str().unwrap_or_default();
    let events = stage.provider().events();
    let issued = events.iter().rev().find(|event| event.kind == EventKind::TokenIssued);
    let token = issued.and_then(|event| event.token.clone()).unwrap_or_default();
    let mut both = Listing::new(["", "AT THE PROVIDER", "IN THE CONNECTOR"]);
    let person = body["person"].as_str().unwrap_or_default();
    both.row([
        "request header authorization".to_owned(),
        format!("Bearer {token}..., valid, of {person}"),
        told.to_owned(),
    ]);
    both.row(["answer header x-echo-authorization".to_owned(), format!("Bearer {token}..."), repeated.to_owned()]);
    narrator.table(&both)?;
    narrator.check(body["authenticated"] == true && !person.is_empty(), "no valid token reached the provider")?;
    narrator.check(token.len() == 6, "the provider's journal shows no token that it issued")?;
    narrator.check(told.contains(REDACTED), "the connector did not read [redacted] in the body")?;
    narrator.check(repeated.contains(REDACTED), "the connector did not read [redacted] in the header")?;
    let tokens: Vec<&String> = events
        .iter()
        .filter(|event| matches!(event.kind, EventKind::TokenIssued | EventKind::TokenRefreshed))
        .filter_map(|event| event.token.as_ref())
        .collect();
    let answers = stage.answers();
    let leaked = tokens.iter().any(|token| answers.iter().any(|answer| answer.contains(token.as_str())));
    narrator.check(!leaked, "a connector's result contains the beginning of a token")?;
    narrator.seen(format!(
        "{} tokens were issued, {} results left the connectors: none contains the beginning of a token",
        tokens.len(),
        answers.len()
    ))
}

fn end(ears: bool, narrator: &mut Narrator) -> Outcome {
    let innkeeper = program();
    narrator.heading("What to try next")?;
    narrator.command(&format!("{innkeeper} practice"))?;
    narrator.aside("  and in another terminal:")?;
    for command in to_try("http://127.0.0.1:4747") {
        narrator.command(&command)?;
    }
    if ears {
        narrator.aside("  Run your own auth redirect service: docs/ears.md")?;
    }
    narrator.aside("  Write your own connector: docs/authors.md")?;
    narrator.ok()
}

/// The component of that name in the folder, or an error if it has not been built.
fn component(folder: &Path, name: &str) -> Outcome<Vec<u8>> {
    let path = folder.join(format!("{name}.wasm"));
    std::fs::read(&path)
        .map_err(|error| Failure::file("read", &path, &error).hint("build it with `cargo xtask guests`"))
}

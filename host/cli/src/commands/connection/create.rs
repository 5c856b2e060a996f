//! `innkeeper connection create`

use std::path::PathBuf;

use clap::Args;
use innkeeper::shown::OneLine;
use innkeeper::spec::{AuthMode, ConnectorId};
use innkeeper::{ConnectionId, Connector, HostApproval, Innkeeper, NewConnection, Plan, every_page, fields_for};
use serde_json::{Map, Value};

use super::approval::{self, Given};
use super::file::ConnectionFile;
use super::form::{self, Filled};
use super::show;
use crate::commands::Context;
use crate::failure::{Failure, Outcome};
use crate::secrets::{SecretArguments, refusal};
use crate::{parameters, prompts};

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Which connector
    #[arg(value_name = "CONNECTOR")]
    positional: Option<String>,
    /// The same, as a flag
    #[arg(long, value_name = "ID", conflicts_with = "positional")]
    connector: Option<String>,
    /// A TOML or JSON file that describes the connection; flags take precedence
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// The id of the connection; by default derived from the connector's
    #[arg(long)]
    id: Option<String>,
    /// Its title, for people
    #[arg(long)]
    title: Option<String>,
    /// Its auth type
    #[arg(long, value_name = "ID")]
    auth_type: Option<String>,
    /// `shared`: one grant for all users; `per-user`: one for each principal
    #[arg(long, value_name = "MODE", value_parser = auth_mode)]
    auth_mode: Option<AuthMode>,
    /// A config field, or a JSON object of several
    #[arg(long, value_name = "NAME=VALUE|JSON")]
    config: Vec<String>,
    /// A field of the auth type that is not secret
    #[arg(long, value_name = "NAME=VALUE", value_parser = parameters::pair)]
    field: Vec<(String, String)>,
    #[command(flatten)]
    secrets: SecretArguments,
    /// A host that it may reach, instead of all that the connector requests
    #[arg(long, value_name = "https://HOST[:PORT][/PREFIX]")]
    host: Option<Vec<String>>,
    /// Approve the hosts that the connector requests, where credentials are sent, and what it may do with them
    #[arg(long, short)]
    yes: bool,
    /// Show what would be created, and create nothing
    #[arg(long)]
    dry_run: bool,
}

fn auth_mode(text: &str) -> Result<AuthMode, String> {
    [AuthMode::Shared, AuthMode::PerUser]
        .into_iter()
        .find(|mode| mode.as_str() == text)
        .ok_or_else(|| "write `shared` or `per-user`".to_owned())
}

pub(super) async fn run(arguments: Arguments, context: &Context) -> Outcome {
    arguments.secrets.refuse_values()?;
    let file = arguments.from.as_deref().map(ConnectionFile::read).transpose()?.unwrap_or_default();
    let given = if arguments.yes { Given::All } else { Given::Nothing };
    let dry_run = arguments.dry_run;
    let made = context.with_host(async |host| {
        let plan = plan(arguments, file, host, context).await?;
        approval::make(host, plan, given, dry_run, context).await
    });
    let Some(view) = made.await? else { return Ok(()) };
    if context.output.is_json() {
        return context.output.json(&view);
    }
    context.output.line(format!("created the connection {}", view.id))?;
    show::details(&view, context.output)?;
    let next = if view.interactive { "authorize" } else { "connection check" };
    let whose = if view.auth_mode == AuthMode::PerUser { " --principal NAME" } else { "" };
    context.output.note(format!("next: innkeeper {next} {}{whose}", view.id));
    Ok(())
}

async fn plan(arguments: Arguments, file: ConnectionFile, host: &Innkeeper, context: &Context) -> Outcome<Plan> {
    let can_ask = prompts::is_possible() && !context.output.is_json();
    // A user who named only a connector is asked for everything.
    let ask_all = can_ask
        && arguments.from.is_none()
        && arguments.config.is_empty()
        && arguments.field.is_empty()
        && arguments.secrets.is_empty();
    let connector = connector(&arguments, &file, host, can_ask).await?;
    let spec = connector.spec().clone();
    let auth_type = match arguments.auth_type.or(file.auth_type) {
        Some(auth_type) => auth_type,
        None if can_ask => form::auth_type(&spec)?,
        None => default_auth_type(&connector)?,
    };
    let (declaration, implementation) = host.auth_type(&connector, &auth_type)?;
    let asked = form::with_speaker(fields_for(&declaration, &*implementation), &declaration);
    let config =
        parameters::config(file.config, &arguments.config, spec.config.as_value()).map_err(Failure::invalid)?;
    let mut config = match config {
        Value::Object(config) => config,
        _ => Map::new(),
    };
    let mut filled = Filled { fields: file.fields, ..Filled::default() };
    filled.fields.extend(parameters::fields(&arguments.field));
    if arguments
        .field
        .iter()
        .any(|(name, _)| implementation.spec().field(name).is_some_and(|field| field.kind.is_secret()))
    {
        return Err(refusal());
    }
    filled.secrets = arguments.secrets.read(&file.secrets, &implementation.spec().fields)?;
    let mut id = arguments.id.or(file.id);
    if can_ask {
        form::config(&spec, &mut config, ask_all)?;
        form::fields(&asked, &mut filled, ask_all)?;
        if ask_all && id.is_none() {
            let free = free_id(host, &connector, context).await?;
            id = Some(prompts::text("Id of the connection", Some(&free), true)?);
        }
    }
    let id = id.map(ConnectionId::parse).transpose().map_err(innkeeper::Error::from)?;
    let mut new = NewConnection::new(context.settings.space.clone(), spec.about.id.clone(), auth_type);
    new.id = id;
    new.title = arguments.title.or(file.title);
    new.auth_mode = arguments.auth_mode.or(file.auth_mode);
    new.config = Value::Object(config);
    new.fields = filled.fields;
    new.secrets = filled.secrets;
    if let Some(hosts) = arguments.host.or(file.hosts) {
        new.hosts = HostApproval::Only(approval::parse(&hosts)?);
    }
    Ok(host.plan(new).await?)
}

async fn connector(
    arguments: &Arguments,
    file: &ConnectionFile,
    host: &Innkeeper,
    can_ask: bool,
) -> Outcome<Connector> {
    let named = arguments.positional.as_ref().or(arguments.connector.as_ref()).or(file.connector.as_ref());
    let id = match named {
        Some(id) => ConnectorId::parse(id.as_str()).map_err(|error| Failure::invalid(error.to_string()))?,
        None => choose(host, can_ask).await?,
    };
    Ok(host.connector(&id).await?)
}

async fn choose(host: &Innkeeper, can_ask: bool) -> Outcome<ConnectorId> {
    let known = every_page(|page| async move { host.connectors(&page).await }).await?;
    if known.is_empty() {
        return Err(
            Failure::usage("there are no connectors yet").hint("add one with `innkeeper connector add FILE.wasm`")
        );
    }
    if !can_ask {
        let ids: Vec<_> = known.iter().map(|connector| connector.id.to_string()).collect();
        return Err(Failure::usage(format!("name a connector; there is {}", ids.join(", "))));
    }
    let items: Vec<String> =
        known.iter().map(|connector| format!("{}: {}", connector.id, OneLine::new(&connector.title))).collect();
    Ok(known[prompts::choice("Which connector?", &items, 0)?].id.clone())
}

/// Without a terminal, only the recommended auth type, or the only one, is used.
fn default_auth_type(connector: &Connector) -> Outcome<String> {
    let taken = &connector.spec().auth_types;
    match taken.as_slice() {
        [only] => Ok(only.auth_type.to_string()),
        several => {
            let ids: Vec<_> = several.iter().map(|taken| taken.auth_type.to_string()).collect();
            Err(Failure::usage(format!("choose an auth type with `--auth-type`: {}", ids.join(", "))))
        }
    }
}

async fn free_id(host: &Innkeeper, connector: &Connector, context: &Context) -> Outcome<String> {
    let space = &context.settings.space;
    let taken = every_page(|page| async move { host.connections(space, &page).await }).await?;
    let base = connector.spec().about.id.as_str();
    let is_taken = |id: &str| taken.iter().any(|connection| connection.id.as_str() == id);
    let mut id = base.to_owned();
    let mut number = 2;
    while is_taken(&id) {
        id = format!("{base}-{number}");
        number += 1;
    }
    Ok(id)
}

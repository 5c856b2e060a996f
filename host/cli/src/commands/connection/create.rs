//! `innkeeper connection create`

use std::path::PathBuf;

use clap::Args;
use innkeeper::shown::OneLine;
use innkeeper::spec::{AuthMode, ConnectorId};
use innkeeper::{
    ConnectionId, ConnectionView, Connector, HostApproval, Innkeeper, NewConnection, SHORTEST_SECRET, fields_for,
};
use secrecy::ExposeSecret as _;
use serde_json::{Map, Value};

use super::form::{self, Filled};
use super::plan::Plan;
use super::{approval, show};
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
    /// A TOML or JSON file that describes the connection; flags are stronger
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// The id of the connection; otherwise made from the connector's
    #[arg(long)]
    id: Option<String>,
    /// What people call it
    #[arg(long)]
    title: Option<String>,
    /// How it authenticates
    #[arg(long, value_name = "ID")]
    auth_type: Option<String>,
    /// One grant for all, or one for each principal
    #[arg(long, value_name = "MODE", value_parser = auth_mode)]
    auth_mode: Option<AuthMode>,
    /// A config field, or a JSON object of several
    #[arg(long, value_name = "NAME=VALUE|JSON")]
    config: Vec<String>,
    /// A field of the auth type that is no secret
    #[arg(long, value_name = "NAME=VALUE", value_parser = parameters::pair)]
    field: Vec<(String, String)>,
    #[command(flatten)]
    secrets: SecretArguments,
    /// A host that it may reach, in place of all that the connector asks for
    #[arg(long, value_name = "https://HOST[:PORT][/PREFIX]")]
    host: Option<Vec<String>>,
    /// Approve the hosts that the connector asks for, unless `--host` names them, and where credentials are sent to
    #[arg(long, short)]
    yes: bool,
}

fn auth_mode(text: &str) -> Result<AuthMode, String> {
    [AuthMode::Shared, AuthMode::PerUser]
        .into_iter()
        .find(|mode| mode.as_str() == text)
        .ok_or_else(|| "write `shared` or `per-user`".to_owned())
}

pub(super) async fn run(arguments: Arguments, context: &Context) -> Outcome {
    arguments.secrets.refuse_values()?;
    let plan = arguments.from.as_deref().map(Plan::read).transpose()?.unwrap_or_default();
    let view = context.with_host(async |host| create(arguments, plan, host, context).await).await?;
    if context.output.is_json() {
        return context.output.json(&show::to_json(&view));
    }
    context.output.line(format!("made the connection {}", view.id))?;
    show::details(&view, context.output)?;
    let next = if view.interactive { "authorize" } else { "connection check" };
    let whose = if view.auth_mode == AuthMode::PerUser { " --principal NAME" } else { "" };
    context.output.note(format!("next: innkeeper {next} {}{whose}", view.id));
    Ok(())
}

async fn create(arguments: Arguments, plan: Plan, host: &Innkeeper, context: &Context) -> Outcome<ConnectionView> {
    let can_ask = prompts::is_possible() && !context.output.is_json();
    // Who gave nothing but a connector wants to be asked for everything.
    let ask_all = can_ask
        && arguments.from.is_none()
        && arguments.config.is_empty()
        && arguments.field.is_empty()
        && arguments.secrets.is_empty();
    let connector = connector(&arguments, &plan, host, can_ask).await?;
    let spec = connector.spec().clone();
    let auth_type = match arguments.auth_type.or(plan.auth_type) {
        Some(auth_type) => auth_type,
        None if can_ask => form::auth_type(&spec)?,
        None => default_auth_type(&connector)?,
    };
    let (declaration, implementation) = host.auth_type(&connector, &auth_type)?;
    if let Some(why) = implementation.spec().annotations.get("insecure").and_then(Value::as_str) {
        context.output.note(format!("warning: {auth_type} is insecure: {why}"));
    }
    let asked = form::with_speaker(fields_for(&declaration, &*implementation), &declaration);
    let config =
        parameters::config(plan.config, &arguments.config, spec.config.as_value()).map_err(Failure::invalid)?;
    let mut config = match config {
        Value::Object(config) => config,
        _ => Map::new(),
    };
    let mut filled = Filled { fields: plan.fields, ..Filled::default() };
    filled.fields.extend(parameters::fields(&arguments.field));
    if arguments
        .field
        .iter()
        .any(|(name, _)| implementation.spec().field(name).is_some_and(|field| field.kind.is_secret()))
    {
        return Err(refusal());
    }
    filled.secrets = arguments.secrets.read(&plan.secrets, &implementation.spec().fields)?;
    for (name, secret) in &filled.secrets {
        if secret.expose_secret().len() < SHORTEST_SECRET {
            context.output.note(format!(
                "warning: the secret `{name}` has fewer than {SHORTEST_SECRET} bytes; if a service repeats it, the connector reads it"
            ));
        }
    }
    let mut id = arguments.id.or(plan.id);
    if can_ask {
        form::config(&spec, &mut config, ask_all)?;
        form::fields(&asked, &mut filled, ask_all)?;
        if ask_all && id.is_none() {
            let free = free_id(host, &connector, context).await?;
            id = Some(prompts::text("Id of the connection", Some(&free), true)?);
        }
    }
    let id = id.map(ConnectionId::parse).transpose().map_err(innkeeper::Error::from)?;
    let mut new = NewConnection {
        space: context.settings.space.clone(),
        id,
        title: arguments.title.or(plan.title),
        connector: spec.about.id.clone(),
        auth_type,
        auth_mode: arguments.auth_mode.or(plan.auth_mode),
        config: Value::Object(config),
        fields: filled.fields,
        secrets: filled.secrets,
        hosts: HostApproval::AsAsked,
    };
    let named = arguments.host.or(plan.hosts);
    approval::approve(host, &spec, &mut new, named.as_deref(), arguments.yes).await?;
    Ok(host.connect(new).await?)
}

async fn connector(arguments: &Arguments, plan: &Plan, host: &Innkeeper, can_ask: bool) -> Outcome<Connector> {
    let named = arguments.positional.as_ref().or(arguments.connector.as_ref()).or(plan.connector.as_ref());
    let id = match named {
        Some(id) => ConnectorId::parse(id.as_str()).map_err(|error| Failure::invalid(error.to_string()))?,
        None => choose(host, can_ask).await?,
    };
    Ok(host.connector(&id).await?)
}

async fn choose(host: &Innkeeper, can_ask: bool) -> Outcome<ConnectorId> {
    let known = host.connectors().await?;
    if known.is_empty() {
        return Err(
            Failure::usage("there is no connector yet").hint("add one with `innkeeper connector add FILE.wasm`")
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

/// Without anybody to ask, only the one that is recommended, or the only one, is taken.
fn default_auth_type(connector: &Connector) -> Outcome<String> {
    let taken = &connector.spec().auth_types;
    match taken.as_slice() {
        [only] => Ok(only.auth_type.to_string()),
        several => {
            let ids: Vec<_> = several.iter().map(|taken| taken.auth_type.to_string()).collect();
            Err(Failure::usage(format!("name how it authenticates with `--auth-type`: {}", ids.join(", "))))
        }
    }
}

async fn free_id(host: &Innkeeper, connector: &Connector, context: &Context) -> Outcome<String> {
    let taken = host.connections(&context.settings.space).await?;
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

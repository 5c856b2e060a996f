//! `innkeeper connection edit ID`

use clap::Args;
use innkeeper::{ConnectionChange, ConnectionId, ConnectionView, HostApproval, Innkeeper, Plan, ValueSource};
use serde_json::{Map, Value};

use super::approval::{self, Given};
use super::show;
use crate::commands::Context;
use crate::failure::{Failure, Outcome};
use crate::parameters;
use crate::secrets::{SecretArguments, refusal};

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Which connection
    id: ConnectionId,
    /// Its title, for people
    #[arg(long)]
    title: Option<String>,
    /// A config field to set, or a JSON object of several; `NAME=` without a value removes the field
    #[arg(long, value_name = "NAME=VALUE|JSON")]
    config: Vec<String>,
    /// A field of the auth type to set
    #[arg(long, value_name = "NAME=VALUE", value_parser = parameters::pair)]
    field: Vec<(String, String)>,
    #[command(flatten)]
    secrets: SecretArguments,
    /// A host that it may reach, instead of those that are approved now
    #[arg(long, value_name = "https://HOST[:PORT][/PREFIX]")]
    host: Option<Vec<String>>,
    /// Follow the connector as it is now: approve the hosts, placeholders and claims that it requests, and use its
    /// defaults
    #[arg(long, conflicts_with = "host")]
    approve_asked: bool,
    /// Approve everything that the change requires
    #[arg(long, short)]
    yes: bool,
    /// Show what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(arguments: Arguments, context: &Context) -> Outcome {
    arguments.secrets.refuse_values()?;
    let made = context.with_host(async |host| {
        let plan = plan(&arguments, host, context).await?;
        let given = match (arguments.yes, arguments.approve_asked) {
            (true, _) => Given::All,
            (false, true) => Given::Asked,
            (false, false) => Given::Nothing,
        };
        approval::make(host, plan, given, arguments.dry_run, context).await
    });
    let Some(view) = made.await? else { return Ok(()) };
    if context.output.is_json() {
        return context.output.json(&view);
    }
    context.output.line(format!("changed {}", view.id))?;
    show::details(&view, context.output)
}

async fn plan(arguments: &Arguments, host: &Innkeeper, context: &Context) -> Outcome<Plan> {
    let space = &context.settings.space;
    let before = host.connection(space, &arguments.id).await?;
    let connector = host.connector(&before.connector).await?;
    let (_, auth_type) = host.auth_type(&connector, before.auth_type.as_str())?;
    let is_secret = |name: &str| auth_type.spec().field(name).is_some_and(|field| field.kind.is_secret());
    if arguments.field.iter().any(|(name, _)| is_secret(name)) {
        return Err(refusal());
    }
    let mut change = ConnectionChange::default();
    change.title.clone_from(&arguments.title);
    change.config = config(&before, &arguments.config, connector.spec().config.as_value())?;
    change.fields = parameters::fields(&arguments.field);
    change.secrets = arguments.secrets.read(&std::collections::BTreeMap::new(), &auth_type.spec().fields)?;
    change.hosts = match &arguments.host {
        Some(hosts) => Some(HostApproval::Only(approval::parse(hosts)?)),
        None => arguments.approve_asked.then_some(HostApproval::AsAsked),
    };
    if change.is_empty() {
        return Err(Failure::usage("there is nothing to change").hint("innkeeper connection edit --help"));
    }
    Ok(host.plan_change(space, &arguments.id, change).await?)
}

/// What the owner set of the present config, with the given values on top. The connector's defaults are not among it, so that
/// they stay defaults.
fn config(before: &ConnectionView, given: &[String], schema: &Value) -> Outcome<Option<Value>> {
    if given.is_empty() {
        return Ok(None);
    }
    let (removed, set): (Vec<&String>, Vec<&String>) =
        given.iter().partition(|text| !text.trim_start().starts_with('{') && text.ends_with('='));
    let mut base: Map<String, Value> = before.config.as_object().cloned().unwrap_or_default();
    base.retain(|name, _| before.config_sources.get(name).is_none_or(|source| *source == ValueSource::Given));
    for text in removed {
        base.remove(text.trim_end_matches('=').trim());
    }
    let set: Vec<String> = set.into_iter().cloned().collect();
    parameters::config(base, &set, schema).map(Some).map_err(Failure::invalid)
}

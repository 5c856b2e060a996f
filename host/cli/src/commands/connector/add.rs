//! `innkeeper connector add FILE...`

use std::path::{Path, PathBuf};

use clap::Args;
use innkeeper::shown::OneLine;
use innkeeper::spec::ConnectorSpec;
use innkeeper::{ApprovedConnectorPlan, ConnectorPlan, ConnectorPlanView, ConnectorView, Innkeeper, Rescoped};

use super::{component, describe};
use crate::commands::Context;
use crate::failure::{Exit, Failure, Outcome};
use crate::progress::Progress;
use crate::prompts;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// WebAssembly components of the world `connector`
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Approve what a newer version changes for those who rely on the older one
    #[arg(long, short)]
    yes: bool,
    /// Show what would be added, and add nothing
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(arguments: Arguments, context: &Context) -> Outcome {
    context
        .with_host(async |host| {
            let planning = planned(host, &arguments.files, context.settings.compile_limits.component);
            let plans = Progress::during("compiling", !context.output.is_json(), planning).await?;
            let mut all = Vec::new();
            for (path, plan) in plans {
                let connector = plan.connector().clone();
                let view = if arguments.dry_run {
                    plan.view().clone()
                } else {
                    let approved = approve(plan, arguments.yes, context)?;
                    host.add_connector(approved).await.map_err(|error| Failure::from(error).about(path))?.view
                };
                if context.output.is_json() {
                    all.push(view);
                } else {
                    show(connector.spec(), &view, arguments.dry_run, context)?;
                }
            }
            if context.output.is_json() { context.output.json(&all) } else { Ok(()) }
        })
        .await
}

/// The plans if all files are connectors; otherwise the errors of all files that are not.
async fn planned<'a>(host: &Innkeeper, files: &'a [PathBuf], most: usize) -> Outcome<Vec<(&'a Path, ConnectorPlan)>> {
    let mut plans = Vec::new();
    let mut failures = Vec::new();
    for path in files {
        match plan(host, path, most).await {
            Ok(plan) => plans.push((path.as_path(), plan)),
            Err(failure) => failures.push(failure),
        }
    }
    match Failure::all(failures) {
        Some(failure) if files.len() > 1 => Err(failure.hint("no file was added")),
        Some(failure) => Err(failure),
        None => Ok(plans),
    }
}

async fn plan(host: &Innkeeper, path: &Path, most: usize) -> Outcome<ConnectorPlan> {
    let component = component::read(path, most)?;
    host.plan_connector(component).await.map_err(|error| Failure::from(error).about(path))
}

/// Asks about a newer version that changes something for users of the older one.
fn approve(plan: ConnectorPlan, yes: bool, context: &Context) -> Outcome<ApprovedConnectorPlan> {
    if yes || !plan.needs_approval() {
        return Ok(plan.approved());
    }
    let about = &plan.connector().spec().about;
    let what = format!("{} {} changes what its users rely on", about.id, about.version);
    if !prompts::is_possible() {
        let differences = plan.view().differences.iter().map(ToString::to_string);
        let lines = [format!("approval is required: {what}:")].into_iter().chain(differences);
        return Err(Failure::of_lines(Exit::Usage, "approval-needed", lines)
            .hint("pass `--yes` to approve; `--dry-run` shows every change"));
    }
    differences(plan.view(), context)?;
    if prompts::confirm(&format!("{what}. Add it?"), false)? {
        return Ok(plan.approved());
    }
    Err(Failure::new(Exit::Denied, "not-approved", "not approved; the connector was not added"))
}

fn show(spec: &ConnectorSpec, view: &ConnectorPlanView, dry_run: bool, context: &Context) -> Outcome {
    let output = context.output;
    let ConnectorPlanView { connector, replaces, .. } = view;
    let replaced = match replaces {
        Some(version) if *version == connector.version => " again".to_owned(),
        Some(version) => format!(", replacing {version}"),
        None => String::new(),
    };
    let done = if dry_run { "would add" } else { "added" };
    let ConnectorView { id, version, title, .. } = connector;
    output.heading(format!("{done} {id} {version}{replaced}: {}", OneLine::new(title)))?;
    describe::overview(spec, output)?;
    if replaces.is_some() {
        differences(view, context)?;
        for rescoped in &view.rescoped {
            let Rescoped { space, connection, .. } = rescoped;
            output.line(format!("  {space}/{connection} requests a different scope when it is authorized again"))?;
        }
        if !view.differences.is_empty() {
            output.note(
                "What the owners of connections approved still applies: `innkeeper connection edit ID` changes it.",
            );
        }
    } else if !dry_run {
        output.note(format!("next: innkeeper connection create {id}"));
    }
    Ok(())
}

fn differences(view: &ConnectorPlanView, context: &Context) -> Outcome {
    if view.differences.is_empty() {
        return context.output.line("differences: none in its spec");
    }
    context.output.line("differences:")?;
    view.differences.iter().try_for_each(|difference| context.output.line(format!("  {difference}")))
}

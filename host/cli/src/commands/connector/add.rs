//! `innkeeper connector add FILE...`

use std::path::PathBuf;

use clap::Args;
use innkeeper::{Added, Innkeeper};
use serde_json::{Value, json};

use super::describe;
use crate::commands::Context;
use crate::failure::{Failure, Outcome};

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// WebAssembly components of the world `connector`
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

pub(super) async fn run(arguments: Arguments, context: &Context) -> Outcome {
    context
        .with_host(async |host| {
            let mut all = Vec::new();
            for path in &arguments.files {
                let added = add(host, path).await?;
                if context.output.is_json() {
                    all.push(to_json(&added));
                } else {
                    show(&added, context)?;
                }
            }
            if context.output.is_json() { context.output.json(&Value::Array(all)) } else { Ok(()) }
        })
        .await
}

async fn add(host: &Innkeeper, path: &std::path::Path) -> Outcome<Added> {
    let component = std::fs::read(path).map_err(|error| Failure::file("read", path, &error))?;
    host.load(component).await.map_err(|error| Failure::from(error).about(path))
}

fn show(added: &Added, context: &Context) -> Outcome {
    let output = context.output;
    let spec = added.connector.spec();
    let about = &spec.about;
    let replaced = match &added.replaces {
        Some(version) if *version == about.version.to_string() => " again".to_owned(),
        Some(version) => format!(" in place of {version}"),
        None => String::new(),
    };
    output.heading(format!("added {} {}{replaced}: {}", about.id, about.version, about.title))?;
    describe::overview(spec, output)?;
    if added.replaces.is_some() {
        if added.differences.is_empty() {
            output.line("differences: none in what it says of itself")?;
        } else {
            output.line("differences:")?;
            for difference in &added.differences {
                output.line(format!("  {difference}"))?;
            }
            output.note(
                "Connections keep the hosts that their owners approved: `innkeeper connection edit ID` changes them.",
            );
        }
    } else {
        output.note(format!("next: innkeeper connection create {}", about.id));
    }
    Ok(())
}

fn to_json(added: &Added) -> Value {
    let spec = added.connector.spec();
    json!({
        "id": spec.about.id,
        "version": spec.about.version,
        "title": spec.about.title,
        "digest": added.connector.digest().0,
        "replaces": added.replaces,
        "differences": added.differences,
        "actions": spec.actions.iter().map(|action| action.name.as_str()).collect::<Vec<_>>(),
        "auth_types": spec.auth_types.iter().map(|taken| taken.auth_type.as_str()).collect::<Vec<_>>(),
        "hosts": spec.hosts.iter().map(describe::host).collect::<Vec<_>>(),
    })
}

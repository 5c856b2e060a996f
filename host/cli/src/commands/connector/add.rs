//! `innkeeper connector add FILE...`

use std::path::{Path, PathBuf};

use clap::Args;
use innkeeper::shown::OneLine;
use innkeeper::{Added, Innkeeper};
use serde_json::{Value, json};

use super::{component, describe};
use crate::commands::Context;
use crate::failure::{Failure, Outcome};
use crate::progress::Progress;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// WebAssembly components of the world `connector`
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

pub(super) async fn run(arguments: Arguments, context: &Context) -> Outcome {
    context
        .with_host(async |host| {
            let vetting = vetted(host, &arguments.files, context.settings.compile_limits.component);
            let components = Progress::during("compiling", !context.output.is_json(), vetting).await?;
            let mut all = Vec::new();
            for (path, component) in components {
                let added = host.load(component).await.map_err(|error| Failure::from(error).about(path))?;
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

/// The components, if all of them are connectors; otherwise every file that is none.
async fn vetted<'a>(host: &Innkeeper, files: &'a [PathBuf], most: usize) -> Outcome<Vec<(&'a Path, Vec<u8>)>> {
    let mut components = Vec::new();
    let mut failures = Vec::new();
    for path in files {
        match vet(host, path, most).await {
            Ok(component) => components.push((path.as_path(), component)),
            Err(failure) => failures.push(failure),
        }
    }
    match Failure::all(failures) {
        Some(failure) if files.len() > 1 => Err(failure.hint("none of the files was added")),
        Some(failure) => Err(failure),
        None => Ok(components),
    }
}

async fn vet(host: &Innkeeper, path: &Path, most: usize) -> Outcome<Vec<u8>> {
    let component = component::read(path, most)?;
    host.inspect(component.clone()).await.map_err(|error| Failure::from(error).about(path))?;
    Ok(component)
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
    output.heading(format!("added {} {}{replaced}: {}", about.id, about.version, OneLine::new(&about.title)))?;
    describe::overview(spec, output)?;
    if added.replaces.is_some() {
        if added.differences.is_empty() {
            output.line("differences: none in what it says of itself")?;
        } else {
            output.line("differences:")?;
            for difference in &added.differences {
                output.line(format!("  {difference}"))?;
            }
            for (space, connection) in &added.rescoped {
                output.line(format!("  {space}/{connection} asks for another scope when it is authorized again"))?;
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

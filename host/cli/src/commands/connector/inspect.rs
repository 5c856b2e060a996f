//! `innkeeper connector inspect FILE|ID`

use std::path::Path;

use clap::Args;
use innkeeper::spec::ConnectorId;
use innkeeper::{Connector, Innkeeper};

use super::{component, describe};
use crate::commands::Context;
use crate::failure::{Failure, Outcome};
use crate::progress::Progress;
use crate::time;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// A component's file, or the id of a stored connector
    #[arg(value_name = "FILE|ID")]
    what: String,
}

pub(super) async fn run(arguments: Arguments, context: &Context) -> Outcome {
    context
        .with_host(async |host| {
            let finding = find(host, &arguments.what, context.settings.compile_limits.component);
            let connector = Progress::during("compiling", !context.output.is_json(), finding).await?;
            let spec = connector.spec();
            if context.output.is_json() {
                return context.output.json(&spec.to_json());
            }
            describe::whole(spec, context.output)?;
            describe::imports(connector.imports(), context.output)?;
            context.output.note(format!("digest {}; --json shows everything, with the schemas", connector.digest().0));
            Ok(())
        })
        .await
}

/// A file if there is one of that name, otherwise a stored connector.
async fn find(host: &Innkeeper, what: &str, most: usize) -> Outcome<Connector> {
    let path = Path::new(what);
    if path.is_file() {
        let component = component::read(path, most)?;
        tracing::debug!(size = time::size(component.len() as u64), "inspecting a file");
        return host.inspect(component).await.map_err(|error| Failure::from(error).about(path));
    }
    let is_path = what.contains(std::path::MAIN_SEPARATOR) || path.extension().is_some_and(|ending| ending == "wasm");
    match ConnectorId::parse(what) {
        Ok(id) if !is_path => Ok(host.connector(&id).await?),
        _ => std::fs::metadata(path)
            .map_err(|error| Failure::file("read", path, &error))
            .and_then(|_| Err(Failure::invalid(format!("{what} is not a file")))),
    }
}

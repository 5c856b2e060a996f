//! `innkeeper connection check ID`

use clap::Args;
use innkeeper::shown::Said;
use innkeeper::{ConnectionId, PrincipalId};

use crate::commands::Context;
use crate::failure::Outcome;
use crate::progress::Progress;
use crate::time::span;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Which connection
    id: ConnectionId,
    /// For whom, if each principal has a separate grant
    #[arg(long, value_name = "NAME")]
    principal: Option<PrincipalId>,
}

pub(super) async fn run(arguments: Arguments, context: &Context) -> Outcome {
    let space = &context.settings.space;
    let Arguments { id, principal } = arguments;
    let what = format!("checking {id}");
    let checked = context.with_host(async |host| {
        let checking = host.check(space, &id, principal.clone());
        Ok(Progress::during(&what, !context.output.is_json(), checking).await?)
    });
    let checked = checked.await;
    let result = checked.map_err(|failure| failure.authorizing(&id, principal.as_ref()))?;
    if context.output.is_json() {
        return context.output.json(&result.view());
    }
    if result.message.trim().is_empty() {
        context.output.line("ok")?;
    } else {
        context.output.line(format!("ok: {}", Said::connector(&result.message)))?;
    }
    context.output.note(format!("in {}", span(result.duration)));
    Ok(())
}

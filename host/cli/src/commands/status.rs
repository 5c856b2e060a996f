//! `innkeeper status CONNECTION`

use clap::Args;
use innkeeper::shown::OneLine;
use innkeeper::{ConnectionId, ConnectionStatus, PrincipalId};

use super::Context;
use crate::failure::Outcome;
use crate::time::relative;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Which connection
    connection: ConnectionId,
    /// For whom, if each principal has a separate grant
    #[arg(long, value_name = "NAME")]
    principal: Option<PrincipalId>,
}

pub(super) async fn run(arguments: Arguments, context: &Context) -> Outcome {
    let space = &context.settings.space;
    let Arguments { connection, principal } = arguments;
    let status = context.with_host(async |host| Ok(host.status(space, &connection, principal).await?)).await?;
    if context.output.is_json() {
        return context.output.json(&status.view());
    }
    show(&status, context)
}

fn show(status: &ConnectionStatus, context: &Context) -> Outcome {
    let ConnectionStatus { connection, principal, grant, .. } = status;
    let whose = principal.as_ref().map(|principal| format!(" for {principal}")).unwrap_or_default();
    let stands = match &grant.reason {
        _ if grant.authorized => "ready".to_owned(),
        Some(reason) => format!("needs authorization: {}", reason.sentence()),
        None => "needs authorization".to_owned(),
    };
    context.output.heading(format!("{}{whose}: {stands}", connection.id))?;
    let mut lines =
        vec![("auth type", connection.auth_type.to_string()), ("auth mode", connection.auth_mode.to_string())];
    if connection.interactive && grant.authorized {
        let end = grant.expires_at.map_or_else(|| "not known".to_owned(), relative);
        lines.push(("token expires", end));
        lines.push(("renewed by", if grant.refreshable { "the host" } else { "a new authorization" }.to_owned()));
    }
    lines.extend(grant.refresh_token_expires_at.map(|at| ("refresh expires", relative(at))));
    lines.extend(grant.last_refresh.map(|at| ("refreshed", relative(at))));
    lines.extend(grant.scope.clone().map(|scope| ("scope", scope)));
    if !grant.missing_scope.is_empty() {
        let missing = format!("{}; `innkeeper authorize {}` asks for it", grant.missing_scope.join(" "), connection.id);
        lines.push(("not granted", missing));
    }
    if !grant.surplus_scope.is_empty() {
        let surplus = grant.surplus_scope.join(" ");
        let ending = format!("{surplus}; `innkeeper authorize {}` asks for less", connection.id);
        lines.push(("no longer needed", ending));
    }
    if grant.in_doubt {
        lines.push((
            "in doubt",
            "a refresh was sent and its response was never stored; the next call settles it".to_owned(),
        ));
    }
    if let Some(problem) = &grant.last_failure {
        lines.push(("last failure", problem.clone()));
        lines.extend(grant.next_try.map(|at| ("next try", relative(at))));
    }
    for (name, value) in lines {
        context.output.line(format!("  {name:<15}  {}", OneLine::new(value)))?;
    }
    if !grant.authorized {
        let flag = principal.as_ref().map(|principal| format!(" --principal {principal}")).unwrap_or_default();
        context.output.note(format!("next: innkeeper authorize {}{flag}", connection.id));
    }
    Ok(())
}

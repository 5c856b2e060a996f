//! The owner sees what in a plan they did not name, and decides.

use innkeeper::shown::{OneLine, Said, address};
use innkeeper::spec::{ApprovedHost, CredentialUse};
use innkeeper::{Approval, ApprovedPlan, ConnectionView, Innkeeper, Plan, PlanKind, PlanView, PlanWarning};

use crate::commands::Context;
use crate::commands::connector::with_warning;
use crate::failure::{Exit, Failure, Outcome};
use crate::output::{Listing, Output, say, say_table};
use crate::prompts;

/// Carries out the plan if the owner approves it; a dry run only shows it.
pub(super) async fn make(
    host: &Innkeeper,
    plan: Plan,
    given: Given,
    dry_run: bool,
    context: &Context,
) -> Outcome<Option<ConnectionView>> {
    warn(plan.view(), context.output);
    if !dry_run {
        return Ok(Some(host.connect(approve(plan, given)?).await?));
    }
    if context.output.is_json() {
        context.output.json(plan.view())?;
    } else {
        show(plan.view());
    }
    Ok(None)
}

/// What the arguments approve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Given {
    /// Only what they name.
    Nothing,
    /// What the connector requests: hosts, placeholders and claims, but no address that credentials are sent to.
    Asked,
    /// Everything.
    All,
}

/// Asks about what was neither named nor already approved.
fn approve(plan: Plan, given: Given) -> Outcome<ApprovedPlan> {
    let view = plan.view();
    let is_approved = match given {
        Given::All => true,
        Given::Asked => view.endpoints.iter().all(|endpoint| endpoint.approval != Approval::Needed),
        Given::Nothing => !plan.needs_approval(),
    };
    if is_approved {
        return Ok(plan.approved());
    }
    if !prompts::is_possible() {
        return Err(nobody_to_ask(view));
    }
    show(view);
    if prompts::confirm("Approve this?", false)? {
        return Ok(plan.approved());
    }
    let message = match view.kind {
        PlanKind::Change => "not approved; the connection was not changed",
        _ => "not approved; no connection was created",
    };
    Err(Failure::new(Exit::Denied, "not-approved", message).hint(INSTEAD))
}

const INSTEAD: &str = "name the hosts with `--host https://HOST[:PORT][/PREFIX]`, and the addresses that credentials are sent to with \
     `--field NAME=URL` (`--ears-url URL` for the auth type ears)";

fn nobody_to_ask(view: &PlanView) -> Failure {
    let connector = &view.connector;
    let mut parts = Vec::new();
    let hosts: Vec<String> = open(&view.hosts, |host| host.approval).map(with_claim).collect();
    if !hosts.is_empty() {
        parts.push(format!("the connector {connector} requests access to {}", hosts.join("; ")));
    }
    let endpoints: Vec<String> = view
        .endpoints
        .iter()
        .map(|endpoint| format!("{} ({}, {})", address(&endpoint.address), endpoint.field, endpoint.source))
        .collect();
    if !endpoints.is_empty() {
        parts.push(format!("credentials of {connector} are sent to {}", endpoints.join("; ")));
    }
    for (what, rights) in [
        ("put these secrets into its requests", &view.placeholders),
        ("read these fields of the token response", &view.claims),
    ] {
        let names: Vec<&str> = open(rights, |right| right.approval).map(|right| right.name.as_str()).collect();
        if !names.is_empty() {
            parts.push(format!("{connector} requests permission to {what}: {}", names.join("; ")));
        }
    }
    let message = format!("approval is required: {}", parts.join("; "));
    Failure::new(Exit::Usage, "approval-needed", message).hint(format!("pass `--yes` to approve, or {INSTEAD}"))
}

fn open<T>(items: &[T], approval: impl Fn(&T) -> Approval) -> impl Iterator<Item = &T> {
    items.iter().filter(move |item| approval(item) == Approval::Needed)
}

/// Everything in a plan that its owner decides on.
fn show(view: &PlanView) {
    let mark = |approval: Approval| match approval {
        Approval::Needed => "needs approval",
        Approval::Standing => "already approved",
        Approval::Unused => "not used",
        _ => "as given",
    };
    if !view.hosts.is_empty() {
        let mut listing = Listing::new(["HOST", "CREDENTIAL", "APPROVAL", "WHY"]);
        for planned in &view.hosts {
            let credential = if planned.host.credential == CredentialUse::Never { "never" } else { "sent" };
            let reason = planned.reason.as_ref().map(|reason| Said::connector(reason).to_string());
            listing.row([
                with_claim(planned),
                credential.to_owned(),
                mark(planned.approval).to_owned(),
                reason.unwrap_or_default(),
            ]);
        }
        say(&format!("The connector {} sends requests to:", view.connector));
        say_table(&listing);
    }
    for (what, rights) in [
        ("It may put these secrets into its requests", &view.placeholders),
        ("It may read these fields of the token response", &view.claims),
    ] {
        if !rights.is_empty() {
            let names: Vec<&str> = rights.iter().map(|right| right.name.as_str()).collect();
            say(&format!("{what}: {}", names.join("; ")));
        }
    }
    if !view.endpoints.is_empty() {
        let mut listing = Listing::new(["ADDRESS", "FIELD", "SOURCE", "APPROVAL"]);
        for endpoint in &view.endpoints {
            listing.row([
                address(&endpoint.address),
                endpoint.field.clone(),
                endpoint.source.to_string(),
                mark(endpoint.approval).to_owned(),
            ]);
        }
        say("To get and renew them, credentials are sent to:");
        say_table(&listing);
    }
    if !view.scopes.is_empty() {
        say(&format!("It asks the authorization server for: {}", view.scopes.join(" ")));
    }
    if !view.actions.is_empty() {
        let actions: Vec<String> =
            view.actions.iter().map(|action| format!("{} ({})", action.name, action.scope)).collect();
        say(&format!("Actions that write or destroy: {}", actions.join(", ")));
    }
    for change in &view.changes {
        let shown = |value: &Option<serde_json::Value>| value.as_ref().map(ToString::to_string).unwrap_or_default();
        let place = OneLine::new(&change.place);
        match (&change.before, &change.after) {
            (None, None) => say(&format!("Changes {place}")),
            (before, after) => {
                let (before, after) = (shown(before), shown(after));
                say(&format!("Changes {place} from {} to {}", OneLine::new(&before), OneLine::new(&after)));
            }
        }
    }
    // The others are shown whether or not there is a question.
    if view.warnings.contains(&PlanWarning::SecretInBody) {
        say(&format!("Warning: {}.", PlanWarning::SecretInBody));
    }
}

/// What the owner should know in any case.
fn warn(view: &PlanView, output: Output) {
    for warning in view.warnings.iter().filter(|warning| **warning != PlanWarning::SecretInBody) {
        output.note(format!("warning: {warning}"));
    }
}

/// Hosts as people write them.
pub(super) fn parse(texts: &[String]) -> Outcome<Vec<ApprovedHost>> {
    texts
        .iter()
        .map(|text| text.parse().map_err(|reason: String| Failure::invalid(format!("the host {reason}"))))
        .collect()
}

fn with_claim(planned: &innkeeper::PlannedHost) -> String {
    let text = with_warning(&planned.host);
    match &planned.claim {
        // Only the exact host is left to the grant.
        Some(claim) => format!("{text}, according to the grant's `{claim}`"),
        None => text,
    }
}

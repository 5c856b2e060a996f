//! Which hosts a connection may reach: the owner sees what the connector asks for, and decides.

use innkeeper::HostApproval;
use innkeeper::spec::{ApprovedHost, ConnectorSpec, CredentialUse, HostPattern};
use serde_json::Value;

use crate::failure::{Exit, Failure, Outcome};
use crate::output::{Listing, say};
use crate::prompts;

/// Takes the hosts that are named; without any, shows what is asked for and wants a yes.
pub(super) fn approve(
    spec: &ConnectorSpec,
    config: &Value,
    named: Option<&[String]>,
    yes: bool,
) -> Outcome<HostApproval> {
    if let Some(named) = named {
        return Ok(HostApproval::Only(parse(named)?));
    }
    let asked = asked(spec, config);
    if yes || asked.is_empty() {
        return Ok(HostApproval::AsAsked);
    }
    if !prompts::is_possible() {
        let hosts: Vec<&str> = asked.iter().map(|(host, _)| host.as_str()).collect();
        let message =
            format!("the connector {} asks to reach {}, which nobody has approved", spec.about.id, hosts.join("; "));
        return Err(Failure::new(Exit::Usage, "approval-needed", message)
            .hint("approve that with `--yes`, or name what it may reach with `--host https://HOST[:PORT][/PREFIX]`"));
    }
    let mut listing = Listing::new(["HOST", "CREDENTIAL", "WHY"]);
    for (host, rule) in asked {
        let credential = if rule.credential == CredentialUse::Never { "never" } else { "sent" };
        listing.row([host, credential.to_owned(), rule.reason.clone().unwrap_or_default()]);
    }
    say(&format!("{} asks to send requests to:", spec.about.title));
    say(&listing.to_text(false, true, ""));
    if !spec.placeholders.is_empty() {
        say(&format!("It may put these secrets into its requests: {}", spec.placeholders.join(", ")));
    }
    if !spec.claims.is_empty() {
        say(&format!("It may read these fields of the token answer: {}", spec.claims.join(", ")));
    }
    if prompts::confirm("May this connection reach them?", false)? {
        return Ok(HostApproval::AsAsked);
    }
    Err(Failure::new(Exit::Denied, "not-approved", "the hosts were not approved, and no connection was made")
        .hint("name what it may reach with `--host https://HOST[:PORT][/PREFIX]`"))
}

/// Hosts as people write them.
pub(super) fn parse(texts: &[String]) -> Outcome<Vec<ApprovedHost>> {
    texts
        .iter()
        .map(|text| text.parse().map_err(|reason: String| Failure::invalid(format!("the host {reason}"))))
        .collect()
}

/// What the connector asks for, as concrete as the config makes it.
fn asked<'a>(spec: &'a ConnectorSpec, config: &Value) -> Vec<(String, &'a innkeeper::spec::HostRule)> {
    let config = spec.config.with_defaults(config);
    let concrete = |rule: &innkeeper::spec::HostRule| match &rule.host {
        HostPattern::Claim { claim, pattern } => Some(format!("https://{pattern}, as the grant's `{claim}` says")),
        // A mistake in the config is reported when the connection is made.
        _ => rule.resolve(&config, &|_| None).ok().flatten().map(|host| host.to_string()),
    };
    spec.hosts.iter().filter_map(|rule| Some((concrete(rule)?, rule))).collect()
}

//! Which hosts a connection may reach and where its credentials are sent to: the owner sees what the connector asks for and
//! declares, and decides.

use std::collections::BTreeMap;

use innkeeper::shown::{Said, address};
use innkeeper::spec::{ApprovedHost, ConnectorSpec, CredentialUse, HostPattern, HostRule, Place, Scheme};
use innkeeper::{
    ConnectionChange, ConnectionId, Endpoint, EndpointSource, HostApproval, Innkeeper, NewConnection, SpaceId,
};
use serde_json::Value;

use crate::commands::connector::with_warning;
use crate::failure::{Exit, Failure, Outcome};
use crate::output::{Listing, say, say_table};
use crate::prompts;

/// Decides on the hosts of `new`: those that are named, or all that are asked for. What is not named by the owner is shown and
/// wants a yes: hosts, and the addresses that credentials are sent to.
pub(super) async fn approve(
    host: &Innkeeper,
    spec: &ConnectorSpec,
    new: &mut NewConnection,
    named: Option<&[String]>,
    yes: bool,
) -> Outcome {
    let asked = match named {
        Some(named) => {
            new.hosts = HostApproval::Only(parse(named)?);
            Vec::new()
        }
        None => asked(spec, &new.config),
    };
    if yes {
        return Ok(());
    }
    let endpoints = host.endpoints(new).await?;
    pin(&mut new.fields, &endpoints);
    if asked.is_empty() && endpoints.iter().all(|endpoint| endpoint.source == EndpointSource::Given) {
        return Ok(());
    }
    decide(spec, &asked, &endpoints)
}

/// Where a change makes credentials be sent to: what is neither as before nor named by the owner is shown and wants a yes.
pub(super) async fn approve_change(
    host: &Innkeeper,
    spec: &ConnectorSpec,
    (space, id): (&SpaceId, &ConnectionId),
    change: &mut ConnectionChange,
    yes: bool,
) -> Outcome {
    if yes {
        return Ok(());
    }
    let endpoints = host.endpoints_of_change(space, id, change).await?;
    pin(&mut change.fields, &endpoints);
    let is_known = |endpoint: &Endpoint| {
        matches!(endpoint.source, EndpointSource::Given | EndpointSource::Before | EndpointSource::Host)
    };
    if endpoints.iter().all(is_known) { Ok(()) } else { decide(spec, &[], &endpoints) }
}

/// What is approved is what is used, whatever the metadata says a moment later.
fn pin(fields: &mut BTreeMap<String, Value>, endpoints: &[Endpoint]) {
    let found = endpoints.iter().filter(|endpoint| endpoint.source == EndpointSource::Metadata);
    fields.extend(found.map(|found| (found.field.clone(), Value::from(found.address.as_str()))));
}

fn decide(spec: &ConnectorSpec, asked: &[Asked<'_>], endpoints: &[Endpoint]) -> Outcome {
    if !prompts::is_possible() {
        return Err(not_asked(spec, asked, endpoints));
    }
    show(spec, asked, endpoints);
    if prompts::confirm(question(asked, endpoints), false)? {
        return Ok(());
    }
    let message = "that was not approved, and no connection was made or changed";
    Err(Failure::new(Exit::Denied, "not-approved", message).hint(INSTEAD))
}

const INSTEAD: &str = "name what it may reach with `--host https://HOST[:PORT][/PREFIX]`, and where its credentials are sent to \
                       with `--field NAME=URL` (of the auth type ears, with `--ears-url URL`)";

/// Nobody can be asked.
fn not_asked(spec: &ConnectorSpec, asked: &[Asked<'_>], endpoints: &[Endpoint]) -> Failure {
    let mut parts = Vec::new();
    if !asked.is_empty() {
        let hosts: Vec<&str> = asked.iter().map(|(host, _)| host.as_str()).collect();
        parts.push(format!("the connector {} asks to reach {}", spec.about.id, hosts.join("; ")));
    }
    if !endpoints.is_empty() {
        let addresses: Vec<String> = endpoints
            .iter()
            .map(|endpoint| {
                format!("{} ({}, {})", address(&endpoint.address), endpoint.field, endpoint.source.as_str())
            })
            .collect();
        let whose = if asked.is_empty() { format!(" of the connector {}", spec.about.id) } else { String::new() };
        parts.push(format!("credentials{whose} are sent to {}", addresses.join("; ")));
    }
    let message = format!("{}, which nobody has approved", parts.join("; "));
    Failure::new(Exit::Usage, "approval-needed", message).hint(format!("approve that with `--yes`, or {INSTEAD}"))
}

fn show(spec: &ConnectorSpec, asked: &[Asked<'_>], endpoints: &[Endpoint]) {
    if !asked.is_empty() {
        let mut listing = Listing::new(["HOST", "CREDENTIAL", "WHY"]);
        for (host, rule) in asked {
            let credential = if rule.credential == CredentialUse::Never { "never" } else { "sent" };
            let reason = rule.reason.as_ref().map(|reason| Said::connector(reason).to_string());
            listing.row([host.clone(), credential.to_owned(), reason.unwrap_or_default()]);
        }
        say(&format!("The connector {} asks to send requests to:", spec.about.id));
        say_table(&listing);
    }
    if !spec.placeholders.is_empty() {
        let uses = spec.placeholder_uses();
        let texts: Vec<String> = uses.iter().map(ToString::to_string).collect();
        say(&format!("It may put these secrets into its requests: {}", texts.join("; ")));
        if uses.iter().any(|usage| usage.permits_place(Place::Body)) {
            say(IN_BODIES);
        }
    }
    if !spec.claims.is_empty() {
        say(&format!("It may read these fields of the token answer: {}", spec.claims.join(", ")));
    }
    if !endpoints.is_empty() {
        let mut listing = Listing::new(["ADDRESS", "FIELD", "SOURCE"]);
        for endpoint in endpoints {
            let Endpoint { field, source, .. } = endpoint;
            listing.row([address(&endpoint.address), field.clone(), source.as_str().to_owned()]);
        }
        say("To get and renew them, credentials are sent to:");
        say_table(&listing);
    }
}

/// What it means that a connector may put a secret into a body.
const IN_BODIES: &str = "A secret in the body of a request can be stored by the service and read back, in pieces or in another form that \
                         nothing recognises: agree only if you trust this connector with the secret itself.";

fn question(asked: &[Asked<'_>], endpoints: &[Endpoint]) -> &'static str {
    match (asked.is_empty(), endpoints.is_empty()) {
        (_, true) => "May this connection reach them?",
        (true, false) => "May credentials be sent there?",
        (false, false) => "May this connection reach them, and credentials be sent there?",
    }
}

/// Hosts as people write them.
pub(super) fn parse(texts: &[String]) -> Outcome<Vec<ApprovedHost>> {
    texts
        .iter()
        .map(|text| text.parse().map_err(|reason: String| Failure::invalid(format!("the host {reason}"))))
        .collect()
}

/// A host as it is parsed and as concrete as it is known, and the rule that asks for it.
type Asked<'a> = (String, &'a HostRule);

/// What the connector asks for, as concrete as the config makes it.
fn asked<'a>(spec: &'a ConnectorSpec, config: &Value) -> Vec<Asked<'a>> {
    let config = spec.config.with_defaults(config);
    let concrete = |rule: &HostRule| match &rule.host {
        HostPattern::Claim { claim, pattern } => {
            // As it is approved: nothing but the very host is left to the grant.
            let approved = ApprovedHost {
                scheme: Scheme::Https,
                host: pattern.clone(),
                port: rule.port.unwrap_or(Scheme::Https.default_port()),
                methods: rule.methods.clone(),
                path_prefix: rule.path_prefix.clone(),
                credential: CredentialUse::Allowed,
                claim: None,
            };
            Some(format!("{}, as the grant's `{claim}` says", with_warning(&approved)))
        }
        // A mistake in the config is reported when the connection is made.
        _ => rule.resolve(&config, &|_| None).ok().flatten().map(|host| with_warning(&host)),
    };
    spec.hosts.iter().filter_map(|rule| Some((concrete(rule)?, rule))).collect()
}

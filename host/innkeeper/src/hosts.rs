//! Where a connection may send requests: what its connector asks for, as far as its owner approved it.

use innkeeper_runtime::Connector;
use innkeeper_spec::{ApprovedHost, HostPattern, Scheme};
use serde_json::Value;

use crate::connections::HostApproval;
use crate::error::Error;

/// What the owner approves when a connection is made. A host that only a claim of the grant will name is approved as the
/// pattern it has to stay within.
pub(crate) fn approve(
    connector: &Connector,
    config: &Value,
    approval: HostApproval,
) -> Result<Vec<ApprovedHost>, Error> {
    let HostApproval::AsAsked = approval else {
        let HostApproval::Only(hosts) = approval else { return Ok(Vec::new()) };
        return Ok(hosts);
    };
    let spec = connector.spec();
    let mut hosts = Vec::with_capacity(spec.hosts.len());
    for rule in &spec.hosts {
        if let HostPattern::Claim { pattern, .. } = &rule.host {
            hosts.push(ApprovedHost {
                scheme: Scheme::Https,
                host: pattern.clone(),
                port: rule.port.unwrap_or(443),
                methods: rule.methods.clone(),
                path_prefix: rule.path_prefix.clone(),
                credential: rule.credential,
            });
            continue;
        }
        let resolved = rule
            .resolve(config, &|_| None)
            .map_err(|mistake| Error::Hosts { connector: spec.about.id.clone(), reason: mistake.to_string() })?;
        hosts.extend(resolved);
    }
    Ok(hosts)
}

/// The claims that host rules of the connector name.
pub(crate) fn claims_in_hosts(connector: &Connector) -> impl Iterator<Item = &str> {
    connector.spec().hosts.iter().filter_map(|rule| match &rule.host {
        HostPattern::Claim { claim, .. } => Some(claim.as_str()),
        _ => None,
    })
}

/// The hosts of one call: an approved pattern that stands for a claim is narrowed to the very host the claim names, and
/// is worth nothing as long as there is no such claim.
pub(crate) fn narrow(
    connector: &Connector,
    config: &Value,
    approved: &[ApprovedHost],
    claim: &dyn Fn(&str) -> Option<String>,
) -> Vec<ApprovedHost> {
    let mut hosts = approved.to_vec();
    for rule in &connector.spec().hosts {
        let HostPattern::Claim { pattern, .. } = &rule.host else { continue };
        let before = hosts.len();
        hosts.retain(|host| host.host != *pattern);
        if hosts.len() < before
            && let Ok(Some(host)) = rule.resolve(config, claim)
        {
            hosts.push(host);
        }
    }
    hosts
}

//! Where a connection may send requests: what its connector requests, as far as its owner approved it.

use innkeeper_runtime::Connector;
use innkeeper_spec::{ApprovedHost, HostPattern, HostRule, Scheme};
use serde_json::Value;

use crate::error::Error;

/// A host that a connection is to reach, and why its connector requests it.
pub(crate) struct Host {
    pub(crate) host: ApprovedHost,
    pub(crate) reason: Option<String>,
}

impl From<ApprovedHost> for Host {
    fn from(host: ApprovedHost) -> Self {
        Self { host, reason: None }
    }
}

/// What the connector requests. A host that only a claim of the grant will name is approved as the pattern that it
/// must match.
pub(crate) fn asked(connector: &Connector, config: &Value) -> Result<Vec<Host>, Error> {
    let spec = connector.spec();
    let mut hosts = Vec::with_capacity(spec.hosts.len());
    for rule in &spec.hosts {
        let reason = rule.reason.clone();
        if let HostPattern::Claim { claim, pattern } = &rule.host {
            let host = ApprovedHost {
                scheme: Scheme::Https,
                host: pattern.clone(),
                port: rule.port.unwrap_or(443),
                methods: rule.methods.clone(),
                path_prefix: rule.path_prefix.clone(),
                credential: rule.credential,
                claim: Some(claim.clone()),
            };
            hosts.push(Host { host, reason });
            continue;
        }
        let resolved = rule
            .resolve(config, &|_| None)
            .map_err(|mistake| Error::Hosts { connector: spec.about.id.clone(), reason: mistake.to_string() })?;
        hosts.extend(resolved.map(|host| Host { host, reason }));
    }
    Ok(hosts)
}

/// What the owner names instead.
pub(crate) fn named(connector: &Connector, hosts: &[ApprovedHost]) -> Result<Vec<Host>, Error> {
    let hosts = bound(connector, hosts);
    let reason = hosts.iter().filter(|host| host.claim.is_none()).find_map(|host| host.host.many_owners());
    match reason {
        Some(reason) => Err(Error::Hosts { connector: connector.spec().about.id.clone(), reason }),
        None => Ok(hosts.into_iter().map(Host::from).collect()),
    }
}

/// The same hosts, each bound to a claim if it is not bound yet and is exactly the pattern of a claim rule of the
/// connector.
pub(crate) fn bound(connector: &Connector, hosts: &[ApprovedHost]) -> Vec<ApprovedHost> {
    let rules = &connector.spec().hosts;
    let claim_of = |host: &ApprovedHost| {
        rules.iter().find_map(|rule| match &rule.host {
            HostPattern::Claim { claim, pattern } if *pattern == host.host => Some(claim.clone()),
            _ => None,
        })
    };
    let bind =
        |host: &ApprovedHost| ApprovedHost { claim: host.claim.clone().or_else(|| claim_of(host)), ..host.clone() };
    hosts.iter().map(bind).collect()
}

/// Whether what was already approved covers this host. A pattern that a claim narrows was approved for that claim only.
pub(crate) fn is_approved(host: &ApprovedHost, before: &[ApprovedHost]) -> bool {
    let binds_no_less = |approved: &ApprovedHost| approved.claim.is_none() || approved.claim == host.claim;
    before.iter().any(|approved| approved.covers(host) && binds_no_less(approved))
}

/// The hosts of one call: an approved pattern that is bound to a claim is narrowed to the exact host that the claim
/// names, and permits nothing as long as there is no such claim. The connector's current spec has no influence on
/// this.
pub(crate) fn narrow(hosts: &[ApprovedHost], claim: &dyn Fn(&str) -> Option<String>) -> Vec<ApprovedHost> {
    let narrowed = |host: &ApprovedHost| {
        let Some(name) = &host.claim else { return Some(host.clone()) };
        let rule = HostRule {
            host: HostPattern::Claim { claim: name.clone(), pattern: host.host.clone() },
            port: Some(host.port),
            methods: host.methods.clone(),
            path_prefix: host.path_prefix.clone(),
            credential: host.credential,
            reason: None,
        };
        rule.resolve(&Value::Null, claim).ok().flatten()
    };
    hosts.iter().filter_map(narrowed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn approved(claim: Option<&str>) -> ApprovedHost {
        let host: ApprovedHost = "https://*.example.com/v1 (GET)".parse().expect("a host");
        ApprovedHost { claim: claim.map(str::to_owned), ..host }
    }

    fn narrowed(host: ApprovedHost, claim: Option<&str>) -> Vec<String> {
        let hosts = narrow(&[host], &|name| claim.filter(|_| name == "instance_url").map(str::to_owned));
        hosts.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_pattern_bound_to_a_claim_is_never_more_than_the_host_it_names() {
        let bound = || approved(Some("instance_url"));
        assert_eq!(narrowed(bound(), Some("https://eu.example.com")), ["https://eu.example.com:443/v1 (GET)"]);
        for none in [None, Some(""), Some("https://example.org"), Some("http://eu.example.com"), Some("*.example.com")]
        {
            assert!(narrowed(bound(), none).is_empty(), "{none:?}");
        }
        assert!(narrowed(approved(Some("another")), Some("https://eu.example.com")).is_empty());
    }

    #[test]
    fn a_pattern_that_was_approved_for_a_claim_is_not_approved_without_it_or_for_another() {
        let bound = |claim| approved(Some(claim));
        assert!(is_approved(&bound("instance_url"), &[bound("instance_url")]));
        assert!(!is_approved(&approved(None), &[bound("instance_url")]), "every host of the pattern");
        assert!(!is_approved(&bound("other_url"), &[bound("instance_url")]));
        assert!(is_approved(&bound("instance_url"), &[approved(None)]), "the whole pattern was approved");
    }

    #[test]
    fn a_pattern_that_is_bound_to_none_stands_for_itself() {
        assert_eq!(narrowed(approved(None), None), ["https://*.example.com:443/v1 (GET)"]);
    }
}

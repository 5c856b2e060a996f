//! What all calls of a connection have in common, computed once for its record and its connector's component.

use std::convert::Infallible;
use std::sync::Arc;

use innkeeper_egress::Echoes;
use innkeeper_runtime::Connector;
use innkeeper_spec::{ApprovedHost, ConnectorSpec, PlaceholderUse, agreed_uses};
use innkeeper_store::{ComponentDigest, ConnectionCache, ConnectionRecord};

use crate::hosts::bound;

/// What a call of a connection may know and use, for any user.
pub(crate) struct Terms {
    /// The connector's component that they are computed for.
    component: ComponentDigest,
    /// The config, a JSON object.
    pub(crate) config: Arc<str>,
    /// Claims that the guest may read.
    pub(crate) claims: Vec<String>,
    /// Secret fields that the guest may name in placeholders, and where: texts of [`PlaceholderUse`].
    pub(crate) placeholders: Vec<String>,
    pub(crate) hosts: Hosts,
    /// Counts the calls whose answers contained a secret.
    pub(crate) echoes: Arc<Echoes>,
}

/// Where a call may send requests.
pub(crate) enum Hosts {
    /// The same for every call.
    Fixed(Arc<[ApprovedHost]>),
    /// Some of them are named by a claim of the caller's grant.
    ByClaim(Vec<ApprovedHost>),
}

impl Terms {
    /// The cached terms, or new ones if something changed.
    pub(crate) fn of(known: &ConnectionCache, record: &ConnectionRecord, connector: &Connector) -> Arc<Self> {
        let holds = |terms: &Self| terms.component == *connector.digest();
        let Ok(terms) = known.worked_out(record, holds, |_| Ok::<_, Infallible>(Self::new(record, connector)));
        terms
    }

    fn new(record: &ConnectionRecord, connector: &Connector) -> Self {
        let spec = connector.spec();
        let mut hosts = bound(connector, &record.hosts);
        // Approved before such patterns were refused: they permit nothing.
        hosts.retain(|host| host.claim.is_some() || host.host.many_owners().is_none());
        Self {
            component: connector.digest().clone(),
            config: record.config.to_string().into(),
            claims: agreed(&spec.claims, &record.claims),
            placeholders: agreed_placeholders(spec, &record.placeholders),
            hosts: if hosts.iter().any(|host| host.claim.is_some()) {
                Hosts::ByClaim(hosts)
            } else {
                Hosts::Fixed(hosts.into())
            },
            echoes: Arc::default(),
        }
    }
}

/// What this version of the connector declares, as far as the connection's owner agreed to it.
fn agreed(declared: &[String], agreed: &[String]) -> Vec<String> {
    declared.iter().filter(|name| agreed.contains(name)).cloned().collect()
}

/// The same for placeholders, each of which may be bound to places. A placeholder that was approved by name only may
/// be used anywhere.
fn agreed_placeholders(spec: &ConnectorSpec, agreed: &[String]) -> Vec<String> {
    let agreed: Vec<PlaceholderUse> = agreed.iter().filter_map(|text| text.parse().ok()).collect();
    agreed_uses(&spec.placeholder_uses(), &agreed).iter().map(ToString::to_string).collect()
}

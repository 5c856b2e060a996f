//! What all calls of a connection have in common, worked out once for its record and its connector's component.

use std::collections::HashMap;
use std::sync::Arc;

use innkeeper_ambient::lock::RwLock;
use innkeeper_egress::Echoes;
use innkeeper_runtime::Connector;
use innkeeper_spec::{ApprovedHost, ConnectorSpec, PlaceholderUse, agreed_uses};
use innkeeper_store::{ComponentDigest, ConnectionId, ConnectionRecord, Edition, SpaceId};

use crate::hosts::bound;

/// Connections whose terms are kept at once; with one more all are forgotten.
const MOST: usize = 10_000;

/// What a call of a connection may know and use, whoever it runs for.
pub(crate) struct Terms {
    /// The config, a JSON object.
    pub(crate) config: Arc<str>,
    /// Claims that the guest may read.
    pub(crate) claims: Vec<String>,
    /// Secret fields that the guest may name in placeholders, and where: texts of [`PlaceholderUse`].
    pub(crate) placeholders: Vec<String>,
    pub(crate) hosts: Hosts,
    /// Counts the calls whose answers held a secret.
    pub(crate) echoes: Arc<Echoes>,
}

/// Where a call may send requests.
pub(crate) enum Hosts {
    /// Always there.
    Fixed(Arc<[ApprovedHost]>),
    /// Some of them are named by a claim of the caller's grant.
    ByClaim(Vec<ApprovedHost>),
}

impl Terms {
    fn new(record: &ConnectionRecord, connector: &Connector) -> Self {
        let spec = connector.spec();
        let mut hosts = bound(connector, &record.hosts);
        // Approved before such patterns were refused: worth nothing.
        hosts.retain(|host| host.claim.is_some() || host.host.many_owners().is_none());
        Self {
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

/// The same for placeholders, each of which may be bound to places. What was agreed to by name alone holds anywhere.
fn agreed_placeholders(spec: &ConnectorSpec, agreed: &[String]) -> Vec<String> {
    let agreed: Vec<PlaceholderUse> = agreed.iter().filter_map(|text| text.parse().ok()).collect();
    agreed_uses(&spec.placeholder_uses(), &agreed).iter().map(ToString::to_string).collect()
}

/// Terms as they were last worked out.
#[derive(Default)]
pub(crate) struct KnownTerms(RwLock<HashMap<SpaceId, HashMap<ConnectionId, Kept>>>);

struct Kept {
    edition: Edition,
    component: ComponentDigest,
    terms: Arc<Terms>,
}

impl KnownTerms {
    pub(crate) fn of(&self, record: &ConnectionRecord, connector: &Connector) -> Arc<Terms> {
        let edition = record.edition();
        let is_current = |kept: &&Kept| kept.edition == edition && kept.component == *connector.digest();
        let known = self
            .0
            .read()
            .get(&record.space)
            .and_then(|of_space| of_space.get(&record.id))
            .filter(is_current)
            .map(|kept| kept.terms.clone());
        known.unwrap_or_else(|| {
            let terms = Arc::new(Terms::new(record, connector));
            let kept = Kept { edition, component: connector.digest().clone(), terms: terms.clone() };
            let mut all = self.0.write();
            let is_new = !all.get(&record.space).is_some_and(|of_space| of_space.contains_key(&record.id));
            if is_new && all.values().map(HashMap::len).sum::<usize>() >= MOST {
                all.clear();
            }
            all.entry(record.space.clone()).or_default().insert(record.id.clone(), kept);
            terms
        })
    }

    /// For a connection that is no more.
    pub(crate) fn forget(&self, space: &SpaceId, connection: &ConnectionId) {
        let mut all = self.0.write();
        if let Some(of_space) = all.get_mut(space) {
            of_space.remove(connection);
            if of_space.is_empty() {
                all.remove(space);
            }
        }
    }
}

//! Reading, listing and removing connectors.

use innkeeper_ambient::Timestamp;
use innkeeper_runtime::Connector;
use innkeeper_spec::{ConnectorId, draft};
use innkeeper_store::{ComponentDigest, ConnectorRecord, Page, Paged};
use schemars::JsonSchema;
use serde::Serialize;

use crate::error::Error;
use crate::host::Innkeeper;
use crate::json::optional_time;
use crate::policy::{AccessRequest, Verb};

/// A connector that the store has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct ConnectorView {
    /// Its id.
    pub id: ConnectorId,
    /// Its semantic version.
    pub version: String,
    /// Its title for people, in the connector's words.
    pub title: String,
    /// The digest of its component: `sha256:...`.
    #[schemars(with = "String")]
    pub digest: ComponentDigest,
    /// The names of its actions.
    pub actions: Vec<String>,
    /// The auth types that it accepts, in the order in which to offer them.
    pub auth_types: Vec<String>,
    /// When it was added or replaced; null if it is not stored yet.
    #[serde(serialize_with = "optional_time")]
    #[schemars(with = "Option<String>")]
    pub added_at: Option<Timestamp>,
}

impl ConnectorView {
    pub(crate) fn of(connector: &Connector) -> Self {
        Self::new(connector.spec().about.id.clone(), connector.draft().clone(), connector.digest().clone(), None)
    }

    fn new(id: ConnectorId, spec: draft::ConnectorSpec, digest: ComponentDigest, added_at: Option<Timestamp>) -> Self {
        Self {
            id,
            version: spec.about.version,
            title: spec.about.title,
            digest,
            actions: spec.actions.into_iter().map(|action| action.name).collect(),
            auth_types: spec.auth_types.into_iter().map(|taken| taken.auth_type).collect(),
            added_at,
        }
    }
}

impl Innkeeper {
    /// Loads a connector without storing it, to inspect it.
    pub async fn inspect(&self, component: Vec<u8>) -> Result<Connector, Error> {
        self.allow(AccessRequest::new(Verb::InspectConnector)).await?;
        Ok(self.parts.runtime.load(component).await?)
    }

    /// A page of the connectors, by id.
    pub async fn connectors(&self, page: &Page) -> Result<Paged<ConnectorView>, Error> {
        self.allow(AccessRequest::new(Verb::ListConnectors)).await?;
        let Paged { items, next } = self.parts.store.connectors(page).await?;
        let view =
            |record: ConnectorRecord| ConnectorView::new(record.id, record.spec, record.digest, Some(record.added_at));
        Ok(Paged { items: items.into_iter().map(view).collect(), next })
    }

    /// One connector, ready to be called: from memory, or compiled (or taken from the cache) on first use.
    pub async fn connector(&self, id: &ConnectorId) -> Result<Connector, Error> {
        self.allow(AccessRequest::of_connector(Verb::ReadConnector, id)).await?;
        self.ready(id).await
    }

    /// Removes a connector that no connection uses.
    pub async fn remove_connector(&self, id: &ConnectorId) -> Result<(), Error> {
        self.allow(AccessRequest::of_connector(Verb::RemoveConnector, id)).await?;
        let _writing = self.parts.loaded.writing().await;
        let connections = self.parts.store.connections_of(id).await?;
        if !connections.is_empty() {
            let connections = connections.iter().map(|(space, connection)| format!("{space}/{connection}")).collect();
            return Err(Error::ConnectorInUse { connector: id.clone(), connections });
        }
        if !self.parts.store.delete_connector(id).await? {
            return Err(Error::UnknownConnector(id.clone()));
        }
        self.parts.loaded.forget(id);
        Ok(())
    }
}

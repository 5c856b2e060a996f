//! Adding, listing and removing connectors.

use std::path::Path;
use std::sync::Arc;

use innkeeper_ambient::Timestamp;
use innkeeper_auth::Settings;
use innkeeper_runtime::Connector;
use innkeeper_spec::{ConnectorId, ConnectorSpec, Difference};
use innkeeper_store::{ComponentDigest, ConnectionId, ConnectionRecord, ConnectorRecord, Expected, SpaceId, Written};

use crate::error::Error;
use crate::host::Innkeeper;

/// The field of OAuth's auth types that holds what is asked for.
const SCOPE: &str = "scope";

/// A connector that was added.
#[derive(Debug)]
pub struct Added {
    /// It is ready to be called.
    pub connector: Connector,
    /// Where it replaces an older one: what differs. Hosts that it asks for in addition are not approved by this.
    pub differences: Vec<Difference>,
    /// The version that it replaces.
    pub replaces: Option<String>,
    /// Connections that ask for another scope from now on, as they follow the connector's default: a new authorization asks
    /// their users for it. Until then their grants serve what they cover.
    pub rescoped: Vec<(SpaceId, ConnectionId)>,
}

impl Added {
    /// Which connector.
    pub fn id(&self) -> ConnectorId {
        self.connector.spec().about.id.clone()
    }
}

/// A connector that the store has.
#[derive(Clone, Debug)]
pub struct ConnectorSummary {
    /// Which.
    pub id: ConnectorId,
    /// For people.
    pub title: String,
    /// Semantic version.
    pub version: String,
    /// Names of its actions.
    pub actions: Vec<String>,
    /// Of its bytes.
    pub digest: ComponentDigest,
    /// When it was added or replaced.
    pub added_at: Timestamp,
}

impl Innkeeper {
    /// Loads a connector without keeping it: to look at it.
    pub async fn inspect(&self, component: Vec<u8>) -> Result<Connector, Error> {
        Ok(self.parts.runtime.load(component).await?)
    }

    /// Loads a connector and keeps it. One of the same id is replaced; its connections go on with the new one and keep the
    /// hosts that their owners approved.
    ///
    /// Fails, keeping nothing, when the bytes are no connector.
    pub async fn load(&self, component: Vec<u8>) -> Result<Added, Error> {
        let connector = self.parts.runtime.load(component.clone()).await?;
        let id = connector.spec().about.id.clone();
        let _writing = self.parts.loaded.writing().await;
        let before = self.parts.store.connector(&id).await?;
        let record = ConnectorRecord {
            id: id.clone(),
            digest: connector.digest().clone(),
            spec: connector.draft().clone(),
            added_at: self.parts.clock.now(),
        };
        self.parts.store.put_connector(record, component).await?;
        self.parts.loaded.keep(connector.clone());
        // The older one was checked when it was added.
        let older = match &before {
            Some(record) => self.parts.runtime.parse_spec(record.spec.clone()).await.ok().map(|(_, spec)| spec),
            None => None,
        };
        let (differences, rescoped) = match &older {
            Some(older) => (older.differences(connector.spec()), self.follow_scope(older, connector.spec()).await?),
            None => Default::default(),
        };
        Ok(Added { connector, differences, replaces: before.map(|record| record.spec.about.version), rescoped })
    }

    /// The scope that a connection asks for follows the connector's default where the owner left it at that. Nothing else
    /// does: an address that followed could send secrets elsewhere. A connection that cannot follow stays as it is.
    async fn follow_scope(
        &self,
        older: &ConnectorSpec,
        newer: &ConnectorSpec,
    ) -> Result<Vec<(SpaceId, ConnectionId)>, Error> {
        let mut rescoped = Vec::new();
        for (space, id) in self.parts.store.connections_of(&newer.about.id).await? {
            match self.rescope(&space, &id, older, newer).await {
                Ok(true) => rescoped.push((space, id)),
                Ok(false) => {}
                Err(error) => tracing::warn!(connection = %id, %error, "a connection keeps the scope that it asks for"),
            }
        }
        Ok(rescoped)
    }

    async fn rescope(
        &self,
        space: &SpaceId,
        id: &ConnectionId,
        older: &ConnectorSpec,
        newer: &ConnectorSpec,
    ) -> Result<bool, Error> {
        let Some(before) = self.parts.auth.connections().get(space, id).await? else { return Ok(false) };
        let auth_type = self.parts.auth.types().require(&before.auth_type)?;
        let default = |spec: &ConnectorSpec| {
            let declaration = spec.auth_types.iter().find(|declared| declared.auth_type == before.auth_type)?;
            Settings::defaults(declaration, &**auth_type, &before.config).remove(SCOPE)
        };
        let (old, new) = (default(older), default(newer));
        let is_taken = newer.auth_declaration(&before.auth_type).is_some();
        if !is_taken || old == new || before.fields.get(SCOPE) != old.as_ref() {
            return Ok(false);
        }
        let mut fields = before.fields.clone();
        // One that asks for nothing any more is the narrowest of all.
        match new {
            Some(new) => fields.insert(SCOPE.to_owned(), new),
            None => fields.remove(SCOPE),
        };
        let secrets = self.parts.auth.open_secrets(&before)?;
        let settings = Settings::from_stored(before.auth_type.clone(), fields.clone(), secrets);
        let version = before.version + 1;
        let record = ConnectionRecord {
            secrets: self.parts.auth.seal_secrets(space, id, version, &settings)?,
            fields,
            updated_at: self.parts.clock.now(),
            version,
            ..Arc::unwrap_or_clone(before)
        };
        // Who changed it meanwhile has chosen.
        let written = self.parts.store.put_connection(record, Expected::Version(version - 1)).await?;
        Ok(matches!(written, Written::Version(_)))
    }

    /// Loads a connector from a file and keeps it. See [`Innkeeper::load`].
    pub async fn load_file(&self, path: impl AsRef<Path>) -> Result<Added, Error> {
        self.load(self.parts.runtime.read(path).await?).await
    }

    /// All connectors, by id.
    pub async fn connectors(&self) -> Result<Vec<ConnectorSummary>, Error> {
        let records = self.parts.store.all_connectors().await?;
        Ok(records.into_iter().map(summary).collect())
    }

    /// Removes a connector that no connection uses.
    pub async fn remove_connector(&self, id: &ConnectorId) -> Result<(), Error> {
        let _writing = self.parts.loaded.writing().await;
        let connections = self.parts.store.connections_of(id).await?;
        if !connections.is_empty() {
            let connections = connections.iter().map(|(space, connection)| format!("{space}/{connection}")).collect();
            return Err(Error::ConnectorInUse { connector: id.clone(), connections });
        }
        if !self.parts.store.delete_connector(id).await? {
            let known =
                self.parts.store.all_connectors().await?.into_iter().map(|record| record.id.to_string()).collect();
            return Err(Error::UnknownConnector { asked: id.to_string(), known });
        }
        self.parts.loaded.forget(id);
        Ok(())
    }
}

fn summary(record: ConnectorRecord) -> ConnectorSummary {
    ConnectorSummary {
        id: record.id,
        title: record.spec.about.title,
        version: record.spec.about.version,
        actions: record.spec.actions.into_iter().map(|action| action.name).collect(),
        digest: record.digest,
        added_at: record.added_at,
    }
}

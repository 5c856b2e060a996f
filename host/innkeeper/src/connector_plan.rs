//! The effects of adding a connector, or a newer version of it.

use innkeeper_auth::{Declared, Defaults, Settings, Sourced};
use innkeeper_runtime::Connector;
use innkeeper_spec::{ConnectorId, ConnectorSpec, Difference, Impact};
use innkeeper_store::{ComponentDigest, ConnectionId, ConnectionRecord, ConnectorRecord, SpaceId};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::connectors::ConnectorView;
use crate::error::Error;
use crate::host::Innkeeper;
use crate::policy::{AccessRequest, Verb};

/// The result of [`Innkeeper::plan_connector`]. Nothing is stored until [`Innkeeper::add_connector`] adds exactly
/// this.
#[derive(Debug)]
pub struct ConnectorPlan {
    view: ConnectorPlanView,
    connector: Connector,
    component: Vec<u8>,
    /// The digest of the version that it replaces.
    before: Option<ComponentDigest>,
    /// The spec of the version that it replaces is no longer valid, so the differences are not known.
    is_incomparable: bool,
    rescopes: Vec<Rescope>,
}

impl ConnectorPlan {
    /// The whole plan, to be shown and serialized.
    pub fn view(&self) -> &ConnectorPlanView {
        &self.view
    }

    /// The connector, compiled.
    pub fn connector(&self) -> &Connector {
        &self.connector
    }

    /// Whether someone who relies on the version that it replaces has to act.
    pub fn needs_approval(&self) -> bool {
        let concerns = self.view.differences.iter().any(|difference| difference.impact > Impact::Informative);
        concerns || self.is_incomparable
    }

    /// Marks the plan as approved by the operator.
    pub fn approved(self) -> ApprovedConnectorPlan {
        ApprovedConnectorPlan(self)
    }
}

/// A [`ConnectorPlan`] that the operator approved.
#[derive(Debug)]
pub struct ApprovedConnectorPlan(ConnectorPlan);

/// A [`ConnectorPlan`] for people and programs.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct ConnectorPlanView {
    /// The connector as it will be.
    #[serde(flatten)]
    pub connector: ConnectorView,
    /// The hosts that it asks its connections to reach.
    pub hosts: Vec<String>,
    /// The version that it replaces; none for a connector that is new.
    pub replaces: Option<String>,
    /// What differs from the version that it replaces. Nothing that needs approval has an effect on a connection before that
    /// connection's owner agrees.
    pub differences: Vec<Difference>,
    /// The connections that ask for another scope from then on, as they follow the connector's default: a new authorization asks
    /// their users for it. Until then their grants serve what they cover.
    pub rescoped: Vec<Rescoped>,
}

/// A connection that asks for another scope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct Rescoped {
    /// The tenant.
    #[schemars(with = "String")]
    pub space: SpaceId,
    /// The connection.
    #[schemars(with = "String")]
    pub connection: ConnectionId,
    /// What it asks for now.
    pub before: Option<String>,
    /// What it will ask for.
    pub after: Option<String>,
}

/// A connector that was added.
#[derive(Debug)]
#[non_exhaustive]
pub struct Added {
    /// The connector, ready to be called.
    pub connector: Connector,
    /// The plan that was carried out.
    pub view: ConnectorPlanView,
}

impl Added {
    /// The id of the connector.
    pub fn id(&self) -> ConnectorId {
        self.connector.spec().about.id.clone()
    }
}

/// A connection whose scope follows the connector's default.
#[derive(Debug)]
struct Rescope {
    before: std::sync::Arc<ConnectionRecord>,
    scope: Option<Sourced>,
}

impl Innkeeper {
    /// Loads a component and works out what adding it changes. Stores nothing.
    ///
    /// Fails if the bytes are not a connector.
    pub async fn plan_connector(&self, component: Vec<u8>) -> Result<ConnectorPlan, Error> {
        self.allow(AccessRequest::new(Verb::AddConnector)).await?;
        let connector = self.parts.runtime.load(component.clone()).await?;
        let spec = connector.spec();
        let record = self.parts.store.connector(&spec.about.id).await?;
        // The older one was checked when it was added.
        let older = match &record {
            Some(record) => self.parts.runtime.parse_spec(record.spec.clone()).await.ok().map(|(_, spec)| spec),
            None => None,
        };
        let is_incomparable = record.is_some() && older.is_none();
        let rescopes = match &older {
            Some(older) => self.rescopes(older, spec).await?,
            None => Vec::new(),
        };
        let view = ConnectorPlanView {
            connector: ConnectorView::of(&connector),
            hosts: spec.hosts.iter().map(ToString::to_string).collect(),
            replaces: record.as_ref().map(|record| record.spec.about.version.clone()),
            differences: older.map(|older| older.differences(spec)).unwrap_or_default(),
            rescoped: rescopes.iter().map(Rescope::view).collect(),
        };
        Ok(ConnectorPlan {
            view,
            connector,
            component,
            before: record.map(|record| record.digest),
            is_incomparable,
            rescopes,
        })
    }

    /// Stores a connector as it was planned. A connector with the same id is replaced; its connections continue with
    /// the new one, and keep the hosts, placeholders and claims that their owners approved.
    ///
    /// Fails, storing nothing, with [`ErrorKind::Conflict`](crate::ErrorKind::Conflict) if another version was added
    /// since.
    pub async fn add_connector(&self, approved: ApprovedConnectorPlan) -> Result<Added, Error> {
        let ApprovedConnectorPlan(plan) = approved;
        let id = plan.connector.spec().about.id.clone();
        self.allow(AccessRequest::of_connector(Verb::AddConnector, &id)).await?;
        self.to_the_end(async move |host| host.add_permitted(id, plan).await).await
    }

    async fn add_permitted(&self, id: ConnectorId, plan: ConnectorPlan) -> Result<Added, Error> {
        let ConnectorPlan { mut view, connector, component, before, rescopes, .. } = plan;
        let _writing = self.parts.loaded.writing().await;
        let record = ConnectorRecord {
            id: id.clone(),
            digest: connector.digest().clone(),
            spec: connector.draft().clone(),
            added_at: self.parts.clock.now(),
        };
        view.connector.added_at = Some(record.added_at);
        if !self.parts.store.put_connector(record, component, before.as_ref()).await? {
            return Err(Error::ConnectorChanged(id));
        }
        self.parts.loaded.keep(connector.clone());
        view.rescoped.clear();
        for rescope in rescopes {
            match self.rescope(&rescope).await {
                Ok(true) => view.rescoped.push(rescope.view()),
                Ok(false) => {}
                Err(error) => {
                    tracing::warn!(connection = %rescope.before.id, %error, "a connection keeps the scope that it asks for");
                }
            }
        }
        Ok(Added { connector, view })
    }

    /// Plans a connector and adds it at once: for callers who trust it whatever it changes. See
    /// [`Innkeeper::plan_connector`].
    pub async fn load(&self, component: Vec<u8>) -> Result<Added, Error> {
        let plan = self.plan_connector(component).await?;
        self.add_connector(plan.approved()).await
    }

    /// Loads a connector from a file and adds it at once. See [`Innkeeper::load`].
    pub async fn load_file(&self, path: impl AsRef<std::path::Path>) -> Result<Added, Error> {
        self.load(self.parts.runtime.read(path).await?).await
    }

    /// The scope that a connection requests follows the connector's default if the owner left it at that. Nothing
    /// else follows: an address that did could send secrets elsewhere.
    async fn rescopes(&self, older: &ConnectorSpec, newer: &ConnectorSpec) -> Result<Vec<Rescope>, Error> {
        let mut rescopes = Vec::new();
        for (space, id) in self.parts.store.connections_of(&newer.about.id).await? {
            let Some(before) = self.parts.auth.connections().get(&space, &id).await? else { continue };
            if newer.auth_declaration(&before.auth_type).is_none() {
                continue;
            }
            let auth_type = self.parts.auth.types().require(&before.auth_type)?;
            let default = |spec: &ConnectorSpec| {
                let declaration = spec.auth_declaration(&before.auth_type)?;
                let (auth_type, config, defaults) = (&**auth_type, &before.config, Defaults::All);
                Declared { declaration, auth_type, config, defaults }.default(SCOPE)
            };
            let (old, new) = (default(older), default(newer));
            // If the owner set the same value as the default by hand, it counts as the owner's.
            let value = |default: &Option<Sourced>| default.as_ref().map(|default| default.value.clone());
            let follows = before.fields.get(SCOPE).cloned() == value(&old) && !before.is_given(SCOPE);
            if value(&old) != value(&new) && follows {
                rescopes.push(Rescope { scope: new, before });
            }
        }
        Ok(rescopes)
    }

    async fn rescope(&self, rescope: &Rescope) -> Result<bool, Error> {
        let before = &rescope.before;
        let mut fields = before.fields.clone();
        let mut sources = before.sources.clone();
        // No scope at all is the narrowest.
        fields.remove(SCOPE);
        sources.remove(SCOPE);
        if let Some(Sourced { value, source }) = &rescope.scope {
            fields.insert(SCOPE.to_owned(), value.clone());
            sources.insert(SCOPE.to_owned(), *source);
        }
        let secrets = self.parts.auth.open_secrets(before)?;
        let settings = Settings::from_stored(before.auth_type.clone(), fields.clone(), secrets);
        let version = before.version + 1;
        let record = ConnectionRecord {
            secrets: self.parts.auth.seal_secrets(&before.space, &before.id, version, &settings)?,
            fields,
            sources,
            updated_at: self.parts.clock.now(),
            version,
            ..ConnectionRecord::clone(before)
        };
        // If the connection was changed or created again meanwhile, that wins.
        let written = self.parts.store.put_connection(record.clone(), Some(before.edition())).await?;
        if written && let Err(error) = self.note(&record, Verb::ChangeConnection, None).await {
            tracing::warn!(connection = %record.id, %error, "the new scope of a connection is not on record");
        }
        Ok(written)
    }
}

impl Rescope {
    fn view(&self) -> Rescoped {
        let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
        Rescoped {
            space: self.before.space.clone(),
            connection: self.before.id.clone(),
            before: text(self.before.fields.get(SCOPE)),
            after: text(self.scope.as_ref().map(|scope| &scope.value)),
        }
    }
}

/// The field of the OAuth auth types that holds the requested scope.
const SCOPE: &str = "scope";

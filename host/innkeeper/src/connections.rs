//! Connections: one configured connector in a space.

use std::collections::BTreeMap;
use std::sync::Arc;

use innkeeper_ambient::Timestamp;
use innkeeper_auth::{AuthType, Discovery, Settings, SettingsErrors};
use innkeeper_runtime::Connector;
use innkeeper_spec::{ApprovedHost, AuthDeclaration, AuthMode, AuthTypeId, ConnectorId, ConnectorSpec};
use innkeeper_store::{ConnectionId, ConnectionRecord, Expected, SpaceId, Written};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::error::Error;
use crate::host::Innkeeper;
use crate::hosts::approve;
use crate::naming;

/// Which hosts a connection may reach.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum HostApproval {
    /// All that the connector asks for, as its spec says. Who approves that approves as well where the auth type sends
    /// credentials to: the connector may declare those addresses, and a form may hide them. [`Innkeeper::endpoints`] lists them,
    /// for the owner to see them first.
    #[default]
    AsAsked,
    /// These and no others. The addresses of [`Innkeeper::endpoints`] are not among them: to have others, give the auth
    /// type's fields.
    Only(Vec<ApprovedHost>),
}

/// What a connection is made from.
#[derive(Debug)]
pub struct NewConnection {
    /// The tenant.
    pub space: SpaceId,
    /// Unique in the space; none: made from the connector's id.
    pub id: Option<ConnectionId>,
    /// For people; none: the connector's title.
    pub title: Option<String>,
    /// Which connector.
    pub connector: ConnectorId,
    /// One that the connector takes.
    pub auth_type: String,
    /// One grant for all, or one for each principal; none: the auth type's first.
    pub auth_mode: Option<AuthMode>,
    /// Valid against the spec's config schema, after its defaults.
    pub config: Value,
    /// Fields of the auth type that are no secret.
    pub fields: BTreeMap<String, Value>,
    /// Secret fields.
    pub secrets: BTreeMap<String, SecretString>,
    /// Which hosts it may reach.
    pub hosts: HostApproval,
}

impl NewConnection {
    /// A connection of `connector` with an auth type that it takes.
    pub fn new(space: SpaceId, connector: ConnectorId, auth_type: impl Into<String>) -> Self {
        Self {
            space,
            id: None,
            title: None,
            connector,
            auth_type: auth_type.into(),
            auth_mode: None,
            config: json!({}),
            fields: BTreeMap::new(),
            secrets: BTreeMap::new(),
            hosts: HostApproval::default(),
        }
    }

    /// Its id, unique in the space.
    pub fn id(mut self, id: ConnectionId) -> Self {
        self.id = Some(id);
        self
    }

    /// What people call it.
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// Who owns its grants.
    pub fn auth_mode(mut self, mode: AuthMode) -> Self {
        self.auth_mode = Some(mode);
        self
    }

    /// Its config, a JSON object.
    pub fn config(mut self, config: Value) -> Self {
        self.config = config;
        self
    }

    /// A field of the auth type that is no secret.
    pub fn field(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.fields.insert(name.into(), value.into());
        self
    }

    /// A secret field.
    pub fn secret(mut self, name: impl Into<String>, value: impl Into<SecretString>) -> Self {
        self.secrets.insert(name.into(), value.into());
        self
    }

    /// Which hosts it may reach.
    pub fn hosts(mut self, hosts: HostApproval) -> Self {
        self.hosts = hosts;
        self
    }
}

/// A connection as its owner sees it: no secret in it.
#[derive(Clone, Debug)]
pub struct ConnectionView {
    /// The tenant.
    pub space: SpaceId,
    /// Unique in the space.
    pub id: ConnectionId,
    /// For people.
    pub title: String,
    /// Which connector.
    pub connector: ConnectorId,
    /// How it authenticates.
    pub auth_type: AuthTypeId,
    /// Who owns its grants.
    pub auth_mode: AuthMode,
    /// Whether a person has to authorize it in a browser.
    pub interactive: bool,
    /// Its config.
    pub config: Value,
    /// Fields of the auth type that are no secret.
    pub fields: BTreeMap<String, Value>,
    /// Names of the secret fields that have a value.
    pub secret_names: Vec<String>,
    /// Where it may send requests.
    pub hosts: Vec<ApprovedHost>,
    /// The secret fields that the connector may put into requests.
    pub placeholders: Vec<String>,
    /// The fields of the token answer that the connector may read.
    pub claims: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// What to change of a connection; what is none stays.
#[derive(Debug, Default)]
pub struct ConnectionChange {
    /// What people call it.
    pub title: Option<String>,
    /// Its whole config.
    pub config: Option<Value>,
    /// Fields of the auth type to set.
    pub fields: BTreeMap<String, Value>,
    /// Secret fields to set.
    pub secrets: BTreeMap<String, SecretString>,
    /// Which hosts it may reach. With it the owner agrees to the placeholders and claims that the connector declares now.
    pub hosts: Option<HostApproval>,
}

impl Innkeeper {
    /// Makes a connection. Everything is checked now: config, the auth type's fields, hosts.
    ///
    /// Fails, keeping nothing, with every mistake named at once.
    pub async fn connect(&self, new: NewConnection) -> Result<ConnectionView, Error> {
        if let Some(id) = &new.id {
            naming::check("id", id.as_str())?;
        }
        if let Some(title) = &new.title {
            naming::check("title", title)?;
        }
        let connector = self.connector(&new.connector).await?;
        let (declaration, auth_type) = self.auth_type(&connector, &new.auth_type)?;
        let auth_mode = auth_mode(&*auth_type, new.auth_mode)?;
        let config = self.check_config(&connector, &new.config).await?;
        let discovery = Discovery { declaration: &declaration, auth_type: &*auth_type, config: &config };
        let settings = match self.parts.auth.discover(&discovery, new.fields).await {
            Ok(fields) => Settings::build(&declaration, &*auth_type, &config, &fields, &new.secrets),
            Err(errors) => Err(errors),
        };
        let settings = settings.map_err(|errors| fields_error(&declaration, errors))?;
        let hosts = approve(&connector, &config, new.hosts)?;
        let id = match new.id {
            Some(id) => id,
            None => self.free_id(&new.space, &connector).await?,
        };
        let now = self.parts.clock.now();
        let version = 1;
        let record = ConnectionRecord {
            secrets: self.parts.auth.seal_secrets(&new.space, &id, version, &settings)?,
            title: new.title.unwrap_or_else(|| connector.spec().about.title.clone()),
            connector: new.connector,
            auth_type: declaration.auth_type.clone(),
            auth_mode,
            config,
            fields: settings.plain().clone(),
            secret_names: settings.secret_names(),
            hosts,
            placeholders: asked_placeholders(connector.spec()),
            claims: connector.spec().claims.clone(),
            created_at: now,
            updated_at: now,
            version,
            space: new.space,
            id,
        };
        match self.parts.store.put_connection(record.clone(), Expected::Absent).await? {
            Written::Version(_) => {
                self.note(&record, "connect", None).await?;
                Ok(self.view(&record))
            }
            Written::Conflict(_) => Err(Error::ConnectionExists { space: record.space, connection: record.id }),
        }
    }

    /// Changes a connection. Grants stay; what is refused changes nothing. A change that names `discoveryUrl` (or, with the
    /// config, the default that it comes from) reads the metadata again: endpoints that it does not name itself come from
    /// there. A newer connector may have declared further endpoints: [`Innkeeper::endpoints_of_change`] lists what the change
    /// makes of them.
    pub async fn change_connection(
        &self,
        space: &SpaceId,
        id: &ConnectionId,
        change: ConnectionChange,
    ) -> Result<ConnectionView, Error> {
        if let Some(title) = &change.title {
            naming::check("title", title)?;
        }
        let before = self.record_of(space, id).await?;
        let connector = self.connector(&before.connector).await?;
        let (declaration, auth_type) = self.auth_type(&connector, before.auth_type.as_str())?;
        let config = match &change.config {
            Some(config) => self.check_config(&connector, config).await?,
            None => before.config.clone(),
        };
        let mut secrets = self.parts.auth.open_secrets(&before)?;
        secrets.extend(change.secrets);
        let discovery = Discovery { declaration: &declaration, auth_type: &*auth_type, config: &config };
        let settings = match self.fields_after(&before, &discovery, change.config.is_some(), change.fields).await {
            Ok(fields) => Settings::build(&declaration, &*auth_type, &config, &fields, &secrets),
            Err(errors) => Err(errors),
        };
        let settings = settings.map_err(|errors| fields_error(&declaration, errors))?;
        let (hosts, placeholders, claims) = match change.hosts {
            Some(approval) => {
                let spec = connector.spec();
                (approve(&connector, &config, approval)?, asked_placeholders(spec), spec.claims.clone())
            }
            None => (before.hosts.clone(), before.placeholders.clone(), before.claims.clone()),
        };
        let version = before.version + 1;
        let record = ConnectionRecord {
            secrets: self.parts.auth.seal_secrets(space, id, version, &settings)?,
            title: change.title.unwrap_or_else(|| before.title.clone()),
            config,
            fields: settings.plain().clone(),
            secret_names: settings.secret_names(),
            hosts,
            placeholders,
            claims,
            updated_at: self.parts.clock.now(),
            version,
            ..Arc::unwrap_or_clone(before)
        };
        match self.parts.store.put_connection(record.clone(), Expected::Version(version - 1)).await? {
            Written::Version(_) => {
                self.note(&record, "change", None).await?;
                Ok(self.view(&record))
            }
            Written::Conflict(_) => Err(Error::ConnectionChanged(id.clone())),
        }
    }

    /// A field that a default gave follows the config when that changes; one that the owner gave stays.
    pub(crate) async fn fields_after(
        &self,
        before: &ConnectionRecord,
        discovery: &Discovery<'_>,
        config_changes: bool,
        changed: BTreeMap<String, Value>,
    ) -> Result<BTreeMap<String, Value>, SettingsErrors> {
        let mut fields = before.fields.clone();
        if config_changes {
            let defaults = Settings::defaults(discovery.declaration, discovery.auth_type, &before.config);
            fields.retain(|name, value| defaults.get(name) != Some(value));
        }
        self.parts.auth.rediscover(discovery, &before.fields, fields, changed).await
    }

    /// All connections of a space, by id.
    pub async fn connections(&self, space: &SpaceId) -> Result<Vec<ConnectionView>, Error> {
        Ok(self.parts.store.all_connections(space).await?.iter().map(|record| self.view(record)).collect())
    }

    /// One connection of a space.
    pub async fn connection(&self, space: &SpaceId, id: &ConnectionId) -> Result<ConnectionView, Error> {
        let record = self.record_of(space, id).await?;
        Ok(self.view(&record))
    }

    /// Deletes a connection with its grants, authorizations and guest state. Its grants are revoked at the provider first,
    /// where the auth type can; what the provider does not answer is no reason to keep it.
    pub async fn delete_connection(&self, space: &SpaceId, id: &ConnectionId) -> Result<(), Error> {
        let record = self.record_of(space, id).await?;
        self.parts.auth.forget(&record).await?;
        self.parts.store.delete_connection(space, id).await?;
        self.parts.auth.connections().forget(space, id);
        self.note(&record, "delete", None).await
    }

    pub(crate) async fn record_of(&self, space: &SpaceId, id: &ConnectionId) -> Result<Arc<ConnectionRecord>, Error> {
        if let Some(record) = self.parts.auth.connections().get(space, id).await? {
            return Ok(record);
        }
        let known =
            self.parts.store.all_connections(space).await?.into_iter().map(|record| record.id.to_string()).collect();
        Err(Error::UnknownConnection { space: space.clone(), connection: id.clone(), known })
    }

    pub(crate) fn view(&self, record: &ConnectionRecord) -> ConnectionView {
        let interactive = self.parts.auth.types().find(&record.auth_type).is_some_and(|known| known.spec().interactive);
        ConnectionView {
            space: record.space.clone(),
            id: record.id.clone(),
            title: record.title.clone(),
            connector: record.connector.clone(),
            auth_type: record.auth_type.clone(),
            auth_mode: record.auth_mode,
            interactive,
            config: record.config.clone(),
            fields: record.fields.clone(),
            secret_names: record.secret_names.clone(),
            hosts: record.hosts.clone(),
            placeholders: record.placeholders.clone(),
            claims: record.claims.clone(),
            created_at: record.created_at,
            updated_at: record.updated_at,
        }
    }

    /// An auth type that the connector takes and this host has, with what the connector declares for it.
    pub fn auth_type(&self, connector: &Connector, asked: &str) -> Result<(AuthDeclaration, Arc<dyn AuthType>), Error> {
        let spec = connector.spec();
        let declaration = spec.auth_types.iter().find(|declaration| declaration.auth_type.as_str() == asked);
        let Some(declaration) = declaration else {
            let taken = spec.auth_types.iter().map(|declaration| declaration.auth_type.to_string()).collect();
            return Err(Error::AuthTypeNotTaken { connector: spec.about.id.clone(), asked: asked.to_owned(), taken });
        };
        let types = self.parts.auth.types();
        let Some(auth_type) = types.find(&declaration.auth_type) else {
            let known = types.ids().map(ToString::to_string).collect();
            return Err(Error::UnknownAuthType { asked: asked.to_owned(), known });
        };
        Ok((declaration.clone(), auth_type.clone()))
    }

    async fn free_id(&self, space: &SpaceId, connector: &Connector) -> Result<ConnectionId, Error> {
        let base = connector.spec().about.id.as_str();
        let taken = self.parts.store.all_connections(space).await?;
        let mut id = base.to_owned();
        let mut number = 2_u32;
        while taken.iter().any(|record| record.id.as_str() == id) {
            id = format!("{base}-{number}");
            number += 1;
        }
        Ok(ConnectionId::parse(id)?)
    }
}

/// What the owner agrees to with the hosts, each entry with the places that it is bound to.
fn asked_placeholders(spec: &ConnectorSpec) -> Vec<String> {
    spec.placeholder_uses().iter().map(ToString::to_string).collect()
}

fn auth_mode(auth_type: &dyn AuthType, asked: Option<AuthMode>) -> Result<AuthMode, Error> {
    let spec = auth_type.spec();
    let name = |mode: &AuthMode| {
        serde_json::to_value(mode).ok().and_then(|text| text.as_str().map(str::to_owned)).unwrap_or_default()
    };
    match asked {
        None => Ok(spec.modes.first().copied().unwrap_or(AuthMode::Shared)),
        Some(mode) if spec.modes.contains(&mode) => Ok(mode),
        Some(mode) => Err(Error::AuthMode {
            auth_type: spec.about.id.to_string(),
            asked: name(&mode),
            modes: spec.modes.iter().map(name).collect(),
        }),
    }
}

impl Innkeeper {
    pub(crate) async fn check_config(&self, connector: &Connector, config: &Value) -> Result<Value, Error> {
        let spec = connector.spec();
        let checked = self.parts.runtime.check_config(connector, spec.config.with_defaults(config)).await;
        let (config, checked) =
            checked.map_err(|reason| Error::Unchecked { connector: spec.about.id.clone(), reason })?;
        checked.map_err(|violations| Error::Config { connector: spec.about.id.clone(), violations })?;
        Ok(config)
    }
}

pub(crate) fn fields_error(declaration: &AuthDeclaration, errors: SettingsErrors) -> Error {
    Error::Fields { auth_type: declaration.auth_type.to_string(), errors }
}

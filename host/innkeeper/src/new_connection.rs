//! The input for making or changing a connection.

use std::collections::BTreeMap;

use innkeeper_spec::{ApprovedHost, AuthMode, ConnectorId};
use innkeeper_store::{ConnectionId, SpaceId};
use secrecy::SecretString;
use serde_json::{Value, json};

/// Which hosts a connection may reach.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum HostApproval {
    /// All that the connector requests in its spec.
    #[default]
    AsAsked,
    /// Only these. The addresses that credentials are sent to are not among them: to change those, set the auth
    /// type's fields.
    Only(Vec<ApprovedHost>),
}

/// The input for making a connection.
#[derive(Debug)]
#[non_exhaustive]
pub struct NewConnection {
    /// The tenant.
    pub space: SpaceId,
    /// Unique in the space; `None`: made from the connector's id.
    pub id: Option<ConnectionId>,
    /// For people; `None`: the connector's title.
    pub title: Option<String>,
    /// The id of the connector.
    pub connector: ConnectorId,
    /// An auth type that the connector accepts.
    pub auth_type: String,
    /// One grant for all, or one for each principal; `None`: the auth type's first mode.
    pub auth_mode: Option<AuthMode>,
    /// Valid against the spec's config schema, once its defaults are filled in.
    pub config: Value,
    /// Fields of the auth type that are not secret.
    pub fields: BTreeMap<String, Value>,
    /// Secret fields.
    pub secrets: BTreeMap<String, SecretString>,
    /// Which hosts it may reach.
    pub hosts: HostApproval,
}

impl NewConnection {
    /// A connection of `connector` with an auth type that it accepts.
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

    /// Its title for people.
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

    /// Sets a field of the auth type that is not secret.
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

/// A change to a connection; `None` leaves a value as it is.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct ConnectionChange {
    /// Its title, for people.
    pub title: Option<String>,
    /// Its whole config.
    pub config: Option<Value>,
    /// Fields of the auth type to set.
    pub fields: BTreeMap<String, Value>,
    /// Secret fields to set.
    pub secrets: BTreeMap<String, SecretString>,
    /// Which hosts it may reach. With [`HostApproval::AsAsked`], the connection follows the connector as it is now:
    /// the fields that the owner did not set get the connector's present defaults. With either, the connection gets
    /// the placeholders and claims that the connector declares now.
    pub hosts: Option<HostApproval>,
}

impl ConnectionChange {
    /// Sets the title.
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// Sets the whole config, a JSON object.
    pub fn config(mut self, config: Value) -> Self {
        self.config = Some(config);
        self
    }

    /// Sets a field of the auth type that is not secret.
    pub fn field(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.fields.insert(name.into(), value.into());
        self
    }

    /// Sets a secret field.
    pub fn secret(mut self, name: impl Into<String>, value: impl Into<SecretString>) -> Self {
        self.secrets.insert(name.into(), value.into());
        self
    }

    /// Sets which hosts it may reach.
    pub fn hosts(mut self, hosts: HostApproval) -> Self {
        self.hosts = Some(hosts);
        self
    }

    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        self.title.is_none()
            && self.config.is_none()
            && self.fields.is_empty()
            && self.secrets.is_empty()
            && self.hosts.is_none()
    }
}

//! Where the auth type of a connection sends credentials to: its owner approves that together with the hosts.

use std::collections::BTreeMap;

use innkeeper_auth::{Discovery, Settings};
use innkeeper_spec::FieldKind;
use innkeeper_store::{ConnectionId, SpaceId};
use serde_json::Value;

use crate::connections::{ConnectionChange, NewConnection, fields_error};
use crate::error::Error;
use crate::host::Innkeeper;

/// An address that an auth type sends credentials or, to give them, the user to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The field of the auth type, such as `tokenUrl`, or what the host's configuration calls it.
    pub field: String,
    /// Its value.
    pub address: String,
    /// Who named it.
    pub source: EndpointSource,
}

/// Who named an [`Endpoint`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndpointSource {
    /// Whoever makes or changes the connection.
    Given,
    /// The connection as it was before the change.
    Before,
    /// The connector: a default of its own, which a form may hide.
    Connector,
    /// The auth type: a default of its own.
    AuthType,
    /// The host's own configuration.
    Host,
    /// The metadata at the connection's `discoveryUrl` (RFC 8414).
    Metadata,
}

impl EndpointSource {
    /// What a person is told of it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Given => "as given",
            Self::Before => "as before",
            Self::Connector => "named by the connector",
            Self::AuthType => "named by the auth type",
            Self::Host => "named by this host's configuration",
            Self::Metadata => "named by the metadata at discoveryUrl",
        }
    }
}

impl Innkeeper {
    /// All addresses that a connection made from `new` would send credentials to, after the connector's defaults and
    /// discovery, in the order of the auth type's fields. Hosts that a connection may reach are not among them: see
    /// [`NewConnection::hosts`].
    ///
    /// Nothing is kept. Fails as [`Innkeeper::connect`] does where the auth type, the config or the metadata is wrong; other
    /// mistakes are left to that.
    pub async fn endpoints(&self, new: &NewConnection) -> Result<Vec<Endpoint>, Error> {
        let connector = self.connector(&new.connector).await?;
        let (declaration, auth_type) = self.auth_type(&connector, &new.auth_type)?;
        let config = self.check_config(&connector, &new.config).await?;
        let discovery = Discovery { declaration: &declaration, auth_type: &*auth_type, config: &config };
        let found = self.parts.auth.discover(&discovery, new.fields.clone()).await;
        let found = found.map_err(|errors| fields_error(&declaration, errors))?;
        Ok(listed(&discovery, &new.fields, &BTreeMap::new(), &found))
    }

    /// The same of a connection after a change. What is as it was is [`EndpointSource::Before`]. All else was not approved yet
    /// unless it is [`EndpointSource::Given`]: a default that follows the config, an address of other metadata, or one that a
    /// newer version of the connector declares.
    ///
    /// Nothing is kept. Fails as [`Innkeeper::change_connection`] does where there is no such connection or the config or the
    /// metadata is wrong.
    pub async fn endpoints_of_change(
        &self,
        space: &SpaceId,
        id: &ConnectionId,
        change: &ConnectionChange,
    ) -> Result<Vec<Endpoint>, Error> {
        let before = self.record_of(space, id).await?;
        let connector = self.connector(&before.connector).await?;
        let (declaration, auth_type) = self.auth_type(&connector, before.auth_type.as_str())?;
        let config = match &change.config {
            Some(config) => self.check_config(&connector, config).await?,
            None => before.config.clone(),
        };
        let discovery = Discovery { declaration: &declaration, auth_type: &*auth_type, config: &config };
        let found = self.fields_after(&before, &discovery, change.config.is_some(), change.fields.clone()).await;
        let found = found.map_err(|errors| fields_error(&declaration, errors))?;
        Ok(listed(&discovery, &change.fields, &before.fields, &found))
    }
}

/// The fields that are addresses, and those of the host's configuration: the fields as `given`, else as `found` (which metadata filled in) or by default; those that are as
/// `before` are told apart.
fn listed(
    of: &Discovery<'_>,
    given: &BTreeMap<String, Value>,
    before: &BTreeMap<String, Value>,
    found: &BTreeMap<String, Value>,
) -> Vec<Endpoint> {
    let defaults = Settings::defaults(of.declaration, of.auth_type, of.config);
    let fields = of.auth_type.fields(of.declaration).into_iter().filter(|field| field.kind == FieldKind::Url);
    let endpoint = |field: String| {
        let address = text(found, &field).or_else(|| text(&defaults, &field))?;
        let source = if text(given, &field).is_some() {
            EndpointSource::Given
        } else if text(before, &field) == Some(address) {
            EndpointSource::Before
        } else if text(found, &field).is_some() {
            EndpointSource::Metadata
        } else if of.declaration.defaults.contains_key(&field) {
            EndpointSource::Connector
        } else {
            EndpointSource::AuthType
        };
        Some(Endpoint { address: address.to_owned(), source, field })
    };
    let own = of.auth_type.addresses().into_iter().map(|(name, address)| Endpoint {
        field: name.to_owned(),
        address: address.into(),
        source: EndpointSource::Host,
    });
    fields.filter_map(|field| endpoint(field.name)).chain(own).collect()
}

fn text<'f>(fields: &'f BTreeMap<String, Value>, name: &str) -> Option<&'f str> {
    fields.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

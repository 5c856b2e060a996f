//! Where the auth type of a connection sends credentials to: its owner approves that together with the hosts.

use std::collections::BTreeMap;

use innkeeper_auth::{Discovery, Settings};
use innkeeper_spec::FieldKind;
use serde_json::Value;

use crate::connections::{NewConnection, check_config, fields_error};
use crate::error::Error;
use crate::host::Innkeeper;

/// An address that an auth type sends credentials or, to give them, the user to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The field of the auth type, such as `tokenUrl`.
    pub field: String,
    /// Its value.
    pub address: String,
    /// Who named it.
    pub source: EndpointSource,
}

/// Who named an [`Endpoint`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndpointSource {
    /// Whoever makes the connection.
    Given,
    /// The connector: a default of its own, which a form may hide.
    Connector,
    /// The auth type: a default of its own.
    AuthType,
    /// The metadata at the connection's `discoveryUrl` (RFC 8414).
    Metadata,
}

impl EndpointSource {
    /// What a person is told of it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Given => "as given",
            Self::Connector => "named by the connector",
            Self::AuthType => "named by the auth type",
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
        let config = check_config(&connector, &new.config)?;
        let discovery = Discovery { declaration: &declaration, auth_type: &*auth_type, config: &config };
        let found = self.parts.auth.discover(&discovery, new.fields.clone()).await;
        let found = found.map_err(|errors| fields_error(&declaration, errors))?;
        let defaults = Settings::defaults(&declaration, &*auth_type, &config);
        let fields = auth_type.fields(&declaration).into_iter().filter(|field| field.kind == FieldKind::Url);
        let endpoint = |field: String| {
            let by_default = if declaration.defaults.contains_key(&field) {
                EndpointSource::Connector
            } else {
                EndpointSource::AuthType
            };
            let (address, source) = text(&new.fields, &field)
                .map(|address| (address, EndpointSource::Given))
                .or_else(|| text(&found, &field).map(|address| (address, EndpointSource::Metadata)))
                .or_else(|| text(&defaults, &field).map(|address| (address, by_default)))?;
            Some(Endpoint { address: address.to_owned(), source, field })
        };
        Ok(fields.filter_map(|field| endpoint(field.name)).collect())
    }
}

fn text<'f>(fields: &'f BTreeMap<String, Value>, name: &str) -> Option<&'f str> {
    fields.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

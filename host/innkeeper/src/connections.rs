//! Connections: one configured connector in a space.

use std::collections::BTreeMap;
use std::sync::Arc;

use innkeeper_ambient::Timestamp;
use innkeeper_spec::{ApprovedHost, AuthMode, AuthTypeId, ConnectorId, ValueSource};
use innkeeper_store::{ConnectionId, ConnectionRecord, Page, Paged, SpaceId};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::audit::Event;
use crate::error::Error;
use crate::host::Innkeeper;
use crate::json::{as_text, as_texts};
use crate::plan::{ApprovedPlan, Draft, Plan, PlanView};
use crate::policy::{AccessRequest, Verb};

/// A connection as its owner sees it, without secrets.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct ConnectionView {
    /// The tenant.
    #[schemars(with = "String")]
    pub space: SpaceId,
    /// Unique in the space.
    #[schemars(with = "String")]
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
    /// Fields of the auth type that are not secret.
    pub fields: BTreeMap<String, Value>,
    /// The source of each field's value, also of secret fields.
    pub sources: BTreeMap<String, ValueSource>,
    /// The source of each top-level value of the config.
    pub config_sources: BTreeMap<String, ValueSource>,
    /// Names of the secret fields that have a value.
    pub secret_names: Vec<String>,
    /// Where it may send requests.
    #[serde(serialize_with = "as_texts")]
    #[schemars(with = "Vec<String>")]
    pub hosts: Vec<ApprovedHost>,
    /// The secret fields that the connector may put into requests.
    pub placeholders: Vec<String>,
    /// The fields of the token response that the connector may read.
    pub claims: Vec<String>,
    /// When it was created.
    #[serde(serialize_with = "as_text")]
    #[schemars(with = "String")]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[serde(serialize_with = "as_text")]
    #[schemars(with = "String")]
    pub updated_at: Timestamp,
}

impl Innkeeper {
    /// Makes the connection, or the change, exactly as it was planned. Nothing is fetched or computed again.
    ///
    /// Fails, changing nothing, with [`ErrorKind::Conflict`](crate::ErrorKind::Conflict) if the connector or the
    /// connection has changed since: plan again then. Fails with
    /// [`ErrorKind::ConnectionExists`](crate::ErrorKind::ConnectionExists) if the id has been taken since.
    pub async fn connect(&self, approved: ApprovedPlan) -> Result<ConnectionView, Error> {
        let ApprovedPlan(Plan { view, draft }) = approved;
        let Draft { before, .. } = &draft;
        let verb = if before.is_some() { Verb::ChangeConnection } else { Verb::Connect };
        if let Some(before) = before {
            let event = Event::new(verb, None);
            self.allow_event(&view.space, &view.id, Some(before), &event, verb.scope()).await?;
        } else {
            let request = AccessRequest::in_space(verb, &view.space);
            let (connection, connector) = (Some(&view.id), Some(&view.connector));
            self.allow(AccessRequest { connection, connector, ..request }).await?;
        }
        let connector = self.ready(&view.connector).await?;
        if *connector.digest() != draft.component {
            return Err(Error::ConnectorChanged(view.connector));
        }
        let before = before.as_ref().map(|before| before.edition());
        let record = self.record_of(view, draft)?;
        let made = record.clone();
        let written = self.to_the_end(async move |host| {
            let written = host.parts.store.put_connection(made.clone(), before).await?;
            if written {
                host.note(&made, verb, None).await?;
            }
            Ok(written)
        });
        match written.await? {
            true => Ok(self.view(&record)),
            false if before.is_none() => Err(Error::ConnectionExists { space: record.space, connection: record.id }),
            false => Err(Error::ConnectionChanged(record.id)),
        }
    }

    fn record_of(&self, view: PlanView, draft: Draft) -> Result<ConnectionRecord, Error> {
        let Draft { config, settings, before, .. } = draft;
        let PlanView { space, id, title, connector, auth_type, auth_mode, hosts, placeholders, claims, .. } = view;
        let config_sources = view.config.into_iter().map(|field| (field.field, field.source)).collect();
        let now = self.parts.clock.now();
        let version = before.as_ref().map_or(1, |before| before.version + 1);
        Ok(ConnectionRecord {
            secrets: self.parts.auth.seal_secrets(&space, &id, version, &settings)?,
            space,
            id,
            title,
            connector,
            auth_type,
            auth_mode,
            config,
            fields: settings.plain().clone(),
            sources: settings.sources().clone(),
            config_sources,
            secret_names: settings.secret_names(),
            hosts: hosts.into_iter().map(|planned| planned.host).collect(),
            placeholders: placeholders.into_iter().map(|right| right.name).collect(),
            claims: claims.into_iter().map(|right| right.name).collect(),
            created_at: before.as_ref().map_or(now, |before| before.created_at),
            updated_at: now,
            version,
        })
    }

    /// A page of the connections of a space, by id.
    pub async fn connections(&self, space: &SpaceId, page: &Page) -> Result<Paged<ConnectionView>, Error> {
        self.allow(AccessRequest::in_space(Verb::ListConnections, space)).await?;
        let Paged { items, next } = self.parts.store.connections(space, page).await?;
        Ok(Paged { items: items.iter().map(|record| self.view(record)).collect(), next })
    }

    /// One connection of a space.
    pub async fn connection(&self, space: &SpaceId, id: &ConnectionId) -> Result<ConnectionView, Error> {
        let record = self.permitted(space, id, &Event::new(Verb::ReadConnection, None)).await?;
        Ok(self.view(&record))
    }

    /// Deletes a connection with its grants, authorizations and guest state. Its grants are revoked at the provider
    /// first, if the auth type supports that; the connection is deleted even if the provider does not answer.
    pub async fn delete_connection(&self, space: &SpaceId, id: &ConnectionId) -> Result<(), Error> {
        let record = self.permitted(space, id, &Event::new(Verb::DeleteConnection, None)).await?;
        self.delete_permitted(record).await.map(|_| ())
    }

    /// False if it is gone, or is another connection by now: that one stays as it is.
    pub(crate) async fn delete_permitted(&self, record: Arc<ConnectionRecord>) -> Result<bool, Error> {
        let deleted = self.to_the_end(async move |host| {
            let ConnectionRecord { space, id, created_at, .. } = &*record;
            let now = host.parts.auth.connections().get(space, id).await?;
            if now.is_none_or(|now| now.created_at != *created_at) {
                return Ok(false);
            }
            host.parts.auth.forget(&record).await?;
            let deleted = host.parts.store.delete_connection(space, id, *created_at).await?;
            host.parts.auth.connections().forget(space, id);
            if deleted {
                host.note(&record, Verb::DeleteConnection, None).await?;
            }
            Ok(deleted)
        });
        deleted.await
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
            sources: record.sources.clone(),
            config_sources: record.config_sources.clone(),
            secret_names: record.secret_names.clone(),
            hosts: record.hosts.clone(),
            placeholders: record.placeholders.clone(),
            claims: record.claims.clone(),
            created_at: record.created_at,
            updated_at: record.updated_at,
        }
    }
}

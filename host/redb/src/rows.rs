//! The content of the file's rows, in JSON. A change here is a change of the format ([`super::tables::FORMAT`]); docs/store.md
//! describes it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use innkeeper_ambient::Timestamp;
use innkeeper_spec::{ApprovedHost, AuthMode, AuthTypeId, ConnectorId, ValueSource, draft};
use innkeeper_store::{
    AuditRecord, AuthorizationRecord, ComponentDigest, ConnectionId, ConnectionRecord, ConnectorRecord, DataKeyId,
    Edition, GrantKey, GrantOwner, GrantPhase, GrantRecord, LossReason, PrincipalId, Sealed, SpaceId, StoreError,
    StoreFault, WrappedDataKey,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::fault::Fault;

/// The bytes of a row.
pub(crate) fn encode(row: &impl Serialize) -> Result<Vec<u8>, Fault> {
    serde_json::to_vec(row).map_err(|error| {
        StoreError::new(StoreFault::Other, format!("a record cannot be written: {error}")).because(error).into()
    })
}

/// The value that [`encode`] wrote to a table.
pub(crate) fn decode<T: DeserializeOwned>(table: &str, bytes: &[u8]) -> Result<T, Fault> {
    // The error's own text may quote the record.
    serde_json::from_slice(bytes).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        damaged(format!("a record of {table} cannot be read (line {line}, column {column})"))
    })
}

pub(crate) fn damaged(detail: impl Into<String>) -> Fault {
    StoreError::new(StoreFault::Damaged, detail).into()
}

/// A row of `data_keys`.
#[derive(Serialize, Deserialize)]
pub(crate) struct DataKeyRow {
    id: DataKeyId,
    wrapped_under: String,
    wrapped: Sealed,
}

impl From<WrappedDataKey> for DataKeyRow {
    fn from(WrappedDataKey { id, wrapped_under, wrapped }: WrappedDataKey) -> Self {
        Self { id, wrapped_under, wrapped }
    }
}

impl From<DataKeyRow> for WrappedDataKey {
    fn from(DataKeyRow { id, wrapped_under, wrapped }: DataKeyRow) -> Self {
        Self { id, wrapped_under, wrapped }
    }
}

/// A row of `connectors`. The digest is stored beside it, where it can be read separately.
#[derive(Serialize, Deserialize)]
pub(crate) struct ConnectorRow {
    id: ConnectorId,
    spec: draft::ConnectorSpec,
    added_at: Timestamp,
}

impl ConnectorRow {
    pub(crate) fn of(record: ConnectorRecord) -> (ComponentDigest, Self) {
        let ConnectorRecord { id, digest, spec, added_at } = record;
        (digest, Self { id, spec, added_at })
    }

    pub(crate) fn into_record(self, digest: ComponentDigest) -> ConnectorRecord {
        let Self { id, spec, added_at } = self;
        ConnectorRecord { id, digest, spec, added_at }
    }
}

/// A row of `connections`: the [`Edition`] as three big-endian numbers, which every call reads separately, then this.
#[derive(Serialize, Deserialize)]
pub(crate) struct ConnectionRow {
    space: SpaceId,
    id: ConnectionId,
    title: String,
    connector: ConnectorId,
    auth_type: AuthTypeId,
    auth_mode: AuthMode,
    config: Value,
    fields: BTreeMap<String, Value>,
    sources: BTreeMap<String, ValueSource>,
    config_sources: BTreeMap<String, ValueSource>,
    secret_names: Vec<String>,
    secrets: Sealed,
    hosts: Vec<ApprovedHost>,
    placeholders: Vec<String>,
    claims: Vec<String>,
}

impl ConnectionRow {
    pub(crate) fn write(record: ConnectionRecord) -> Result<Vec<u8>, Fault> {
        let edition = record.edition();
        let row = Self {
            space: record.space,
            id: record.id,
            title: record.title,
            connector: record.connector,
            auth_type: record.auth_type,
            auth_mode: record.auth_mode,
            config: record.config,
            fields: record.fields,
            sources: record.sources,
            config_sources: record.config_sources,
            secret_names: record.secret_names,
            secrets: record.secrets,
            hosts: record.hosts,
            placeholders: record.placeholders,
            claims: record.claims,
        };
        let numbers = [edition.version, edition.created_at.as_millis(), edition.updated_at.as_millis()];
        let mut bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_be_bytes()).collect();
        bytes.extend(encode(&row)?);
        Ok(bytes)
    }

    pub(crate) fn edition(bytes: &[u8]) -> Result<Edition, Fault> {
        Ok(split_edition(bytes)?.0)
    }

    pub(crate) fn read(bytes: &[u8]) -> Result<ConnectionRecord, Fault> {
        let (Edition { version, created_at, updated_at }, json) = split_edition(bytes)?;
        let row: Self = decode("connections", json)?;
        Ok(ConnectionRecord {
            space: row.space,
            id: row.id,
            title: row.title,
            connector: row.connector,
            auth_type: row.auth_type,
            auth_mode: row.auth_mode,
            config: row.config,
            fields: row.fields,
            sources: row.sources,
            config_sources: row.config_sources,
            secret_names: row.secret_names,
            secrets: row.secrets,
            hosts: row.hosts,
            placeholders: row.placeholders,
            claims: row.claims,
            created_at,
            updated_at,
            version,
        })
    }
}

fn split_edition(bytes: &[u8]) -> Result<(Edition, &[u8]), Fault> {
    let number = |bytes: &[u8; 8]| u64::from_be_bytes(*bytes);
    let cut_short = || damaged("a connection is truncated");
    let (version, bytes) = bytes.split_first_chunk().ok_or_else(cut_short)?;
    let (created_at, bytes) = bytes.split_first_chunk().ok_or_else(cut_short)?;
    let (updated_at, json) = bytes.split_first_chunk().ok_or_else(cut_short)?;
    let edition = Edition {
        version: number(version),
        created_at: Timestamp::from_millis(number(created_at)),
        updated_at: Timestamp::from_millis(number(updated_at)),
    };
    Ok((edition, json))
}

/// A row of `grants`.
#[derive(Serialize, Deserialize)]
pub(crate) struct GrantRow {
    key: GrantKey,
    sealed: Sealed,
    expires_at: Option<Timestamp>,
    refresh_token_expires_at: Option<Timestamp>,
    updated_at: Timestamp,
    phase: PhaseRow,
    fence: u64,
    version: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum PhaseRow {
    Live,
    /// When the doubt began.
    InDoubt(Timestamp),
    Lost(ReasonRow),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ReasonRow {
    Revoked,
    RefreshFailed,
}

impl From<GrantRecord> for GrantRow {
    fn from(record: GrantRecord) -> Self {
        Self {
            key: record.key,
            sealed: record.sealed,
            expires_at: record.expires_at,
            refresh_token_expires_at: record.refresh_token_expires_at,
            updated_at: record.updated_at,
            phase: match record.phase {
                GrantPhase::Live => PhaseRow::Live,
                GrantPhase::InDoubt { since } => PhaseRow::InDoubt(since),
                GrantPhase::Lost { reason: LossReason::Revoked } => PhaseRow::Lost(ReasonRow::Revoked),
                GrantPhase::Lost { reason: LossReason::RefreshFailed } => PhaseRow::Lost(ReasonRow::RefreshFailed),
            },
            fence: record.fence,
            version: record.version,
        }
    }
}

impl From<GrantRow> for GrantRecord {
    fn from(row: GrantRow) -> Self {
        Self {
            key: row.key,
            sealed: row.sealed,
            expires_at: row.expires_at,
            refresh_token_expires_at: row.refresh_token_expires_at,
            updated_at: row.updated_at,
            phase: match row.phase {
                PhaseRow::Live => GrantPhase::Live,
                PhaseRow::InDoubt(since) => GrantPhase::InDoubt { since },
                PhaseRow::Lost(ReasonRow::Revoked) => GrantPhase::Lost { reason: LossReason::Revoked },
                PhaseRow::Lost(ReasonRow::RefreshFailed) => GrantPhase::Lost { reason: LossReason::RefreshFailed },
            },
            fence: row.fence,
            version: row.version,
        }
    }
}

/// A row of `authorizations`.
#[derive(Serialize, Deserialize)]
pub(crate) struct AuthorizationRow {
    state_hash: [u8; 32],
    space: SpaceId,
    connection: ConnectionId,
    owner: GrantOwner,
    redirect_uri: String,
    session_hash: [u8; 32],
    verifier: Sealed,
    return_url: Option<String>,
    origin: String,
    scope: Option<String>,
    created_at: Timestamp,
    expires_at: Timestamp,
}

impl From<AuthorizationRecord> for AuthorizationRow {
    fn from(record: AuthorizationRecord) -> Self {
        Self {
            state_hash: record.state_hash,
            space: record.space,
            connection: record.connection,
            owner: record.owner,
            redirect_uri: record.redirect_uri,
            session_hash: record.session_hash,
            verifier: record.verifier,
            return_url: record.return_url,
            origin: record.origin,
            scope: record.scope,
            created_at: record.created_at,
            expires_at: record.expires_at,
        }
    }
}

impl From<AuthorizationRow> for AuthorizationRecord {
    fn from(row: AuthorizationRow) -> Self {
        Self {
            state_hash: row.state_hash,
            space: row.space,
            connection: row.connection,
            owner: row.owner,
            redirect_uri: row.redirect_uri,
            session_hash: row.session_hash,
            verifier: row.verifier,
            return_url: row.return_url,
            origin: row.origin,
            scope: row.scope,
            created_at: row.created_at,
            expires_at: row.expires_at,
        }
    }
}

/// A row of `audit`. Borrows its content: a host writes thousands per second.
#[derive(Serialize, Deserialize)]
pub(crate) struct AuditRow<'a> {
    at: Timestamp,
    space: Cow<'a, SpaceId>,
    connection: Cow<'a, ConnectionId>,
    connector: Cow<'a, ConnectorId>,
    event: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    principal: Option<Cow<'a, PrincipalId>>,
    outcome: Cow<'a, str>,
    duration: u64,
    requests: u32,
}

impl<'a> From<&'a AuditRecord> for AuditRow<'a> {
    fn from(record: &'a AuditRecord) -> Self {
        Self {
            at: record.at,
            space: Cow::Borrowed(&record.space),
            connection: Cow::Borrowed(&record.connection),
            connector: Cow::Borrowed(&record.connector),
            event: Cow::Borrowed(&record.event),
            action: record.action.as_deref().map(Cow::Borrowed),
            principal: record.principal.as_ref().map(Cow::Borrowed),
            outcome: Cow::Borrowed(&record.outcome),
            duration: record.duration,
            requests: record.requests,
        }
    }
}

impl From<AuditRow<'static>> for AuditRecord {
    fn from(row: AuditRow<'static>) -> Self {
        Self {
            at: row.at,
            space: row.space.into_owned(),
            connection: row.connection.into_owned(),
            connector: row.connector.into_owned(),
            event: row.event,
            action: row.action.map(Cow::into_owned),
            principal: row.principal.map(Cow::into_owned),
            outcome: row.outcome,
            duration: row.duration,
            requests: row.requests,
        }
    }
}

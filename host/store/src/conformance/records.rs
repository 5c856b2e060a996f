//! Records that show only what matters to a rule.

use innkeeper_ambient::Timestamp;
use innkeeper_spec::{AuthMode, AuthTypeId, ConnectorId, ValueSource, draft};
use serde_json::json;

use crate::ids::{ConnectionId, GrantKey, GrantOwner, PrincipalId, SpaceId, StateKey};
use crate::records::{
    AuditRecord, AuthorizationRecord, ComponentDigest, ConnectionRecord, ConnectorRecord, GrantPhase, GrantRecord,
    StateRecord,
};
use crate::sealed::{DataKeyId, Sealed, WrappedDataKey};

pub(super) fn space(id: &str) -> SpaceId {
    SpaceId::parse(id).expect("a space id")
}

pub(super) fn id(id: &str) -> ConnectionId {
    ConnectionId::parse(id).expect("a connection id")
}

pub(super) fn principal(id: &str) -> GrantOwner {
    GrantOwner::Principal(PrincipalId::parse(id).expect("a principal id"))
}

pub(super) fn connector_id(id: &str) -> ConnectorId {
    ConnectorId::parse(id).expect("a connector id")
}

/// Looks like a sealed text under `data_key`; a store never opens it.
pub(super) fn sealed(data_key: u64, mark: u8) -> Sealed {
    let mut bytes = Sealed::header(DataKeyId(data_key), &[mark; Sealed::NONCE], 8);
    bytes.extend_from_slice(&[mark; 8 + Sealed::TAG]);
    Sealed::from_bytes(bytes).expect("well formed")
}

pub(super) fn data_key(id: u64, under: &str) -> WrappedDataKey {
    WrappedDataKey { id: DataKeyId(id), wrapped_under: under.to_owned(), wrapped: sealed(id, 1) }
}

pub(super) fn connector(id: &str, digest: &str) -> ConnectorRecord {
    ConnectorRecord {
        id: connector_id(id),
        digest: ComponentDigest(digest.to_owned()),
        spec: draft::ConnectorSpec::default(),
        added_at: Timestamp::from_secs(1),
    }
}

pub(super) fn connection(space_id: &str, connection: &str, version: u64) -> ConnectionRecord {
    ConnectionRecord {
        space: space(space_id),
        id: id(connection),
        title: format!("{space_id}/{connection}"),
        connector: connector_id("acme"),
        auth_type: AuthTypeId::parse("bearer").expect("an auth type id"),
        auth_mode: AuthMode::PerUser,
        config: json!({"region": "eu", "deep": [1, null]}),
        fields: [("client".to_owned(), json!("c"))].into(),
        sources: [("tenant".to_owned(), ValueSource::Given), ("scope".to_owned(), ValueSource::ConnectorTemplate)]
            .into(),
        config_sources: [("deep".to_owned(), ValueSource::ConnectorDefault)].into(),
        secret_names: vec!["token".to_owned()],
        secrets: sealed(1, 2),
        hosts: Vec::new(),
        placeholders: Vec::new(),
        claims: Vec::new(),
        created_at: Timestamp::from_secs(1),
        updated_at: Timestamp::from_secs(version),
        version,
    }
}

pub(super) fn grant_key(space_id: &str, connection: &str, owner: GrantOwner) -> GrantKey {
    GrantKey { space: space(space_id), connection: id(connection), owner }
}

pub(super) fn grant(key: GrantKey, version: u64) -> GrantRecord {
    GrantRecord {
        key,
        sealed: sealed(1, 3),
        expires_at: Some(Timestamp::from_secs(100)),
        refresh_token_expires_at: None,
        updated_at: Timestamp::from_secs(version),
        phase: GrantPhase::Live,
        fence: 0,
        version,
    }
}

pub(super) fn authorization(space_id: &str, connection: &str, state_hash: u8, ends: u64) -> AuthorizationRecord {
    AuthorizationRecord {
        state_hash: [state_hash; 32],
        space: space(space_id),
        connection: id(connection),
        owner: GrantOwner::Shared,
        redirect_uri: "http://127.0.0.1:1/callback".to_owned(),
        session_hash: [9; 32],
        verifier: sealed(1, 4),
        return_url: None,
        origin: "server".to_owned(),
        scope: None,
        created_at: Timestamp::from_secs(1),
        expires_at: Timestamp::from_secs(ends),
    }
}

pub(super) fn state_key(space_id: &str, connection: &str, key: &str) -> StateKey {
    StateKey { space: space(space_id), connection: id(connection), key: key.to_owned() }
}

pub(super) fn state(size: u64, version: u64) -> StateRecord {
    StateRecord { sealed: sealed(1, 5), size, version }
}

pub(super) fn audit(space_id: &str, connection: &str, at: u64) -> AuditRecord {
    AuditRecord {
        at: Timestamp::from_millis(at),
        space: space(space_id),
        connection: id(connection),
        connector: connector_id("acme"),
        event: "call".into(),
        action: Some("list".to_owned()),
        principal: None,
        outcome: "ok".into(),
        duration: 5,
        requests: 1,
    }
}

//! A host in a separate folder.

use std::sync::Arc;

use innkeeper::{
    AuditFilter, Builder, CallRequest, CallResult, ConnectionChange, ConnectionId, ConnectionView, EgressSettings,
    Error, Innkeeper, Limits, ManualClock, NewConnection, SpaceId, Timestamp,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::components;
use crate::echo::EchoService;
use crate::warm;

/// A host that may reach loopback, and its folder.
#[derive(Debug)]
pub struct TestHost {
    /// The host.
    pub host: Innkeeper,
    /// Its folder, which is removed when this is dropped.
    pub folder: TempDir,
}

/// The operator's rules of a host that may use plain HTTP to this machine.
pub fn loopback() -> EgressSettings {
    EgressSettings::loopback()
}

/// A clock that a test moves.
pub fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(Timestamp::from_secs(1_800_000_000)))
}

impl TestHost {
    /// A host with default settings.
    pub async fn start() -> Self {
        Self::start_with(|builder| builder).await
    }

    /// A host with the test's settings.
    pub async fn start_with(settings: impl FnOnce(Builder) -> Builder) -> Self {
        let folder = tempfile::tempdir().expect("there is room for a folder");
        let host = Self::open(&folder, settings).await.expect("the host opens");
        Self { host, folder }
    }

    /// A host in a folder that already has the hostile connector, compiled.
    pub async fn start_warm(settings: impl FnOnce(Builder) -> Builder) -> Self {
        let folder = tempfile::tempdir().expect("there is room for a folder");
        warm::fill(folder.path()).await;
        let host = Self::open(&folder, settings).await.expect("the host opens");
        Self { host, folder }
    }

    /// A host in a folder that may already contain one.
    pub async fn open(folder: &TempDir, settings: impl FnOnce(Builder) -> Builder) -> Result<Innkeeper, Error> {
        settings(Innkeeper::builder().folder(folder.path()).calls_at_once(100).egress(loopback())).open().await
    }

    /// A host with the test's limits.
    pub async fn start_with_limits(limits: Limits) -> Self {
        Self::start_with(|builder| builder.limits(limits)).await
    }

    /// A connection of the hostile connector to the echo service, without a credential.
    pub async fn hostile(&self, service: &EchoService) -> ConnectionView {
        self.hostile_with(service, |connection| connection, "none").await
    }

    /// A connection of the hostile connector to the echo service.
    pub async fn hostile_with(
        &self,
        service: &EchoService,
        settings: impl FnOnce(NewConnection) -> NewConnection,
        auth_type: &str,
    ) -> ConnectionView {
        let added = self.host.load(components::hostile()).await.expect("the hostile connector loads");
        let connection = NewConnection::new(SpaceId::default(), added.id(), auth_type);
        let connection = settings(connection.config(json!({ "base": service.base() })));
        connect(&self.host, connection).await.expect("the connection is made")
    }

    /// Calls an action in the default space.
    pub async fn call(&self, connection: &ConnectionView, action: &str, input: Value) -> Result<CallResult, Error> {
        self.host.call(CallRequest::new(connection.space.clone(), connection.id.clone(), action, input)).await
    }
}

/// Plans a connection, approves it whatever it is, and creates it.
pub async fn connect(host: &Innkeeper, new: NewConnection) -> Result<ConnectionView, Error> {
    host.connect(host.plan(new).await?.approved()).await
}

/// Plans a change of a connection, approves it whatever it is, and makes it.
pub async fn change(
    host: &Innkeeper,
    space: &SpaceId,
    id: &ConnectionId,
    change: ConnectionChange,
) -> Result<ConnectionView, Error> {
    host.connect(host.plan_change(space, id, change).await?.approved()).await
}

/// The audit records of a connection.
pub fn records_of(connection: &ConnectionView) -> AuditFilter {
    let mut filter = AuditFilter::new(connection.space.clone());
    filter.connection = Some(connection.id.clone());
    filter
}

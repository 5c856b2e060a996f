//! A host in a separate folder, and what its users do.

use std::sync::Arc;
use std::time::Duration;

use innkeeper::{
    AuditFilter, BeginAuthorization, Begun, Builder, CallRequest, CallResult, Callback, Completed, ConnectionChange,
    ConnectionId, ConnectionStatus, ConnectionView, Disconnected, EgressSettings, Error, FlowFailure, Innkeeper,
    Limits, ManualClock, NewConnection, PrincipalId, SessionSecret, SpaceId, SystemRandom, Timestamp,
};
use innkeeper_fixtures::query::parameter;
use serde_json::{Value, json};
use tempfile::TempDir;
use url::Url;

use crate::components;
use crate::echo::EchoService;
use crate::warm;

/// Where a provider sends the browser. Nothing listens there: the test reads the address.
pub const REDIRECT: &str = "http://127.0.0.1:4321/callback";

/// A host that may reach loopback, and its folder.
#[derive(Debug)]
pub struct TestHost {
    /// The host.
    pub host: Innkeeper,
    /// Its folder, which is removed when this is dropped.
    pub folder: TempDir,
    /// Its clock, where a test moves it.
    clock: Option<Arc<ManualClock>>,
}

/// An authorization that has begun, with the session of the browser that began it.
#[derive(Debug)]
pub struct Flow {
    /// What the host said.
    pub begun: Begun,
    /// Whose it is.
    pub session: SessionSecret,
}

impl Flow {
    /// The state in the address that the browser is sent to.
    pub fn state(&self) -> String {
        parameter(&self.begun.authorization_url, "state").expect("the address holds a state")
    }
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
        Self { host, folder, clock: None }
    }

    /// A host in a folder that already has the hostile connector, compiled.
    pub async fn start_warm(settings: impl FnOnce(Builder) -> Builder) -> Self {
        let folder = tempfile::tempdir().expect("there is room for a folder");
        warm::fill(folder.path()).await;
        let host = Self::open(&folder, settings).await.expect("the host opens");
        Self { host, folder, clock: None }
    }

    /// The same on a clock that [`advance`](Self::advance) moves.
    pub async fn start_on_manual_clock(settings: impl FnOnce(Builder) -> Builder) -> Self {
        let clock = clock();
        let host = Self::start_warm(|builder| settings(builder.clock(clock.clone()))).await;
        Self { clock: Some(clock), ..host }
    }

    /// Another host on the same folder and clock, as after a restart.
    pub async fn restarted(self) -> Self {
        let Self { host, folder, clock } = self;
        host.close().await.expect("the host closes");
        drop(host);
        let on_clock = |builder: Builder| clock.iter().fold(builder, |builder, clock| builder.clock(clock.clone()));
        let host = Self::open(&folder, on_clock).await.expect("the host opens again");
        Self { host, folder, clock }
    }

    /// Its clock.
    ///
    /// # Panics
    /// If it runs on the machine's clock.
    pub fn clock(&self) -> &ManualClock {
        self.clock.as_ref().expect("this host was started on a clock that the test moves")
    }

    /// Moves its clock.
    pub fn advance(&self, seconds: u64) {
        self.clock().advance(Duration::from_secs(seconds));
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

    /// Gets an address for a principal, whose status was 200: the answer's body.
    pub async fn ask(&self, connection: &ConnectionView, principal: Option<&str>, url: &str) -> Result<Value, Error> {
        let (space, connection) = (connection.space.clone(), connection.id.clone());
        let mut request = CallRequest::new(space, connection, "ask", json!({ "url": url }));
        request.principal = principal.map(id);
        let result = self.host.call(request).await?;
        assert_eq!(result.value["status"], 200, "{}", result.value);
        Ok(result.value["body"].clone())
    }

    /// Begins an authorization in a browser of its own.
    pub async fn begin(&self, connection: &ConnectionView, principal: Option<&str>) -> Flow {
        let session = SessionSecret::random(&SystemRandom);
        let wanted = BeginAuthorization {
            space: &connection.space,
            connection: &connection.id,
            principal: principal.map(id),
            redirect_uri: REDIRECT.parse().expect("an address"),
            session: &session,
            return_url: None,
        };
        let begun = self.host.begin_authorization(wanted).await.expect("the authorization begins");
        Flow { begun, session }
    }

    /// Brings a callback address to the host.
    pub async fn complete(&self, callback: &Url, session: &SessionSecret) -> Result<Completed, Error> {
        let callback = Callback::parse(callback.query().unwrap_or_default()).expect("a callback of the provider");
        self.host.complete_authorization(&callback, session).await
    }

    /// The whole way of a user: `consent` is given the address that their browser is sent to, and answers with the callback.
    pub async fn authorize(
        &self,
        connection: &ConnectionView,
        principal: Option<&str>,
        consent: impl AsyncFnOnce(&Url) -> Url,
    ) -> Completed {
        let flow = self.begin(connection, principal).await;
        let callback = consent(&flow.begun.authorization_url).await;
        self.complete(&callback, &flow.session).await.expect("the authorization completes")
    }

    /// How the connection stands for a principal, or for all.
    pub async fn status(&self, connection: &ConnectionView, principal: Option<&str>) -> ConnectionStatus {
        let status = self.host.status(&connection.space, &connection.id, principal.map(id)).await;
        status.expect("a connection has a status")
    }

    /// Ends the grant of a principal, or that of all.
    pub async fn disconnect(&self, connection: &ConnectionView, principal: Option<&str>) -> Disconnected {
        let ended = self.host.disconnect(&connection.space, &connection.id, principal.map(id)).await;
        ended.expect("disconnected")
    }
}

/// A principal of this name.
pub fn id(name: &str) -> PrincipalId {
    PrincipalId::parse(name).expect("an id")
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

/// Why a callback was refused.
#[track_caller]
pub fn failure(result: Result<Completed, Error>) -> FlowFailure {
    match result.expect_err("the callback is refused") {
        Error::Refused(refused) => refused.failure,
        other => panic!("another error: {other}"),
    }
}

/// The audit records of a connection.
pub fn records_of(connection: &ConnectionView) -> AuditFilter {
    let mut filter = AuditFilter::new(connection.space.clone());
    filter.connection = Some(connection.id.clone());
    filter
}

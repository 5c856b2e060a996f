//! A host with connections of the auth type `ears`, and the way of its users.

use std::sync::Arc;
use std::time::Duration;

use innkeeper::{
    BeginAuthorization, CallRequest, Callback, Completed, ConnectionStatus, ConnectionView, Error, ManualClock,
    NewConnection, SessionSecret, SpaceId, SystemRandom,
};
use innkeeper_tests::components;
use innkeeper_tests::echo::EchoService;
use innkeeper_tests::host::{TestHost, clock};
use innkeeper_tests::stage::{Flow, REDIRECT, id};
use serde_json::{Value, json};
use url::Url;

use crate::scripted_service::ScriptedService;
use crate::service::ACME;

pub(crate) const SCOPE: &str = "openid offline_access api.read";

pub(crate) struct Inn {
    pub(crate) host: TestHost,
    pub(crate) clock: Arc<ManualClock>,
}

impl Inn {
    /// A host whose auth redirect service is at `base`.
    pub(crate) async fn open(base: &str) -> Self {
        let (clock, base) = (clock(), base.parse().expect("an address"));
        let host = TestHost::start_warm(|builder| builder.clock(clock.clone()).ears(base)).await;
        Self { host, clock }
    }

    /// A connection that reaches `api`, which says nothing of how grants are owned.
    pub(crate) async fn connect(&self, api: &str) -> ConnectionView {
        self.try_connect(api, |new| new.field("provider", ACME).field("scope", SCOPE)).await.expect("it is made")
    }

    pub(crate) async fn try_connect(
        &self,
        api: &str,
        settings: impl FnOnce(NewConnection) -> NewConnection,
    ) -> Result<ConnectionView, Error> {
        let connector = components::HOSTILE.parse().expect("an id");
        let new = NewConnection::new(SpaceId::default(), connector, "ears").config(json!({ "base": api }));
        innkeeper_tests::host::connect(&self.host.host, settings(new)).await
    }

    pub(crate) async fn begin(&self, connection: &ConnectionView, principal: Option<&str>) -> Flow {
        let session = SessionSecret::random(&SystemRandom);
        let wanted = BeginAuthorization {
            space: &connection.space,
            connection: &connection.id,
            principal: principal.map(id),
            redirect_uri: REDIRECT.parse().expect("an address"),
            session: &session,
            return_url: None,
        };
        let begun = self.host.host.begin_authorization(wanted).await.expect("the authorization begins");
        Flow { begun, session }
    }

    pub(crate) async fn complete(&self, callback: &Url, session: &SessionSecret) -> Result<Completed, Error> {
        let callback = Callback::parse(callback.query().unwrap_or_default()).expect("a callback");
        self.host.host.complete_authorization(&callback, session).await
    }

    /// The whole way of a user through a scripted service.
    pub(crate) async fn authorize(&self, service: &ScriptedService, connection: &ConnectionView, user: &str) {
        let flow = self.begin(connection, Some(user)).await;
        let callback = service.consent(&flow.begun.authorization_url, user);
        self.complete(&callback, &flow.session).await.expect("the authorization completes");
    }

    /// A call for a user, whose status was 200: the answer's body.
    pub(crate) async fn ask(&self, connection: &ConnectionView, user: &str, url: &str) -> Result<Value, Error> {
        let mut request =
            CallRequest::new(connection.space.clone(), connection.id.clone(), "ask", json!({ "url": url }));
        request.principal = Some(id(user));
        let result = self.host.host.call(request).await?;
        assert_eq!(result.value["status"], 200, "{}", result.value);
        Ok(result.value["body"].clone())
    }

    pub(crate) async fn status(&self, connection: &ConnectionView, user: &str) -> ConnectionStatus {
        let status = self.host.host.status(&connection.space, &connection.id, Some(id(user))).await;
        status.expect("a connection has a status")
    }

    pub(crate) async fn disconnect(&self, connection: &ConnectionView, user: &str) {
        let host = &self.host.host;
        host.disconnect(&connection.space, &connection.id, Some(id(user))).await.expect("disconnected");
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

/// A scripted service, a host that uses it, and what its connection reaches.
pub(crate) struct Scene {
    pub(crate) service: ScriptedService,
    pub(crate) inn: Inn,
    pub(crate) echo: EchoService,
    pub(crate) connection: ConnectionView,
}

impl Scene {
    pub(crate) async fn start() -> Self {
        let service = ScriptedService::start("").await;
        let inn = Inn::open(&service.origin).await;
        let echo = EchoService::start().await;
        let connection = inn.connect(echo.base()).await;
        Self { service, inn, echo, connection }
    }

    /// The same, authorized by `ada`.
    pub(crate) async fn authorized() -> Self {
        let scene = Self::start().await;
        scene.inn.authorize(&scene.service, &scene.connection, "ada").await;
        scene
    }

    pub(crate) async fn ask(&self, user: &str) -> Result<Value, Error> {
        self.inn.ask(&self.connection, user, self.echo.base()).await
    }

    /// Whose tokens reached what the connection reaches, in order; none where a token was not live any more.
    pub(crate) fn users(&self) -> Vec<Option<String>> {
        let received = self.echo.received();
        received.iter().map(|received| self.service.user_of(received.authorization().unwrap_or_default())).collect()
    }
}

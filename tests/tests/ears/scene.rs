//! A host with a connection of the auth type `ears`, the service that it uses, and what it reaches.

use innkeeper::{ConnectionView, Error, NewConnection, SpaceId};
use innkeeper_tests::components;
use innkeeper_tests::echo::EchoService;
use innkeeper_tests::host::{TestHost, connect};
use innkeeper_tests::redirect_service::RedirectService;
use serde_json::{Value, json};

use crate::service::ACME;

pub(crate) const SCOPE: &str = "openid offline_access api.read";

/// A host whose auth redirect service is at `base`.
pub(crate) async fn host_of(base: &str) -> TestHost {
    let base = base.parse().expect("an address");
    TestHost::start_on_manual_clock(|builder| builder.ears(base)).await
}

/// A connection of the host that reaches `api`, without its fields: it says nothing of how grants are owned.
pub(crate) fn new_connection(api: &str) -> NewConnection {
    let connector = components::HOSTILE.parse().expect("an id");
    NewConnection::new(SpaceId::default(), connector, "ears").config(json!({ "base": api }))
}

/// The same, made.
pub(crate) async fn connected(host: &TestHost, api: &str) -> ConnectionView {
    let new = new_connection(api).field("provider", ACME).field("scope", SCOPE);
    connect(&host.host, new).await.expect("it is made")
}

/// The whole way of a user through the service.
pub(crate) async fn authorize(host: &TestHost, service: &RedirectService, connection: &ConnectionView, user: &str) {
    host.authorize(connection, Some(user), async |link| service.consent(link, user)).await;
}

pub(crate) struct Scene {
    pub(crate) service: RedirectService,
    pub(crate) host: TestHost,
    pub(crate) echo: EchoService,
    pub(crate) connection: ConnectionView,
}

impl Scene {
    pub(crate) async fn start() -> Self {
        let service = RedirectService::start("").await;
        let host = host_of(service.origin()).await;
        let echo = EchoService::start().await;
        let connection = connected(&host, echo.base()).await;
        Self { service, host, echo, connection }
    }

    /// The same, authorized by `ada`.
    pub(crate) async fn authorized() -> Self {
        let scene = Self::start().await;
        scene.authorize("ada").await;
        scene
    }

    pub(crate) async fn authorize(&self, user: &str) {
        authorize(&self.host, &self.service, &self.connection, user).await;
    }

    pub(crate) async fn ask(&self, user: &str) -> Result<Value, Error> {
        self.host.ask(&self.connection, Some(user), self.echo.base()).await
    }

    /// Whether a user's grant can be used.
    pub(crate) async fn is_authorized(&self, user: &str) -> bool {
        self.host.status(&self.connection, Some(user)).await.grant.authorized
    }

    /// Whose tokens reached what the connection reaches, in order; none where a token was not live any more.
    pub(crate) fn users(&self) -> Vec<Option<String>> {
        let received = self.echo.received();
        received.iter().map(|received| self.service.user_of(received.authorization().unwrap_or_default())).collect()
    }
}

//! A host and an authorization server, and a user's authorization between them.

use std::sync::Arc;
use std::time::Duration;

use innkeeper::{
    BeginAuthorization, Begun, Builder, CallRequest, Callback, Completed, ConnectionStatus, ConnectionView, Error,
    ManualClock, NewConnection, PrincipalId, SessionSecret, SpaceId, SystemRandom,
};
use serde_json::{Value, json};
use url::Url;

use crate::components;
use crate::host::{TestHost, clock};
use crate::oidc::{CONFIDENTIAL_BASIC, Counts, OidcClient, OidcOptions, OidcProvider};

/// Where the provider sends the browser: nobody listens there, the test takes the address.
pub const REDIRECT: &str = "http://127.0.0.1:4321/callback";

/// A host on a clock that the test moves, and a provider on its own.
#[derive(Debug)]
pub struct Stage {
    /// The host.
    pub host: TestHost,
    /// Its clock.
    pub clock: Arc<ManualClock>,
    /// The authorization server and its protected resource.
    pub provider: OidcProvider,
}

/// An authorization that has begun, with the session of the browser that began it.
#[derive(Debug)]
pub struct Flow {
    /// What the host returned.
    pub begun: Begun,
    /// Whose it is.
    pub session: SessionSecret,
}

impl Flow {
    /// The state in the address that the browser is sent to.
    pub fn state(&self) -> String {
        query(&self.begun.authorization_url, "state").expect("the address holds a state")
    }
}

impl Stage {
    /// A separate host and provider.
    pub async fn start(options: OidcOptions) -> Self {
        Self::start_with(options, |builder| builder).await
    }

    /// The same with the test's settings.
    pub async fn start_with(options: OidcOptions, settings: impl FnOnce(Builder) -> Builder) -> Self {
        let clock = clock();
        let host = TestHost::start_warm(|builder| settings(builder.clock(clock.clone()))).await;
        let provider = OidcProvider::start(options).await.expect("the authorization server starts");
        Self { host, clock, provider }
    }

    /// The same folder and provider with another host, as after a restart.
    pub async fn restarted(self) -> Self {
        let Self { host: TestHost { host, folder }, clock, provider } = self;
        host.close().await.expect("the host closes");
        drop(host);
        let host = TestHost::open(&folder, |builder| builder.clock(clock.clone())).await.expect("the host opens again");
        Self { host: TestHost { host, folder }, clock, provider }
    }

    /// A connection to the protected resource, which a user has to authorize.
    pub async fn connect(&self, client: OidcClient) -> ConnectionView {
        self.connect_with(client, |connection| connection).await
    }

    /// The same with the test's settings.
    pub async fn connect_with(
        &self,
        client: OidcClient,
        settings: impl FnOnce(NewConnection) -> NewConnection,
    ) -> ConnectionView {
        let mut authorization_url = self.provider.authorization_endpoint();
        authorization_url.query_pairs_mut().append_pair("prompt", "consent");
        let mut connection = self
            .new_connection("oauth_authorization_code")
            .field("authorizationUrl", authorization_url.as_str())
            .field("tokenUrl", self.provider.token_endpoint().as_str())
            .field("revocationUrl", self.provider.revocation_endpoint().as_str())
            .field("issuer", self.provider.issuer().as_str().trim_end_matches('/'))
            .field("clientId", client.id)
            .field("scope", "openid offline_access api.read")
            .field("useBasicAuth", client.id == CONFIDENTIAL_BASIC.id);
        if let Some(secret) = client.secret {
            connection = connection.secret("clientSecret", secret);
        }
        crate::host::connect(&self.host.host, settings(connection)).await.expect("the connection is made")
    }

    /// A connection to the protected resource of another auth type, without its fields.
    pub fn new_connection(&self, auth_type: &str) -> NewConnection {
        let connector = spec_id();
        NewConnection::new(SpaceId::default(), connector, auth_type)
            .config(json!({ "base": self.provider.api().as_str() }))
    }

    /// Begins an authorization in a separate browser.
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
        let begun = self.host.host.begin_authorization(wanted).await.expect("the authorization begins");
        Flow { begun, session }
    }

    /// The user signs in and consents; returns the address that the browser ends at.
    pub async fn consent(&self, flow: &Flow, login: &str) -> Url {
        let link = flow.begun.authorization_url.as_str();
        let callback = self.provider.authorize_as(link, login).await.expect("the user gets through");
        assert!(callback.as_str().starts_with(REDIRECT), "{callback}");
        callback
    }

    /// Brings a callback address to the host.
    pub async fn complete(&self, callback: &Url, session: &SessionSecret) -> Result<Completed, Error> {
        let callback = Callback::parse(callback.query().unwrap_or_default()).expect("a callback of the provider");
        self.host.host.complete_authorization(&callback, session).await
    }

    /// The whole authorization of a user.
    pub async fn authorize(&self, connection: &ConnectionView, principal: Option<&str>, login: &str) -> Completed {
        let flow = self.begin(connection, principal).await;
        let callback = self.consent(&flow, login).await;
        self.complete(&callback, &flow.session).await.expect("the authorization completes")
    }

    /// What the protected resource says about the caller.
    pub async fn me(&self, connection: &ConnectionView) -> Result<Value, Error> {
        self.me_of(connection, None).await
    }

    /// The same for a principal.
    pub async fn me_of(&self, connection: &ConnectionView, principal: Option<&str>) -> Result<Value, Error> {
        let input = json!({ "url": format!("{}api/me", self.provider.api()) });
        let mut request = CallRequest::new(connection.space.clone(), connection.id.clone(), "ask", input);
        request.principal = principal.map(id);
        let result = self.host.host.call(request).await?;
        assert_eq!(result.value["status"], 200, "{}", result.value);
        Ok(result.value["body"].clone())
    }

    /// The status of the connection's shared grant.
    pub async fn status(&self, connection: &ConnectionView) -> ConnectionStatus {
        self.status_of(connection, None).await
    }

    /// The status for a principal.
    pub async fn status_of(&self, connection: &ConnectionView, principal: Option<&str>) -> ConnectionStatus {
        let status = self.host.host.status(&connection.space, &connection.id, principal.map(id)).await;
        status.expect("a connection has a status")
    }

    /// The requests to the provider since its start.
    pub async fn counts(&self) -> Counts {
        self.provider.counts().await.expect("the provider counts")
    }

    /// Expires every access token at the provider, without the host knowing.
    pub async fn expire(&self) {
        self.provider.expire_access_tokens().await.expect("the provider expires its tokens");
    }

    /// Moves the host's clock.
    pub fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

/// A principal of this name.
pub fn id(name: &str) -> PrincipalId {
    PrincipalId::parse(name).expect("an id")
}

/// A parameter of an address.
pub fn query(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

fn spec_id() -> innkeeper::spec::ConnectorId {
    components::HOSTILE.parse().expect("an id")
}

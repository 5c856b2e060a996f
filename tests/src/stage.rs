//! A host and a real authorization server, and a user's authorization between them.

use innkeeper::{Builder, Completed, ConnectionView, Error, NewConnection, SpaceId};
use serde_json::{Value, json};
use url::Url;

use crate::components;
use crate::host::{Flow, REDIRECT, TestHost};
use crate::oidc::{CONFIDENTIAL_BASIC, Counts, OidcClient, OidcOptions, OidcProvider};

/// A host, and a provider on a clock of its own.
#[derive(Debug)]
pub struct Stage {
    /// The host.
    pub host: TestHost,
    /// The authorization server and its protected resource.
    pub provider: OidcProvider,
}

impl Stage {
    /// A host on a clock that the test moves, and a provider.
    pub async fn start(options: OidcOptions) -> Self {
        Self::start_with(options, |builder| builder).await
    }

    /// The same with the test's settings.
    pub async fn start_with(options: OidcOptions, settings: impl FnOnce(Builder) -> Builder) -> Self {
        Self::beside(TestHost::start_on_manual_clock(settings).await, options).await
    }

    /// This host and a provider.
    pub async fn beside(host: TestHost, options: OidcOptions) -> Self {
        let provider = OidcProvider::start(options).await.expect("the authorization server starts");
        Self { host, provider }
    }

    /// The same folder and provider with another host, as after a restart.
    pub async fn restarted(self) -> Self {
        Self { host: self.host.restarted().await, provider: self.provider }
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
        let connector = components::HOSTILE.parse().expect("an id");
        NewConnection::new(SpaceId::default(), connector, auth_type)
            .config(json!({ "base": self.provider.api().as_str() }))
    }

    /// The user signs in and consents; returns the address that the browser ends at.
    pub async fn consent(&self, flow: &Flow, login: &str) -> Url {
        self.consent_at(&flow.begun.authorization_url, login).await
    }

    async fn consent_at(&self, link: &Url, login: &str) -> Url {
        let callback = self.provider.authorize_as(link.as_str(), login).await.expect("the user gets through");
        assert!(callback.as_str().starts_with(REDIRECT), "{callback}");
        callback
    }

    /// The whole authorization of a user.
    pub async fn authorize(&self, connection: &ConnectionView, principal: Option<&str>, login: &str) -> Completed {
        self.host.authorize(connection, principal, async |link| self.consent_at(link, login).await).await
    }

    /// What the protected resource says about the caller.
    pub async fn me(&self, connection: &ConnectionView) -> Result<Value, Error> {
        self.me_of(connection, None).await
    }

    /// The same for a principal.
    pub async fn me_of(&self, connection: &ConnectionView, principal: Option<&str>) -> Result<Value, Error> {
        self.host.ask(connection, principal, &format!("{}api/me", self.provider.api())).await
    }

    /// The requests to the provider since its start.
    pub async fn counts(&self) -> Counts {
        self.provider.counts().await.expect("the provider counts")
    }

    /// Expires every access token at the provider, without the host knowing.
    pub async fn expire(&self) {
        self.provider.expire_access_tokens().await.expect("the provider expires its tokens");
    }
}

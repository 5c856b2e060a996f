//! Our host, our service and a real authorization server together.

use innkeeper::spec::AuthMode;
use innkeeper::{AuthError, Callback, ConnectionView, Error, FlowFailure, NewConnection, Reason, SpaceId};
use innkeeper_tests::components;
use innkeeper_tests::host::{Flow, TestHost, connect, failure};
use innkeeper_tests::oidc::{OidcOptions, OidcProvider, PUBLIC};
use innkeeper_tests::query::{parameter, with};
use serde_json::json;
use url::Url;

use crate::app::Browser;
use crate::scene::{SCOPE, connected, host_of};
use crate::service::{ACME, Seat, Service, client_at, oidc};

struct Town {
    provider: OidcProvider,
    service: Service,
    host: TestHost,
    connection: ConnectionView,
}

impl Town {
    /// A service at `path` of its origin, which sends codes to apps on this machine.
    async fn start(path: &str) -> Self {
        let provider = oidc_with(path).await;
        let seat = Seat::take().await;
        let plan = seat.plan().provider(ACME, client_at(&provider)).set(|settings| {
            settings.loopback_callbacks = true;
            settings.public_url.set_path(path);
        });
        let service = seat.serve(plan);
        let host = host_of(&service.base).await;
        let connection = connected(&host, provider.api().as_str()).await;
        Self { provider, service, host, connection }
    }

    /// The way of a user up to the host's callback.
    async fn consented(&self, flow: &Flow, user: &str) -> Url {
        self.consented_at(&flow.begun.authorization_url, user).await
    }

    async fn consented_at(&self, link: &Url, user: &str) -> Url {
        let mut browser = Browser::of(&self.service);
        let at_provider = browser.open(link).await.sent_to();
        let callback = self.provider.authorize_as(at_provider.as_str(), user).await.expect("the user gets through");
        browser.open(&callback).await.sent_to()
    }

    async fn authorize(&self, user: &str) {
        self.host.authorize(&self.connection, Some(user), async |link| self.consented_at(link, user).await).await;
    }

    async fn me(&self, user: &str) -> Result<String, Error> {
        let url = format!("{}api/me", self.provider.api());
        let me = self.host.ask(&self.connection, Some(user), &url).await?;
        Ok(me["sub"].as_str().expect("a user").to_owned())
    }
}

async fn oidc_with(path: &str) -> OidcProvider {
    if path.is_empty() {
        return oidc().await;
    }
    let registered = format!("http://127.0.0.1{path}/v1/acme/oauth/callback");
    let options = OidcOptions { redirect_uris: Some(vec![registered]), ..OidcOptions::default() };
    OidcProvider::start(options).await.expect("the authorization server starts")
}

#[tokio::test]
async fn users_authorize_call_refresh_and_leave_wherever_the_service_is_mounted() {
    for path in ["", "/auth/redirect"] {
        let town = Town::start(path).await;
        for user in ["ada", "bob"] {
            town.authorize(user).await;
        }
        for user in ["ada", "bob"] {
            assert_eq!(town.me(user).await.expect("an answer"), user);
        }
        town.provider.expire_access_tokens().await.expect("expired");
        for user in ["ada", "bob"] {
            assert_eq!(town.me(user).await.expect("renewed after a 401"), user);
        }
        // Right after a refresh a rejected token would not be taken for its own fault.
        town.host.advance(3600);
        assert_eq!(town.me("ada").await.expect("renewed by the clock"), "ada");
        town.host.disconnect(&town.connection, Some("ada")).await;
        town.me("ada").await.expect_err("she has left");
        assert_eq!(town.me("bob").await.expect("he has not"), "bob");
        let counts = town.provider.counts().await.expect("counts");
        assert_eq!(
            (counts.of("refresh_token", "success"), counts.all("refresh_token")),
            (4, 4),
            "each after a 401 and by the clock"
        );
        assert_eq!(counts.of("revocation", "success"), 2);
    }
}

#[tokio::test]
async fn a_grant_that_ended_at_the_provider_needs_authorization_and_no_failure_of_the_service() {
    let town = Town::start("").await;
    town.authorize("ada").await;
    town.provider.expire_access_tokens().await.expect("expired");
    town.provider.forget_refresh_tokens().await.expect("forgotten");
    let error = town.me("ada").await.expect_err("the grant is gone");
    assert!(matches!(error, Error::Auth(AuthError::NeedsAuthorization { reason: Reason::Revoked, .. })), "{error}");
    town.authorize("ada").await;
    assert_eq!(town.me("ada").await.expect("a new grant"), "ada");
}

#[tokio::test]
async fn a_victims_sealed_code_is_of_no_use_in_the_attackers_session() {
    let town = Town::start("").await;
    let (ada, mallory) = (
        town.host.begin(&town.connection, Some("ada")).await,
        town.host.begin(&town.connection, Some("mallory")).await,
    );
    let (adas, mallorys) = (town.consented(&ada, "ada").await, town.consented(&mallory, "mallory").await);

    // The victim's whole callback in the attacker's session, and the victim's code under the attacker's state.
    let refused = failure(town.host.complete(&adas, &mallory.session).await);
    assert!(matches!(refused, FlowFailure::OtherSession), "{refused}");
    let mixed = with(&mallorys, "code", parameter(&adas, "code").as_deref());
    let refused = failure(town.host.complete(&mixed, &mallory.session).await);
    assert!(matches!(refused, FlowFailure::Exchange(_)), "{refused}");
    assert!(refused.to_string().contains("invalid_grant"), "{refused}");
    assert_eq!(town.provider.counts().await.expect("counts").all("authorization_code"), 0);
    town.me("mallory").await.expect_err("no grant came of it");

    town.host.complete(&adas, &ada.session).await.expect("the victim's own flow is not harmed");
    assert_eq!(town.me("ada").await.expect("an answer"), "ada");
    let twice = failure(town.host.complete(&adas, &ada.session).await);
    assert!(matches!(twice, FlowFailure::Unknown), "a state is valid once: {twice}");
}

#[tokio::test]
async fn the_services_answer_to_another_servers_flow_is_refused_and_the_reverse() {
    let town = Town::start("").await;
    // A connection of the same host that asks the provider itself, by a client of its own.
    let issuer = town.provider.issuer().as_str().trim_end_matches('/');
    let mut authorization_url = town.provider.authorization_endpoint();
    authorization_url.query_pairs_mut().append_pair("prompt", "consent");
    let direct = |name: &str| {
        let connector = components::HOSTILE.parse().expect("an id");
        NewConnection::new(SpaceId::default(), connector, "oauth_authorization_code")
            .id(name.parse().expect("an id"))
            .config(json!({ "base": town.provider.api().as_str() }))
            .auth_mode(AuthMode::PerUser)
            .field("authorizationUrl", authorization_url.as_str())
            .field("tokenUrl", town.provider.token_endpoint().as_str())
            .field("clientId", PUBLIC.id)
            .field("scope", SCOPE)
    };
    let host = &town.host.host;
    let promised = connect(host, direct("promised").field("issuer", issuer)).await.expect("made");
    let silent = connect(host, direct("silent")).await.expect("made");

    let by_service = town.host.begin(&town.connection, Some("ada")).await;
    let services = town.consented(&by_service, "ada").await;
    assert_eq!(parameter(&services, "iss").as_deref(), Some(&*town.service.base));
    for connection in [&promised, &silent] {
        let flow = town.host.begin(connection, Some("ada")).await;
        // The service's code, in its name, under the state of a flow that began at the provider.
        let mixed = with(&services, "state", parameter(&flow.begun.authorization_url, "state").as_deref());
        let refused = failure(town.host.complete(&mixed, &flow.session).await);
        assert!(matches!(refused, FlowFailure::OtherIssuer), "{}: {refused}", connection.id);
    }
    let flow = town.host.begin(&promised, Some("ada")).await;
    let link = flow.begun.authorization_url.as_str();
    let providers = town.provider.authorize_as(link, "ada").await.expect("the user gets through");
    assert_eq!(parameter(&providers, "iss").as_deref(), Some(issuer));
    let mixed = with(&providers, "state", parameter(&services, "state").as_deref());
    let refused = failure(town.host.complete(&mixed, &by_service.session).await);
    assert!(matches!(refused, FlowFailure::OtherIssuer), "{refused}");
    assert_eq!(town.provider.counts().await.expect("counts").all("authorization_code"), 0, "no code went to another");
    let callback = Callback::parse(providers.query().expect("a query")).expect("a callback");
    town.host.host.complete_authorization(&callback, &flow.session).await.expect("where it belongs it is taken");
}

//! The service under test, on a clock that the test moves.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use innkeeper::{Clock, Keyring, ManualClock, SystemRandom};
use innkeeper_ears::{EarsLimits, EarsProvider, EarsService, EarsSettings, Quota};
use innkeeper_egress::Egress;
use innkeeper_tests::host::{clock, loopback};
use innkeeper_tests::oidc::{CONFIDENTIAL_BASIC, OidcOptions, OidcProvider};
use tokio::net::TcpListener;
use url::Url;

/// What the callers of the tests call the provider.
pub(crate) const ACME: &str = "acme";
/// Another name, of another client at the same provider.
pub(crate) const RIVAL: &str = "rival";
/// The origin that codes may be sent to.
pub(crate) const APP: &str = "https://app.example.com";

/// A place on loopback that a service will be at: its address is known before it is set up.
pub(crate) struct Seat {
    listener: TcpListener,
    /// Without a slash at its end.
    pub(crate) base: String,
}

/// What a service is set up with.
pub(crate) struct Plan {
    pub(crate) settings: EarsSettings,
    pub(crate) keyring: Arc<Keyring>,
    pub(crate) clock: Arc<ManualClock>,
}

/// A service that runs.
pub(crate) struct Service {
    /// Where browsers and hosts find it, without a slash at its end.
    pub(crate) base: String,
    /// Where it listens: replicas share a base and no address.
    pub(crate) address: SocketAddr,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) ears: EarsService,
    server: tokio::task::JoinHandle<()>,
}

impl Seat {
    pub(crate) async fn take() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let base = format!("http://{}", listener.local_addr().expect("a bound listener has an address"));
        Self { listener, base }
    }

    /// A plan with no provider yet, high limits, and codes for [`APP`] alone.
    pub(crate) fn plan(&self) -> Plan {
        let quota = Quota { count: NonZeroU32::new(100_000).expect("not zero"), window: Duration::from_mins(1) };
        let settings = EarsSettings {
            public_url: self.base.parse().expect("an address"),
            providers: BTreeMap::new(),
            callbacks: vec![APP.parse().expect("an address")],
            loopback_callbacks: false,
            trusted_proxies: Vec::new(),
            limits: EarsLimits { consents: quota, tokens: quota, most_callers: 1000 },
        };
        Plan { settings, keyring: Arc::new(Keyring::generate(&SystemRandom)), clock: clock() }
    }

    /// Runs a service here.
    pub(crate) fn serve(self, plan: Plan) -> Service {
        let Plan { settings, keyring, clock } = plan;
        let base = settings.public_url.as_str().trim_end_matches('/').to_owned();
        let path = settings.public_url.path().trim_end_matches('/').to_owned();
        let shared: Arc<dyn Clock> = clock.clone();
        let egress = Egress::new(loopback(), shared.clone(), Arc::new(SystemRandom)).expect("egress is set up");
        let ears = EarsService::new(settings, &keyring, &egress, shared, Arc::new(SystemRandom)).expect("a service");
        let router = if path.is_empty() { ears.router() } else { axum::Router::new().nest(&path, ears.router()) };
        let address = self.listener.local_addr().expect("a bound listener has an address");
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        let server =
            tokio::spawn(async move { axum::serve(self.listener, service).await.expect("the service serves") });
        Service { base, address, clock, ears, server }
    }
}

impl Plan {
    pub(crate) fn provider(mut self, name: &str, provider: EarsProvider) -> Self {
        self.settings.providers.insert(name.to_owned(), provider);
        self
    }

    pub(crate) fn set(mut self, change: impl FnOnce(&mut EarsSettings)) -> Self {
        change(&mut self.settings);
        self
    }
}

impl Service {
    /// The address of a provider's endpoint.
    pub(crate) fn url(&self, provider: &str, endpoint: &str) -> Url {
        format!("{}/v1/{provider}/oauth/{endpoint}", self.base).parse().expect("an address")
    }

    /// A service with [`ACME`] and [`RIVAL`], both of which are at `provider`.
    pub(crate) async fn at(provider: &OidcProvider) -> Self {
        let seat = Seat::take().await;
        let plan = seat.plan().provider(ACME, client_at(provider)).provider(RIVAL, client_at(provider));
        seat.serve(plan)
    }

    /// A service whose [`ACME`] and [`RIVAL`] are never reached.
    pub(crate) async fn alone() -> Self {
        let seat = Seat::take().await;
        let plan = seat.plan().provider(ACME, unreached()).provider(RIVAL, unreached());
        seat.serve(plan)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// An authorization server where the callbacks of [`ACME`] and [`RIVAL`] are registered, and that of a host.
pub(crate) async fn oidc() -> OidcProvider {
    let registered = [ACME, RIVAL].map(|name| format!("http://127.0.0.1/v1/{name}/oauth/callback"));
    let registered = [registered.to_vec(), vec!["http://127.0.0.1/callback".to_owned()]].concat();
    let options = OidcOptions { redirect_uris: Some(registered), ..OidcOptions::default() };
    OidcProvider::start(options).await.expect("the authorization server starts")
}

/// The confidential client of that server.
pub(crate) fn client_at(provider: &OidcProvider) -> EarsProvider {
    let mut authorization_url = provider.authorization_endpoint();
    authorization_url.query_pairs_mut().append_pair("prompt", "consent");
    EarsProvider {
        client_id: CONFIDENTIAL_BASIC.id.to_owned(),
        client_secret: CONFIDENTIAL_BASIC.secret.map(Into::into),
        authorization_url: Some(authorization_url),
        token_url: Some(provider.token_endpoint()),
        revocation_url: Some(provider.revocation_endpoint()),
        issuer: Some(provider.issuer().as_str().trim_end_matches('/').to_owned()),
        ..EarsProvider::default()
    }
}

/// A provider that users are sent to and nobody is at.
pub(crate) fn unreached() -> EarsProvider {
    let address = |path: &str| Some(format!("http://127.0.0.1:9/{path}").parse().expect("an address"));
    EarsProvider {
        client_id: "client".to_owned(),
        client_secret: Some("the secret of a client".into()),
        authorization_url: address("authorize"),
        token_url: address("token"),
        revocation_url: address("revoke"),
        ..EarsProvider::default()
    }
}

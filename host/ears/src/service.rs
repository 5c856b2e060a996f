//! The service itself.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderValue, header};
use axum::middleware::{from_fn_with_state, map_response};
use axum::routing::{get, post};
use innkeeper_address::{AddressProblem, RedirectUri, SecureUrl};
use innkeeper_ambient::{Clock, Random};
use innkeeper_auth::ProviderClient;
use innkeeper_egress::Egress;
use innkeeper_vault::{Keyring, VaultError};
use innkeeper_web::{SessionCookies, is_addressed, seal};
use ipnet::IpNet;
use url::Url;

use crate::callers::{CallbackAddress, Callbacks};
use crate::json::{self, Failure};
use crate::limits::{EarsLimits, Limiter};
use crate::metrics::Metrics;
use crate::observe::observe;
use crate::presets::{EarsProvider, InvalidProvider};
use crate::sealed::Seals;
use crate::{authorize, callback, tokens};

/// The settings of an auth redirect service.
#[derive(Debug)]
pub struct EarsSettings {
    /// The address for browsers and hosts: https, or http on loopback. `{public_url}/v1/{provider}/oauth/callback` is
    /// registered at each provider.
    pub public_url: Url,
    /// Providers, by the names that callers use.
    pub providers: BTreeMap<String, EarsProvider>,
    /// The addresses that codes may be sent to.
    pub callbacks: Vec<CallbackAddress>,
    /// Whether apps on the user's own machine may receive codes too, at `http://127.0.0.1` and any port (RFC 8252,
    /// section 7.3).
    pub loopback_callbacks: bool,
    /// Proxies whose `X-Forwarded-For` is trusted.
    pub trusted_proxies: Vec<IpNet>,
    /// The rate limits of callers.
    pub limits: EarsLimits,
}

/// Why the service cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EarsError {
    /// The public address cannot be used.
    #[error("the public address {address} {why}")]
    PublicUrl {
        /// The given address.
        address: Url,
        /// The rule that it breaks.
        why: AddressProblem,
    },
    /// No provider is configured.
    #[error("no provider is configured: name at least one, with its client id")]
    NoProvider,
    /// A provider is not configured correctly.
    #[error(transparent)]
    Provider(#[from] InvalidProvider),
    /// No caller could use the service.
    #[error(
        "no callback address is registered: codes could not be sent anywhere; name the addresses of the hosts that may \
         use the service"
    )]
    NoCallback,
    /// The keyring cannot be used.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

/// An auth redirect service. Cheap to clone; all clones are the same service.
#[derive(Clone)]
pub struct EarsService {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    /// The issuer, without a trailing slash.
    pub(crate) name: String,
    public_url: SecureUrl,
    pub(crate) providers: Vec<Provider>,
    pub(crate) callbacks: Callbacks,
    pub(crate) cookies: SessionCookies,
    pub(crate) seals: Seals,
    pub(crate) limiter: Limiter,
    pub(crate) metrics: Metrics,
    pub(crate) trusted_proxies: Vec<IpNet>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) clock: Arc<dyn Clock>,
}

/// A client at a provider.
pub(crate) struct Provider {
    pub(crate) name: Arc<str>,
    pub(crate) client: ProviderClient,
    /// The redirect URI registered at the provider.
    pub(crate) redirect_uri: RedirectUri,
    /// The allowed scopes. Empty: any.
    pub(crate) scopes: Vec<String>,
}

impl fmt::Debug for EarsService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let providers: Vec<_> = self.inner.providers.iter().map(|provider| &provider.name).collect();
        f.debug_struct("EarsService")
            .field("name", &self.inner.name)
            .field("providers", &providers)
            .finish_non_exhaustive()
    }
}

impl EarsService {
    /// A service that seals under `keyring`: replicas get the same one, and need nothing else in common. Its requests
    /// to providers go through `egress`.
    pub fn new(
        settings: EarsSettings,
        keyring: &Keyring,
        egress: &Egress,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self, EarsError> {
        let EarsSettings { public_url, providers, callbacks, loopback_callbacks, trusted_proxies, limits } = settings;
        let public_url =
            SecureUrl::base(public_url.clone()).map_err(|why| EarsError::PublicUrl { address: public_url, why })?;
        if providers.is_empty() {
            return Err(EarsError::NoProvider);
        }
        if callbacks.is_empty() && !loopback_callbacks {
            return Err(EarsError::NoCallback);
        }
        let name = public_url.as_str().trim_end_matches('/').to_owned();
        let ready = |(provider, settings): (String, EarsProvider)| {
            let scopes = settings.scopes.clone();
            let invalid = |why| InvalidProvider { name: provider.clone(), why };
            let settings = settings.settings(&provider)?;
            let client =
                ProviderClient::new(settings, egress.clone(), clock.clone(), random.clone()).map_err(invalid)?;
            let redirect_uri = format!("{name}/v1/{provider}/oauth/callback").parse();
            let redirect_uri = redirect_uri.map_err(|why| invalid(format!("its redirect URI {why}")))?;
            Ok(Provider { name: provider.as_str().into(), client, redirect_uri, scopes })
        };
        let providers = providers.into_iter().map(ready).collect::<Result<_, InvalidProvider>>()?;
        Ok(Self {
            inner: Arc::new(Inner {
                providers,
                callbacks: Callbacks { registered: callbacks, loopback: loopback_callbacks },
                cookies: SessionCookies::new(public_url.scheme() == "https"),
                seals: Seals::new(keyring, clock.clone(), &random)?,
                limiter: Limiter::new(&limits, &clock),
                metrics: Metrics::new(),
                trusted_proxies,
                random,
                clock,
                public_url,
                name,
            }),
        })
    }

    /// The addresses to register at each provider, by its name.
    pub fn redirect_uris(&self) -> impl Iterator<Item = (&str, &RedirectUri)> {
        self.inner.providers.iter().map(|provider| (&*provider.name, &provider.redirect_uri))
    }

    /// `v1/{provider}/oauth/{authorize,callback,token,refresh,revoke}` and `healthz`, to be mounted at the path of
    /// the public address. Serve it with `into_make_service_with_connect_info::<SocketAddr>()`: limits count by the
    /// client's address.
    pub fn router(&self) -> Router {
        let inner = self.inner.clone();
        let is_ours = {
            let public_url = self.inner.public_url.clone();
            move |headers: &axum::http::HeaderMap| is_addressed(&public_url, headers)
        };
        let check_host = move |request: axum::extract::Request, next: axum::middleware::Next| {
            let ours = is_ours(request.headers());
            async move { if ours { next.run(request).await } else { json::respond(&Failure::other_host()) } }
        };
        Router::new()
            .route("/v1/{provider}/oauth/authorize", get(authorize::open).head(only_get).fallback(only_get))
            .route("/v1/{provider}/oauth/callback", get(callback::take).head(only_get).fallback(only_get))
            .route("/v1/{provider}/oauth/token", post(tokens::redeem).fallback(only_post))
            .route("/v1/{provider}/oauth/refresh", post(tokens::refresh).fallback(only_post))
            .route("/v1/{provider}/oauth/revoke", post(tokens::revoke).fallback(only_post))
            .fallback(nothing_here)
            .layer(axum::middleware::from_fn(check_host))
            .layer(from_fn_with_state(inner.clone(), observe))
            .route("/healthz", get(async || "ok\n"))
            .layer(map_response(seal))
            .with_state(inner)
    }

    /// The metrics, in the text format of Prometheus. They name providers and outcomes, but no caller.
    pub fn metrics(&self) -> String {
        self.inner.metrics.text()
    }
}

impl Inner {
    /// The provider of this name, and its position in the list.
    pub(crate) fn provider(&self, name: &str) -> Option<(usize, &Provider)> {
        self.providers.iter().enumerate().find(|(_, provider)| &*provider.name == name)
    }
}

/// A HEAD request would use up a code and show nothing: it is refused like every other method.
async fn only_get() -> axum::response::Response {
    only("GET")
}

async fn only_post() -> axum::response::Response {
    only("POST")
}

/// RFC 9110, section 15.5.6: the answer says which method is allowed.
fn only(method: &'static str) -> axum::response::Response {
    let mut response = json::respond(&Failure::method(method));
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(method));
    response
}

async fn nothing_here() -> axum::response::Response {
    json::respond(&Failure::nothing_here())
}

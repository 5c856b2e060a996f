//! The only way out of the host.

use std::fmt;
use std::sync::Arc;

use innkeeper_ambient::{Clock, Random};
use secrecy::SecretString;

use crate::carrier::Transport;
use crate::exchange;
use crate::request::prepare;
use crate::scrub::ScrubberCache;
use crate::transport::{Network, Pool};
use crate::wall::resolver::{Resolver, SystemResolver};
use crate::{EgressError, Request, Response, Route, Settings, SetupError};

/// The only way out of the host. Cheap to clone; clones share connections and may be used by any number of tasks.
#[derive(Clone)]
pub struct Egress {
    parts: Arc<Parts>,
}

/// The state that all exchanges share.
pub(crate) struct Parts {
    pub(crate) settings: Settings,
    pub(crate) pool: Pool,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) scrubbers: ScrubberCache,
}

impl Egress {
    /// Creates an egress that resolves names as the operating system does. `random` is for jitter and multipart boundaries.
    ///
    /// Every deadline is on `clock`, except the connect timeout, which the HTTP client runs on tokio's.
    pub fn new(settings: Settings, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Result<Self, SetupError> {
        let resolver: Arc<dyn Resolver> = Arc::new(SystemResolver);
        Self::with_resolver(settings, clock, random, &resolver)
    }

    /// The same with a custom resolver; its answers are checked like any others.
    pub fn with_resolver(
        settings: Settings,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        resolver: &Arc<dyn Resolver>,
    ) -> Result<Self, SetupError> {
        let network = Network { resolver: Arc::clone(resolver), replaced_by: None };
        Self::on(network, settings, clock, random)
    }

    /// Creates an egress whose requests are carried by `transport` instead of the network. Everything else stays: the wall, the
    /// credential, redirects, retries, limits and scrubbing.
    pub fn with_transport(
        settings: Settings,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        transport: Arc<dyn Transport>,
    ) -> Result<Self, SetupError> {
        let network = Network { resolver: transport.clone(), replaced_by: Some(transport) };
        Self::on(network, settings, clock, random)
    }

    fn on(
        network: Network,
        settings: Settings,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self, SetupError> {
        let pool = Pool::new(&settings, network)?;
        let scrubbers = ScrubberCache::default();
        Ok(Self { parts: Arc::new(Parts { settings, pool, clock, random, scrubbers }) })
    }

    /// Makes all checks that need no credential: rules, headers, path, placeholders and body. Sends nothing and resolves no
    /// name.
    pub fn decide(&self, request: Request, route: &Route<'_>) -> Result<(), EgressError> {
        prepare::prepare(&self.parts, request, route).map(drop)
    }

    /// Sends one request, with any redirects, refresh after a 401 and retries, and returns the head of the final answer. The
    /// body arrives as it is read, until the route's deadline (see [`Route::dropped_at_deadline`]).
    ///
    /// Dropping the future abandons the request.
    pub fn send<'a>(
        &'a self,
        request: Request,
        route: &Route<'a>,
    ) -> impl Future<Output = Result<Response, EgressError>> + Send + use<'a> {
        exchange::run(&self.parts, request, route)
    }

    /// `text` from a service, with `[redacted]` replacing these secrets in any form. `generation` is that of the credential
    /// they belong to.
    pub fn without(&self, secrets: &[SecretString], generation: u64, text: String) -> String {
        let secrets: Vec<&SecretString> = secrets.iter().collect();
        match self
            .parts
            .scrubbers
            .scrubber(generation, &secrets)
            .map(|scrubber| scrubber.scrub_text(&text).into_owned())
        {
            Some(clean) => clean,
            None => text,
        }
    }
}

impl fmt::Debug for Egress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Egress").field("settings", &self.parts.settings).finish_non_exhaustive()
    }
}

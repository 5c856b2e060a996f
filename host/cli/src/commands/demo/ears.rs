//! The auth redirect service of the demo, in front of the practice provider.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use innkeeper::{EgressSettings, Keyring, SystemClock, SystemRandom};
use innkeeper_ears::{EarsLimits, EarsProvider, EarsService, EarsSettings, Egress};
use innkeeper_practice::{CONFIDENTIAL_CLIENT, CONFIDENTIAL_SECRET};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use url::Url;

use crate::failure::{Failure, Outcome};
use crate::listener::bind_loopback;

/// The name of the provider in `google_drive`. The practice provider stands in for it.
pub(super) const PROVIDER: &str = "google";

/// The address of the service, which the provider needs before the service starts.
pub(super) struct Place {
    listener: TcpListener,
    base: Url,
}

/// The running service.
pub(super) struct Service {
    pub(super) base: Url,
    pub(super) task: JoinHandle<std::io::Result<()>>,
}

impl Place {
    pub(super) async fn take() -> Outcome<Self> {
        let (listener, base) = bind_loopback(0).await?;
        Ok(Self { listener, base })
    }

    /// The redirect URI to register at the provider.
    pub(super) fn redirect_uri(&self) -> String {
        format!("{}v1/{PROVIDER}/oauth/callback", self.base)
    }

    pub(super) fn serve(self, provider: &str, egress: &EgressSettings) -> Outcome<Service> {
        let address = |path: &str| {
            Url::parse(&format!("{provider}/{path}")).map_err(|error| Failure::failed(error.to_string())).map(Some)
        };
        let provider = EarsProvider {
            client_id: CONFIDENTIAL_CLIENT.to_owned(),
            client_secret: Some(CONFIDENTIAL_SECRET.into()),
            authorization_url: address("authorize")?,
            token_url: address("token")?,
            revocation_url: address("revoke")?,
            ..EarsProvider::default()
        };
        let settings = EarsSettings {
            public_url: self.base.clone(),
            providers: BTreeMap::from([(PROVIDER.to_owned(), provider)]),
            callbacks: Vec::new(),
            loopback_callbacks: true,
            trusted_proxies: Vec::new(),
            limits: EarsLimits::default(),
        };
        let (clock, random) = (Arc::new(SystemClock), Arc::new(SystemRandom));
        let failed = |error: &dyn std::fmt::Display| Failure::failed(error.to_string());
        let egress = Egress::new(egress.clone(), clock.clone(), random.clone()).map_err(|error| failed(&error))?;
        let keyring = Keyring::generate(&*random);
        let service = EarsService::new(settings, &keyring, &egress, clock, random).map_err(|error| failed(&error))?;
        let router = service.router().into_make_service_with_connect_info::<SocketAddr>();
        let task = tokio::spawn(axum::serve(self.listener, router).into_future());
        Ok(Service { base: self.base, task })
    }
}

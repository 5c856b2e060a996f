//! An auth redirect service in a separate process, as `innkeeper ears serve` runs it.

use std::collections::BTreeMap;
use std::io::Write;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use innkeeper::{Keyring, SystemClock, SystemRandom};
use innkeeper_ears::{EarsLimits, EarsProvider, EarsService, EarsSettings, Quota};
use innkeeper_egress::Egress;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use url::Url;

use crate::bench_host::{address, loopback};
use crate::failure::Failure;

/// What its one provider is called.
pub(crate) const PROVIDER: &str = "bench";

/// Serves on a free port of 127.0.0.1, whose address is the first line of standard output, until standard input ends.
pub(crate) async fn serve(provider: &Url) -> Result<(), Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let base = format!("http://{}/", listener.local_addr()?);
    let public_url = base.parse().map_err(|_| Failure::Redirect("an address of its own"))?;
    let service = service(public_url, provider)?;
    writeln!(std::io::stdout(), "{base}")?;
    let router = service.router().into_make_service_with_connect_info::<SocketAddr>();
    let mut parent = tokio::io::stdin();
    let mut nothing = [0; 1];
    tokio::select! {
        ended = axum::serve(listener, router) => Ok(ended?),
        // Whoever started this process is gone.
        _ = parent.read(&mut nothing) => Ok(()),
    }
}

fn service(public_url: Url, provider: &Url) -> Result<EarsService, Failure> {
    let (clock, random) = (Arc::new(SystemClock), Arc::new(SystemRandom));
    let folder = tempfile::tempdir()?;
    let keyring = Keyring::create_file(&folder.path().join("keyring"), &*random)?;
    let egress = Egress::new(loopback(), clock.clone(), random.clone())?;
    let client = EarsProvider {
        client_id: "bench".to_owned(),
        client_secret: Some("bench-secret".into()),
        authorization_url: Some(address(provider, "authorize")),
        token_url: Some(address(provider, "token")),
        ..EarsProvider::default()
    };
    // All that is measured comes from one address.
    let unlimited = Quota { count: NonZeroU32::MAX, window: Duration::from_mins(1) };
    let settings = EarsSettings {
        public_url,
        providers: BTreeMap::from([(PROVIDER.to_owned(), client)]),
        callbacks: Vec::new(),
        loopback_callbacks: true,
        trusted_proxies: Vec::new(),
        limits: EarsLimits { consents: unlimited, tokens: unlimited, ..EarsLimits::default() },
    };
    Ok(EarsService::new(settings, &keyring, &egress, clock, random)?)
}

//! HTTP clients that connect only to addresses that a [`Gate`] allows.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use innkeeper_ambient::lock::Mutex;
use reqwest::Client;
use rustls::ClientConfig;
use rustls::client::Resumption;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::sign::SingleCertAndKey;
use rustls_platform_verifier::Verifier;
use url::{Host, Url};

use crate::bound::BoundServices;
use crate::carrier::{Carrier, Transport};
use crate::failure::root_cause;
use crate::identity::PresentedCertificate;
use crate::wall::resolver::{Gate, GatedResolver, Refused, Resolver};
use crate::{ClientIdentity, Settings, SetupError};

/// All clients: those without a certificate, and separate ones for each identity; of each kind, those that reuse connections
/// and those that use each connection once.
pub(crate) struct Pool {
    tls: ClientConfig,
    network: Network,
    anonymous: Arc<Clients>,
    /// Created at their first use.
    anonymous_once: Mutex<Option<Arc<Clients>>>,
    /// Keyed by the address of the identity, which cannot be reused while the entry points to it.
    showing: Mutex<HashMap<(usize, Reuse), Showing>>,
    pub(crate) bound: BoundServices,
}

/// The resolver, and the destination of requests.
#[derive(Clone)]
pub(crate) struct Network {
    pub(crate) resolver: Arc<dyn Resolver>,
    /// The carrier that replaces the network.
    pub(crate) replaced_by: Option<Arc<dyn Transport>>,
}

/// Whether a connection serves more than one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Reuse {
    /// It may serve any later request.
    Shared,
    /// For credentials that authenticate the connection itself.
    Once,
}

/// The clients of one identity, for as long as it lives.
struct Showing {
    identity: Weak<PresentedCertificate>,
    clients: Arc<Clients>,
}

impl Pool {
    pub(crate) fn new(settings: &Settings, network: Network) -> Result<Self, SetupError> {
        let tls = tls(&settings.extra_roots)?;
        let anonymous = Arc::new(Clients::new(settings, &tls, &network, Reuse::Shared)?);
        Ok(Self {
            tls,
            network,
            anonymous,
            anonymous_once: Mutex::default(),
            showing: Mutex::default(),
            bound: BoundServices::default(),
        })
    }

    /// The clients without a certificate that reuse connections.
    pub(crate) fn anonymous(&self) -> &Arc<Clients> {
        &self.anonymous
    }

    /// The clients without a certificate that use each connection once.
    pub(crate) fn anonymous_once(&self, settings: &Settings) -> Result<Arc<Clients>, SetupError> {
        let mut once = self.anonymous_once.lock();
        if let Some(clients) = &*once {
            return Ok(Arc::clone(clients));
        }
        let clients = Arc::new(Clients::new(settings, &self.tls, &self.network, Reuse::Once)?);
        Ok(Arc::clone(once.insert(clients)))
    }

    /// The clients that present this identity: created at its first use, dropped some time after the identity.
    pub(crate) fn showing(
        &self,
        identity: &ClientIdentity,
        reuse: Reuse,
        settings: &Settings,
    ) -> Result<Arc<Clients>, SetupError> {
        let key = (Arc::as_ptr(&identity.0).addr(), reuse);
        let mut showing = self.showing.lock();
        if let Some(known) = showing.get(&key) {
            return Ok(Arc::clone(&known.clients));
        }
        let mut tls = self.tls.clone();
        tls.client_auth_cert_resolver = Arc::new(SingleCertAndKey::from(Arc::clone(&identity.0.0)));
        // A resumed session keeps the identity of the one that began it.
        tls.resumption = Resumption::in_memory_sessions(32);
        let clients = Arc::new(Clients::new(settings, &tls, &self.network, reuse)?);
        showing.retain(|_, known| known.identity.strong_count() > 0);
        showing.insert(key, Showing { identity: Arc::downgrade(&identity.0), clients: Arc::clone(&clients) });
        Ok(clients)
    }
}

/// One client for each port that the operator has an exception for, with and without TLS, and one for all other ports: a
/// client's resolver receives only the name, so the port has to be part of the client.
pub(crate) struct Clients {
    secure: Vec<Gated>,
    /// Empty if plain http is not allowed anywhere.
    plain: Vec<Gated>,
}

/// A carrier, and the gate in front of it.
pub(crate) struct Gated {
    gate: Arc<Gate>,
    carrier: Carrier,
}

impl Clients {
    fn new(settings: &Settings, tls: &ClientConfig, network: &Network, reuse: Reuse) -> Result<Self, SetupError> {
        // Port 0 means every port that no exception names.
        let mut ports = vec![0];
        ports.extend(settings.private_networks.ports().chain(settings.plain_http.ports()));
        ports.sort_unstable();
        ports.dedup();
        let mut clients = Self { secure: Vec::new(), plain: Vec::new() };
        for port in ports {
            let private = settings.private_networks.clone();
            let gate = Gate { private, plain: None, port };
            if !settings.plain_http.is_empty() {
                let gate = Gate { plain: Some(settings.plain_http.clone()), ..gate.clone() };
                clients.plain.push(Gated::new(gate, settings, tls, network, reuse)?);
            }
            clients.secure.push(Gated::new(gate, settings, tls, network, reuse)?);
        }
        Ok(clients)
    }

    /// The carrier for this address, if its scheme, name and any address literal pass.
    pub(crate) fn admit(&self, url: &Url) -> Result<&Carrier, Refused> {
        let clients = if url.scheme() == "https" { &self.secure } else { &self.plain };
        let port = url.port_or_known_default().unwrap_or(0);
        let any = clients.first().ok_or(Refused::Plain)?;
        let gated = clients.iter().find(|gated| gated.gate.port == port).unwrap_or(any);
        // A literal never reaches the client's resolver.
        match url.host() {
            Some(Host::Ipv4(address)) => gated.gate.check("", address.into())?,
            Some(Host::Ipv6(address)) => gated.gate.check("", address.into())?,
            Some(Host::Domain(name)) => gated.gate.check_name(name)?,
            None => return Err(Refused::Plain),
        }
        Ok(&gated.carrier)
    }
}

impl Gated {
    fn new(
        gate: Gate,
        settings: &Settings,
        tls: &ClientConfig,
        network: &Network,
        reuse: Reuse,
    ) -> Result<Self, SetupError> {
        let gate = Arc::new(gate);
        let names = GatedResolver { resolver: Arc::clone(&network.resolver), gate: Arc::clone(&gate) };
        if let Some(transport) = &network.replaced_by {
            return Ok(Self { gate, carrier: Carrier::Given { transport: Arc::clone(transport), names } });
        }
        let header_bytes = u32::try_from(settings.max_response_headers).unwrap_or(u32::MAX);
        let mut tls = tls.clone();
        let mut builder = Client::builder();
        if reuse == Reuse::Once {
            // One HTTP/2 connection serves many requests at a time.
            tls.alpn_protocols = vec![b"http/1.1".to_vec()];
            builder = builder.http1_only().pool_max_idle_per_host(0);
        }
        let client = builder
            .tls_backend_preconfigured(tls)
            .dns_resolver(names)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .referer(false)
            // Otherwise the client would clone each request, and send it again uncounted.
            .retry(reqwest::retry::never().max_retries_per_request(0))
            .connect_timeout(settings.connect_timeout)
            .http2_max_header_list_size(header_bytes)
            .user_agent(&settings.user_agent)
            .build()
            .map_err(|error| SetupError::Client(root_cause(&error)))?;
        Ok(Self { gate, carrier: Carrier::Network(client) })
    }
}

/// TLS 1.2 and 1.3 with ring, trusting the platform's roots and the operator's.
fn tls(extra_roots: &[String]) -> Result<ClientConfig, SetupError> {
    let mut roots = Vec::new();
    for (index, pem) in extra_roots.iter().enumerate() {
        let number = index + 1;
        let before = roots.len();
        for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
            roots.push(certificate.map_err(|error| SetupError::Root { number, reason: error.to_string() })?);
        }
        if roots.len() == before {
            return Err(SetupError::Root { number, reason: "it has no CERTIFICATE section".to_owned() });
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| SetupError::Tls(error.to_string()))?;
    let mut config = match Verifier::new_with_extra_roots(roots.iter().cloned(), provider) {
        Ok(verifier) => builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth(),
        Err(error) if roots.is_empty() => {
            // A machine without root certificates can still work on loopback; elsewhere each handshake reports the error.
            tracing::warn!(%error, "no platform root certificates: no https server will be trusted");
            builder.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth()
        }
        Err(error) => return Err(SetupError::Tls(error.to_string())),
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_that_is_no_certificate_is_named() {
        for pem in ["", "no pem", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"] {
            assert!(matches!(tls(&[pem.to_owned()]), Err(SetupError::Root { number: 1, .. })), "{pem}");
        }
    }

    #[test]
    fn both_versions_of_http_are_offered() {
        let config = tls(&[]).expect("set up");
        assert_eq!(config.alpn_protocols, [b"h2".to_vec(), b"http/1.1".to_vec()]);
    }
}

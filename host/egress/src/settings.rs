//! What the operator decides about the way out.

use std::time::Duration;

use crate::PrivateNetworks;

/// What the operator decides about the way out, for every connection.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// Addresses that are not public and may be reached all the same. None by default.
    pub private_networks: PrivateNetworks,
    /// What may be reached without TLS. None by default. A private address needs its exception in `private_networks` as
    /// well.
    pub plain_http: PrivateNetworks,
    /// Time to resolve a name, connect and finish the TLS handshake. 10 s.
    pub connect_timeout: Duration,
    /// Redirects followed for one request. 10.
    pub max_redirects: u32,
    /// Time until the head of one answer; a request's own timeout can only shorten it. 60 s.
    pub head_timeout: Duration,
    /// Bytes of one answer's header names and values. 64 KiB.
    pub max_response_headers: usize,
    /// The `user-agent` of requests that bring none.
    pub user_agent: String,
    /// Root certificates trusted beside the platform's, as PEM text.
    pub extra_roots: Vec<String>,
}

impl Settings {
    /// For services in these networks: they may be reached, without TLS, too.
    pub fn opened_to(networks: PrivateNetworks) -> Self {
        Self { private_networks: networks.clone(), plain_http: networks, ..Self::default() }
    }

    /// For services on this machine, in plain HTTP, too: for trials and tests.
    pub fn loopback() -> Self {
        Self::opened_to(PrivateNetworks::loopback())
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            private_networks: PrivateNetworks::default(),
            plain_http: PrivateNetworks::default(),
            connect_timeout: Duration::from_secs(10),
            max_redirects: 10,
            head_timeout: Duration::from_mins(1),
            max_response_headers: 64 * 1024,
            user_agent: concat!("innkeeper/", env!("CARGO_PKG_VERSION")).to_owned(),
            extra_roots: Vec::new(),
        }
    }
}

//! Resolves names; connections go only to checked addresses.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use async_trait::async_trait;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use thiserror::Error;

use crate::PrivateNetworks;
use crate::wall::address::not_public;

/// Resolves names to addresses. The caller checks the answer; an implementation need not.
#[async_trait]
pub trait Resolver: Send + Sync + fmt::Debug {
    /// Every address of `host`, best first.
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// The operating system's resolver.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

#[async_trait]
impl Resolver for SystemResolver {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        Ok(tokio::net::lookup_host((host, 0)).await?.map(|address| address.ip()).collect())
    }
}

/// Decides which addresses may be connected to on one port, with or without TLS.
#[derive(Clone, Debug)]
pub(crate) struct Gate {
    pub(crate) private: PrivateNetworks,
    /// For connections without TLS: the destinations that allow it.
    pub(crate) plain: Option<PrivateNetworks>,
    pub(crate) port: u16,
}

/// Why no address remains.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum Refused {
    #[error("the host is {0}")]
    NotPublic(&'static str),
    #[error("plain http is not allowed for this host")]
    Plain,
}

impl Gate {
    /// Whether this address, which `host` resolved to, may be connected to.
    pub(crate) fn check(&self, host: &str, address: IpAddr) -> Result<(), Refused> {
        if let Some(what) = not_public(address)
            && !self.private.names(host, self.port)
            && !self.private.contains(address, self.port)
        {
            return Err(Refused::NotPublic(what));
        }
        match &self.plain {
            Some(plain) if !plain.names(host, self.port) && !plain.contains(address, self.port) => Err(Refused::Plain),
            _ => Ok(()),
        }
    }

    /// Whether a name is worth resolving: without TLS, only if it or some network is listed.
    pub(crate) fn check_name(&self, host: &str) -> Result<(), Refused> {
        match &self.plain {
            Some(plain) if !plain.names(host, self.port) && !plain.has_networks(self.port) => Err(Refused::Plain),
            _ => Ok(()),
        }
    }
}

/// The resolver of one HTTP client: the client connects only to its answers, so a name that changes its address between check
/// and connection gains nothing.
#[derive(Clone)]
pub(crate) struct GatedResolver {
    pub(crate) resolver: Arc<dyn Resolver>,
    pub(crate) gate: Arc<Gate>,
}

impl GatedResolver {
    /// The addresses of `host` that may be connected to: at least one, or [`Refused`] if all of them are rejected.
    pub(crate) async fn addresses(&self, host: &str) -> Result<Vec<SocketAddr>, Box<dyn Error + Send + Sync>> {
        let found = self.resolver.resolve(host).await?;
        let mut refused = None;
        let mut addresses = Vec::with_capacity(found.len());
        for address in found {
            match self.gate.check(host, address) {
                Ok(()) => addresses.push(SocketAddr::new(address, 0)),
                Err(reason) => refused = Some(reason),
            }
        }
        match refused {
            Some(reason) if addresses.is_empty() => Err(reason.into()),
            None if addresses.is_empty() => {
                Err(io::Error::new(io::ErrorKind::NotFound, "the name has no address").into())
            }
            _ => Ok(addresses),
        }
    }
}

impl Resolve for GatedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let gated = self.clone();
        Box::pin(async move { Ok(Box::new(gated.addresses(name.as_str()).await?.into_iter()) as Addrs) })
    }
}

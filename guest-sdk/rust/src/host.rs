//! Where a connector's requests go.

use crate::spec::{CredentialUse, HostPattern, HostRule};

/// Where requests may go. A connector asks for it; the connection owner approves it.
#[derive(Clone, Debug)]
pub struct Host(HostRule);

impl Host {
    /// `api.example.com`, or `*.example.com` for its subdomains.
    pub fn name(name: impl Into<String>) -> Self {
        Self::new(HostPattern::Name(name.into()))
    }

    /// The host of the address in this config field: a JSON pointer, `/instance_url`.
    pub fn config(pointer: impl Into<String>) -> Self {
        Self::new(HostPattern::Config(pointer.into()))
    }

    /// The host of the address in this claim of the token response, if it matches the pattern (`*.example.com`).
    pub fn claim(claim: impl Into<String>, pattern: impl Into<String>) -> Self {
        Self::new(HostPattern::Claim { claim: claim.into(), pattern: pattern.into() })
    }

    /// This port instead of 443.
    pub fn port(mut self, port: u16) -> Self {
        self.0.port = Some(port);
        self
    }

    /// Only these methods.
    pub fn methods<M: AsRef<str>>(mut self, methods: impl IntoIterator<Item = M>) -> Self {
        self.0.methods = methods.into_iter().map(|method| method.as_ref().to_ascii_uppercase()).collect();
        self
    }

    /// Only this path and paths below it.
    pub fn path_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.0.path_prefix = Some(prefix.into());
        self
    }

    /// Requests are sent there without the credential: for download hosts with pre-signed addresses.
    pub fn no_credential(mut self) -> Self {
        self.0.credential = CredentialUse::Never;
        self
    }

    /// Why the connector needs this host, for the person who approves it.
    pub fn reason(mut self, reason: impl Into<String>) -> Self {
        self.0.reason = Some(reason.into());
        self
    }

    pub(crate) fn rule(&self) -> HostRule {
        self.0.clone()
    }

    fn new(host: HostPattern) -> Self {
        let credential = CredentialUse::Allowed;
        Self(HostRule { host, port: None, methods: Vec::new(), path_prefix: None, credential, reason: None })
    }
}

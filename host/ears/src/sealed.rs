//! What is passed through the browser: a flow that has begun, and the code that the caller redeems.

use std::sync::Arc;
use std::time::Duration;

use innkeeper_ambient::{Clock, Random, Timestamp};
use innkeeper_vault::{Keyring, Tickets, VaultError};
use secrecy::ExposeSecret as _;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// How much time a user has at the provider.
pub(crate) const FLOW_LIFE: Duration = Duration::from_mins(10);
/// How much time a caller has to redeem a code. The clocks of replicas may differ by some of it.
pub(crate) const CODE_LIFE: Duration = Duration::from_mins(1);

/// A flow between its start and the provider's callback.
#[derive(Serialize, Deserialize)]
pub(crate) struct Flow {
    /// The address that the caller wants the code at.
    #[serde(rename = "c")]
    pub(crate) callback: String,
    /// The caller's own state.
    #[serde(rename = "s")]
    pub(crate) state: String,
    /// The caller's challenge.
    #[serde(rename = "h")]
    pub(crate) challenge: String,
    /// This service's verifier at the provider.
    #[serde(rename = "v")]
    pub(crate) verifier: String,
    /// SHA-256 of the session of the browser that began the flow, base64url.
    #[serde(rename = "b")]
    pub(crate) session: String,
}

/// The code that the caller redeems.
#[derive(Serialize, Deserialize)]
pub(crate) struct Code {
    /// The provider's own code, which the provider accepts once.
    #[serde(rename = "c")]
    pub(crate) issued: String,
    /// This service's verifier at the provider.
    #[serde(rename = "v")]
    pub(crate) verifier: String,
    /// The caller's challenge.
    #[serde(rename = "h")]
    pub(crate) challenge: String,
}

/// The sealed content, with its expiry in milliseconds since 1970.
#[derive(Serialize, Deserialize)]
struct Lasting<T> {
    #[serde(rename = "w")]
    what: T,
    #[serde(rename = "e")]
    expires: u64,
}

/// Why a sealed text is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unusable {
    /// It is not from this service, was changed, or is another provider's.
    Foreign,
    /// It has expired.
    Expired,
}

/// Seals and opens both, each with a separate key, bound to the provider's name.
pub(crate) struct Seals {
    flows: Tickets,
    codes: Tickets,
    clock: Arc<dyn Clock>,
}

impl Seals {
    pub(crate) fn new(keyring: &Keyring, clock: Arc<dyn Clock>, random: &Arc<dyn Random>) -> Result<Self, VaultError> {
        let tickets = |purpose| Tickets::new(keyring, purpose, random.clone());
        Ok(Self { flows: tickets("ears-flow")?, codes: tickets("ears-code")?, clock })
    }

    pub(crate) fn flow(&self, provider: &str, flow: &Flow) -> Result<String, VaultError> {
        self.seal(&self.flows, provider, flow, FLOW_LIFE)
    }

    pub(crate) fn open_flow(&self, provider: &str, text: &str) -> Result<Flow, Unusable> {
        self.open(&self.flows, provider, text)
    }

    pub(crate) fn code(&self, provider: &str, code: &Code) -> Result<String, VaultError> {
        self.seal(&self.codes, provider, code, CODE_LIFE)
    }

    pub(crate) fn open_code(&self, provider: &str, text: &str) -> Result<Code, Unusable> {
        self.open(&self.codes, provider, text)
    }

    fn seal(
        &self,
        tickets: &Tickets,
        provider: &str,
        what: &impl Serialize,
        life: Duration,
    ) -> Result<String, VaultError> {
        let lasting = Lasting { what, expires: self.clock.now().plus(life).as_millis() };
        let plain = Zeroizing::new(serde_json::to_vec(&lasting).expect("texts and numbers are JSON"));
        tickets.seal(provider, &plain)
    }

    fn open<T: DeserializeOwned>(&self, tickets: &Tickets, provider: &str, text: &str) -> Result<T, Unusable> {
        let plain = tickets.open(provider, text).ok_or(Unusable::Foreign)?;
        let lasting: Lasting<T> = serde_json::from_slice(plain.expose_secret()).map_err(|_| Unusable::Foreign)?;
        if self.clock.now() < Timestamp::from_millis(lasting.expires) {
            Ok(lasting.what)
        } else {
            Err(Unusable::Expired)
        }
    }
}

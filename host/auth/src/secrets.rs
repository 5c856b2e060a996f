//! The secret fields of connections, sealed and opened.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use innkeeper_egress::SecretFields;
use innkeeper_spec::{Place, PlaceholderUse, Placement};
use innkeeper_store::{ConnectionId, ConnectionRecord, Identity, Sealed, SpaceId};
use innkeeper_vault::{Vault, VaultError};
use secrecy::{ExposeSecret, SecretString};
use zeroize::{Zeroize, Zeroizing};

pub(crate) fn seal(
    vault: &Vault,
    space: &SpaceId,
    id: &ConnectionId,
    version: u64,
    secrets: &BTreeMap<String, SecretString>,
) -> Result<Sealed, VaultError> {
    let texts: BTreeMap<&str, &str> =
        secrets.iter().map(|(name, text)| (name.as_str(), text.expose_secret())).collect();
    let plain = Zeroizing::new(serde_json::to_vec(&texts).unwrap_or_default());
    vault.seal(&Identity::Connection { space, id, version }, &plain)
}

pub(crate) fn open(vault: &Vault, connection: &ConnectionRecord) -> Result<BTreeMap<String, SecretString>, VaultError> {
    let identity = Identity::Connection { space: &connection.space, id: &connection.id, version: connection.version };
    let plain = vault.open_sealed(&identity, &connection.secrets)?;
    let texts: BTreeMap<String, String> =
        serde_json::from_slice(plain.expose_secret()).map_err(|_| VaultError::DoesNotOpen(identity.to_string()))?;
    Ok(texts
        .into_iter()
        .map(|(name, mut text)| {
            let secret = SecretString::from(text.as_str());
            text.zeroize();
            (name, secret)
        })
        .collect())
}

/// Fills in `${secret.field}` with a connection's secrets: only those that the connector declared, in the places that it
/// declared.
#[derive(Clone)]
pub struct PlaceholderSecrets {
    secrets: Arc<BTreeMap<String, SecretString>>,
    declared: Arc<[PlaceholderUse]>,
}

impl PlaceholderSecrets {
    pub(crate) fn new(secrets: Arc<BTreeMap<String, SecretString>>, declared: &[String]) -> Self {
        // A text that cannot be read was not written by this host, and nothing is filled in.
        let declared = declared.iter().filter_map(|text| text.parse().ok()).collect();
        Self { secrets, declared }
    }

    fn uses<'a>(&'a self, field: &'a str) -> impl Iterator<Item = &'a PlaceholderUse> {
        self.declared.iter().filter(move |usage| usage.field == field)
    }
}

impl SecretFields for PlaceholderSecrets {
    fn secret(&self, field: &str) -> Option<SecretString> {
        self.uses(field).next().and_then(|_| self.secrets.get(field).cloned())
    }

    fn all(&self) -> Vec<SecretString> {
        let mut fields: Vec<&str> = self.declared.iter().map(|usage| usage.field.as_str()).collect();
        fields.dedup();
        fields.iter().filter_map(|field| self.secrets.get(*field).cloned()).collect()
    }

    fn may_fill(&self, field: &str, at: &Placement<'_>) -> bool {
        self.uses(field).any(|usage| usage.permits(at))
    }

    fn may_fill_in(&self, place: Place) -> bool {
        self.declared.iter().any(|usage| usage.permits_place(place) && self.secrets.contains_key(&usage.field))
    }
}

impl fmt::Debug for PlaceholderSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlaceholderSecrets").field("declared", &self.declared).finish_non_exhaustive()
    }
}

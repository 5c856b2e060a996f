//! Who the host is in a TLS handshake, where a service asks.

use std::fmt;
use std::sync::Arc;

use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys};
use thiserror::Error as ThisError;

/// A certificate and its private key, shown to servers that ask for one. Clones are the same identity and share their
/// connections, which nobody else uses.
#[derive(Clone)]
pub struct ClientIdentity(pub(crate) Arc<PresentedCertificate>);

/// What is shown; it lives as long as the identity, while connections hold on to the certificate itself.
pub(crate) struct PresentedCertificate(pub(crate) Arc<CertifiedKey>);

impl ClientIdentity {
    /// From DER: the certificate and those that lead to its authority, in this order, and the key as PKCS#1, PKCS#8 or SEC1.
    pub fn new(chain: Vec<Vec<u8>>, key: &[u8]) -> Result<Self, IdentityError> {
        if chain.is_empty() {
            return Err(IdentityError::NoCertificate);
        }
        let chain = chain.into_iter().map(CertificateDer::from).collect();
        let key = PrivateKeyDer::try_from(key.to_vec()).map_err(|_| IdentityError::Key)?;
        let provider = rustls::crypto::ring::default_provider();
        match CertifiedKey::from_der(chain, key, &provider) {
            Ok(certified) => Ok(Self(Arc::new(PresentedCertificate(Arc::new(certified))))),
            Err(Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) => Err(IdentityError::Mismatch),
            Err(Error::InvalidCertificate(_)) => Err(IdentityError::Certificate),
            Err(_) => Err(IdentityError::Key),
        }
    }
}

/// Nothing of it is shown.
impl fmt::Debug for ClientIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientIdentity([redacted])")
    }
}

/// Why certificate and key are no identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum IdentityError {
    /// The chain is empty.
    #[error("there is no certificate")]
    NoCertificate,
    /// The first certificate cannot be read.
    #[error("the certificate is none that TLS can show: give an X.509 certificate of version 3")]
    Certificate,
    /// The key cannot be read, or is of a kind that TLS does not sign with here.
    #[error(
        "the key is none that TLS can sign with: give an RSA key of 2048 to 8192 bits, or one on P-256, P-384 or Ed25519"
    )]
    Key,
    /// They are not a pair.
    #[error("the certificate belongs to another key")]
    Mismatch,
}

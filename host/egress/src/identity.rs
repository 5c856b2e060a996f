//! The host's identity in a TLS handshake, for services that request one.

use std::fmt;
use std::sync::Arc;

use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys};
use thiserror::Error as ThisError;

/// A certificate and its private key, presented to servers that request one. Clones are the same identity and share its
/// connections, which no other identity uses.
#[derive(Clone)]
pub struct ClientIdentity(pub(crate) Arc<PresentedCertificate>);

/// The certificate and key to present. This lives as long as the identity; connections hold the certificate itself.
pub(crate) struct PresentedCertificate(pub(crate) Arc<CertifiedKey>);

impl ClientIdentity {
    /// Reads DER: the certificate and its chain, in this order, and the key as PKCS#1, PKCS#8 or SEC1.
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

/// Shows nothing of the identity.
impl fmt::Debug for ClientIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientIdentity([redacted])")
    }
}

/// Why a certificate and key are not a valid identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum IdentityError {
    /// The chain is empty.
    #[error("there is no certificate")]
    NoCertificate,
    /// The first certificate cannot be parsed.
    #[error("the certificate cannot be used for TLS: use an X.509 certificate of version 3")]
    Certificate,
    /// The key cannot be parsed, or is of a kind that is not supported for TLS.
    #[error("the key cannot be used for TLS: use an RSA key of 2048 to 8192 bits, or a key on P-256, P-384 or Ed25519")]
    Key,
    /// The key does not belong to the certificate.
    #[error("the certificate does not belong to the key")]
    Mismatch,
}

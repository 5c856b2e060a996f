//! The private key of a client, from its PEM text.

use pkcs8::der::asn1::OctetStringRef;
use pkcs8::der::{Decode, Encode, Reader, SliceReader};
use pkcs8::pkcs5::pbes2::Kdf;
use pkcs8::spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};
use pkcs8::{EncryptedPrivateKeyInfoRef, ObjectIdentifier, PrivateKeyInfoRef};
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::pem::{self, NotPem};

/// RFC 8017, appendix A.1.
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
/// RFC 5480, section 2.1.1.
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
/// RFC 5480, section 2.1.1.1.
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
/// The maximum number of rounds, more than any tool uses: otherwise a key could keep the host busy for hours.
const MOST_ITERATIONS: u32 = 2_000_000;
/// The maximum memory for scrypt, in bytes.
const MOST_SCRYPT_MEMORY: u64 = 64 * 1024 * 1024;

/// What is wrong with a key or a certificate. The texts follow the name of a field and contain no part of either.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum KeyProblem {
    #[error("is not PEM text: PEM begins with a line such as -----BEGIN PRIVATE KEY-----")]
    NotPem,
    #[error("is encrypted in OpenSSL's old format (Proc-Type): convert it with `openssl pkcs8 -topk8`")]
    OldEncryption,
    #[error("contains no private key")]
    NoKey,
    #[error("contains several private keys: set only one of them")]
    SeveralKeys,
    #[error("is damaged, or of an unknown kind")]
    Broken,
    #[error("is encrypted in a way that is not supported: convert it with `openssl pkcs8 -topk8 -v2 aes256`")]
    Encryption,
    #[error("is required: the private key is encrypted")]
    PassphraseMissing,
    #[error("does not open the private key")]
    PassphraseWrong,
    #[error("is set for a private key that is not encrypted: leave it out")]
    PassphraseNotNeeded,
    #[error("is not an RSA key, which PS256 and RS256 require")]
    NotRsa,
    #[error("is an RSA key of fewer than 2048 or more than 4096 bits")]
    RsaSize,
    #[error("is not a key on the curve P-256, which ES256 requires")]
    NotP256,
    #[error("lacks its public part: convert it with `openssl pkcs8 -topk8`")]
    NoPublicPart,
}

impl KeyProblem {
    /// Whether the mistake is in the passphrase and not in the key.
    pub(crate) fn is_of_passphrase(self) -> bool {
        matches!(self, Self::PassphraseMissing | Self::PassphraseWrong | Self::PassphraseNotNeeded)
    }
}

/// An unencrypted key, as DER.
pub(crate) struct PrivateKey {
    form: Form,
    der: Zeroizing<Vec<u8>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// An RSA key (RFC 8017, appendix A.1.2).
    Pkcs1,
    /// Any key (RFC 5958).
    Pkcs8,
    /// An elliptic curve key (RFC 5915).
    Sec1,
}

impl PrivateKey {
    /// Reads PKCS#1, PKCS#8, SEC1 and encrypted PKCS#8 (PBES2). An empty passphrase counts as none.
    pub(crate) fn read(text: &SecretString, passphrase: Option<&SecretString>) -> Result<Self, KeyProblem> {
        let sections = pem::sections(text.expose_secret()).map_err(|NotPem { old_encryption }| {
            if old_encryption { KeyProblem::OldEncryption } else { KeyProblem::NotPem }
        })?;
        let mut keys = sections.into_iter().filter(|section| section.label.ends_with("PRIVATE KEY"));
        let section = keys.next().ok_or(KeyProblem::NoKey)?;
        if keys.next().is_some() {
            return Err(KeyProblem::SeveralKeys);
        }
        let passphrase = passphrase.filter(|passphrase| !passphrase.expose_secret().is_empty());
        let form = match section.label {
            "ENCRYPTED PRIVATE KEY" => {
                let passphrase = passphrase.ok_or(KeyProblem::PassphraseMissing)?;
                return Ok(Self { form: Form::Pkcs8, der: decrypt(&section.der, passphrase)? });
            }
            "PRIVATE KEY" => Form::Pkcs8,
            "RSA PRIVATE KEY" => Form::Pkcs1,
            "EC PRIVATE KEY" => Form::Sec1,
            _ => return Err(KeyProblem::Broken),
        };
        if passphrase.is_some() {
            return Err(KeyProblem::PassphraseNotNeeded);
        }
        Ok(Self { form, der: section.der })
    }

    /// As PKCS#1, PKCS#8 or SEC1.
    pub(crate) fn der(&self) -> &[u8] {
        &self.der
    }

    /// For signing with RSA.
    pub(super) fn rsa(&self) -> Result<ring::rsa::KeyPair, KeyProblem> {
        let read = match self.form {
            Form::Pkcs1 => ring::rsa::KeyPair::from_der(&self.der),
            Form::Pkcs8 if self.algorithm()?.0 == RSA => ring::rsa::KeyPair::from_pkcs8(&self.der),
            Form::Pkcs8 | Form::Sec1 => return Err(KeyProblem::NotRsa),
        };
        let key = read.map_err(|rejected| match rejected.to_string().as_str() {
            "TooSmall" | "TooLarge" => KeyProblem::RsaSize,
            _ => KeyProblem::Broken,
        })?;
        if key.public().modulus_len() < 256 { Err(KeyProblem::RsaSize) } else { Ok(key) }
    }

    /// For signing on P-256: always as PKCS#8.
    pub(super) fn p256(&self) -> Result<Zeroizing<Vec<u8>>, KeyProblem> {
        match self.form {
            Form::Pkcs8 if self.algorithm()? == (EC, Some(P256)) => Ok(self.der.clone()),
            Form::Pkcs1 | Form::Pkcs8 => Err(KeyProblem::NotP256),
            Form::Sec1 => {
                let algorithm = AlgorithmIdentifierRef { oid: EC, parameters: Some((&P256).into()) };
                let key = OctetStringRef::new(&self.der).map_err(|_| KeyProblem::Broken)?;
                let wrapped = PrivateKeyInfoRef::new(algorithm, key).to_der().map_err(|_| KeyProblem::Broken)?;
                Ok(Zeroizing::new(wrapped))
            }
        }
    }

    fn algorithm(&self) -> Result<(ObjectIdentifier, Option<ObjectIdentifier>), KeyProblem> {
        let key = PrivateKeyInfoRef::from_der(&self.der).map_err(|_| KeyProblem::Broken)?;
        Ok((key.algorithm.oid, key.algorithm.parameters_oid().ok()))
    }
}

fn decrypt(der: &[u8], passphrase: &SecretString) -> Result<Zeroizing<Vec<u8>>, KeyProblem> {
    let key = EncryptedPrivateKeyInfoRef::from_der(der).map_err(|_| KeyProblem::Encryption)?;
    let parameters = key.encryption_algorithm.pbes2().ok_or(KeyProblem::Encryption)?;
    let bearable = match &parameters.kdf {
        Kdf::Pbkdf2(pbkdf2) => pbkdf2.iteration_count <= MOST_ITERATIONS,
        Kdf::Scrypt(scrypt) => {
            let memory = scrypt.cost_parameter.saturating_mul(u64::from(scrypt.block_size)).saturating_mul(128);
            memory <= MOST_SCRYPT_MEMORY && scrypt.parallelization <= 16
        }
        _ => false,
    };
    if !bearable {
        return Err(KeyProblem::Encryption);
    }
    match key.encryption_algorithm.decrypt(passphrase.expose_secret(), key.encrypted_data.as_bytes()) {
        // With a wrong passphrase, the padding is correct by chance once in 256 times.
        Ok(plain) if PrivateKeyInfoRef::from_der(&plain).is_err() => {
            drop(Zeroizing::new(plain));
            Err(KeyProblem::PassphraseWrong)
        }
        Ok(plain) => Ok(Zeroizing::new(plain)),
        Err(pkcs8::pkcs5::Error::DecryptFailed) => Err(KeyProblem::PassphraseWrong),
        Err(_) => Err(KeyProblem::Encryption),
    }
}

/// The public key of a certificate (RFC 5280, section 4.1.2.7), in ring's encoding.
pub(super) fn public_key_of(certificate: &[u8]) -> Option<Vec<u8>> {
    let read = || -> pkcs8::der::Result<Vec<u8>> {
        let mut reader = SliceReader::new(certificate)?;
        reader.sequence(|certificate| {
            let tbs = pkcs8::der::asn1::AnyRef::decode(certificate)?;
            pkcs8::der::asn1::AnyRef::decode(certificate)?;
            pkcs8::der::asn1::AnyRef::decode(certificate)?;
            let mut fields = SliceReader::new(tbs.value())?;
            let first = pkcs8::der::asn1::AnyRef::decode(&mut fields)?;
            // Certificates of version 1 omit the version; serial, signature, issuer, validity and subject follow.
            let before = if pkcs8::der::Tagged::tag(&first).is_context_specific() { 5 } else { 4 };
            for _ in 0..before {
                pkcs8::der::asn1::AnyRef::decode(&mut fields)?;
            }
            let key = SubjectPublicKeyInfoRef::decode(&mut fields)?;
            Ok(key.subject_public_key.raw_bytes().to_vec())
        })
    };
    read().ok()
}

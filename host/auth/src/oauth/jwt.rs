//! Signed assertions of a client: JSON Web Tokens (RFC 7519) in the compact form (RFC 7515, section 3.1).

use std::fmt;
use std::time::Duration;

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use innkeeper_ambient::{Random, Timestamp};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding,
};
use secrecy::SecretString;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::pem;
use super::private_key::{KeyProblem, PrivateKey, public_key_of};
use crate::grant::TokenError;

/// The algorithm of a signature (RFC 7518, section 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    /// RSA with PSS padding.
    Ps256,
    /// RSA with PKCS#1 v1.5 padding.
    Rs256,
    /// ECDSA on P-256.
    Es256,
}

impl Algorithm {
    /// The names, the default first.
    pub(crate) const NAMES: [&str; 3] = ["PS256", "RS256", "ES256"];

    /// Reads it from its name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        [Self::Ps256, Self::Rs256, Self::Es256].into_iter().find(|algorithm| algorithm.as_str() == name)
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Ps256 => "PS256",
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
        }
    }
}

/// How the server finds the key that an assertion is signed with (RFC 7515, section 4.1).
#[derive(Clone, Debug, Default)]
pub(crate) enum KeyReference {
    /// The server knows only one key.
    #[default]
    None,
    /// By a key id that it was registered under.
    Id(String),
    /// By the digest of its certificate.
    Thumbprint(Certificates),
    /// By the certificate itself and its chain.
    Chain(Certificates),
}

/// Certificates, the client's own first.
#[derive(Clone, Debug)]
pub(crate) struct Certificates(Vec<Vec<u8>>);

/// Why a text contains no certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CertificateProblem {
    #[error("is not PEM text: PEM begins with the line -----BEGIN CERTIFICATE-----")]
    NotPem,
    #[error("contains a private key: set only the certificate")]
    Key,
    #[error("is damaged, or not an X.509 certificate")]
    Broken,
    #[error("does not belong to the private key")]
    OtherKey,
}

impl Certificates {
    /// Reads PEM.
    pub(crate) fn read(text: &str) -> Result<Self, CertificateProblem> {
        let sections = pem::sections(text).map_err(|_| CertificateProblem::NotPem)?;
        if sections.iter().any(|section| section.label.ends_with("PRIVATE KEY")) {
            return Err(CertificateProblem::Key);
        }
        if sections.iter().any(|section| section.label != "CERTIFICATE" || public_key_of(&section.der).is_none()) {
            return Err(CertificateProblem::Broken);
        }
        Ok(Self(sections.iter().map(|section| section.der.to_vec()).collect()))
    }

    /// Each as DER.
    pub(crate) fn into_chain(self) -> Vec<Vec<u8>> {
        self.0
    }

    fn own(&self) -> &[u8] {
        self.0.first().map(Vec::as_slice).unwrap_or_default()
    }
}

/// Signs assertions with one key.
pub(crate) struct JwtSigner {
    algorithm: Algorithm,
    key: Key,
    reference: KeyReference,
    random: SystemRandom,
}

enum Key {
    Rsa(Box<ring::rsa::KeyPair>),
    P256(Box<EcdsaKeyPair>),
}

impl JwtSigner {
    /// Fails if the key does not fit the algorithm.
    pub(crate) fn new(algorithm: Algorithm, key: &PrivateKey, reference: KeyReference) -> Result<Self, KeyProblem> {
        // ring only takes randomness (the salt of PSS, the nonce of ECDSA) from the system.
        let random = SystemRandom::new();
        let key = match algorithm {
            Algorithm::Ps256 | Algorithm::Rs256 => Key::Rsa(Box::new(key.rsa()?)),
            Algorithm::Es256 => {
                let der = key.p256()?;
                let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der, &random);
                Key::P256(Box::new(pair.map_err(|rejected| match rejected.to_string().as_str() {
                    "PublicKeyIsMissing" | "InvalidEncoding" => KeyProblem::NoPublicPart,
                    "WrongAlgorithm" => KeyProblem::NotP256,
                    _ => KeyProblem::Broken,
                })?))
            }
        };
        Ok(Self { algorithm, key, reference, random })
    }

    /// Whether the first certificate is for this key.
    pub(crate) fn fits(&self, certificates: &Certificates) -> bool {
        let own = match &self.key {
            Key::Rsa(pair) => pair.public().as_ref(),
            Key::P256(pair) => pair.public_key().as_ref(),
        };
        public_key_of(certificates.own()).as_deref() == Some(own)
    }

    /// The claims with `jti`, `iat` and `exp`, signed. `jti` is 128 random bits.
    pub(crate) fn sign(
        &self,
        mut claims: Map<String, Value>,
        life: Duration,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<SecretString, TokenError> {
        claims.insert("jti".to_owned(), BASE64_URL_SAFE_NO_PAD.encode(random.bytes::<16>()).into());
        claims.insert("iat".to_owned(), now.as_secs().into());
        claims.insert("exp".to_owned(), now.plus(life).as_secs().into());
        let encode = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", encode(&self.header()), encode(&Value::Object(claims)));
        let signature = self.signature(message.as_bytes()).ok_or(TokenError::NotSigned)?;
        Ok(SecretString::from(format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))))
    }

    fn header(&self) -> Value {
        let mut header = json!({ "alg": self.algorithm.as_str(), "typ": "JWT" });
        match &self.reference {
            KeyReference::None => {}
            KeyReference::Id(id) => header["kid"] = json!(id),
            KeyReference::Thumbprint(certificates) => {
                header["x5t#S256"] = json!(BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(certificates.own())));
            }
            // RFC 7515, section 4.1.6: base64 with padding, not base64url.
            KeyReference::Chain(certificates) => {
                let chain: Vec<_> = certificates.0.iter().map(|der| BASE64_STANDARD.encode(der)).collect();
                header["x5c"] = json!(chain);
            }
        }
        header
    }

    fn signature(&self, message: &[u8]) -> Option<Vec<u8>> {
        match &self.key {
            Key::Rsa(pair) => {
                let padding: &dyn RsaEncoding =
                    if self.algorithm == Algorithm::Rs256 { &RSA_PKCS1_SHA256 } else { &RSA_PSS_SHA256 };
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(padding, &self.random, message, &mut signature).ok()?;
                Some(signature)
            }
            Key::P256(pair) => pair.sign(&self.random, message).ok().map(|signature| signature.as_ref().to_vec()),
        }
    }
}

impl fmt::Debug for JwtSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtSigner").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

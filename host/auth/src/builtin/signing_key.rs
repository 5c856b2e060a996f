//! The fields of a client's private key and certificate.

use innkeeper_spec::{FieldKind, FieldSpec};

use super::field::{choice, optional, required};
use super::mistakes::Mistakes;
use crate::oauth::{Algorithm, CertificateProblem, Certificates, JwtSigner, KeyProblem, KeyReference, PrivateKey};
use crate::settings::Settings;

pub(super) fn private_key() -> FieldSpec {
    let help = "PEM: PKCS#8 (also encrypted), PKCS#1 or SEC1.";
    required("privateKey", "Private key", FieldKind::Multiline, help)
}

pub(super) fn passphrase() -> FieldSpec {
    let help = "The passphrase of the private key; leave it out if the key is not encrypted.";
    optional("passphrase", "Passphrase", FieldKind::Secret, help)
}

pub(super) fn algorithm() -> FieldSpec {
    let help = "How the client signs: PS256 and RS256 with an RSA key of 2048 to 4096 bits, ES256 with a key on P-256.";
    choice("algorithm", "Algorithm", help, &Algorithm::NAMES)
}

pub(super) fn certificate(help: &str) -> FieldSpec {
    optional("certificate", "Certificate", FieldKind::Multiline, help)
}

pub(super) fn certificate_binding() -> FieldSpec {
    let help = "How the server finds the key: by the certificate's digest, by the certificate, or by a key id.";
    choice("certificateBinding", "Key reference", help, &["x5t#S256", "x5c", "kid"])
}

pub(super) fn key_id() -> FieldSpec {
    optional(
        "keyId",
        "Key ID",
        FieldKind::Text,
        "The name that the key is registered under, for the key reference kid.",
    )
}

impl Mistakes {
    /// `algorithm`, `privateKey`, `passphrase`, and with `certificateBinding` the `certificate` or the `keyId`.
    pub(super) fn signer(&mut self, settings: &Settings) -> Option<JwtSigner> {
        let key = self.private_key(settings);
        let (reference, certificates) = self.reference(settings)?;
        let signer = self.signer_with(settings, &key?, reference)?;
        if certificates.is_some_and(|certificates| !signer.fits(&certificates)) {
            self.note("certificate", CertificateProblem::OtherKey.to_string());
            return None;
        }
        Some(signer)
    }

    /// `algorithm`, with a key that has already been read.
    pub(super) fn signer_with(
        &mut self,
        settings: &Settings,
        key: &PrivateKey,
        reference: KeyReference,
    ) -> Option<JwtSigner> {
        let Some(algorithm) = Algorithm::parse(settings.text("algorithm").unwrap_or(Algorithm::NAMES[0])) else {
            self.note("algorithm", format!("must be one of {}", Algorithm::NAMES.join(", ")));
            return None;
        };
        JwtSigner::new(algorithm, key, reference).map_err(|problem| self.key_problem(problem)).ok()
    }

    /// `privateKey` and `passphrase`.
    pub(super) fn private_key(&mut self, settings: &Settings) -> Option<PrivateKey> {
        let Some(text) = settings.secret("privateKey") else {
            self.note("privateKey", "is required");
            return None;
        };
        PrivateKey::read(text, settings.secret("passphrase")).map_err(|problem| self.key_problem(problem)).ok()
    }

    /// `certificate`.
    pub(super) fn certificates(&mut self, settings: &Settings, needed: &str) -> Option<Certificates> {
        let Some(text) = settings.secret("certificate") else {
            self.note("certificate", needed);
            return None;
        };
        let read = Certificates::read(secrecy::ExposeSecret::expose_secret(text));
        read.map_err(|problem| self.note("certificate", problem.to_string())).ok()
    }

    fn key_problem(&mut self, problem: KeyProblem) {
        self.note(if problem.is_of_passphrase() { "passphrase" } else { "privateKey" }, problem.to_string());
    }

    /// The key reference, and the certificates that must match the key.
    fn reference(&mut self, settings: &Settings) -> Option<(KeyReference, Option<Certificates>)> {
        let binding = settings.text("certificateBinding").unwrap_or("x5t#S256");
        if binding == "kid" {
            if settings.secret("certificate").is_some() {
                self.note(
                    "certificate",
                    "contradicts the certificateBinding kid: leave it out, or choose x5t#S256 or x5c",
                );
            }
            let Some(id) = settings.text("keyId") else {
                self.note("keyId", "is required for the certificateBinding kid");
                return None;
            };
            return Some((KeyReference::Id(id.to_owned()), None));
        }
        if settings.text("keyId").is_some() {
            self.note("keyId", format!("contradicts the certificateBinding {binding}: leave it out, or choose kid"));
        }
        let certificates = self.certificates(settings, &format!("is required for the certificateBinding {binding}"))?;
        let reference = match binding {
            "x5c" => KeyReference::Chain(certificates.clone()),
            "x5t#S256" => KeyReference::Thumbprint(certificates.clone()),
            _ => {
                self.note("certificateBinding", "must be x5t#S256, x5c or kid");
                return None;
            }
        };
        Some((reference, Some(certificates)))
    }
}

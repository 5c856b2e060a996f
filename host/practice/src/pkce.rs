//! Proof keys for code exchange (RFC 7636), only method S256.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

/// The `code_challenge` of an authorization request.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Challenge(String);

impl Challenge {
    /// Takes the base64url form of a SHA-256: 43 characters.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let whole = URL_SAFE_NO_PAD.decode(text).is_ok_and(|bytes| bytes.len() == 32);
        whole.then(|| Self(text.to_owned()))
    }

    /// Whether this challenge was made from `verifier` (RFC 7636, section 4.6).
    pub(crate) fn is_met_by(&self, verifier: &str) -> bool {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        (43..=128).contains(&verifier.len())
            && verifier.bytes().all(allowed)
            && URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes())) == self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_rfc_7636_is_met() {
        let challenge = Challenge::parse("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM").expect("43 characters");
        assert!(challenge.is_met_by("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"));
        assert!(!challenge.is_met_by("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXK"));
        assert!(!challenge.is_met_by("short"));
    }

    #[test]
    fn a_challenge_that_is_no_sha_256_is_refused() {
        assert!(Challenge::parse("abc").is_none());
        assert!(Challenge::parse(&"!".repeat(43)).is_none());
    }
}

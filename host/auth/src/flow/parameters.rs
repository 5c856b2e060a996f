//! The parameters of an authorization, each with a separate type, so that they cannot be confused.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use innkeeper_ambient::Random;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

/// A secret parameter that `Debug` does not show.
macro_rules! secret_parameter {
    ($(#[$documentation:meta])* $name:ident) => {
        $(#[$documentation])*
        #[derive(Clone)]
        pub struct $name(SecretString);

        impl $name {
            /// The text, for the request or the address that it is sent in.
            pub fn expose(&self) -> &str {
                self.0.expose_secret()
            }
        }

        impl From<SecretString> for $name {
            fn from(text: SecretString) -> Self {
                Self(text)
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(SecretString::from(text))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "([redacted])"))
            }
        }
    };
}

secret_parameter! {
    /// The `code` of a callback (RFC 6749, section 4.1.2).
    AuthorizationCode
}

secret_parameter! {
    /// The `state` of an authorization (RFC 6749, section 10.12): it identifies the flow.
    FlowState
}

secret_parameter! {
    /// The `code_verifier` of PKCE (RFC 7636, section 4.1).
    PkceVerifier
}

impl FlowState {
    /// Creates a state of 256 random bits.
    pub fn random(random: &dyn Random) -> Self {
        Self::from(BASE64_URL_SAFE_NO_PAD.encode(random.bytes::<32>()))
    }
}

impl PkceVerifier {
    /// Creates a verifier of 384 random bits, which are 64 characters; the RFC allows 43 to 128.
    pub fn random(random: &dyn Random) -> Self {
        Self::from(BASE64_URL_SAFE_NO_PAD.encode(random.bytes::<48>()))
    }

    /// The challenge that the server receives beforehand, by the method S256.
    pub fn challenge(&self) -> PkceChallenge {
        PkceChallenge(BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(self.expose().as_bytes())))
    }
}

/// The `code_challenge` of PKCE by the method S256 (RFC 7636, section 4.2): SHA-256 of the verifier, in base64url.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PkceChallenge(String);

/// The text is not a valid challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a PKCE challenge is a SHA-256 digest in base64url: 43 characters")]
pub struct InvalidChallenge;

impl PkceChallenge {
    /// The digest in base64url.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PkceChallenge {
    type Err = InvalidChallenge;

    fn from_str(text: &str) -> Result<Self, InvalidChallenge> {
        let is_digest = BASE64_URL_SAFE_NO_PAD.decode(text).is_ok_and(|digest| digest.len() == 32);
        if is_digest { Ok(Self(text.to_owned())) } else { Err(InvalidChallenge) }
    }
}

#[cfg(test)]
mod tests {
    use innkeeper_ambient::SeededRandom;

    use super::*;

    #[test]
    fn a_challenge_is_the_one_of_the_rfc() {
        let verifier = PkceVerifier::from("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".to_owned());
        let challenge: PkceChallenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM".parse().expect("a challenge");
        assert_eq!(verifier.challenge(), challenge);
        for bad in ["", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM"] {
            assert_eq!(bad.parse::<PkceChallenge>(), Err(InvalidChallenge), "{bad}");
        }
    }

    #[test]
    fn a_new_state_and_verifier_are_never_the_same_and_not_shown() {
        let random = SeededRandom::new(1);
        let (one, other) = (PkceVerifier::random(&random), PkceVerifier::random(&random));
        assert!(one.expose() != other.expose() && one.expose().len() == 64);
        assert_eq!(FlowState::random(&random).expose().len(), 43);
        assert_eq!(format!("{one:?}"), "PkceVerifier([redacted])");
    }
}

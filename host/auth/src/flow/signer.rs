//! Short texts that only this host can have signed.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretSlice};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::Sha256;

/// The maximum length of a text that is checked, in bytes.
const LONGEST: usize = 8 * 1024;

/// Signs with HMAC-SHA256 under a key of the keyring. Each purpose has a separate key, so a text for one is not valid for
/// another. The signed content is readable by anyone who has the text.
pub struct Signer(SecretSlice<u8>);

impl Signer {
    /// Creates a signer with the [`innkeeper_vault::Keyring::mac_key`] of a purpose.
    pub fn new(key: SecretSlice<u8>) -> Self {
        Self(key)
    }

    /// `payload` as a signed text that can be part of a URL path.
    pub fn sign(&self, payload: &impl Serialize) -> String {
        let json = serde_json::to_vec(payload).expect("what is signed has texts and numbers alone, which are JSON");
        let mut text = BASE64_URL_SAFE_NO_PAD.encode(json);
        let proof = self.mac(&text).finalize().into_bytes();
        text.push('.');
        BASE64_URL_SAFE_NO_PAD.encode_string(proof, &mut text);
        text
    }

    /// The signed content; `None` if the text was not signed with this key. The content is not read before that check.
    pub fn open<T: DeserializeOwned>(&self, text: &str) -> Option<T> {
        let (payload, proof) = text.rsplit_once('.').filter(|_| text.len() <= LONGEST)?;
        let proof = BASE64_URL_SAFE_NO_PAD.decode(proof).ok()?;
        // The comparison takes constant time.
        self.mac(payload).verify_slice(&proof).ok()?;
        serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
    }

    fn mac(&self, payload: &str) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.expose_secret()).expect("HMAC takes a key of any length");
        mac.update(payload.as_bytes());
        mac
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_opens_with_its_own_key_and_unchanged_alone() {
        let [one, other] = [1, 2].map(|byte| Signer::new(SecretSlice::from(vec![byte; 32])));
        let text = one.sign(&("for ada", 7));
        assert_eq!(one.open::<(String, u32)>(&text), Some(("for ada".to_owned(), 7)));
        assert_eq!(other.open::<(String, u32)>(&text), None);
        for (at, _) in text.char_indices() {
            let mut changed = text.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).expect("ASCII");
            // The last character of the signature has unused bits; the decoder accepts only the canonical ones.
            assert_eq!(one.open::<(String, u32)>(&changed), None, "{changed}");
            assert_eq!(one.open::<(String, u32)>(&text[..at]), None);
        }
        for wrong in ["", ".", "..", &"a.".repeat(10_000)] {
            assert_eq!(one.open::<(String, u32)>(wrong), None);
        }
    }
}

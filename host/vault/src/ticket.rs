//! Sealed texts that leave the host and come back, with nothing stored.

use std::fmt;
use std::sync::Arc;

use aes_gcm::Aes256Gcm;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use innkeeper_ambient::Random;
use innkeeper_store::{DataKeyId, Sealed};
use secrecy::{ExposeSecret, SecretSlice};
use sha2::{Digest as _, Sha256};

use crate::keyring::Keyring;
use crate::vault::{VaultError, cipher, decrypt, encrypt};

/// Seals texts that pass through other hands, such as a flow's state in a browser: without a key, nobody can read or make one.
/// Processes with the same keyring open each other's tickets; the first key seals, all of them open.
///
/// A ticket is AES-256-GCM under a key for only this purpose, as base64url without padding. It does not limit its own use: an
/// expiry, and a value that makes it single-use, belong in the sealed content.
pub struct Tickets {
    /// The sealing key is first.
    keys: Vec<(DataKeyId, Aes256Gcm)>,
    random: Arc<dyn Random>,
}

impl Tickets {
    /// Creates the keys for `purpose`: tickets of one purpose do not open for another.
    pub fn new(keyring: &Keyring, purpose: &str, random: Arc<dyn Random>) -> Result<Self, VaultError> {
        let keys = keyring.ticket_keys(purpose).map(|(id, key)| Ok((tag(id), cipher(key.expose_secret())?)));
        Ok(Self { keys: keys.collect::<Result<_, VaultError>>()?, random })
    }

    /// Seals `plain` so that it opens only with the same `bound_to`.
    pub fn seal(&self, bound_to: &str, plain: &[u8]) -> Result<String, VaultError> {
        let (tag, key) = self.keys.first().ok_or(VaultError::NoDataKey)?;
        let sealed = encrypt(key, *tag, bound_to.as_bytes(), plain, &*self.random)?;
        Ok(URL_SAFE_NO_PAD.encode(sealed.as_bytes()))
    }

    /// The content of a ticket; `None` if it is not from this keyring and purpose, was changed, or is bound to something else.
    pub fn open(&self, bound_to: &str, ticket: &str) -> Option<SecretSlice<u8>> {
        let sealed = Sealed::from_bytes(URL_SAFE_NO_PAD.decode(ticket).ok()?).ok()?;
        let (_, key) = self.keys.iter().find(|(tag, _)| *tag == sealed.data_key())?;
        decrypt(key, bound_to.as_bytes(), &sealed)
    }
}

impl fmt::Debug for Tickets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tickets").field("keys", &self.keys.len()).finish_non_exhaustive()
    }
}

/// Identifies the key of the keyring without its name.
fn tag(id: &str) -> DataKeyId {
    let hash = Sha256::digest(id.as_bytes());
    let mut first = [0; 8];
    first.copy_from_slice(&hash[..8]);
    DataKeyId(u64::from_be_bytes(first))
}

#[cfg(test)]
mod tests {
    use super::*;
    use innkeeper_ambient::SeededRandom;

    fn tickets(keyring: &Keyring, purpose: &str) -> Tickets {
        Tickets::new(keyring, purpose, Arc::new(SeededRandom::new(9))).expect("tickets")
    }

    fn opened(tickets: &Tickets, bound_to: &str, ticket: &str) -> Option<Vec<u8>> {
        tickets.open(bound_to, ticket).map(|plain| plain.expose_secret().to_vec())
    }

    #[test]
    fn a_ticket_opens_for_the_same_purpose_and_binding_in_any_process_with_the_keyring() {
        let keyring = Keyring::generate(&SeededRandom::new(1));
        let ticket = tickets(&keyring, "state").seal("google", b"plain").expect("sealed");
        assert_eq!(opened(&tickets(&keyring, "state"), "google", &ticket), Some(b"plain".to_vec()));
        assert_eq!(opened(&tickets(&keyring, "state"), "slack", &ticket), None);
        assert_eq!(opened(&tickets(&keyring, "code"), "google", &ticket), None);
        let other = Keyring::generate(&SeededRandom::new(2));
        assert_eq!(opened(&tickets(&other, "state"), "google", &ticket), None);
    }

    #[test]
    fn a_ticket_that_was_changed_anywhere_does_not_open() {
        let tickets = tickets(&Keyring::generate(&SeededRandom::new(1)), "state");
        let ticket = tickets.seal("", b"plain text").expect("sealed");
        for place in 0..ticket.len() {
            let mut changed = ticket.clone().into_bytes();
            changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).expect("text");
            // The last character may have unused bits.
            assert!(opened(&tickets, "", &changed).is_none(), "{place}");
        }
        for cut in ["", "A", &ticket[1..], &ticket[..ticket.len() - 4], "not base64 !"] {
            assert!(opened(&tickets, "", cut).is_none(), "{cut}");
        }
    }

    #[test]
    fn a_new_first_key_seals_and_the_older_ones_still_open() {
        let mut keyring = Keyring::generate(&SeededRandom::new(1));
        let old = tickets(&keyring, "state").seal("", b"old").expect("sealed");
        keyring.add_first(&SeededRandom::new(3));
        let both = tickets(&keyring, "state");
        assert_eq!(opened(&both, "", &old), Some(b"old".to_vec()));
        let new = both.seal("", b"new").expect("sealed");
        keyring.keep_first();
        let newest = tickets(&keyring, "state");
        assert_eq!((opened(&newest, "", &new), opened(&newest, "", &old)), (Some(b"new".to_vec()), None));
    }

    #[test]
    fn no_two_tickets_of_one_text_are_alike() {
        let tickets = tickets(&Keyring::generate(&SeededRandom::new(1)), "state");
        assert_ne!(tickets.seal("", b"x").expect("sealed"), tickets.seal("", b"x").expect("sealed"));
    }
}

//! The keys that wrap the data keys. They are stored outside the store.

mod file;
mod source;

use std::fmt;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use innkeeper_ambient::Random;
use secrecy::{ExposeSecret, SecretBox, SecretSlice};
use sha2::Sha256;
use zeroize::Zeroizing;

pub use source::KeyringSource;

/// Key-encryption keys in order: the first seals, all of them open.
///
/// As text: one key per line (or separated by commas, for environment variables), each `id:base64 of 32 bytes`. An id has 1 to
/// 64 characters of `A-Z a-z 0-9 . _ -`. Empty lines and text after a `#` are ignored.
pub struct Keyring {
    /// Never empty; ids are unique.
    keys: Vec<Entry>,
}

impl Keyring {
    /// Reads the text form.
    pub fn parse(text: &str) -> Result<Self, KeyringError> {
        let mut keys: Vec<Entry> = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let line_number = index + 1;
            let content = line.split('#').next().unwrap_or_default();
            for part in content.split(',').map(str::trim).filter(|part| !part.is_empty()) {
                let entry = Entry::parse(part).ok_or(KeyringError::Line(line_number))?;
                if keys.iter().any(|other| other.id == entry.id) {
                    return Err(KeyringError::Twice(entry.id));
                }
                keys.push(entry);
            }
        }
        if keys.is_empty() {
            return Err(KeyringError::Empty);
        }
        Ok(Self { keys })
    }

    /// Creates a keyring with one fresh key.
    pub fn generate(random: &dyn Random) -> Self {
        Self { keys: vec![Entry::generate(random)] }
    }

    /// Puts a fresh key first; the others can still open what they wrapped. Returns its id.
    pub fn add_first(&mut self, random: &dyn Random) -> &str {
        let mut entry = Entry::generate(random);
        while self.keys.iter().any(|other| other.id == entry.id) {
            entry = Entry::generate(random);
        }
        self.keys.insert(0, entry);
        &self.keys[0].id
    }

    /// Drops all keys but the first. Only call it after a complete rotation: [`crate::Vault::rotate`].
    pub fn keep_first(&mut self) {
        self.keys.truncate(1);
    }

    /// The ids, with the sealing key's first.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().map(|entry| entry.id.as_str())
    }

    /// The id of the key that seals.
    pub fn first_id(&self) -> &str {
        &self.keys[0].id
    }

    /// A key of 32 bytes for authenticating things that can be made again, such as a cache: HMAC-SHA256 of `purpose` under the
    /// first key (the expand step of RFC 5869 for one block). It changes when the first key does.
    pub fn mac_key(&self, purpose: &str) -> SecretSlice<u8> {
        self.keys[0].derive("mac", purpose)
    }

    /// One key per key of the ring, with its id, for sealing tickets of `purpose`.
    pub(crate) fn ticket_keys(&self, purpose: &str) -> impl Iterator<Item = (&str, SecretSlice<u8>)> {
        self.keys.iter().map(move |entry| (entry.id.as_str(), entry.derive("ticket", purpose)))
    }

    pub(crate) fn first_wrapping_key(&self) -> SecretSlice<u8> {
        self.keys[0].derive("wrap", "")
    }

    pub(crate) fn wrapping_key(&self, id: &str) -> Option<SecretSlice<u8>> {
        self.keys.iter().find(|entry| entry.id == id).map(|entry| entry.derive("wrap", ""))
    }

    /// The text form.
    fn to_text(&self) -> Zeroizing<String> {
        // The full capacity is reserved at the start: growing would leave copies of the keys behind.
        let mut text = Zeroizing::new(String::with_capacity(HEADING.len() + self.keys.len() * (MAX_ID + 1 + 44 + 1)));
        text.push_str(HEADING);
        for entry in &self.keys {
            let encoded = Zeroizing::new(STANDARD.encode(entry.key.expose_secret()));
            text.push_str(&entry.id);
            text.push(':');
            text.push_str(&encoded);
            text.push('\n');
        }
        text
    }
}

/// Shows only the ids.
impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring").field("ids", &self.ids().collect::<Vec<_>>()).finish_non_exhaustive()
    }
}

/// Why a keyring cannot be loaded or stored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyringError {
    /// A line is not a valid key. The line itself is not shown, because it may contain one.
    #[error("line {0} of the keyring is not `id:base64 of 32 bytes` (an id has 1 to 64 of A-Z a-z 0-9 . _ -)")]
    Line(usize),
    /// Two keys have the same id.
    #[error("the keyring has two keys with the id `{0}`; give each key a different id")]
    Twice(String),
    /// It contains no key.
    #[error("the keyring has no key; it needs at least one line `id:base64 of 32 bytes`")]
    Empty,
    /// It is too long for a keyring.
    #[error("the keyring is longer than {0} bytes; is this the right source?")]
    TooLong(u64),
    /// It is not text.
    #[error("the keyring is not UTF-8 text; is this the right source?")]
    NotText,
    /// Users other than the owner may read or change the file.
    #[error(
        "the keyring {path} can be read or changed by users other than its owner (mode {mode:03o}); run `chmod 600 {path}`"
    )]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A file with this name already exists.
    #[error("the keyring {0} already exists and was not changed")]
    Exists(PathBuf),
    /// The file cannot be read or written.
    #[error("the keyring {path} cannot be {verb}: {error}")]
    File {
        /// The file.
        path: PathBuf,
        /// `read` or `written`.
        verb: &'static str,
        /// The system's error.
        #[source]
        error: std::io::Error,
    },
    /// The environment variable is not set.
    #[error("the environment variable {0}, which should contain the keyring, is not set")]
    Unset(String),
    /// The command that prints the keyring failed. Its output is not shown, because it may contain a key.
    #[error("the command `{program}`, which should print the keyring, failed: {reason}")]
    Command {
        /// The first word of the command.
        program: String,
        /// What went wrong.
        reason: String,
    },
}

struct Entry {
    id: String,
    key: SecretBox<[u8; 32]>,
}

impl Entry {
    fn parse(text: &str) -> Option<Self> {
        let (id, encoded) = text.split_once(':')?;
        let id = id.trim();
        let valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if id.is_empty() || id.len() > MAX_ID || !id.chars().all(valid) {
            return None;
        }
        // The decoder needs room for a whole last group before it knows the padding.
        let mut decoded = Zeroizing::new([0; 33]);
        let length = STANDARD.decode_slice(encoded.trim(), &mut *decoded).ok()?;
        if length != 32 {
            return None;
        }
        let key = SecretBox::init_with_mut(|key: &mut [u8; 32]| key.copy_from_slice(&decoded[..32]));
        Some(Self { id: id.to_owned(), key })
    }

    fn generate(random: &dyn Random) -> Self {
        let name: [u8; 4] = random.bytes();
        let id = format!("key-{:08x}", u32::from_be_bytes(name));
        Self { id, key: SecretBox::init_with_mut(|key: &mut [u8; 32]| random.fill(key)) }
    }

    /// A key for only one use, so that wrapping and authenticating never share one.
    fn derive(&self, usage: &str, purpose: &str) -> SecretSlice<u8> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.key.expose_secret()).expect("HMAC takes a key of any length");
        for part in ["innkeeper", usage, purpose] {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        let mut derived = mac.finalize().into_bytes();
        let key = SecretSlice::from(derived.to_vec());
        zeroize::Zeroize::zeroize(derived.as_mut_slice());
        key
    }
}

const MAX_ID: usize = 64;

const HEADING: &str = "# Innkeeper keyring. The first key seals, all of them open. Keep a copy separate from the store's:\n\
                       # without these keys, nothing in the store can be opened again.\n";

#[cfg(test)]
mod tests {
    use super::*;
    use innkeeper_ambient::SeededRandom;

    #[test]
    fn the_text_form_reads_back() {
        let mut keyring = Keyring::generate(&SeededRandom::new(1));
        keyring.add_first(&SeededRandom::new(2));
        let again = Keyring::parse(&keyring.to_text()).expect("its own text");
        assert!(again.ids().eq(keyring.ids()));
        assert_eq!(again.mac_key("x").expose_secret(), keyring.mac_key("x").expose_secret());
    }

    #[test]
    fn keys_stand_on_lines_or_between_commas_with_comments_beside() {
        let key = STANDARD.encode([7; 32]);
        let keyring =
            Keyring::parse(&format!("# old, and new\na:{key} # first\n\nb:{key}, c:{key}\n")).expect("three keys");
        assert!(keyring.ids().eq(["a", "b", "c"]));
    }

    #[test]
    fn a_line_that_is_no_key_is_named_by_its_number_and_never_shown() {
        let short = STANDARD.encode([7; 31]);
        let long = STANDARD.encode([7; 33]);
        let longer = STANDARD.encode([7; 64]);
        for wrong in [format!("a:{short}"), format!("a:{long}"), format!("a:{longer}"), short, "a b:c".to_owned()] {
            let error = Keyring::parse(&format!("\n{wrong}")).expect_err("no key");
            assert!(matches!(error, KeyringError::Line(2)), "{error}");
            assert!(!error.to_string().contains("Bwc"), "{error}");
        }
        assert!(matches!(Keyring::parse("# nothing"), Err(KeyringError::Empty)));
        let key = STANDARD.encode([7; 32]);
        assert!(matches!(Keyring::parse(&format!("a:{key}\na:{key}")), Err(KeyringError::Twice(_))));
    }

    #[test]
    fn a_keyring_prints_its_ids_alone() {
        let key = STANDARD.encode([7; 32]);
        let keyring = Keyring::parse(&format!("a:{key}")).expect("a key");
        let shown = format!("{keyring:?}");
        assert!(shown.contains("\"a\"") && !shown.contains(&key) && !shown.contains("7, 7"), "{shown}");
    }

    #[test]
    fn keys_for_two_purposes_differ_and_none_is_the_wrapping_key() {
        let keyring = Keyring::generate(&SeededRandom::new(1));
        let cache = keyring.mac_key("cache");
        assert_eq!(cache.expose_secret().len(), 32);
        assert_ne!(cache.expose_secret(), keyring.mac_key("other").expose_secret());
        assert_ne!(keyring.mac_key("").expose_secret(), keyring.first_wrapping_key().expose_secret());
    }
}

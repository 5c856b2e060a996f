//! Compiled code on disk. Loading compiled code runs it, so every entry carries a MAC under a host key. An entry that
//! does not verify is rebuilt, never loaded.
//!
//! An entry is `magic (8) | MAC (32) | length of the spec (8, little endian) | spec as JSON | compiled code`. The MAC
//! is HMAC-SHA256 over the entry's key (component digest, engine version and settings) and everything that follows
//! the MAC. Each entry is written to a separate file and renamed into place, so several processes may share the
//! folder.

use std::fs;
use std::hash::{Hash, Hasher};
use std::io::Write;
use std::path::{Path, PathBuf};

use hmac::{Hmac, KeyInit, Mac};
use innkeeper_spec::draft;
use innkeeper_store::ComponentDigest;
use secrecy::{ExposeSecret, SecretSlice};
use sha2::{Digest, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::error::SetupError;

const MAGIC: &[u8; 8] = b"inkcode1";
const MAC_LENGTH: usize = 32;
const HEAD: usize = MAGIC.len() + MAC_LENGTH;

/// A folder of compiled components.
#[derive(Debug)]
pub struct CodeCache {
    folder: PathBuf,
    key: SecretSlice<u8>,
    engine: String,
}

impl CodeCache {
    pub(crate) fn open(folder: PathBuf, key: SecretSlice<u8>, engine: &Engine) -> Result<Self, SetupError> {
        fs::create_dir_all(&folder)
            .map_err(|error| SetupError::Cache { path: folder.display().to_string(), reason: error.to_string() })?;
        Ok(Self { folder, key, engine: fingerprint(engine) })
    }

    /// The code and spec of a component; `None` if there is no entry, or none that can be trusted.
    pub(crate) fn load(&self, digest: &ComponentDigest, engine: &Engine) -> Option<(Component, draft::ConnectorSpec)> {
        let path = self.path(digest);
        let entry = fs::read(&path).ok()?;
        let Some((spec, code)) = self.verify(digest, &entry) else {
            tracing::warn!(path = %path.display(), "compiled code does not verify under the host key; it is rebuilt, not loaded");
            return None;
        };
        match load_trusted(engine, code) {
            Ok(component) => Some((component, spec)),
            Err(error) => {
                tracing::info!(path = %path.display(), %error, "compiled code does not fit this engine; it is rebuilt");
                None
            }
        }
    }

    /// Stores an entry. A failure is not reported to the caller: the next start compiles again.
    pub(crate) fn store(&self, digest: &ComponentDigest, code: &[u8], spec: &draft::ConnectorSpec) {
        let path = self.path(digest);
        let written = serde_json::to_vec(spec)
            .map_err(std::io::Error::other)
            .and_then(|spec| self.write(&path, digest, &spec, code));
        if let Err(error) = written {
            tracing::warn!(path = %path.display(), %error, "compiled code cannot be cached");
        }
    }

    fn write(&self, path: &Path, digest: &ComponentDigest, spec: &[u8], code: &[u8]) -> std::io::Result<()> {
        let length = (spec.len() as u64).to_le_bytes();
        let mac = self.mac(digest, &[&length, spec, code]).finalize().into_bytes();
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        for part in [MAGIC.as_slice(), &mac, &length, spec, code] {
            file.write_all(part)?;
        }
        file.persist(path).map(drop).map_err(|error| error.error)
    }

    pub(crate) fn verify<'a>(
        &self,
        digest: &ComponentDigest,
        entry: &'a [u8],
    ) -> Option<(draft::ConnectorSpec, &'a [u8])> {
        let (head, body) = entry.split_at_checked(HEAD)?;
        let mac = head.strip_prefix(MAGIC.as_slice())?;
        self.mac(digest, &[body]).verify_slice(mac).ok()?;
        let (length, rest) = body.split_first_chunk::<8>()?;
        let (spec, code) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
        Some((serde_json::from_slice(spec).ok()?, code))
    }

    fn mac(&self, digest: &ComponentDigest, parts: &[&[u8]]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.key.expose_secret()).expect("HMAC takes a key of any length");
        for text in [&digest.0, &self.engine] {
            mac.update(&(text.len() as u64).to_le_bytes());
            mac.update(text.as_bytes());
        }
        for part in parts {
            mac.update(part);
        }
        mac
    }

    fn path(&self, digest: &ComponentDigest) -> PathBuf {
        let name = digest.0.strip_prefix("sha256:").unwrap_or(&digest.0);
        self.folder.join(format!("{name}-{}.code", &self.engine[..16]))
    }
}

#[cfg(feature = "fuzzing")]
impl CodeCache {
    /// A cache without a folder, for an engine of this name.
    pub(crate) fn without_folder(key: SecretSlice<u8>, engine: String) -> Self {
        Self { folder: PathBuf::new(), key, engine }
    }

    /// The entry with this body and a correct MAC; the body is not checked.
    pub(crate) fn entry(&self, digest: &ComponentDigest, body: &[u8]) -> Vec<u8> {
        [MAGIC.as_slice(), &self.mac(digest, &[body]).finalize().into_bytes(), body].concat()
    }
}

/// Loads code that this host made: the caller has verified its MAC, or got it from this host's own compiler.
#[expect(
    unsafe_code,
    reason = "compiled code is trusted because this host's compiler made it just now, or a MAC under the host key says so"
)]
pub(crate) fn load_trusted(engine: &Engine, code: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: `deserialize` requires bytes that `precompile_component` made. They come from a thread of this process,
    // over the pipe of a process that it started, or carry a valid MAC under the host key.
    unsafe { Component::deserialize(engine, code) }
}

/// The engine's version and settings, in hexadecimal.
pub(crate) fn fingerprint(engine: &Engine) -> String {
    struct Sha(Sha256);
    impl Hasher for Sha {
        fn write(&mut self, bytes: &[u8]) {
            self.0.update(bytes);
        }
        fn finish(&self) -> u64 {
            0
        }
    }
    let mut hasher = Sha(Sha256::new());
    engine.precompile_compatibility_hash().hash(&mut hasher);
    hex(&hasher.0.finalize())
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

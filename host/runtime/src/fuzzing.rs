//! Entry points for the fuzz targets into what is otherwise private: what is read from a component before it is
//! compiled, and from compiled code before it is trusted.

use innkeeper_store::ComponentDigest;
use secrecy::SecretSlice;

use crate::cache::CodeCache;
use crate::compile_limits::CompileLimits;
use crate::error::LoadError;
use crate::vet;

/// The interfaces that a component can call, sorted, if it may be compiled.
pub fn vetted(bytes: &[u8]) -> Result<Vec<String>, LoadError> {
    vet::vet(bytes, &CompileLimits::default())
}

/// Entries of the folder of compiled code, in memory.
#[derive(Debug)]
pub struct CodeEntries(CodeCache);

impl CodeEntries {
    /// Entries under this key, for one engine.
    pub fn new(key: Vec<u8>) -> Self {
        Self(CodeCache::without_folder(SecretSlice::from(key), "engine".to_owned()))
    }

    /// An entry under the key with this body: the length of the spec and everything that follows it.
    pub fn entry(&self, component: &str, body: &[u8]) -> Vec<u8> {
        self.0.entry(&digest(component), body)
    }

    /// Whether an entry would be loaded for this component.
    pub fn verifies(&self, component: &str, entry: &[u8]) -> bool {
        self.0.verify(&digest(component), entry).is_some()
    }
}

fn digest(component: &str) -> ComponentDigest {
    ComponentDigest(component.to_owned())
}

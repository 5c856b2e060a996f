//! Loading a component: it is vetted, compiled or taken from the cache, queried for its spec, and linked.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use innkeeper_spec::{ConnectorSpec, draft};
use innkeeper_store::ComponentDigest;
use sha2::{Digest, Sha256};
use wasmtime::component::Component;

use crate::cache::{hex, load_trusted};
use crate::contract::ConnectorPre;
use crate::engine::Runtime;
use crate::error::LoadError;
use crate::exports::Exports;
use crate::guest::Guest;
use crate::stack::on_deep_stack;
use crate::vet::vet;

/// Where a connector's compiled code came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// Compiled just now.
    Compiled,
    /// Taken from the cache on disk.
    Cached,
}

/// A connector that is ready to be called. Cheap to clone.
#[derive(Clone)]
pub struct Connector {
    pub(crate) inner: Arc<Loaded>,
}

pub(crate) struct Loaded {
    pub(crate) digest: ComponentDigest,
    pub(crate) spec: Arc<ConnectorSpec>,
    pub(crate) draft: draft::ConnectorSpec,
    pub(crate) code: Code,
    pub(crate) imports: Vec<String>,
    pub(crate) exports: Exports,
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector")
            .field("id", &self.spec().about.id)
            .field("digest", &self.inner.digest)
            .finish_non_exhaustive()
    }
}

impl Connector {
    /// Its spec, checked.
    pub fn spec(&self) -> &Arc<ConnectorSpec> {
        &self.inner.spec
    }

    /// Its spec exactly as the component returned it.
    pub fn draft(&self) -> &draft::ConnectorSpec {
        &self.inner.draft
    }

    /// SHA-256 of its bytes.
    pub fn digest(&self) -> &ComponentDigest {
        &self.inner.digest
    }

    /// The interfaces that it can call, with their versions, sorted: `innkeeper:connector/http@0.1.0`. It can reach
    /// nothing else.
    pub fn imports(&self) -> &[String] {
        &self.inner.imports
    }

    /// Where its compiled code came from.
    pub fn code(&self) -> Code {
        self.inner.code
    }
}

impl Runtime {
    /// Loads a connector from a file. See [`Runtime::load`].
    pub async fn load_file(&self, path: impl AsRef<Path>) -> Result<Connector, LoadError> {
        self.load(self.read(path).await?).await
    }

    /// The bytes of a component's file, if it is not larger than this host accepts.
    pub async fn read(&self, path: impl AsRef<Path>) -> Result<Vec<u8>, LoadError> {
        let path = path.as_ref().to_owned();
        let shown = path.display().to_string();
        let limits = self.compile_limits().clone();
        let read = tokio::task::spawn_blocking(move || read_at_most(&path, limits.component)).await;
        let read = read.map_err(std::io::Error::other).flatten();
        let bytes = read.map_err(|error| LoadError::Unreadable { path: shown, reason: error.to_string() })?;
        limits.check_size(bytes.len())?;
        Ok(bytes)
    }

    /// Loads a connector from its bytes.
    ///
    /// Compiling takes 0.1 to 0.3 s for a guest in Rust and seconds for one in JavaScript or Python. With a cache,
    /// that happens once per component, and once for callers who load it at the same time. It runs where
    /// [`crate::Compiler`] says, within [`crate::CompileLimits`], and stops when this future is dropped. The spec is
    /// read in the same sandbox, without access to anything.
    ///
    /// Fails, naming what is wrong, if the bytes are not a component of the world `connector`, import what a
    /// connector cannot have, have more of something than is compiled, or return a spec that breaks its rules.
    /// Nothing is stored on failure.
    pub async fn load(&self, bytes: Vec<u8>) -> Result<Connector, LoadError> {
        let (bytes, digest, imports) = self.vetted(bytes).await?;
        if let Some((component, draft)) = self.cached(&digest).await {
            return self.finish((digest, imports), &component, draft, Code::Cached).await;
        }
        let shared = &self.shared;
        let _waiting = shared.compilers.queue()?;
        let flight = shared.flights.join(&digest);
        let mut flight = flight.lock().await;
        if let Some(connector) = &*flight {
            return Ok(connector.clone());
        }
        let code = shared
            .compilers
            .compile(bytes, (&shared.engine, shared.fingerprint.as_str()), &*shared.sandbox.clock)
            .await?;
        let (component, code) = self.deserialized(code).await?;
        let pre = self.link(&component)?;
        let draft = self.read_spec(&pre).await.map_err(|error| LoadError::SpecRun(Box::new(error)))?;
        let connector = self.finish((digest, imports), &component, draft, Code::Compiled).await?;
        self.keep(&connector, code).await;
        *flight = Some(connector.clone());
        Ok(connector)
    }

    /// Counting and hashing a large component take a while.
    async fn vetted(&self, bytes: Vec<u8>) -> Result<(Vec<u8>, ComponentDigest, Vec<String>), LoadError> {
        let limits = self.compile_limits().clone();
        limits.check_size(bytes.len())?;
        let vetting = move || {
            let imports = on_deep_stack("innkeeper-vet", || vet(&bytes, &limits)).map_err(LoadError::invalid)??;
            Ok((digest(&bytes), imports, bytes))
        };
        let vetted = tokio::task::spawn_blocking(vetting).await.map_err(LoadError::invalid)?;
        vetted.map(|(digest, imports, bytes)| (bytes, digest, imports))
    }

    async fn cached(&self, digest: &ComponentDigest) -> Option<(Component, draft::ConnectorSpec)> {
        self.shared.cache.as_ref()?;
        let (shared, digest) = (self.shared.clone(), digest.clone());
        let load = move || shared.cache.as_ref().and_then(|cache| cache.load(&digest, &shared.engine));
        // If the task panicked, it found nothing that can be trusted.
        tokio::task::spawn_blocking(load).await.ok().flatten()
    }

    /// Code that this host's compiler has just made, ready to run, and its bytes.
    async fn deserialized(&self, code: Vec<u8>) -> Result<(Component, Vec<u8>), LoadError> {
        let engine = self.shared.engine.clone();
        let load = move || (load_trusted(&engine, &code), code);
        let (component, code) = tokio::task::spawn_blocking(load).await.map_err(LoadError::invalid)?;
        let component = component.map_err(|error| {
            let reason = format!("{error:#}");
            // The engine has no type for this error.
            let is_too_large = reason.contains("pooling allocator");
            let limits = "it does not fit into the limits `memory` and `table_elements` of this host: ";
            LoadError::invalid(if is_too_large { limits.to_owned() + &reason } else { reason })
        })?;
        Ok((component, code))
    }

    fn link(&self, component: &Component) -> Result<ConnectorPre<Guest>, LoadError> {
        self.shared.linker.instantiate_pre(component).and_then(ConnectorPre::new).map_err(|error| unfit(&error))
    }

    async fn finish(
        &self,
        (digest, imports): (ComponentDigest, Vec<String>),
        component: &Component,
        draft: draft::ConnectorSpec,
        code: Code,
    ) -> Result<Connector, LoadError> {
        let (draft, spec) = self.parse_spec(draft).await?;
        let spec = Arc::new(spec);
        let exports = Exports::new(&self.link(component)?).map_err(|error| unfit(&error))?;
        Ok(Connector { inner: Arc::new(Loaded { digest, spec, draft, code, imports, exports }) })
    }

    async fn keep(&self, connector: &Connector, code: Vec<u8>) {
        let (shared, connector) = (self.shared.clone(), connector.clone());
        let store = move || {
            if let Some(cache) = &shared.cache {
                cache.store(&connector.inner.digest, &code, &connector.inner.draft);
            }
        };
        // The connector works even if its code is not stored.
        let _ = tokio::task::spawn_blocking(store).await;
    }
}

fn unfit(error: &wasmtime::Error) -> LoadError {
    LoadError::invalid(format_args!("it does not fit the contract: {error:#}"))
}

/// At most one byte more than that, which shows that there are more.
fn read_at_most(path: &Path, most: usize) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take((most as u64).saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn digest(bytes: &[u8]) -> ComponentDigest {
    ComponentDigest(format!("sha256:{}", hex(&Sha256::digest(bytes))))
}

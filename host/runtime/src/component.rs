//! Loading a component: vetted, compiled or taken from the cache, asked for its spec, linked.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use innkeeper_spec::{ConnectorSpec, draft};
use innkeeper_vault::ComponentDigest;
use sha2::{Digest, Sha256};
use wasmtime::component::Component;

use crate::cache::hex;
use crate::contract::ConnectorPre;
use crate::engine::Runtime;
use crate::error::LoadError;
use crate::exports::Exports;
use crate::guest::Guest;
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
    /// What it says of itself, checked.
    pub fn spec(&self) -> &Arc<ConnectorSpec> {
        &self.inner.spec
    }

    /// What it says of itself, as it says it.
    pub fn draft(&self) -> &draft::ConnectorSpec {
        &self.inner.draft
    }

    /// SHA-256 of its bytes.
    pub fn digest(&self) -> &ComponentDigest {
        &self.inner.digest
    }

    /// The interfaces that it can call, with their versions, sorted: `innkeeper:connector/http@0.1.0`. There is nothing else that it
    /// can reach.
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
        let path = path.as_ref().to_owned();
        let shown = path.display().to_string();
        let read = tokio::task::spawn_blocking(move || std::fs::read(path)).await;
        let read = read.map_err(std::io::Error::other).flatten();
        let bytes = read.map_err(|error| LoadError::Unreadable { path: shown, reason: error.to_string() })?;
        self.load(bytes).await
    }

    /// Loads a connector from its bytes.
    ///
    /// Compiling takes 0.1 to 0.3 s for a guest in Rust and seconds for one in JavaScript or Python; with a cache that is
    /// paid once for each component. The spec is read in the same sandbox, with nothing given.
    ///
    /// Fails, naming what is wrong, when the bytes are no component of the world `connector`, import what a connector
    /// cannot have, or answer a spec that breaks its rules. Nothing is kept of what failed.
    pub async fn load(&self, bytes: Vec<u8>) -> Result<Connector, LoadError> {
        let imports = vet(&bytes)?;
        let digest = digest(&bytes);
        if let Some((component, draft)) = self.cached(&digest).await {
            return self.finish((digest, imports), &component, draft, Code::Cached).await;
        }
        let component = self.compile(bytes).await?;
        let pre = self.link(&component)?;
        let draft = self.read_spec(&pre).await.map_err(|error| LoadError::SpecRun(Box::new(error)))?;
        let connector = self.finish((digest, imports), &component, draft, Code::Compiled).await?;
        self.keep(&connector, component).await;
        Ok(connector)
    }

    async fn cached(&self, digest: &ComponentDigest) -> Option<(Component, draft::ConnectorSpec)> {
        self.shared.cache.as_ref()?;
        let (shared, digest) = (self.shared.clone(), digest.clone());
        let load = move || shared.cache.as_ref().and_then(|cache| cache.load(&digest, &shared.engine));
        // A task that panicked found nothing that can be trusted.
        tokio::task::spawn_blocking(load).await.ok().flatten()
    }

    async fn compile(&self, bytes: Vec<u8>) -> Result<Component, LoadError> {
        let engine = self.shared.engine.clone();
        let compiled = tokio::task::spawn_blocking(move || Component::from_binary(&engine, &bytes)).await;
        compiled
            .map_err(|error| LoadError::Invalid(error.to_string()))?
            .map_err(|error| LoadError::Invalid(format!("{error:#}")))
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

    async fn keep(&self, connector: &Connector, component: Component) {
        let (shared, connector) = (self.shared.clone(), connector.clone());
        let store = move || {
            if let Some(cache) = &shared.cache {
                cache.store(&connector.inner.digest, &component, &connector.inner.draft);
            }
        };
        // The connector works without its code being kept.
        let _ = tokio::task::spawn_blocking(store).await;
    }
}

fn unfit(error: &wasmtime::Error) -> LoadError {
    LoadError::Invalid(format!("it does not fit the contract: {error:#}"))
}

fn digest(bytes: &[u8]) -> ComponentDigest {
    ComponentDigest(format!("sha256:{}", hex(&Sha256::digest(bytes))))
}

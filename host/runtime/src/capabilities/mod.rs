//! What a guest can do, one module a capability. Each has the same shape: what it holds for one call (`PerCall`), the
//! import's functions, and how it is linked. The limits of all stand in [`crate::Limits`].

pub(crate) mod account;
pub(crate) mod connection;
pub(crate) mod http;
pub(crate) mod log;
pub(crate) mod progress;
pub(crate) mod state;
pub(crate) mod wasi;

use wasmtime::Engine;
use wasmtime::component::Linker;

use crate::guest::Guest;

/// A linker with every import of the world `connector`, and nothing else.
pub(crate) fn linker(engine: &Engine) -> wasmtime::Result<Linker<Guest>> {
    let mut linker = Linker::new(engine);
    wasi::link(&mut linker)?;
    log::link(&mut linker)?;
    connection::link(&mut linker)?;
    state::link(&mut linker)?;
    progress::link(&mut linker)?;
    http::link(&mut linker)?;
    Ok(linker)
}

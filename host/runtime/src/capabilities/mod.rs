//! What a guest can do, one module per capability. Each has the same shape: the input from the caller, its part of
//! one call (`PerCall`), a view of that part on which the functions of the import are written, and `link`. The views
//! do not know the store, so every world links the same functions, with a projection from its own store's data to the
//! view. The limits of all are in [`crate::Limits`].

pub(crate) mod connection;
pub(crate) mod http;
pub(crate) mod log;
pub(crate) mod progress;
pub(crate) mod state;
pub(crate) mod wasi;

#[cfg(test)]
mod other_world;

use crate::ended::Ended;

/// The part of a call that an import works on. A guest that uses the import while its spec is read is stopped.
fn in_call<T>(part: Option<T>, import: &'static str) -> wasmtime::Result<T> {
    part.ok_or_else(|| Ended::Impure(import).into())
}

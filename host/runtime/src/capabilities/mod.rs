//! What a guest can do, one module a capability. Each has the same shape: what whoever asks for a call gives it, its part of one call
//! (`PerCall`), a view of that part on which the functions of the import are written, and `link`. The views know no store, so every
//! world links the same functions, with a projection from its own store's data to the view. The limits of all are in
//! [`crate::Limits`].

pub(crate) mod connection;
pub(crate) mod http;
pub(crate) mod log;
pub(crate) mod progress;
pub(crate) mod state;
pub(crate) mod wasi;

#[cfg(test)]
mod other_world;

use crate::ended::Ended;

/// The part of a call that an import works on, or the end of a guest that uses the import while its spec is read.
fn in_call<T>(part: Option<T>, import: &'static str) -> wasmtime::Result<T> {
    part.ok_or_else(|| Ended::Impure(import).into())
}

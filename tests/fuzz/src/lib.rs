//! What must hold for every input that comes from outside.
//!
//! A target takes any bytes and panics where its promise is broken. The tests of this package feed each target its seeds and a fixed
//! number of mutations of them; `cargo xtask fuzz` runs it for as long as is wished, guided by coverage (`cargo-fuzz/`).

mod addresses;
mod callback;
#[cfg(feature = "runtime")]
mod code_entry;
mod headers;
mod json;
mod metadata;
mod multipart;
mod mutator;
mod scrubber;
mod sealed;
mod shown;
mod spec;
mod target;
mod tokens;
#[cfg(feature = "runtime")]
mod vet;

pub use addresses::addresses;
pub use callback::callback;
#[cfg(feature = "runtime")]
pub use code_entry::code_entry;
pub use headers::headers;
pub use json::json;
pub use metadata::metadata;
pub use multipart::multipart;
pub use mutator::Mutator;
pub use scrubber::scrubber;
pub use sealed::sealed;
pub use spec::spec;
pub use target::{TARGETS, Target};
pub use tokens::tokens;
#[cfg(feature = "runtime")]
pub use vet::vet;

//! Runs connectors: WebAssembly components of the world `connector` (`wit/connector`).
//!
//! A [`Runtime`] loads a component once ([`Runtime::load`]): it is vetted, compiled ahead of time (or taken from the
//! cache on disk), queried for its spec in a run without access to anything, and linked. Each [`Runtime::call`] then
//! makes a fresh instance with limited memory, time, answers and logs, and throws it away: nothing of one call is
//! visible to the next.

mod account;
mod body;
mod cache;
mod call;
mod capabilities;
mod checks;
mod compile_limits;
mod compiler;
mod component;
mod contract;
mod convert;
mod count;
mod deadline;
mod ended;
mod engine;
mod error;
mod exports;
mod files;
mod flights;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod guest;
mod limits;
mod places;
mod sandbox;
mod spec_run;
mod stack;
mod text;
mod trap;
mod vet;

pub use cache::CodeCache;
pub use call::{Call, File, Finished, GuestContext, Output};
pub use capabilities::connection::{Claims, ConnectionAccess, User};
pub use capabilities::http::HttpAccess;
pub use capabilities::log::{LogLevel, LogLine};
pub use capabilities::progress::Progress;
pub use capabilities::state::GuestMemory;
pub use compile_limits::CompileLimits;
pub use compiler::{Compiler, CompilerError};
pub use component::{Code, Connector};
pub use engine::{Allocation, Runtime, RuntimeSettings};
pub use error::{ActionFailure, CallError, CallProblem, CheckError, LoadError, SetupError};
pub use limits::Limits;
pub use places::{Crowded, Sharing};
pub use trap::Frame;

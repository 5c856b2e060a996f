//! Write a connector in Rust.
//!
//! An action is a plain function from typed input to typed output. The host that runs it adds the connection's
//! credential to each request; nothing in this crate can read a token.
//!
//! ```
//! use innkeeper_guest::prelude::*;
//!
//! #[derive(Deserialize, JsonSchema)]
//! struct FindBooks {
//!     /// Words in the title.
//!     #[schemars(length(min = 1))]
//!     title: String,
//! }
//!
//! #[derive(Serialize, Deserialize, JsonSchema)]
//! struct Book {
//!     key: String,
//!     title: String,
//! }
//!
//! fn find_books(ctx: &Ctx, input: FindBooks) -> Result<Vec<Book>, Error> {
//!     ctx.get("https://books.example.com/v1/books").query("title", &input.title).send()?.ok()?.json()
//! }
//!
//! fn check(ctx: &Ctx) -> Result<String, Error> {
//!     ctx.get("https://books.example.com/v1/me").send()?.ok()?;
//!     Ok("Connected to the library".to_owned())
//! }
//!
//! fn connector() -> Connector {
//!     Connector::new("books", env!("CARGO_PKG_VERSION"))
//!         .title("Books")
//!         .description("Finds books in the library.")
//!         .auth(Auth::new("bearer"))
//!         .host(Host::name("books.example.com").reason("The library's API"))
//!         .action(Action::new("find_books", find_books).title("Find books").description("Finds books by title.").read().tool())
//!         .check(check)
//! }
//!
//! innkeeper_guest::export!(connector);
//! # fn main() {}
//! ```
//!
//! [`testing`] runs the same functions natively against scripted responses.

mod action;
mod address;
mod auth;
mod body;
mod connector;
mod ctx;
mod error;
mod file;
mod host;
mod log;
mod pages;
mod policies;
mod request;
mod response;
mod retry_after;
mod schema;
mod spec;
mod state;
mod transport;

#[cfg(target_family = "wasm")]
#[doc(hidden)]
pub mod bindings;
#[cfg(target_family = "wasm")]
#[doc(hidden)]
pub mod component;
#[cfg(not(target_family = "wasm"))]
#[doc(hidden)]
pub mod native;
#[cfg(all(target_os = "wasi", target_env = "p2"))]
mod stdio;
#[cfg(not(target_family = "wasm"))]
pub mod testing;

pub use action::{Action, ActionOutput, NoInput};
pub use address::{Address, segment};
pub use auth::Auth;
pub use body::Body;
pub use connector::Connector;
pub use ctx::{Ctx, User};
pub use error::{Error, HttpError};
pub use file::{File, Output};
pub use host::Host;
pub use log::{Level, Log};
pub use pages::Pages;
pub use policies::{Backoff, Policies, RateLimit, Retry, Unauthorized};
pub use request::{Part, RequestBuilder};
pub use response::{ErrorBody, Response};
pub use spec::{
    About, ActionSpec, Annotation, AuthDeclaration, ConnectorSpec, CredentialUse, HostPattern, HostRule, Scope,
    Standing,
};
pub use state::{Entry, State, StateError};

pub use {base64, schemars, serde, serde_json, serde_json::Value, serde_json::json};

/// Imports what nearly every connector uses.
///
/// The `derive` macros of serde and schemars look for their crates by name, so also list `serde` and `schemars` in your
/// `Cargo.toml`.
pub mod prelude {
    pub use crate::{
        Action, Auth, Body, Connector, Ctx, Error, File, Host, NoInput, Output, Part, Policies, RateLimit, Response,
        Retry, Unauthorized, Value, json, segment, url,
    };
    pub use schemars::JsonSchema;
    pub use serde::{Deserialize, Serialize};
}

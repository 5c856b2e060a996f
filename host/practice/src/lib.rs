//! A practice provider on loopback, for the demo and for people who write connectors: an OAuth 2.0 authorization server
//! with made-up users and a small API in the shape of Google Drive's. Nothing leaves the machine, nothing is stored on disk.
//!
//! - **Authorization server**: metadata (RFC 8414), authorization code with PKCE S256 and `iss` in the answer (RFC 9207),
//!   refresh with rotation and reuse detection, client credentials, revocation (RFC 7009), introspection (RFC 7662).
//! - **API**: `/drive/v3/files`, `/drive/v3/files/{id}`, its content and exports, `/drive/v3/about`.
//! - **`/echo`**: answers with the request that reached it, so that the path of a credential can be observed.
//! - **`/practice/...`**: what happened, counters, and the switches: expire, reset, rate limit.
//!
//! ```
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use std::sync::Arc;
//! use innkeeper_ambient::{SystemClock, SystemRandom};
//! use innkeeper_practice::{Practice, Settings};
//!
//! let provider = Practice::start(Settings::default(), Arc::new(SystemClock), Arc::new(SystemRandom)).await?;
//! assert!(provider.base_url.starts_with("http://127.0.0.1:"));
//! // ... authorize, call, then let every access token expire at once:
//! provider.expire_access_tokens();
//! provider.stop().await;
//! # Ok(())
//! # }
//! ```

mod admin;
mod authorize;
mod bounded;
mod client_authentication;
mod clients;
mod drive;
mod echo;
mod introspect;
mod journal;
mod ledger;
mod metadata;
mod oauth_error;
mod pages;
mod parameters;
mod people;
mod pkce;
mod plain_http;
mod provider;
mod revoke;
mod scopes;
mod scripted_user;
mod server;
mod settings;
mod throttle;
mod token;

pub use clients::{
    CONFIDENTIAL_CLIENT, CONFIDENTIAL_SECRET, Client, GrantType, PUBLIC_CLIENT, SERVICE_CLIENT, SERVICE_SECRET,
};
pub use journal::{Counters, Event, EventKind};
pub use people::{PEOPLE, Person};
pub use scripted_user::{ConsentError, Decision, ScriptedUser, consent};
pub use server::{Practice, Running, StartError};
pub use settings::Settings;

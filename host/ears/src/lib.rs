//! An auth redirect service (EARS): it owns the OAuth clients of providers, so that hosts and their users register none.
//!
//! ```text
//! host                     browser                     this service                     provider
//!  |  authorize address ->  |  GET authorize  ------->  |
//!  |                        |  <------ 302, own state and PKCE, session cookie
//!  |                        |  consent  ------------------------------------------->  |
//!  |                        |  GET callback  -------->  |
//!  |  <--- callback_uri ----|  <------ 302, sealed code
//!  |  POST token {code, pkce_verifier}  ------------->  |  code, own verifier, secret  ->  |
//!  |  <------------------------------------- tokens     |  <----------------------- tokens |
//! ```
//!
//! Nothing is stored, so replicas share a keyring and no state. What is passed through the browser is sealed: the state
//! contains the caller's callback, state and challenge; the code contains the provider's own code, which the provider
//! accepts once, and the caller's challenge, without whose verifier it is not redeemed. Tokens pass through and are not
//! stored.

mod authorize;
mod browser;
mod callback;
mod callers;
mod client_address;
mod json;
mod limits;
mod metrics;
mod observe;
mod presets;
mod rejection;
mod sealed;
mod service;
mod tokens;

pub use innkeeper_egress::Egress;

pub use callers::{CallbackAddress, InvalidCallback};
pub use limits::{EarsLimits, Quota};
pub use presets::{EarsProvider, InvalidProvider, Preset};
pub use service::{EarsError, EarsService, EarsSettings};

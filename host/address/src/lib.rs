//! Addresses that browsers, credentials and secrets may be sent to.
//!
//! [`SecureUrl`] and [`RedirectUri`] are checked once, where they come from a user, a provider or a caller. Code that accepts
//! one need not check it again.

mod loopback;
mod redirect_uri;
mod secure_url;

pub use loopback::{is_loopback, is_loopback_number};
pub use redirect_uri::RedirectUri;
pub use secure_url::{AddressProblem, LONGEST_ADDRESS, SecureUrl};

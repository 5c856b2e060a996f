//! The only way out: every byte that leaves the host, from a guest or an OAuth flow, leaves through [`Egress::send`].
//!
//! These rules hold for each request, and again for each redirect:
//! - scheme, host, port, method and normalised path are on the list that the connection's owner approved;
//! - the name is resolved here, and the connection only goes to addresses that were checked: none that is private,
//!   loopback, link-local, multicast, reserved or a cloud's metadata service, unless the operator named it;
//! - plain http reaches only destinations that the operator allowed; proxies from the environment are ignored;
//! - the credential is attached last, goes to no other origin and to no rule that excludes it, and without one the request
//!   is not sent;
//! - the answer is bounded in time and in the size of its head, its body arrives no faster than it is read, and wherever
//!   it echoes a secret of this request the reader finds `[redacted]`.
//!
//! # What scrubbing cannot do
//! Secrets shorter than four characters are not searched for: they would be found everywhere. A service that answers with the
//! credential in another form (encrypted, truncated, a checksum) is not recognised; approve only hosts that are trusted with
//! the credential, because they receive it. `docs/security.md` describes what a guest can still find out.

mod answer;
mod bound;
mod carrier;
mod egress;
mod error;
mod exchange;
mod failure;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod identity;
mod redirect;
mod request;
mod retry;
mod route;
mod scrub;
mod settings;
mod transport;
mod wall;

pub use answer::body::Body;
pub use answer::response::Response;
pub use carrier::Transport;
pub use egress::Egress;
pub use error::{EgressError, SetupError};
pub use identity::{ClientIdentity, IdentityError};
pub use request::{CredentialMode, Part, PartContent, Redirects, Request, RequestBody};
pub use retry::retry_after;
pub use route::{Attachment, CredentialError, CredentialSource, RequestBudget, RequestHead, Route, SecretFields};
pub use scrub::SHORTEST as SHORTEST_SECRET;
pub use scrub::echoes::{CallEchoes, EchoLimits, Echoes};
pub use settings::Settings;
pub use wall::networks::{Exception, ExceptionError, PrivateNetworks};
pub use wall::resolver::{Resolver, SystemResolver};

//! The one way out: every byte that leaves the host, of a guest or of an OAuth flow, leaves through [`Egress::send`].
//!
//! What holds for each request, and again for each redirect:
//! - scheme, host, port, method and normalised path are on the list that the connection's owner approved;
//! - the name is resolved here, and the connection goes to the very addresses that were checked: none that is private,
//!   loopback, link-local, multicast, reserved or a cloud's metadata service, unless the operator named it;
//! - plain http reaches only what the operator allowed; proxies of the environment are not looked at;
//! - the credential is put on last, goes to no other origin and to no rule that excludes it, and without one the request
//!   stays here;
//! - the answer is bounded in time and in the size of its head, its body arrives no faster than it is read, and wherever
//!   it echoes a secret of this request the reader finds `[redacted]`.
//!
//! # What scrubbing cannot do
//! Secrets shorter than four characters are not looked for: they would be found everywhere. A service that answers with
//! the credential in a form of its own (encrypted, truncated, a checksum) is not recognised; approve only hosts that are trusted with the
//! credential, for they get it. `docs/security.md` says what a guest can still find out.

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

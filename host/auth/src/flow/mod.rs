//! A user's round trip to the authorization server.

mod begin;
mod callback;
mod complete;
mod device;
mod limits;
mod link;
mod parameters;
mod session;
mod signer;
mod ways;

pub use begin::Begun;
pub use callback::Callback;
pub use complete::{Completed, FlowFailure, Refused, authorization_error};
pub use device::{AuthorizationWay, DeviceAuthorization, DeviceFailure, DeviceProgress};
pub(crate) use limits::FlowLimiter;
pub use limits::{FlowLimit, FlowLimits};
pub use link::{LINK_LIFE, LINK_PURPOSE, LONGEST_LINK_LIFE, LinkFailure, StartLink};
pub use parameters::{AuthorizationCode, FlowState, InvalidChallenge, PkceChallenge, PkceVerifier};
pub use session::SessionSecret;
pub use signer::Signer;
pub use ways::{BrowserFlow, ConsentRequest, DeviceCode, DeviceFlow, Issuer, Redemption};

use sha2::{Digest, Sha256};

/// How long a user may take.
pub(crate) const LIFE: std::time::Duration = std::time::Duration::from_mins(10);

/// The hash of a state or a session, as it is stored.
pub(crate) fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

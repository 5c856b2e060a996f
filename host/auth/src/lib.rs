//! How a connection authenticates.
//!
//! - [`AuthTypes`] knows the ways to authenticate, [`Settings`] are one connection's fields after defaults and checks.
//! - [`Auth`] is the rest: it hands [egress](innkeeper_egress) the credential of a request, keeps grants alive, runs
//!   authorization flows and says how a connection stands.
//!
//! Secrets of connections and grants are opened here and nowhere else. They are held in `secrecy` types and appear in no
//! error, log line or `Debug`.

mod address;
mod auth;
mod auth_type;
mod builtin;
mod credential;
mod discovery;
mod error;
mod flow;
mod grant;
mod oauth;
mod revocation;
mod secrets;
mod settings;
mod tending;

pub use address::{check_base, is_loopback, is_loopback_number};
pub use auth::{Auth, AuthOptions};
pub use auth_type::{AuthType, AuthTypes, Credential};
pub use credential::ConnectionCredential;
pub use discovery::Renewing;
pub use error::{AuthError, Reason};
pub use flow::{
    AuthorizationWay, Begun, BrowserFlow, Callback, Completed, ConsentRequest, DeviceAuthorization, DeviceCode,
    DeviceFailure, DeviceFlow, DeviceProgress, FlowFailure, FlowLimits, Issuer, LINK_LIFE, LINK_PURPOSE,
    LONGEST_LINK_LIFE, LinkFailure, RateLimit, Redemption, Refused, SessionSecret, Signer, StartLink,
    authorization_error,
};
pub use grant::{
    Attach, Authorization, ErrorCode, Grant, GrantSource, GrantState, GrantStatus, Nature, PATIENCE, PlaceOnRequest,
    Placement, Renewal, Renewed, SourceContext, TokenAnswer, TokenError, TokenKind,
};
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub use oauth::fuzzing;
pub use oauth::{ClientAssertion, ClientAuthentication, OAuthClient, ProviderClient, ProviderSettings, Revocation};
pub use revocation::{Disconnected, Unrevoked};
pub use secrets::PlaceholderSecrets;
pub use settings::{Declared, Settings, SettingsErrors, SettingsMistake, Sourced, fields_for};
pub use tending::Tended;

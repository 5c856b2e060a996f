//! How a connection authenticates.
//!
//! - [`AuthTypes`] are the supported auth types, [`Settings`] are one connection's fields after defaults and checks.
//! - [`Auth`] is the rest: it provides [egress](innkeeper_egress) with the credential of a request, keeps grants alive, runs
//!   authorization flows and reports the status of a connection.
//!
//! Secrets of connections and grants are opened only here. They are held in `secrecy` types and appear in no error, log line or
//! `Debug`.

mod auth;
mod auth_type;
mod builtin;
mod credential;
mod discovery;
mod error;
mod flow;
mod grant;
mod oauth;
mod registry;
mod revocation;
mod scope;
mod secrets;
mod settings;
mod settings_errors;
mod tending;

pub use auth::{Auth, AuthOptions};
pub use auth_type::{AuthType, Credential};
pub use builtin::is_provider_name;
pub use credential::ConnectionCredential;
pub use error::{AuthError, Reason};
pub use flow::{
    AuthorizationCode, AuthorizationWay, Begun, BrowserFlow, Callback, Completed, ConsentRequest, DeviceAuthorization,
    DeviceCode, DeviceFailure, DeviceFlow, DeviceProgress, FlowFailure, FlowLimit, FlowLimits, FlowState,
    InvalidChallenge, Issuer, LINK_LIFE, LINK_PURPOSE, LONGEST_LINK_LIFE, LinkFailure, PkceChallenge, PkceVerifier,
    Redemption, Refused, SessionSecret, Signer, StartLink, authorization_error,
};
pub use grant::{
    Attach, Authorization, ErrorCode, Grant, GrantSource, GrantState, GrantStatus, Nature, PlaceOnRequest, Placement,
    Renewal, Renewed, SOURCE_TIMEOUT, SourceContext, TokenAnswer, TokenError, TokenKind, check_token,
};
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub use oauth::fuzzing;
pub use oauth::{ClientAssertion, ClientAuthentication, OAuthClient, ProviderClient, ProviderSettings, Revocation};
pub use registry::AuthTypes;
pub use revocation::{Disconnected, Unrevoked};
pub use scope::{InvalidScope, Scope};
pub use secrets::PlaceholderSecrets;
pub use settings::{Declared, Defaults, FieldValues, Settings, Sourced, fields_for};
pub use settings_errors::{SettingsErrors, SettingsMistake};
pub use tending::Tended;

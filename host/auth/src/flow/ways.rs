//! What a source does when a user authorizes it in a browser or on another device.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use innkeeper_address::{RedirectUri, SecureUrl};
use secrecy::SecretString;
use url::Url;

use super::{AuthorizationCode, FlowState, PkceChallenge, PkceVerifier};
use crate::grant::{SourceContext, TokenAnswer, TokenError};
use crate::scope::Scope;

/// A user consents in a browser, which comes back with a code. The host handles the state, PKCE, the callback and its checks.
#[async_trait]
pub trait BrowserFlow: Send + Sync {
    /// The address that the user is sent to, without the request's parameters.
    fn address(&self) -> Url;

    /// The address with the request's parameters.
    fn authorization_url(&self, request: &ConsentRequest<'_>) -> Url;

    /// The issuer that the server sends in the callback (RFC 9207).
    fn issuer(&self) -> Issuer<'_>;

    /// Redeems the code of a callback.
    async fn exchange(&self, redemption: &Redemption<'_>, context: &SourceContext) -> Result<TokenAnswer, TokenError>;
}

/// A user consents on another device, with a code that is entered there (RFC 8628).
#[async_trait]
pub trait DeviceFlow: Send + Sync {
    /// Begins an authorization (section 3.1).
    async fn begin(&self, context: &SourceContext) -> Result<DeviceCode, TokenError>;

    /// Asks whether the user has decided (section 3.4). [`crate::ErrorCode::AuthorizationPending`] and
    /// [`crate::ErrorCode::SlowDown`] mean that the user has not.
    async fn poll(&self, device_code: &SecretString, context: &SourceContext) -> Result<TokenAnswer, TokenError>;
}

/// A request for a user's consent.
#[derive(Clone, Copy, Debug)]
pub struct ConsentRequest<'a> {
    /// The address that the provider sends the browser back to.
    pub redirect_uri: &'a RedirectUri,
    /// The state, which comes back in the callback.
    pub state: &'a FlowState,
    /// The challenge of the verifier that the code is redeemed with.
    pub challenge: &'a PkceChallenge,
    /// The requested scope.
    pub scope: Option<&'a Scope>,
}

/// The values that a code is redeemed with.
#[derive(Clone, Copy)]
pub struct Redemption<'a> {
    /// The code of the callback.
    pub code: &'a AuthorizationCode,
    /// The verifier of the challenge that the user was sent with (RFC 7636, section 4.5).
    pub verifier: &'a PkceVerifier,
    /// The redirect URI that the user was sent with.
    pub redirect_uri: &'a RedirectUri,
}

impl fmt::Debug for Redemption<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redemption").field("redirect_uri", &self.redirect_uri.as_str()).finish_non_exhaustive()
    }
}

/// The issuer that a server sends in callbacks (RFC 9207).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Issuer<'a> {
    /// Every callback contains this issuer.
    Promised(&'a str),
    /// If a callback contains an issuer, it is this one.
    Named(&'a str),
    /// Not known.
    Unknown,
}

/// The answer of a server when an authorization on another device begins (RFC 8628, section 3.2).
pub struct DeviceCode {
    /// The code that the host polls with. As powerful as a grant.
    pub device_code: SecretString,
    /// The code that the user enters: visible characters, at most 64.
    pub user_code: String,
    /// The address that the user opens: https, or http on loopback.
    pub verification_uri: SecureUrl,
    /// The address with the code in it.
    pub verification_uri_complete: Option<SecureUrl>,
    /// How long the code is valid.
    pub expires_in: Duration,
    /// The minimum time between polls.
    pub interval: Duration,
}

impl fmt::Debug for DeviceCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceCode([redacted])")
    }
}

//! What a source does when a person authorizes it: in a browser, or on another device.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use innkeeper_address::{RedirectUri, SecureUrl};
use secrecy::SecretString;
use url::Url;

use super::{AuthorizationCode, FlowState, PkceChallenge, PkceVerifier};
use crate::grant::{SourceContext, TokenAnswer, TokenError};
use crate::scope::Scope;

/// A user consents in a browser, which comes back with a code. The host owns the state, PKCE, the callback and its checks.
#[async_trait]
pub trait BrowserFlow: Send + Sync {
    /// Where the user is sent, without what is asked there.
    fn address(&self) -> Url;

    /// The same with what is asked.
    fn authorization_url(&self, request: &ConsentRequest<'_>) -> Url;

    /// What the server names itself in the callback (RFC 9207).
    fn issuer(&self) -> Issuer<'_>;

    /// Redeems the code of a callback.
    async fn exchange(&self, redemption: &Redemption<'_>, context: &SourceContext) -> Result<TokenAnswer, TokenError>;
}

/// A user consents on another device, by a code that is typed there (RFC 8628).
#[async_trait]
pub trait DeviceFlow: Send + Sync {
    /// Begins an authorization (section 3.1).
    async fn begin(&self, context: &SourceContext) -> Result<DeviceCode, TokenError>;

    /// Asks whether the user has decided (section 3.4). [`crate::ErrorCode::AuthorizationPending`] and
    /// [`crate::ErrorCode::SlowDown`] say that it is not so.
    async fn poll(&self, device_code: &SecretString, context: &SourceContext) -> Result<TokenAnswer, TokenError>;
}

/// What a user is asked.
#[derive(Clone, Copy, Debug)]
pub struct ConsentRequest<'a> {
    /// Where the provider sends the browser back to.
    pub redirect_uri: &'a RedirectUri,
    /// Comes back with it.
    pub state: &'a FlowState,
    /// Of the verifier that the code is redeemed with.
    pub challenge: &'a PkceChallenge,
    /// What is asked for.
    pub scope: Option<&'a Scope>,
}

/// What a code is redeemed with.
#[derive(Clone, Copy)]
pub struct Redemption<'a> {
    /// Of the callback.
    pub code: &'a AuthorizationCode,
    /// Of the challenge that the user was sent with (RFC 7636, section 4.5).
    pub verifier: &'a PkceVerifier,
    /// The one that the user was sent with.
    pub redirect_uri: &'a RedirectUri,
}

impl fmt::Debug for Redemption<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redemption").field("redirect_uri", &self.redirect_uri.as_str()).finish_non_exhaustive()
    }
}

/// What a server names itself in callbacks (RFC 9207).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Issuer<'a> {
    /// It names itself so in every callback.
    Promised(&'a str),
    /// If it names itself, then so.
    Named(&'a str),
    /// Nobody knows.
    Unknown,
}

/// What a server answers when an authorization on another device begins (RFC 8628, section 3.2).
pub struct DeviceCode {
    /// What the host asks with. As good as a grant.
    pub device_code: SecretString,
    /// What the user types: visible characters, at most 64.
    pub user_code: String,
    /// Where the user goes: https, or http on loopback.
    pub verification_uri: SecureUrl,
    /// The same with the code in it.
    pub verification_uri_complete: Option<SecureUrl>,
    /// How long the user has.
    pub expires_in: Duration,
    /// How long to wait between questions at least.
    pub interval: Duration,
}

impl fmt::Debug for DeviceCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceCode([redacted])")
    }
}

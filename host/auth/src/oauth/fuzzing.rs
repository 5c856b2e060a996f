//! Entries for the fuzz targets into what is private otherwise: what authorization servers say, as it is read.

use std::time::Duration;

use secrecy::SecretString;
use url::Url;

use super::answer::{self, AnswerShape, Stage};
use super::device as device_flow;
use super::metadata::{self, Aliases, Metadata};
use crate::grant::{TokenAnswer, TokenError};
use crate::settings;

/// Where an answer holds things, when not where the RFC says.
#[derive(Clone, Debug, Default)]
pub struct Shape {
    /// Names joined by dots.
    pub access_token_path: Option<String>,
    /// Names joined by dots.
    pub token_type_path: Option<String>,
    /// Used whatever the answer says.
    pub token_type: Option<String>,
}

/// Reads the answer of a token endpoint, to a code or to a refresh token.
pub fn tokens(body: &[u8], shape: Shape, refresh: bool) -> Result<TokenAnswer, TokenError> {
    let Shape { access_token_path, token_type_path, token_type } = shape;
    let stage = if refresh { Stage::Refresh } else { Stage::First };
    answer::read(body, &AnswerShape { access_token_path, token_type_path, token_type }, stage)
}

/// What the server answers at the beginning of a device flow.
pub struct Device {
    /// For the host.
    pub device_code: SecretString,
    /// For the user.
    pub user_code: String,
    /// Where the user goes.
    pub verification_uri: Url,
    /// The same, with the code in it.
    pub verification_uri_complete: Option<Url>,
    /// How long the user has.
    pub expires_in: Duration,
    /// How long between two questions.
    pub interval: Duration,
}

/// Reads it.
pub fn device(body: &[u8]) -> Result<Device, TokenError> {
    let answer = device_flow::read(body)?;
    Ok(Device {
        device_code: answer.device_code,
        user_code: answer.user_code,
        verification_uri: answer.verification_uri,
        verification_uri_complete: answer.verification_uri_complete,
        expires_in: answer.expires_in,
        interval: answer.interval,
    })
}

/// Reads the metadata of the issuer that it was looked for at: the addresses in it, and the issuer if it promises to name itself.
pub fn metadata(body: &[u8], issuer: &str) -> Result<(Vec<String>, Option<String>), String> {
    let Metadata {
        authorization_url,
        token_url,
        revocation_url,
        device_authorization_url,
        with_certificate: Aliases { token_url: token_alias, revocation_url: revocation_alias },
        issuer,
    } = Metadata::read(body, issuer)?;
    let addresses =
        [authorization_url, token_url, revocation_url, device_authorization_url, token_alias, revocation_alias];
    Ok((addresses.into_iter().flatten().collect(), issuer))
}

/// Where metadata is looked for, and the issuer that it must be of there.
pub fn metadata_places(address: &Url) -> Vec<(Url, String)> {
    metadata::places(address).into_iter().map(|place| (place.url, place.issuer)).collect()
}

/// Checks an address that credentials or users are sent to.
pub fn check_address(text: &str) -> Result<Url, String> {
    settings::check_address(text)
}

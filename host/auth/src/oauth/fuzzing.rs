//! Entry points for the fuzz targets into otherwise private code that reads the answers of authorization servers.

use url::Url;

use super::answer::{self, AnswerShape, Stage};
use super::device as device_flow;
use super::metadata::{self, Aliases, Metadata, Place};
use crate::flow::DeviceCode;
use crate::grant::{TokenAnswer, TokenError};

/// Where an answer holds its values, if not where the RFC puts them.
#[derive(Clone, Debug, Default)]
pub struct Shape {
    /// Path of names joined by dots.
    pub access_token_path: Option<String>,
    /// Path of names joined by dots.
    pub token_type_path: Option<String>,
    /// Used whatever the answer says.
    pub token_type: Option<String>,
}

/// Reads the answer of a token endpoint to a code or to a refresh token.
pub fn tokens(body: &[u8], shape: Shape, refresh: bool) -> Result<TokenAnswer, TokenError> {
    let Shape { access_token_path, token_type_path, token_type } = shape;
    let stage = if refresh { Stage::Refresh } else { Stage::First };
    answer::read(body, &AnswerShape { access_token_path, token_type_path, token_type }, stage)
}

/// Reads what the server answers at the beginning of a device flow.
pub fn device(body: &[u8]) -> Result<DeviceCode, TokenError> {
    device_flow::read(body)
}

/// Reads the metadata at one of the [`metadata_places`]: its addresses, and the issuer if it promises to identify itself.
pub fn metadata(body: &[u8], url: &Url, issuer: Option<&str>) -> Result<(Vec<String>, Option<String>), String> {
    let Metadata {
        authorization_url,
        token_url,
        revocation_url,
        device_authorization_url,
        with_certificate: Aliases { token_url: token_alias, revocation_url: revocation_alias },
        issuer,
        lacks_s256: _,
    } = Metadata::read(body, &Place { url: url.clone(), issuer: issuer.map(str::to_owned) })?;
    let addresses =
        [authorization_url, token_url, revocation_url, device_authorization_url, token_alias, revocation_alias];
    Ok((addresses.into_iter().flatten().collect(), issuer))
}

/// Where metadata is looked up, and the issuer that it must have there; `None`: one of the same origin.
pub fn metadata_places(address: &Url) -> Vec<(Url, Option<String>)> {
    metadata::places(address).into_iter().map(|place| (place.url, place.issuer)).collect()
}

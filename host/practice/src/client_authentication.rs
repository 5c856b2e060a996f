//! Client authentication (RFC 6749, section 2.3): `client_secret_basic`, `client_secret_post`, or only the id of a
//! public client.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};

use crate::clients::Client;
use crate::ledger::Mark;
use crate::oauth_error::OAuthError;
use crate::parameters::Parameters;
use crate::provider::Provider;

/// Reads the form of a request that a client sent.
pub(crate) fn form(headers: &HeaderMap, body: &[u8]) -> Result<Parameters, OAuthError> {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        Ok(Parameters::parse(body))
    } else {
        Err(OAuthError::InvalidRequest("the body must be application/x-www-form-urlencoded".to_owned()))
    }
}

/// The client that sent the request, identified by its secret, or by its id if it has none.
pub(crate) fn authenticate<'a>(
    provider: &'a Provider,
    headers: &HeaderMap,
    form: &Parameters,
) -> Result<&'a Client, OAuthError> {
    let posted_id = form.one("client_id")?;
    let posted_secret = form.one("client_secret")?;
    let (id, secret) = if let Some(header) = headers.get(AUTHORIZATION) {
        let (id, secret) = basic(header).ok_or(OAuthError::InvalidClient("the Authorization header is not Basic"))?;
        if posted_secret.is_some() || posted_id.is_some_and(|posted| posted != id) {
            let reason = "the client must authenticate in one way, not in two".to_owned();
            return Err(OAuthError::InvalidRequest(reason));
        }
        (id, Some(secret).filter(|secret| !secret.is_empty()))
    } else {
        let id = posted_id.ok_or(OAuthError::InvalidClient("the request names no client"))?;
        (id.to_owned(), posted_secret.map(str::to_owned))
    };
    let client = provider.client(&id).ok_or(OAuthError::InvalidClient("no such client"))?;
    match (client.secret, secret) {
        (None, None) => Ok(client),
        // Digests are compared, so that the time of the comparison reveals nothing about the secret.
        (Some(expected), Some(secret)) if Mark::of(expected) == Mark::of(&secret) => Ok(client),
        (None, Some(_)) => Err(OAuthError::InvalidClient("this client is public and has no secret")),
        (Some(_), Some(_)) => Err(OAuthError::InvalidClient("the client secret is wrong")),
        (Some(_), None) => Err(OAuthError::InvalidClient("this client must authenticate with its secret")),
    }
}

/// Id and secret are form-encoded before they are joined (RFC 6749, section 2.3.1).
fn basic(header: &HeaderValue) -> Option<(String, String)> {
    let (scheme, credentials) = header.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let joined = String::from_utf8(STANDARD.decode(credentials.trim()).ok()?).ok()?;
    let (id, secret) = joined.split_once(':')?;
    Some((form_decoded(id), form_decoded(secret)))
}

fn form_decoded(text: &str) -> String {
    // `=` and `&` have no meaning here; everything between is one value.
    let kept = text.replace('&', "%26").replace('=', "%3D");
    url::form_urlencoded::parse(format!("v={kept}").as_bytes()).map(|(_, value)| value.into_owned()).collect()
}

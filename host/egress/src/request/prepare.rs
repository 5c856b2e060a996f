//! Prepares a request for sending: checks, default headers, placeholders and the encoded body.

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue};
use innkeeper_spec::{CredentialUse, Place};
use percent_encoding::percent_decode_str;
use secrecy::SecretString;
use url::Url;

use crate::egress::Parts;
use crate::request::headers;
use crate::request::payload::{Payload, add_pair};
use crate::request::placeholders::{Filled, Filler, Spelling};
use crate::wall::disguise;
use crate::{CredentialMode, EgressError, Request, RequestHead, Route, SecretFields, wall};

/// A request that is ready to be sent once its credential is attached.
pub(crate) struct Prepared {
    pub(crate) head: RequestHead,
    /// The address with placeholders not filled in.
    pub(crate) shown: Url,
    pub(crate) payload: Payload,
    /// Headers that contain filled-in secrets.
    pub(crate) secret_headers: Vec<HeaderName>,
    /// The secrets that were filled in.
    pub(crate) filled: Vec<Filled>,
    /// The secrets that answers must not contain, whether filled in here or not.
    pub(crate) secrets: Vec<SecretString>,
    /// Whether the credential is attached.
    pub(crate) carries: bool,
}

/// Checks and completes a request. Nothing is filled in before its address has been approved.
pub(crate) fn prepare(parts: &Parts, request: Request, route: &Route<'_>) -> Result<Prepared, EgressError> {
    let Request { method, mut url, query, headers: mut fields, body, credential, .. } = request;
    let carries = credential == CredentialMode::Attach;
    wall::check_shape(&method, &url)?;
    headers::check(&fields)?;
    let mut shown = url.clone();
    add_query(&mut shown, query.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    match wall::admit(route.allow, &method, &url) {
        None => return Err(wall::not_approved(&method, &shown, false)),
        Some(CredentialUse::Never) if carries => return Err(wall::not_with_credential(&method, &shown)),
        Some(_) => {}
    }
    let placeholders = Filler::new(route.placeholders, carries, &method, &shown);
    let moved = fill_address(&mut url, query, &placeholders)?;
    if moved && wall::admit(route.allow, &method, &url) != Some(CredentialUse::Allowed) {
        return Err(wall::not_approved(&method, &shown, false));
    }
    let payload = Payload::new(body, fields.get(CONTENT_TYPE), &placeholders, &*parts.random)?;
    // A request without credential has no use for a spec's header that contains a secret.
    let defaults = route.default_headers.iter().filter(|(_, value)| carries || !value.contains("${secret."));
    headers::add_defaults(&mut fields, defaults)?;
    let secret_headers = fill_headers(&mut fields, &placeholders)?;
    let filled = placeholders.into_filled();
    if let Some(content_type) = &payload.content_type {
        fields.entry(CONTENT_TYPE).or_insert_with(|| content_type.clone());
    }
    let head = RequestHead { method, url, headers: fields };
    disguise::check(route.allow, &head, &shown, payload.method_field.as_deref())?;
    let secrets = route.placeholders.map(SecretFields::all).unwrap_or_default();
    Ok(Prepared { head, shown, payload, secret_headers, filled, secrets, carries })
}

/// Fills in path and query and adds `query`; returns whether the path has changed.
fn fill_address(url: &mut Url, query: Vec<(String, String)>, placeholders: &Filler<'_>) -> Result<bool, EgressError> {
    let path = placeholders.fill_encoded(url.path(), Place::Path)?;
    if let Some(path) = &path {
        url.set_path(path);
        if url.path() != path {
            return Err(EgressError::InvalidRequest(
                "a secret filled into the path would change the path: it cannot be `.` or `..`".to_owned(),
            ));
        }
    }
    if let Some(filled) = url.query().map(|query| placeholders.fill_encoded(query, Place::Query)).transpose()?.flatten()
    {
        url.set_query(Some(&filled));
    }
    let mut filled = Vec::with_capacity(query.len());
    for (name, value) in query {
        let value = placeholders.fill(&value, Spelling::Plain, Place::Query)?.unwrap_or(value);
        filled.push((name, value));
    }
    add_query(url, filled.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    Ok(path.is_some())
}

/// Fills in header values and returns the names of those with placeholders.
fn fill_headers(fields: &mut HeaderMap, placeholders: &Filler<'_>) -> Result<Vec<HeaderName>, EgressError> {
    let mut secret = Vec::new();
    for (name, value) in fields.iter_mut() {
        let Some(filled) = value
            .to_str()
            .ok()
            .map(|text| placeholders.fill(text, Spelling::Plain, Place::Header))
            .transpose()?
            .flatten()
        else {
            continue;
        };
        *value = HeaderValue::from_str(&filled).map_err(|_| {
            EgressError::InvalidRequest(format!(
                "the secret for the header `{name}` contains characters that are not allowed in headers: enter it \
                 again in the connection"
            ))
        })?;
        value.set_sensitive(true);
        secret.push(name.clone());
    }
    Ok(secret)
}

/// Adds percent-encoded pairs after the existing query.
pub(crate) fn add_query<'p>(url: &mut Url, pairs: impl Iterator<Item = (&'p str, &'p str)>) {
    let mut pairs = pairs.peekable();
    if pairs.peek().is_none() {
        return;
    }
    let mut query = url.query().unwrap_or_default().to_owned();
    for (name, value) in pairs {
        add_pair(&mut query, name, value);
    }
    url.set_query(Some(&query));
}

/// Removes every pair with one of these names, and leaves the others unchanged.
pub(crate) fn drop_query(url: &mut Url, names: &[&str]) {
    let Some(query) = url.query() else { return };
    let is_dropped = |pair: &str| {
        let name = pair.split('=').next().unwrap_or_default().replace('+', " ");
        let name = percent_decode_str(&name).decode_utf8_lossy();
        names.iter().any(|dropped| *dropped == name)
    };
    let kept: Vec<&str> = query.split('&').filter(|pair| !is_dropped(pair)).collect();
    if kept.len() < query.split('&').count() {
        let kept = kept.join("&");
        url.set_query(Some(&kept).filter(|kept| !kept.is_empty()).map(String::as_str));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_encoded_behind_what_is_there() {
        let mut url: Url = "https://a.example.com/?x=1%2B".parse().expect("an address");
        add_query(&mut url, [("a b", "c&d=e+ü"), ("$f", "")].into_iter());
        assert_eq!(url.as_str(), "https://a.example.com/?x=1%2B&a%20b=c%26d%3De%2B%C3%BC&%24f=");
    }

    #[test]
    fn a_pair_is_dropped_however_its_name_is_written() {
        let mut url: Url = "https://a.example.com/?key=1&x=%20&%6Bey=2&key&keys=3".parse().expect("an address");
        drop_query(&mut url, &["key"]);
        assert_eq!(url.as_str(), "https://a.example.com/?x=%20&keys=3");
        drop_query(&mut url, &["x", "keys"]);
        assert_eq!(url.as_str(), "https://a.example.com/");
    }
}

//! Fills in what an authorization server says of itself.

use std::collections::BTreeMap;

use innkeeper_spec::AuthDeclaration;
use serde_json::Value;

use crate::auth::Auth;
use crate::auth_type::AuthType;
use crate::oauth::Metadata;
use crate::settings::{Settings, SettingsErrors, check_address};

/// The field that says where.
const FIELD: &str = "discoveryUrl";

impl Auth {
    /// The fields that discovery adds to those that are `given` for a connection: the endpoints that the metadata at
    /// its `discoveryUrl` names (RFC 8414, OpenID Connect Discovery). Nothing where there is no such field or it has no
    /// value. What is given comes first; a default of the connector comes before metadata that its own default leads to.
    ///
    /// The metadata is read through egress: at most 256 KiB, within 30 s, from the address's own origin. It must be of the
    /// issuer that it was looked for at, and its addresses https or on loopback.
    pub async fn discover(
        &self,
        declaration: &AuthDeclaration,
        auth_type: &dyn AuthType,
        config: &Value,
        given: &BTreeMap<String, Value>,
    ) -> Result<BTreeMap<String, Value>, SettingsErrors> {
        let fields = auth_type.fields(declaration);
        let has = |name: &str| fields.iter().any(|field| field.name == name);
        let mut defaults = Settings::defaults(declaration, auth_type, config);
        let text =
            |value: Option<&Value>| value.and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
        let by_hand = text(given.get(FIELD));
        if by_hand.is_some() {
            defaults.clear();
        }
        let Some(address) = by_hand.or_else(|| text(defaults.get(FIELD))).filter(|_| has(FIELD)) else {
            return Ok(BTreeMap::new());
        };
        let error = |reason: String| SettingsErrors::one(FIELD, reason);
        let address = check_address(&address).map_err(error)?;
        let metadata = Metadata::fetch(self.egress(), self.clock(), &address).await.map_err(error)?;
        let mut found = named(metadata, has);
        found.retain(|name, _| text(given.get(name)).or_else(|| text(defaults.get(name))).is_none());
        Ok(found)
    }
}

/// What of the metadata an auth type with these fields has a place for.
fn named(metadata: Metadata, has: impl Fn(&str) -> bool) -> BTreeMap<String, Value> {
    let Metadata { authorization_url, mut token_url, mut revocation_url, device_authorization_url, .. } = metadata;
    // Clients that show a certificate have addresses of their own at some servers.
    if has("certificateBoundTokens") {
        token_url = metadata.with_certificate.token_url.or(token_url);
        revocation_url = metadata.with_certificate.revocation_url.or(revocation_url);
    }
    // Elsewhere the field `issuer` is the client's own.
    let issuer = metadata.issuer.filter(|_| has("authorizationUrl"));
    let found = [
        ("authorizationUrl", authorization_url),
        ("tokenUrl", token_url),
        ("revocationUrl", revocation_url),
        ("deviceAuthorizationUrl", device_authorization_url),
        ("issuer", issuer),
    ];
    let found = found.into_iter().filter(|(name, _)| has(name));
    found.filter_map(|(name, text)| Some((name.to_owned(), Value::from(text?)))).collect()
}

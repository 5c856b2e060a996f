//! Fills in what an authorization server says of itself.

use std::collections::BTreeMap;

use innkeeper_address::SecureUrl;
use innkeeper_spec::AuthDeclaration;
use serde_json::Value;

use crate::auth::Auth;
use crate::auth_type::AuthType;
use crate::oauth::Metadata;
use crate::settings::Settings;
use crate::settings_errors::SettingsErrors;

/// The field that says where.
const FIELD: &str = "discoveryUrl";
const ISSUER: &str = "issuer";

/// Those that metadata fills in, where the auth type has them.
const ENDPOINTS: [&str; 4] = ["authorizationUrl", "tokenUrl", "revocationUrl", "deviceAuthorizationUrl"];

/// What a connection's fields are of.
#[derive(Clone, Copy, Debug)]
pub struct Discovery<'a> {
    /// What the connector says of the auth type.
    pub declaration: &'a AuthDeclaration,
    /// The auth type.
    pub auth_type: &'a dyn AuthType,
    /// The connection's config, which defaults are made from.
    pub config: &'a Value,
}

impl Auth {
    /// The fields that are `given` for a new connection, and the endpoints that the metadata at its `discoveryUrl` names
    /// (RFC 8414, OpenID Connect Discovery). No more than is given where that field has no value. What is given comes first;
    /// a default of the connector comes before metadata that its own default leads to.
    ///
    /// The metadata is read through egress: at most 256 KiB, within 30 s, from the address's own origin. It must be of the
    /// issuer that it was looked for at, and its addresses https or on loopback.
    pub async fn discover(
        &self,
        of: &Discovery<'_>,
        given: BTreeMap<String, Value>,
    ) -> Result<BTreeMap<String, Value>, SettingsErrors> {
        let has = |name: &str| of.has(name);
        let by_hand = text(&given, FIELD);
        let defaults = match by_hand {
            Some(_) => BTreeMap::new(),
            None => Settings::defaults(of.declaration, of.auth_type, of.config),
        };
        let Some(address) = by_hand.or_else(|| text(&defaults, FIELD)).filter(|_| has(FIELD)) else { return Ok(given) };
        let error = |reason: String| SettingsErrors::one(FIELD, reason);
        let address = address.parse::<SecureUrl>().map_err(|problem| error(problem.to_string()))?;
        let metadata = Metadata::fetch(self.egress(), self.clock(), &address).await.map_err(error)?;
        let found = named(metadata, has).into_iter();
        let missing = found.filter(|(name, _)| text(&given, name).or_else(|| text(&defaults, name)).is_none());
        let missing: Vec<_> = missing.collect();
        let mut fields = given;
        fields.extend(missing);
        Ok(fields)
    }

    /// The fields of a connection after a change: those it has `kept` and those that are `changed`. Where its
    /// `discoveryUrl` is changed, or is another than `before` because the config is, the metadata is read as for a new
    /// connection: an endpoint that is not changed by hand comes from there or is gone, for it belonged to the old server.
    pub async fn rediscover(
        &self,
        of: &Discovery<'_>,
        before: &BTreeMap<String, Value>,
        mut kept: BTreeMap<String, Value>,
        changed: BTreeMap<String, Value>,
    ) -> Result<BTreeMap<String, Value>, SettingsErrors> {
        let defaults = Settings::defaults(of.declaration, of.auth_type, of.config);
        let stays = text(&kept, FIELD).is_some() || text(&defaults, FIELD) == text(before, FIELD);
        let named = text(&changed, FIELD).is_some();
        if stays && !named {
            kept.extend(changed);
            return Ok(kept);
        }
        kept.retain(|name, _| !of.fills(name));
        kept.remove(FIELD);
        kept.extend(self.discover(of, changed).await?);
        Ok(kept)
    }
}

impl Discovery<'_> {
    fn has(&self, name: &str) -> bool {
        self.auth_type.fields(self.declaration).iter().any(|field| field.name == name)
    }

    /// Whether metadata has a say in this field.
    fn fills(&self, name: &str) -> bool {
        ENDPOINTS.contains(&name) || (name == ISSUER && self.has(ENDPOINTS[0]))
    }
}

fn text<'f>(fields: &'f BTreeMap<String, Value>, name: &str) -> Option<&'f str> {
    fields.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
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
    let issuer = metadata.issuer.filter(|_| has(ENDPOINTS[0]));
    let found = ENDPOINTS.into_iter().zip([authorization_url, token_url, revocation_url, device_authorization_url]);
    let found = found.chain([(ISSUER, issuer)]).filter(|(name, _)| has(name));
    found.filter_map(|(name, text)| Some((name.to_owned(), Value::from(text?)))).collect()
}

//! Fills in the fields that an authorization server publishes in its metadata.

use std::collections::BTreeMap;

use innkeeper_address::SecureUrl;
use innkeeper_spec::ValueSource;

use crate::auth::Auth;
use crate::oauth::Metadata;
use crate::settings::{Declared, Sourced};
use crate::settings_errors::SettingsErrors;

/// The field with the address of the metadata.
const FIELD: &str = "discoveryUrl";
const ISSUER: &str = "issuer";

/// The fields that metadata fills in, if the auth type has them.
const ENDPOINTS: [&str; 4] = ["authorizationUrl", "tokenUrl", "revocationUrl", "deviceAuthorizationUrl"];

/// What a change of a connection does to the fields that the owner did not set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewing {
    /// They stay as they are.
    Nothing,
    /// The config has changed: fields that were made from the config are made again.
    Templates,
    /// All defaults are taken again from the connector's current version.
    Defaults,
}

impl Auth {
    /// The fields of a new connection: those that are `known`, and the endpoints from the metadata at its `discoveryUrl`
    /// (RFC 8414, OpenID Connect Discovery). Without a value in that field, only the known ones. A known field takes precedence;
    /// a connector's default takes precedence over metadata found through the connector's own default.
    ///
    /// The metadata is read through egress: at most 256 KiB, within 30 s, from the address's own origin. Its issuer must be the
    /// one that it was looked up for, and its addresses must be https or on loopback.
    pub async fn discover(
        &self,
        of: &Declared<'_>,
        known: BTreeMap<String, Sourced>,
    ) -> Result<BTreeMap<String, Sourced>, SettingsErrors> {
        let by_hand = text(&known, FIELD);
        let defaults = match by_hand {
            Some(_) => BTreeMap::new(),
            None => of.defaults(),
        };
        let Some(address) = by_hand.or_else(|| text(&defaults, FIELD)).filter(|_| of.has(FIELD)) else {
            return Ok(known);
        };
        let error = |reason: String| SettingsErrors::one(FIELD, reason);
        let address = address.parse::<SecureUrl>().map_err(|problem| error(problem.to_string()))?;
        let metadata = Metadata::fetch(self.egress(), self.clock(), &address).await.map_err(error)?;
        let found = named(metadata, |name| of.has(name)).into_iter();
        let is_missing = |name: &str| text(&known, name).or_else(|| text(&defaults, name)).is_none();
        let missing: Vec<_> = found.filter(|(name, _)| is_missing(name)).collect();
        let mut fields = known;
        fields.extend(missing);
        Ok(fields)
    }

    /// The fields of a connection after a change: those from `before`, and those that are `given`. If the `discoveryUrl`
    /// changes, whether it was set by the caller or by a connector's default, the metadata is read as for a new connection: an
    /// endpoint that is not given then comes from the new metadata or is removed, because it belonged to the old server.
    pub async fn fields_after(
        &self,
        of: &Declared<'_>,
        before: &BTreeMap<String, Sourced>,
        renewing: Renewing,
        given: BTreeMap<String, Sourced>,
    ) -> Result<BTreeMap<String, Sourced>, SettingsErrors> {
        let stays = |source: ValueSource| match source {
            ValueSource::ConnectorTemplate => renewing == Renewing::Nothing,
            ValueSource::ConnectorDefault | ValueSource::AuthTypeDefault => renewing != Renewing::Defaults,
            _ => true,
        };
        let mut kept = before.clone();
        kept.retain(|_, known| stays(known.source));
        let defaults = of.defaults();
        // A default that is new changes nothing unless the connection follows it.
        let leads_elsewhere = renewing != Renewing::Nothing
            && text(&kept, FIELD).is_none()
            && text(&defaults, FIELD) != text(before, FIELD);
        let is_named = text(&given, FIELD).is_some();
        if !leads_elsewhere && !is_named {
            if renewing == Renewing::Defaults && text(&kept, FIELD).is_none() {
                kept.retain(|name, known| known.source != ValueSource::Discovery || !defaults.contains_key(name));
            }
            kept.extend(given);
            return Ok(kept);
        }
        // What the owner gave stays unless the owner names another server.
        let stays = |known: &Sourced| !is_named && known.source == ValueSource::Given;
        kept.retain(|name, known| (!of.fills(name) && name != FIELD) || stays(known));
        kept.extend(given);
        self.discover(of, kept).await
    }
}

impl Declared<'_> {
    fn has(&self, name: &str) -> bool {
        self.auth_type.fields(self.declaration).iter().any(|field| field.name == name)
    }

    /// Whether metadata may fill in this field.
    fn fills(&self, name: &str) -> bool {
        ENDPOINTS.contains(&name) || (name == ISSUER && self.has(ENDPOINTS[0]))
    }
}

fn text<'f>(fields: &'f BTreeMap<String, Sourced>, name: &str) -> Option<&'f str> {
    fields.get(name).and_then(|field| field.value.as_str()).filter(|text| !text.is_empty())
}

/// The metadata values that an auth type with these fields can use.
fn named(metadata: Metadata, has: impl Fn(&str) -> bool) -> BTreeMap<String, Sourced> {
    let Metadata { authorization_url, mut token_url, mut revocation_url, device_authorization_url, .. } = metadata;
    // Some servers have separate endpoints for clients that present a certificate.
    if has("certificateBoundTokens") {
        token_url = metadata.with_certificate.token_url.or(token_url);
        revocation_url = metadata.with_certificate.revocation_url.or(revocation_url);
    }
    // In other auth types, the field `issuer` is the client's own.
    let issuer = metadata.issuer.filter(|_| has(ENDPOINTS[0]));
    let found = ENDPOINTS.into_iter().zip([authorization_url, token_url, revocation_url, device_authorization_url]);
    let found = found.chain([(ISSUER, issuer)]).filter(|(name, _)| has(name));
    let sourced = |text: String| Sourced { value: text.into(), source: ValueSource::Discovery };
    found.filter_map(|(name, text)| Some((name.to_owned(), sourced(text?)))).collect()
}

//! Fills in what an authorization server says of itself.

use std::collections::BTreeMap;

use innkeeper_address::SecureUrl;
use innkeeper_spec::ValueSource;

use crate::auth::Auth;
use crate::oauth::Metadata;
use crate::settings::{Declared, Sourced};
use crate::settings_errors::SettingsErrors;

/// The field that says where.
const FIELD: &str = "discoveryUrl";
const ISSUER: &str = "issuer";

/// Those that metadata fills in, where the auth type has them.
const ENDPOINTS: [&str; 4] = ["authorizationUrl", "tokenUrl", "revocationUrl", "deviceAuthorizationUrl"];

/// What a change of a connection does to the fields that the owner did not choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewing {
    /// They stay.
    Nothing,
    /// Those that are made from the config are made again: it has changed.
    Templates,
    /// All defaults are taken anew from the connector as it is now.
    Defaults,
}

impl Auth {
    /// The fields that are `known` of a new connection, and the endpoints that the metadata at its `discoveryUrl` names
    /// (RFC 8414, OpenID Connect Discovery). No more than is known where that field has no value. What is known comes first;
    /// a default of the connector comes before metadata that its own default leads to.
    ///
    /// The metadata is read through egress: at most 256 KiB, within 30 s, from the address's own origin. It must be of the
    /// issuer that it was looked for at, and its addresses https or on loopback.
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

    /// The fields of a connection after a change: those that were there `before`, and those that are `given`. Where its
    /// `discoveryUrl` changes, by hand or because a default of the connector does, the metadata is read as for a new
    /// connection: an endpoint that is not given comes from there or is gone, for it belonged to the old server.
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
        let leads_elsewhere = text(&kept, FIELD).is_none() && text(&defaults, FIELD) != text(before, FIELD);
        if !leads_elsewhere && text(&given, FIELD).is_none() {
            if renewing == Renewing::Defaults && text(&kept, FIELD).is_none() {
                kept.retain(|name, known| known.source != ValueSource::Discovery || !defaults.contains_key(name));
            }
            kept.extend(given);
            return Ok(kept);
        }
        kept.retain(|name, _| !of.fills(name) && name != FIELD);
        kept.extend(given);
        self.discover(of, kept).await
    }
}

impl Declared<'_> {
    fn has(&self, name: &str) -> bool {
        self.auth_type.fields(self.declaration).iter().any(|field| field.name == name)
    }

    /// Whether metadata has a say in this field.
    fn fills(&self, name: &str) -> bool {
        ENDPOINTS.contains(&name) || (name == ISSUER && self.has(ENDPOINTS[0]))
    }
}

fn text<'f>(fields: &'f BTreeMap<String, Sourced>, name: &str) -> Option<&'f str> {
    fields.get(name).and_then(|field| field.value.as_str()).filter(|text| !text.is_empty())
}

/// What of the metadata an auth type with these fields has a place for.
fn named(metadata: Metadata, has: impl Fn(&str) -> bool) -> BTreeMap<String, Sourced> {
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
    let sourced = |text: String| Sourced { value: text.into(), source: ValueSource::Discovery };
    found.filter_map(|(name, text)| Some((name.to_owned(), sourced(text?)))).collect()
}

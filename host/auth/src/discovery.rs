//! Fills in the fields that an authorization server publishes in its metadata.

use std::collections::BTreeMap;

use innkeeper_address::SecureUrl;
use innkeeper_spec::ValueSource;

use crate::auth::Auth;
use crate::oauth::Metadata;
use crate::settings::{Declared, Defaults, FieldValues, Sourced};
use crate::settings_errors::SettingsErrors;

/// The field with the address of the metadata.
const FIELD: &str = "discoveryUrl";
const ISSUER: &str = "issuer";

/// The fields that metadata fills in, if the auth type has them.
const ENDPOINTS: [&str; 4] = ["authorizationUrl", "tokenUrl", "revocationUrl", "deviceAuthorizationUrl"];

impl Auth {
    /// The fields of a new connection: those that are `known`, and the endpoints from the metadata at its `discoveryUrl`
    /// (RFC 8414, OpenID Connect Discovery). Without a value in that field, only the known ones. A known field takes precedence;
    /// a connector's default takes precedence over metadata found through the connector's own default.
    ///
    /// The metadata is read through egress: at most 256 KiB, within 30 s, from the address's own origin. Its issuer must be the
    /// one that it was looked up for, or of the same origin where the address names no issuer, and its addresses must be https or on loopback.
    pub async fn discover(&self, of: &Declared<'_>, known: FieldValues) -> Result<FieldValues, SettingsErrors> {
        let is_by_hand = known.plain.get(FIELD).is_some_and(|field| field.source == ValueSource::Given);
        let defaults =
            if is_by_hand && text(&known.plain, FIELD).is_some() { BTreeMap::new() } else { of.plain_defaults() };
        let address = text(&known.plain, FIELD).or_else(|| text(&defaults, FIELD));
        let Some(address) = address.filter(|_| of.has(FIELD)) else {
            return Ok(known);
        };
        let error = |reason: String| SettingsErrors::one(FIELD, reason);
        let address = address.parse::<SecureUrl>().map_err(|problem| error(problem.to_string()))?;
        let metadata = Metadata::fetch(self.egress(), self.clock(), &address).await.map_err(error)?;
        // Only the code flow uses PKCE.
        if metadata.lacks_s256 && of.has(ENDPOINTS[0]) {
            return Err(error(
                "is not usable: it does not list S256 among the PKCE methods that it supports".to_owned(),
            ));
        }
        let found = named(metadata, |name| of.has(name)).into_iter();
        let is_missing = |name: &str| text(&known.plain, name).or_else(|| text(&defaults, name)).is_none();
        let missing: Vec<_> = found.filter(|(name, _)| is_missing(name)).collect();
        let mut fields = known;
        fields.plain.extend(missing);
        Ok(fields)
    }

    /// The fields of a connection after a change: those from `before` that stay, and those that are `given`. A field that the
    /// auth type no longer has goes.
    ///
    /// If the `discoveryUrl` changes, whether it is given or follows a default, the metadata is read as for a new connection. An
    /// endpoint that came from the old metadata then comes from the new one or goes, because it belonged to the old server. If
    /// it is given, that holds for every endpoint; otherwise those that the owner set stay.
    pub async fn fields_after(
        &self,
        of: &Declared<'_>,
        before: FieldValues,
        mut given: FieldValues,
    ) -> Result<FieldValues, SettingsErrors> {
        let address_before = text(&before.plain, FIELD).map(str::to_owned);
        let mut kept = before;
        let is_named = given.plain.contains_key(FIELD);
        // An empty text resets the address to its default.
        if is_named && text(&given.plain, FIELD).is_none() {
            given.plain.extend(of.default(FIELD).map(|default| (FIELD.to_owned(), default)));
        }
        kept.plain.retain(|name, known| of.has(name) && of.keeps(known.source));
        kept.secret.retain(|name, known| of.has(name) && of.keeps(known.source));
        let defaults = of.plain_defaults();
        let address_now = text(&kept.plain, FIELD).or_else(|| text(&defaults, FIELD)).map(str::to_owned);
        let leads_elsewhere = is_named || address_now != address_before;
        if leads_elsewhere {
            let stays = |known: &Sourced| !is_named && known.source == ValueSource::Given;
            kept.plain.retain(|name, known| (!of.fills(name) && name != FIELD) || stays(known));
        } else if of.defaults == Defaults::All && text(&kept.plain, FIELD).is_none() {
            // A default of the connector takes precedence over metadata found through its own default.
            kept.plain.retain(|name, known| known.source != ValueSource::Discovery || !defaults.contains_key(name));
        }
        kept.plain.extend(given.plain);
        kept.secret.extend(given.secret);
        if leads_elsewhere { self.discover(of, kept).await } else { Ok(kept) }
    }
}

impl Declared<'_> {
    fn has(&self, name: &str) -> bool {
        self.fields().iter().any(|field| field.name == name)
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

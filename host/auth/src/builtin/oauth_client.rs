//! What the auth types of OAuth share: the fields of a client, and all mistakes in them at once.

use innkeeper_spec::{FieldKind, FieldSpec};

use super::field::{address, check_scope, optional, required};
use crate::oauth::{ClientAuthentication, OAuthClient};
use crate::settings::{Settings, SettingsErrors, SettingsMistake};

/// Mistakes, gathered while a credential is put together.
#[derive(Debug, Default)]
pub(super) struct Mistakes(Vec<SettingsMistake>);

impl Mistakes {
    /// The value, if there is one.
    pub(super) fn take<T>(&mut self, result: Result<T, SettingsErrors>) -> Option<T> {
        result.map_err(|errors| self.0.extend(errors.0)).ok()
    }

    pub(super) fn note(&mut self, field: &str, reason: impl Into<String>) {
        self.0.push(SettingsMistake::new(field, reason));
    }

    /// The text of a field that must have one.
    pub(super) fn text(&mut self, settings: &Settings, field: &str) -> Option<String> {
        let text = settings.text(field).map(str::to_owned);
        if text.is_none() {
            self.note(field, "is required");
        }
        text
    }

    /// The address of an endpoint, which discovery may have filled in.
    pub(super) fn endpoint(&mut self, settings: &Settings, field: &str) -> Option<url::Url> {
        if settings.text(field).is_none() {
            self.note(field, "is required: give it, or a discoveryUrl whose metadata names it");
            return None;
        }
        self.take(address(settings, field))
    }

    /// Notes an address that is not https, on loopback too.
    pub(super) fn only_https(&mut self, settings: &Settings, field: &str, why: &str) {
        if settings.text(field).is_some() && address(settings, field).is_ok_and(|url| url.scheme() != "https") {
            self.note(field, format!("must use https, on loopback too: {why}"));
        }
    }

    /// A client with token URL, id, scope and revocation URL of the settings, public so far.
    pub(super) fn client(&mut self, settings: &Settings) -> Option<OAuthClient> {
        self.0.extend(check_scope(settings));
        let revocation_url = settings.text("revocationUrl").and_then(|_| self.take(address(settings, "revocationUrl")));
        let (token_url, client_id) = (self.endpoint(settings, "tokenUrl"), self.text(settings, "clientId"));
        let mut client = OAuthClient::new(token_url?, client_id?);
        client.revocation_url = revocation_url;
        client.scope = settings.text("scope").map(str::to_owned);
        Some(client)
    }

    /// A secret in header or body; without a secret the client is public.
    pub(super) fn secret(settings: &Settings, in_header: bool) -> ClientAuthentication {
        match settings.secret("clientSecret").cloned() {
            None => ClientAuthentication::Public,
            Some(secret) if in_header => ClientAuthentication::Basic(secret),
            Some(secret) => ClientAuthentication::Post(secret),
        }
    }

    /// The value, unless there is a mistake.
    pub(super) fn finish<T>(self, value: Option<T>) -> Result<T, SettingsErrors> {
        match value {
            Some(value) if self.0.is_empty() => Ok(value),
            _ => Err(SettingsErrors(self.0)),
        }
    }
}

/// All that is wrong with settings whose credential was tried.
pub(super) fn mistakes<T>(tried: Result<T, SettingsErrors>) -> Vec<SettingsMistake> {
    tried.err().map(|errors| errors.0).unwrap_or_default()
}

pub(super) fn token_url() -> FieldSpec {
    let help = "Where the authorization server gives tokens. Filled in from the discovery URL where that is given.";
    optional("tokenUrl", "Token URL", FieldKind::Url, help)
}

pub(super) fn client_id() -> FieldSpec {
    required("clientId", "Client ID", FieldKind::Text, "The id of the app that is registered at the service.")
}

pub(super) fn scope() -> FieldSpec {
    optional("scope", "Scope", FieldKind::Text, "What the token may be used for, separated by spaces.")
}

pub(super) fn revocation_url() -> FieldSpec {
    optional("revocationUrl", "Revocation URL", FieldKind::Url, "Where tokens are given back (RFC 7009).")
}

pub(super) fn discovery_url() -> FieldSpec {
    let help = "The issuer, or the address of its metadata (RFC 8414, OpenID Connect Discovery): the other addresses are \
                read there once, when the connection is made or this is changed. Those given by hand come first.";
    optional("discoveryUrl", "Discovery URL", FieldKind::Url, help)
}

//! Collects every mistake in a connection's settings while a credential is made from them.

use innkeeper_address::{AddressProblem, SecureUrl};
use secrecy::{ExposeSecret, SecretString};

use crate::grant::is_token_type;
use crate::oauth::{ClientAuthentication, OAuthClient};
use crate::scope::{InvalidScope, Scope};
use crate::settings::Settings;
use crate::settings_errors::{SettingsErrors, SettingsMistake};

/// The mistakes found so far.
#[derive(Debug, Default)]
pub(super) struct Mistakes(Vec<SettingsMistake>);

impl Mistakes {
    pub(super) fn note(&mut self, field: &str, reason: impl Into<String>) {
        self.0.push(SettingsMistake::new(field, reason));
    }

    /// The text of a required field.
    pub(super) fn text(&mut self, settings: &Settings, field: &str) -> Option<String> {
        let text = settings.text(field).map(str::to_owned);
        if text.is_none() {
            self.note(field, "is required");
        }
        text
    }

    /// The text of a required secret field.
    pub(super) fn secret_text(&mut self, settings: &Settings, field: &str) -> Option<SecretString> {
        let text = settings.secret(field).cloned();
        if text.is_none() {
            self.note(field, "is required");
        }
        text
    }

    /// The scope, if it is set.
    pub(super) fn scope(&mut self, settings: &Settings) -> Option<Scope> {
        let scope = settings.text("scope")?.parse();
        scope.map_err(|error: InvalidScope| self.note("scope", error.to_string())).ok()
    }

    /// The URL in a field, if it is set.
    pub(super) fn address(&mut self, settings: &Settings, field: &str) -> Option<SecureUrl> {
        let address = settings.text(field)?.parse();
        address.map_err(|problem: AddressProblem| self.note(field, problem.to_string())).ok()
    }

    /// The URL of an endpoint, which discovery may have filled in.
    pub(super) fn endpoint(&mut self, settings: &Settings, field: &str) -> Option<SecureUrl> {
        if settings.text(field).is_none() {
            self.note(field, "is required: set it, or a discoveryUrl whose metadata contains it");
            return None;
        }
        self.address(settings, field)
    }

    /// Reports a URL that is not https, even on loopback.
    pub(super) fn only_https(&mut self, settings: &Settings, field: &str, why: &str) {
        let address = settings.text(field).and_then(|text| text.parse::<SecureUrl>().ok());
        if address.is_some_and(|address| address.scheme() != "https") {
            self.note(field, format!("must use https, also on loopback: {why}"));
        }
    }

    /// A client with the token URL, id, scope and revocation URL of the settings; still a public client.
    pub(super) fn client(&mut self, settings: &Settings) -> Option<OAuthClient> {
        let client_id = self.text(settings, "clientId");
        self.client_of_id(settings, client_id)
    }

    /// The same, with a known id.
    pub(super) fn client_of_id(&mut self, settings: &Settings, client_id: Option<String>) -> Option<OAuthClient> {
        let (scope, revocation_url) = (self.scope(settings), self.address(settings, "revocationUrl"));
        let token_type = settings.text("tokenType").map(str::to_owned);
        if token_type.as_deref().is_some_and(|text| !is_token_type(text)) {
            self.note("tokenType", "must be one word, such as Bearer");
        }
        let mut client = OAuthClient::new(self.endpoint(settings, "tokenUrl")?, client_id?);
        client.revocation_url = revocation_url;
        client.scope = scope;
        client.shape.token_type = token_type;
        Some(client)
    }

    /// A secret in the header or body; without a secret, the client is public.
    pub(super) fn secret(settings: &Settings, in_header: bool) -> ClientAuthentication {
        match settings.secret("clientSecret").cloned() {
            None => ClientAuthentication::Public,
            Some(secret) if in_header => ClientAuthentication::Basic(secret),
            Some(secret) => ClientAuthentication::Post(secret),
        }
    }

    /// The text of a required secret field that is put into a header unchanged.
    pub(super) fn header_text(&mut self, settings: &Settings, field: &str) -> Option<SecretString> {
        let secret = self.secret_text(settings, field)?;
        self.check_header_text(field, &secret);
        Some(secret)
    }

    /// Reports a secret that cannot be put into a header unchanged.
    pub(super) fn check_header_text(&mut self, field: &str, secret: &SecretString) {
        let text = secret.expose_secret();
        if !text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ') || text.trim() != text {
            self.note(
                field,
                "must be visible characters without a space or line break at either end (perhaps one was pasted with it)",
            );
        }
    }

    /// The value, if there are no mistakes.
    pub(super) fn finish<T>(self, value: Option<T>) -> Result<T, SettingsErrors> {
        match value {
            Some(value) if self.0.is_empty() => Ok(value),
            _ => Err(SettingsErrors(self.0)),
        }
    }
}

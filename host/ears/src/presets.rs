//! The providers at which the service has a client.

use innkeeper_address::SecureUrl;
use innkeeper_auth::{ProviderSettings, Revocation, is_provider_name};
use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

/// A provider whose addresses and peculiarities are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// Requests offline access, so that there is a refresh token.
    Google,
    /// The Microsoft identity platform; a tenant is a part of its addresses.
    Microsoft,
    /// A user's token: `user_scope`, in `authed_user` of the answer.
    Slack,
}

impl Preset {
    /// The preset of a provider of this name.
    pub fn of(name: &str) -> Option<Self> {
        match name {
            "google" => Some(Self::Google),
            "microsoft" => Some(Self::Microsoft),
            "slack" => Some(Self::Slack),
            _ => None,
        }
    }

    /// `tenant` is used only for Microsoft: a tenant's id or domain, `organizations`, `consumers` or `common`.
    fn fill(self, provider: &mut EarsProvider) {
        let tenant = provider.tenant.as_deref().unwrap_or("organizations");
        let microsoft =
            |endpoint: &str| Some(format!("https://login.microsoftonline.com/{tenant}/oauth2/v2.0/{endpoint}"));
        let (authorization, token, revocation) = match self {
            Self::Google => (
                Some("https://accounts.google.com/o/oauth2/v2/auth?access_type=offline&prompt=consent".to_owned()),
                Some("https://oauth2.googleapis.com/token".to_owned()),
                Some("https://oauth2.googleapis.com/revoke".to_owned()),
            ),
            // It has no address to revoke tokens at.
            Self::Microsoft => (microsoft("authorize"), microsoft("token"), None),
            Self::Slack => (
                Some("https://slack.com/oauth/v2/authorize".to_owned()),
                Some("https://slack.com/api/oauth.v2.access".to_owned()),
                Some("https://slack.com/api/auth.revoke".to_owned()),
            ),
        };
        let own_revocation = provider.token_url.is_none();
        let url = |text: Option<String>| text.and_then(|text| text.parse().ok());
        provider.authorization_url = provider.authorization_url.take().or_else(|| url(authorization));
        provider.token_url = provider.token_url.take().or_else(|| url(token));
        // The preset does not revoke tokens of another address.
        if own_revocation {
            provider.revocation_url = provider.revocation_url.take().or_else(|| url(revocation));
        }
        match self {
            Self::Slack => {
                let text = |own: &mut Option<String>, preset: &str| {
                    own.get_or_insert_with(|| preset.to_owned());
                };
                text(&mut provider.scope_parameter, "user_scope");
                text(&mut provider.access_token_path, "authed_user.access_token");
                text(&mut provider.token_type, "Bearer");
                provider.secret_in_header.get_or_insert(true);
                provider.revoked_by_token.get_or_insert(true);
            }
            Self::Google | Self::Microsoft => {
                provider.secret_in_header.get_or_insert(false);
            }
        }
    }
}

/// A provider as its operator configures it. Values that are not set come from the [`Preset`] of its name, if there
/// is one.
///
/// It is read from a file as `EarsProvider<S>`, where `S` says where the secret is;
/// [`try_with_secret`](EarsProvider::try_with_secret) then replaces that with the secret.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EarsProvider<S = SecretString> {
    /// The client id of the app that is registered at the provider.
    pub client_id: String,
    /// Its secret; `None` for a public client.
    pub client_secret: Option<S>,
    /// Only for Microsoft: which accounts may sign in; `organizations` by default.
    pub tenant: Option<String>,
    /// Where users give consent.
    pub authorization_url: Option<Url>,
    /// Where tokens are issued.
    pub token_url: Option<Url>,
    /// Where tokens are revoked (RFC 7009).
    pub revocation_url: Option<Url>,
    /// Whether a token is revoked by sending it in the header, without client authentication.
    pub revoked_by_token: Option<bool>,
    /// Whether the secret is sent in the Authorization header (which the standard prefers, and the default), not in
    /// the body.
    pub secret_in_header: Option<bool>,
    /// The provider's name for `scope`.
    pub scope_parameter: Option<String>,
    /// Where the token is in the answer: names joined by dots.
    pub access_token_path: Option<String>,
    /// The token's type, whatever the answer says.
    pub token_type: Option<String>,
    /// The issuer that the provider must send in its callbacks (RFC 9207).
    pub issuer: Option<String>,
    /// Scopes that callers may request; empty: any.
    #[serde(default)]
    pub scopes: Vec<String>,
}

/// A provider that is not configured correctly.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("provider `{name}`: {why}")]
pub struct InvalidProvider {
    /// The name of the provider.
    pub name: String,
    /// What is wrong with it, and what to do.
    pub why: String,
}

impl<S> EarsProvider<S> {
    /// The same provider, with the secret that `read` returns for its `client_secret`.
    pub fn try_with_secret<E>(self, read: impl FnOnce(S) -> Result<SecretString, E>) -> Result<EarsProvider, E> {
        Ok(EarsProvider {
            client_secret: self.client_secret.map(read).transpose()?,
            client_id: self.client_id,
            tenant: self.tenant,
            authorization_url: self.authorization_url,
            token_url: self.token_url,
            revocation_url: self.revocation_url,
            revoked_by_token: self.revoked_by_token,
            secret_in_header: self.secret_in_header,
            scope_parameter: self.scope_parameter,
            access_token_path: self.access_token_path,
            token_type: self.token_type,
            issuer: self.issuer,
            scopes: self.scopes,
        })
    }
}

impl EarsProvider {
    /// The client's settings; `name` selects the preset.
    pub(crate) fn settings(mut self, name: &str) -> Result<ProviderSettings, InvalidProvider> {
        let wrong = |why: &str| InvalidProvider { name: name.to_owned(), why: why.to_owned() };
        if !is_provider_name(name) {
            return Err(wrong("a name has at most 64 lower-case letters, digits, `_` and `-`"));
        }
        let preset = Preset::of(name);
        if self.tenant.is_some() && preset != Some(Preset::Microsoft) {
            return Err(wrong("only `microsoft` has a `tenant`: leave it out"));
        }
        let is_tenant = |text: &String| {
            !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.')
        };
        if self.tenant.as_ref().is_some_and(|tenant| !is_tenant(tenant) || tenant.starts_with('.')) {
            return Err(wrong("`tenant` must be a tenant's id or domain, `organizations`, `consumers` or `common`"));
        }
        if let Some(preset) = preset {
            preset.fill(&mut self);
        }
        let address = |field: &str, url: Option<Url>| {
            let secure = url.map(SecureUrl::try_from).transpose();
            secure.map_err(|why| wrong(&format!("`{field}` {why}")))
        };
        let required = |field: &str, url: Option<Url>| {
            address(field, url)?.ok_or_else(|| wrong(&format!("`{field}` is required")))
        };
        let revocation = address("revocation_url", self.revocation_url)?.map(|url| match self.revoked_by_token {
            Some(true) => Revocation::Token(url),
            _ => Revocation::Client(url),
        });
        Ok(ProviderSettings {
            authorization_url: required("authorization_url", self.authorization_url)?,
            token_url: required("token_url", self.token_url)?,
            revocation,
            client_id: self.client_id,
            client_secret: self.client_secret,
            secret_in_header: self.secret_in_header.unwrap_or(true),
            scope_parameter: self.scope_parameter.unwrap_or_else(|| "scope".to_owned()),
            access_token_path: self.access_token_path,
            token_type: self.token_type,
            issuer: self.issuer,
        })
    }
}

impl<S> std::fmt::Debug for EarsProvider<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EarsProvider").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, change: impl FnOnce(&mut EarsProvider)) -> Result<ProviderSettings, InvalidProvider> {
        let mut provider = EarsProvider { client_id: "app".to_owned(), ..EarsProvider::default() };
        change(&mut provider);
        provider.settings(name)
    }

    #[test]
    fn known_providers_need_a_client_alone() {
        let google = of("google", |_| {}).expect("known");
        assert!(google.authorization_url.as_str().contains("access_type=offline"));
        let slack = of("slack", |_| {}).expect("known");
        assert_eq!(slack.scope_parameter, "user_scope");
        assert_eq!(slack.access_token_path.as_deref(), Some("authed_user.access_token"));
        assert!(matches!(slack.revocation, Some(Revocation::Token(_))));
        let microsoft = of("microsoft", |_| {}).expect("known");
        assert_eq!(microsoft.token_url.as_str(), "https://login.microsoftonline.com/organizations/oauth2/v2.0/token");
        assert!(microsoft.revocation.is_none());
    }

    #[test]
    fn a_tenant_is_a_part_of_microsofts_addresses_and_of_no_other() {
        let ours = of("microsoft", |provider| provider.tenant = Some("contoso.example".to_owned())).expect("known");
        assert!(ours.authorization_url.path().starts_with("/contoso.example/"));
        for tenant in ["a/b", "..", "", "a?b", "a b"] {
            assert!(of("microsoft", |provider| provider.tenant = Some(tenant.to_owned())).is_err(), "{tenant}");
        }
        assert!(of("google", |provider| provider.tenant = Some("contoso".to_owned())).is_err());
    }

    #[test]
    fn what_is_given_comes_before_the_preset_and_other_providers_need_their_addresses() {
        let address = |text: &str| Some(text.parse().expect("an address"));
        let google = of("google", |provider| {
            provider.authorization_url = address("http://127.0.0.1:1/authorize");
            provider.token_url = address("http://127.0.0.1:1/token");
        });
        let google = google.expect("complete");
        assert_eq!(google.token_url.as_str(), "http://127.0.0.1:1/token");
        assert!(google.revocation.is_none(), "the preset's address is another server's");
        let why = of("acme", |_| {}).err().expect("incomplete").to_string();
        assert_eq!(why, "provider `acme`: `authorization_url` is required");
        assert!(of("Acme", |_| {}).is_err() && of("a/b", |_| {}).is_err());
    }
}

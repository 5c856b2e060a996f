//! `oauth_client_credentials`: the connector's own identity (RFC 6749, section 4.4).

use innkeeper_spec::{AuthMode, AuthTypeSpec, FieldKind};

use super::field::{address, built_in, check_scope, choice, optional, required};
use crate::auth_type::{AuthType, Credential};
use crate::oauth::{ClientAuthentication, OAuthClient};
use crate::settings::{Settings, SettingsErrors, SettingsMistake};

#[derive(Debug)]
pub(crate) struct OAuthClientCredentials(AuthTypeSpec);

impl OAuthClientCredentials {
    pub(crate) fn new() -> Self {
        let fields = vec![
            required("tokenUrl", "Token URL", FieldKind::Url, "Where the authorization server gives tokens."),
            required("clientId", "Client ID", FieldKind::Text, "The id of the app that is registered at the service."),
            required("clientSecret", "Client secret", FieldKind::Secret, "The secret of that app."),
            optional("scope", "Scope", FieldKind::Text, "What the token may be used for, separated by spaces."),
            choice(
                "tokenEndpointAuthMethod",
                "Client authentication",
                "How the client proves itself: in the request's body, or in its Authorization header.",
                &["client_secret_post", "client_secret_basic"],
            ),
            optional("revocationUrl", "Revocation URL", FieldKind::Url, "Where tokens are given back (RFC 7009)."),
        ];
        let description = "The connector gets tokens for itself; no user takes part.";
        Self(built_in(
            "oauth_client_credentials",
            "OAuth client credentials",
            description,
            fields,
            vec![AuthMode::Shared],
            false,
        ))
    }
}

impl AuthType for OAuthClientCredentials {
    fn spec(&self) -> &AuthTypeSpec {
        &self.0
    }

    fn check(&self, settings: &Settings) -> Vec<SettingsMistake> {
        check_scope(settings).into_iter().collect()
    }

    fn credential(&self, settings: &Settings) -> Result<Credential, SettingsErrors> {
        let authentication = match settings.text("tokenEndpointAuthMethod") {
            None | Some("client_secret_post") => ClientAuthentication::Post,
            Some("client_secret_basic") => ClientAuthentication::Basic,
            Some(_) => {
                let reason = "must be client_secret_post or client_secret_basic";
                return Err(SettingsErrors::one("tokenEndpointAuthMethod", reason));
            }
        };
        let secret =
            settings.secret("clientSecret").ok_or_else(|| SettingsErrors::one("clientSecret", "is required"))?;
        let client_id = settings.text("clientId").ok_or_else(|| SettingsErrors::one("clientId", "is required"))?;
        let mut client = OAuthClient::new(address(settings, "tokenUrl")?, client_id.to_owned());
        client.client_secret = Some(secret.clone());
        client.authentication = authentication;
        client.scope = settings.text("scope").map(str::to_owned);
        if settings.text("revocationUrl").is_some() {
            client.revocation_url = Some(address(settings, "revocationUrl")?);
        }
        Ok(Credential::Grant(Box::new(client)))
    }
}

//! `oauth_authorization_code`: a user's consent (RFC 6749, section 4.1, with PKCE).

use innkeeper_spec::{AuthMode, AuthTypeSpec, FieldKind};
use serde_json::Value;

use super::field::{address, built_in, check_scope, optional, required};
use crate::auth_type::{AuthType, Credential};
use crate::oauth::{AnswerShape, ClientAuthentication, Consent, OAuthClient, is_token_type};
use crate::settings::{Settings, SettingsErrors, SettingsMistake};

#[derive(Debug)]
pub(crate) struct OAuthAuthorizationCode(AuthTypeSpec);

impl OAuthAuthorizationCode {
    pub(crate) fn new() -> Self {
        let mut basic = optional(
            "useBasicAuth",
            "Client secret in the header",
            FieldKind::Flag,
            "Whether the client proves itself in the Authorization header; otherwise in the request's body.",
        );
        basic.default = Some(Value::Bool(true));
        let fields = vec![
            required("authorizationUrl", "Authorization URL", FieldKind::Url, "Where the user gives consent."),
            required("tokenUrl", "Token URL", FieldKind::Url, "Where the authorization server gives tokens."),
            required("clientId", "Client ID", FieldKind::Text, "The id of the app that is registered at the service."),
            optional(
                "clientSecret",
                "Client secret",
                FieldKind::Secret,
                "The secret of that app; a public client has none.",
            ),
            optional("scope", "Scope", FieldKind::Text, "What is asked of the user, separated by spaces."),
            basic,
            optional(
                "scopeParamName",
                "Scope parameter",
                FieldKind::Text,
                "Where the service calls `scope` something else.",
            ),
            optional(
                "accessTokenPath",
                "Access token path",
                FieldKind::Text,
                "Where the answer holds the token elsewhere: names joined by dots, such as authed_user.access_token.",
            ),
            optional("tokenTypePath", "Token type path", FieldKind::Text, "The same for the token's type."),
            optional("tokenType", "Token type", FieldKind::Text, "The type to use, whatever the answer says."),
            optional("revocationUrl", "Revocation URL", FieldKind::Url, "Where tokens are given back (RFC 7009)."),
            optional(
                "issuer",
                "Issuer",
                FieldKind::Text,
                "Set it when the server names itself in its answers (RFC 9207): others are then refused.",
            ),
        ];
        let modes = vec![AuthMode::Shared, AuthMode::PerUser];
        let description = "A user consents in the browser; the host keeps the grant and refreshes it.";
        Self(built_in("oauth_authorization_code", "OAuth with consent", description, fields, modes, true))
    }
}

impl AuthType for OAuthAuthorizationCode {
    fn spec(&self) -> &AuthTypeSpec {
        &self.0
    }

    fn check(&self, settings: &Settings) -> Vec<SettingsMistake> {
        let mut mistakes: Vec<_> = check_scope(settings).into_iter().collect();
        if settings.text("tokenType").is_some() && settings.text("tokenTypePath").is_some() {
            mistakes.push(SettingsMistake::new("tokenType", "contradicts tokenTypePath: give one of them"));
        }
        if settings.text("tokenType").is_some_and(|text| !is_token_type(text)) {
            mistakes.push(SettingsMistake::new("tokenType", "must be one word, such as Bearer"));
        }
        for field in ["accessTokenPath", "tokenTypePath"] {
            if settings.text(field).is_some_and(|path| path.split('.').any(str::is_empty)) {
                mistakes.push(SettingsMistake::new(field, "must be names joined by dots, none of them empty"));
            }
        }
        let managed =
            ["client_id", "response_type", "redirect_uri", "state", "code_challenge", "code_challenge_method"];
        if let Some(name) = settings.text("scopeParamName").filter(|name| managed.contains(name)) {
            mistakes.push(SettingsMistake::new("scopeParamName", format!("cannot be {name}, which OAuth uses itself")));
        }
        mistakes
    }

    fn credential(&self, settings: &Settings) -> Result<Credential, SettingsErrors> {
        let client_id = settings.text("clientId").ok_or_else(|| SettingsErrors::one("clientId", "is required"))?;
        let text = |name| settings.text(name).map(str::to_owned);
        let mut client = OAuthClient::new(address(settings, "tokenUrl")?, client_id.to_owned());
        client.client_secret = settings.secret("clientSecret").cloned();
        client.authentication = if settings.flag("useBasicAuth").unwrap_or(true) {
            ClientAuthentication::Basic
        } else {
            ClientAuthentication::Post
        };
        client.scope = text("scope");
        client.shape = AnswerShape {
            access_token_path: text("accessTokenPath"),
            token_type_path: text("tokenTypePath"),
            token_type: text("tokenType"),
        };
        if settings.text("revocationUrl").is_some() {
            client.revocation_url = Some(address(settings, "revocationUrl")?);
        }
        client.consent = Some(Consent {
            authorization_url: address(settings, "authorizationUrl")?,
            scope_parameter: text("scopeParamName").unwrap_or_else(|| "scope".to_owned()),
            issuer: text("issuer"),
        });
        Ok(Credential::Grant(Box::new(client)))
    }
}

//! `basic`: user name and password (RFC 7617).

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::header::AUTHORIZATION;
use innkeeper_spec::{AuthMode, AuthTypeSpec, FieldKind};
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::field::{built_in, required};
use crate::auth_type::{AuthType, Credential};
use crate::grant::Placement;
use crate::settings::{Settings, SettingsErrors, SettingsMistake};

#[derive(Debug)]
pub(crate) struct Basic(AuthTypeSpec);

impl Basic {
    pub(crate) fn new() -> Self {
        let fields = vec![
            required("username", "User name", FieldKind::Text, "The name of the account at the service."),
            required(
                "password",
                "Password",
                FieldKind::Secret,
                "Its password, or an app password where the service has those.",
            ),
        ];
        let description = "User name and password on every request.";
        Self(built_in("basic", "User name and password", description, fields, vec![AuthMode::Shared], false))
    }
}

impl AuthType for Basic {
    fn spec(&self) -> &AuthTypeSpec {
        &self.0
    }

    fn check(&self, settings: &Settings) -> Vec<SettingsMistake> {
        let mut mistakes = Vec::new();
        let username = settings.text("username").unwrap_or_default();
        // RFC 7617, section 2: the first colon ends the user name.
        if username.contains(':') {
            mistakes.push(SettingsMistake::new("username", "must not contain a colon"));
        }
        if username.chars().any(char::is_control) {
            mistakes.push(SettingsMistake::new("username", "must not contain control characters"));
        }
        if settings.secret("password").is_some_and(|text| text.expose_secret().chars().any(char::is_control)) {
            mistakes
                .push(SettingsMistake::new("password", "must not contain control characters (a line break, perhaps)"));
        }
        mistakes
    }

    fn credential(&self, settings: &Settings) -> Result<Credential, SettingsErrors> {
        let username = settings.text("username").ok_or_else(|| SettingsErrors::one("username", "is required"))?;
        let password = settings.secret("password").ok_or_else(|| SettingsErrors::one("password", "is required"))?;
        let pair = Zeroizing::new(format!("{username}:{}", password.expose_secret()));
        let encoded = Zeroizing::new(BASE64_STANDARD.encode(pair.as_bytes()));
        Ok(Credential::Fixed(Placement {
            headers: vec![(AUTHORIZATION, SecretString::from(format!("Basic {}", *encoded)))],
            secrets: vec![password.clone(), SecretString::from(encoded.as_str()), SecretString::from(pair.as_str())],
            ..Placement::default()
        }))
    }
}

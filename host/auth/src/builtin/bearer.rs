//! `bearer`: a token that somebody made at the service (RFC 6750, section 2.1).

use http::header::AUTHORIZATION;
use innkeeper_spec::{AuthMode, AuthTypeSpec, FieldKind};
use secrecy::{ExposeSecret, SecretString};

use super::field::{built_in, header_text, required};
use crate::auth_type::{AuthType, Credential};
use crate::grant::Placement;
use crate::settings::{Settings, SettingsErrors};

#[derive(Debug)]
pub(crate) struct Bearer(AuthTypeSpec);

impl Bearer {
    pub(crate) fn new() -> Self {
        let fields = vec![required("token", "Token", FieldKind::Secret, "The token alone, without the word Bearer.")];
        let description = "A token that was made at the service, on every request.";
        Self(built_in("bearer", "Bearer token", description, fields, vec![AuthMode::Shared], false))
    }
}

impl AuthType for Bearer {
    fn spec(&self) -> &AuthTypeSpec {
        &self.0
    }

    fn credential(&self, settings: &Settings) -> Result<Credential, SettingsErrors> {
        let token = settings.secret("token").ok_or_else(|| SettingsErrors::one("token", "is required"))?;
        header_text("token", token)?;
        Ok(Credential::Fixed(Placement {
            headers: vec![(AUTHORIZATION, SecretString::from(format!("Bearer {}", token.expose_secret())))],
            secrets: vec![token.clone()],
            ..Placement::default()
        }))
    }
}

//! `bearer`: a token that was created at the service (RFC 6750, section 2.1).

use http::header::AUTHORIZATION;
use innkeeper_spec::FieldKind;
use secrecy::{ExposeSecret, SecretString};

use super::field::{BuiltIn, required};
use super::mistakes::Mistakes;
use crate::auth_type::Credential;
use crate::grant::Placement;
use crate::settings::Settings;
use crate::settings_errors::SettingsErrors;

pub(super) fn auth_type() -> BuiltIn {
    let fields = vec![required("token", "Token", FieldKind::Secret, "Only the token, without the word Bearer.")];
    let description = "A token that you created at the service, sent with every request.";
    BuiltIn::new("bearer", "Bearer token", description, fields, credential)
}

fn credential(settings: &Settings) -> Result<Credential, SettingsErrors> {
    let mut mistakes = Mistakes::default();
    let placement = mistakes.header_text(settings, "token").map(|token| Placement {
        headers: vec![(AUTHORIZATION, SecretString::from(format!("Bearer {}", token.expose_secret())))],
        secrets: vec![token],
        ..Placement::default()
    });
    mistakes.finish(placement.map(Credential::Fixed))
}

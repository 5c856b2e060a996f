//! `basic`: user name and password (RFC 7617).

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::header::AUTHORIZATION;
use innkeeper_spec::FieldKind;
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::field::{BuiltIn, required};
use super::mistakes::Mistakes;
use crate::auth_type::Credential;
use crate::grant::Placement;
use crate::settings::Settings;
use crate::settings_errors::SettingsErrors;

pub(super) fn auth_type() -> BuiltIn {
    let fields = vec![
        required("username", "User name", FieldKind::Text, "The name of the account at the service."),
        required(
            "password",
            "Password",
            FieldKind::Secret,
            "Its password, or an app password if the service has them.",
        ),
    ];
    let description = "A user name and password, sent with every request.";
    BuiltIn::new("basic", "User name and password", description, fields, credential)
}

fn credential(settings: &Settings) -> Result<Credential, SettingsErrors> {
    let mut mistakes = Mistakes::default();
    let (username, password) = (mistakes.text(settings, "username"), mistakes.secret_text(settings, "password"));
    // RFC 7617, section 2: the first colon ends the user name.
    if username.as_ref().is_some_and(|name| name.contains(':')) {
        mistakes.note("username", "must not contain a colon");
    }
    if username.as_ref().is_some_and(|name| name.chars().any(char::is_control)) {
        mistakes.note("username", "must not contain control characters");
    }
    if password.as_ref().is_some_and(|text| text.expose_secret().chars().any(char::is_control)) {
        mistakes.note("password", "must not contain control characters (perhaps there is a line break)");
    }
    let credential = username.zip(password).map(|(username, password)| {
        let pair = Zeroizing::new(format!("{username}:{}", password.expose_secret()));
        let encoded = Zeroizing::new(BASE64_STANDARD.encode(pair.as_bytes()));
        Credential::Fixed(Placement {
            headers: vec![(AUTHORIZATION, SecretString::from(format!("Basic {}", *encoded)))],
            secrets: vec![password, SecretString::from(encoded.as_str()), SecretString::from(pair.as_str())],
            ..Placement::default()
        })
    });
    mistakes.finish(credential)
}

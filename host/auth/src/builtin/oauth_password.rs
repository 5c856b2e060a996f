//! `oauth_password`: a user's password is given to the host (RFC 6749, section 4.3). RFC 9700, section 2.4, forbids it, but
//! some services support nothing else.

use std::sync::Arc;

use innkeeper_spec::FieldKind;
use secrecy::ExposeSecret;

use super::field::{BuiltIn, choice, required};
use super::mistakes::Mistakes;
use super::oauth_client::{client_id, scope, token_type};
use crate::auth_type::Credential;
use crate::oauth::{BodyFormat, OwnGrant, Password, Way};
use crate::settings::Settings;
use crate::settings_errors::SettingsErrors;

/// The maximum length of a user name, in characters.
const LONGEST_USERNAME: usize = 1024;
/// The maximum length of a password or client id, in characters.
const LONGEST: usize = 4096;
/// A warning for the user who creates a connection.
const INSECURE: &str = "the host stores a person's password, which opens the whole account, works without a second factor and cannot be \
     revoked separately; use another auth type if the service supports one";

pub(super) fn auth_type() -> BuiltIn {
    let fields = vec![
        required("tokenUrl", "Token URL", FieldKind::Url, "Where the authorization server issues tokens; https."),
        required("username", "User name", FieldKind::Text, "The name of the account at the service."),
        required("password", "Password", FieldKind::Secret, "Its password."),
        client_id(),
        scope(),
        choice("usernameField", "User name field", "What the service calls the user name.", &["username", "email"]),
        choice(
            "requestBodyFormat",
            "Request format",
            "The format of the request: as in the RFC, or as JSON.",
            &["form", "json"],
        ),
        token_type(),
    ];
    let description = "Insecure, for services that support nothing else: the host stores a person's password and exchanges it for \
         tokens.";
    let title = "OAuth password (insecure)";
    BuiltIn::new("oauth_password", title, description, fields, credential)
        .annotated("standing", "legacy")
        .annotated("insecure", INSECURE)
}

fn credential(settings: &Settings) -> Result<Credential, SettingsErrors> {
    let mut mistakes = Mistakes::default();
    mistakes.only_https(settings, "tokenUrl", "a password is sent to it");
    for (field, longest) in [("username", LONGEST_USERNAME), ("clientId", LONGEST)] {
        if settings.text(field).is_some_and(|text| text.chars().count() > longest) {
            mistakes.note(field, format!("must have at most {longest} characters"));
        }
    }
    let client = mistakes.client(settings);
    let password = password(&mut mistakes, settings);
    let credential = client.zip(password).map(|(mut client, password)| {
        client.way = Way::Alone(OwnGrant::Password(password));
        Credential::Grant(Arc::new(client))
    });
    mistakes.finish(credential)
}

fn password(mistakes: &mut Mistakes, settings: &Settings) -> Option<Password> {
    let username = mistakes.text(settings, "username");
    let Some(password) = settings.secret("password") else {
        mistakes.note("password", "is required");
        return None;
    };
    if password.expose_secret().chars().count() > LONGEST {
        mistakes.note("password", format!("must have at most {LONGEST} characters"));
    }
    Some(Password {
        username_field: settings.text("usernameField").unwrap_or("username").to_owned(),
        username: username?,
        secret: password.clone(),
        format: if settings.text("requestBodyFormat") == Some("json") { BodyFormat::Json } else { BodyFormat::Form },
    })
}

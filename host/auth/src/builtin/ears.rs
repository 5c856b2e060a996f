//! `ears`: a user's consent through an auth redirect service, which owns the OAuth client of the provider.

use std::sync::Arc;

use innkeeper_address::SecureUrl;
use innkeeper_spec::{AuthMode, FieldKind};

use super::field::{BuiltIn, optional, required};
use super::mistakes::Mistakes;
use crate::auth_type::Credential;
use crate::oauth::redirect_service_client;
use crate::settings::Settings;
use crate::settings_errors::SettingsErrors;

/// `base` is the service's address from the host's configuration. Without it, the auth type can only report that there is no
/// service.
pub(super) fn auth_type(base: Option<SecureUrl>) -> BuiltIn {
    let fields = vec![
        required(
            "provider",
            "Provider",
            FieldKind::Text,
            "The provider's name at the auth redirect service: google, microsoft, slack, or another that it is set up for.",
        ),
        optional("scope", "Scope", FieldKind::Text, "The scopes that the user is asked to grant, separated by spaces."),
    ];
    // The first is the default.
    let modes = vec![AuthMode::PerUser, AuthMode::Shared];
    let description = "A user consents in the browser. There is no app to register: the auth redirect service has one. The host \
         stores the grant and refreshes it.";
    let address = base.clone();
    let credential = move |settings: &Settings| credential(base.as_ref(), settings);
    let ears = BuiltIn::new("ears", "Auth redirect service", description, fields, credential).interactive(modes);
    match address {
        Some(address) => ears.at("ears", address),
        None => ears,
    }
}

fn credential(base: Option<&SecureUrl>, settings: &Settings) -> Result<Credential, SettingsErrors> {
    let mut mistakes = Mistakes::default();
    let scope = mistakes.scope(settings);
    let provider = settings.text("provider");
    match provider {
        None => mistakes.note("provider", "is required: google, microsoft, slack or another"),
        Some(provider) if !is_provider_name(provider) => mistakes
            .note("provider", "must be the name of a provider: at most 64 lower-case letters, digits, `_` and `-`"),
        Some(_) => {}
    }
    if base.is_none() {
        let why = "cannot be reached: this host has no auth redirect service; its operator has to set `ears_url`";
        mistakes.note("provider", why);
    }
    let client = provider.zip(base).map(|(provider, base)| redirect_service_client(base, provider, scope));
    mistakes.finish(client.map(|client| Credential::Grant(Arc::new(client))))
}

/// Whether an auth redirect service may use this provider name: 1 to 64 lower-case letters, digits, `_` and `-`. The name
/// becomes part of a path.
pub fn is_provider_name(text: &str) -> bool {
    (1..=LONGEST_PROVIDER).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_' || byte == b'-')
}

/// The maximum length of a provider name, in bytes.
const LONGEST_PROVIDER: usize = 64;

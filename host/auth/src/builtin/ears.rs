//! `ears`: a user's consent by way of an auth redirect service, which owns the OAuth client of the provider.

use std::sync::Arc;

use innkeeper_spec::{AuthMode, AuthTypeSpec, FieldKind};
use url::Url;

use super::field::{built_in, check_scope, optional, required};
use super::oauth_client::mistakes;
use crate::auth_type::{AuthType, Credential};
use crate::oauth::redirect_service_client;
use crate::settings::{Settings, SettingsErrors, SettingsMistake};

/// The longest name of a provider, in bytes.
const LONGEST_PROVIDER: usize = 64;

#[derive(Debug)]
pub(crate) struct Ears {
    spec: AuthTypeSpec,
    /// Where the host's configuration says that the service is.
    base: Option<Url>,
}

impl Ears {
    pub(crate) fn new(base: Option<Url>) -> Self {
        let fields = vec![
            required(
                "provider",
                "Provider",
                FieldKind::Text,
                "What the auth redirect service calls the provider: google, microsoft, slack, or another that it is set up for.",
            ),
            optional("scope", "Scope", FieldKind::Text, "What is asked of the user, separated by spaces."),
        ];
        // The first is what a connection gets that does not say.
        let modes = vec![AuthMode::PerUser, AuthMode::Shared];
        let description = "A user consents in the browser, with no app to register: an auth redirect service has one. \
                           The host keeps the grant and refreshes it.";
        Self { spec: built_in("ears", "Auth redirect service", description, fields, modes, true), base }
    }
}

impl AuthType for Ears {
    fn spec(&self) -> &AuthTypeSpec {
        &self.spec
    }

    fn addresses(&self) -> Vec<(&'static str, Url)> {
        self.base.iter().map(|base| ("ears", base.clone())).collect()
    }

    fn check(&self, settings: &Settings) -> Vec<SettingsMistake> {
        mistakes(self.credential(settings))
    }

    fn credential(&self, settings: &Settings) -> Result<Credential, SettingsErrors> {
        let provider = settings.text("provider");
        let mut mistakes: Vec<_> = check_scope(settings).into_iter().collect();
        match provider {
            None => mistakes.push(SettingsMistake::new("provider", "is required: google, microsoft, slack or another")),
            Some(provider) if !is_name(provider) => mistakes.push(SettingsMistake::new(
                "provider",
                "must be the name of a provider: lower-case letters, digits, `_` and `-`, at most 64",
            )),
            Some(_) => {}
        }
        if self.base.is_none() {
            let why =
                "cannot be reached: this host has no auth redirect service; its operator sets the address `ears_url`";
            mistakes.push(SettingsMistake::new("provider", why));
        }
        match (provider, &self.base) {
            (Some(provider), Some(base)) if mistakes.is_empty() => {
                let client = redirect_service_client(base, provider, settings.text("scope"));
                Ok(Credential::Grant(Arc::new(client)))
            }
            _ => Err(SettingsErrors(mistakes)),
        }
    }
}

/// It becomes a part of a path.
fn is_name(text: &str) -> bool {
    (1..=LONGEST_PROVIDER).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_' || byte == b'-')
}

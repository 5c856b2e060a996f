//! `oauth_client_credentials`: the connector's own identity (RFC 6749, section 4.4).

use std::sync::Arc;

use innkeeper_spec::{AuthMode, AuthTypeSpec, FieldKind};

use super::field::{built_in, choice, required};
use super::oauth_client::{Mistakes, client_id, discovery_url, mistakes, revocation_url, scope, token_url};
use crate::auth_type::{AuthType, Credential};
use crate::settings::{Settings, SettingsErrors, SettingsMistake};

#[derive(Debug)]
pub(crate) struct OAuthClientCredentials(AuthTypeSpec);

impl OAuthClientCredentials {
    pub(crate) fn new() -> Self {
        let fields = vec![
            discovery_url(),
            token_url(),
            client_id(),
            required("clientSecret", "Client secret", FieldKind::Secret, "The secret of that app."),
            scope(),
            choice(
                "tokenEndpointAuthMethod",
                "Client authentication",
                "How the client proves itself: in the request's body, or in its Authorization header.",
                &["client_secret_post", "client_secret_basic"],
            ),
            revocation_url(),
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
        mistakes(self.credential(settings))
    }

    fn credential(&self, settings: &Settings) -> Result<Credential, SettingsErrors> {
        let mut mistakes = Mistakes::default();
        let in_header = match settings.text("tokenEndpointAuthMethod") {
            None | Some("client_secret_post") => false,
            Some("client_secret_basic") => true,
            Some(_) => {
                mistakes.note("tokenEndpointAuthMethod", "must be client_secret_post or client_secret_basic");
                false
            }
        };
        if settings.secret("clientSecret").is_none() {
            mistakes.note("clientSecret", "is required");
        }
        let credential = mistakes.client(settings).map(|mut client| {
            client.authentication = Mistakes::secret(settings, in_header);
            Credential::Grant(Arc::new(client))
        });
        mistakes.finish(credential)
    }
}

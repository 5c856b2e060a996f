//! `oauth_client_credentials`: the connector's own identity (RFC 6749, section 4.4).

use std::sync::Arc;

use innkeeper_spec::FieldKind;

use super::field::{BuiltIn, required};
use super::mistakes::Mistakes;
use super::oauth_client::{client_id, discovery_url, revocation_url, scope, secret_method, token_type, token_url};
use crate::auth_type::Credential;
use crate::settings::Settings;
use crate::settings_errors::SettingsErrors;

pub(super) fn auth_type() -> BuiltIn {
    let fields = vec![
        discovery_url(),
        token_url(),
        client_id(),
        required("clientSecret", "Client secret", FieldKind::Secret, "The app's secret."),
        scope(),
        secret_method("Where the client secret is sent: in the request's body, or in the Authorization header."),
        token_type(),
        revocation_url(),
    ];
    let description = "The connector gets tokens for itself; no user is involved.";
    BuiltIn::new("oauth_client_credentials", "OAuth client credentials", description, fields, credential)
}

fn credential(settings: &Settings) -> Result<Credential, SettingsErrors> {
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

//! `oauth_device_code`: a user's consent, given on another device (RFC 8628).

use std::sync::Arc;

use innkeeper_spec::{AuthMode, FieldKind};

use super::field::{BuiltIn, choice, optional};
use super::mistakes::Mistakes;
use super::oauth_client::{client_id, discovery_url, revocation_url, scope, token_url};
use crate::auth_type::Credential;
use crate::oauth::Way;
use crate::settings::Settings;
use crate::settings_errors::SettingsErrors;

pub(super) fn auth_type() -> BuiltIn {
    let fields = vec![
        discovery_url(),
        optional(
            "deviceAuthorizationUrl",
            "Device authorization URL",
            FieldKind::Url,
            "Where an authorization begins. Filled in from the discovery URL where that is given.",
        ),
        token_url(),
        client_id(),
        optional(
            "clientSecret",
            "Client secret",
            FieldKind::Secret,
            "The secret of that app; a public client has none.",
        ),
        scope(),
        choice(
            "tokenEndpointAuthMethod",
            "Client authentication",
            "How a client with a secret proves itself: in the request's body, or in its Authorization header.",
            &["client_secret_post", "client_secret_basic"],
        ),
        revocation_url(),
    ];
    let modes = vec![AuthMode::Shared, AuthMode::PerUser];
    let description =
        "A user types a code on a page of the service, on any device; the host keeps the grant and refreshes it.";
    BuiltIn::new("oauth_device_code", "OAuth with a device code", description, fields, credential).interactive(modes)
}

fn credential(settings: &Settings) -> Result<Credential, SettingsErrors> {
    let mut mistakes = Mistakes::default();
    let (client, device_url) = (mistakes.client(settings), mistakes.endpoint(settings, "deviceAuthorizationUrl"));
    let credential = client.zip(device_url).map(|(mut client, device_url)| {
        let basic = settings.text("tokenEndpointAuthMethod") == Some("client_secret_basic");
        client.authentication = Mistakes::secret(settings, basic);
        client.way = Way::Device(device_url);
        Credential::Grant(Arc::new(client))
    });
    mistakes.finish(credential)
}

//! `oauth_device_code`: a user's consent, given on another device (RFC 8628).

use std::sync::Arc;

use innkeeper_spec::{AuthMode, FieldKind};

use super::field::{BuiltIn, optional};
use super::mistakes::Mistakes;
use super::oauth_client::{
    client_id, client_secret, discovery_url, revocation_url, scope, secret_method, token_type, token_url,
};
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
            "Where an authorization begins. Read from the discovery URL if that is set.",
        ),
        token_url(),
        client_id(),
        client_secret(),
        scope(),
        secret_method(
            "Where the client secret, if there is one, is sent: in the request's body, or in the Authorization header.",
        ),
        token_type(),
        revocation_url(),
    ];
    let modes = vec![AuthMode::Shared, AuthMode::PerUser];
    let description =
        "A user enters a code on a page of the service, on any device; the host stores the grant and refreshes it.";
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

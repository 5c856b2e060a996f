//! `oauth_client_credentials_private_key_jwt`: the connector's own identity, proven by a signature (RFC 7523, section 2.2).

use std::sync::Arc;

use super::field::BuiltIn;
use super::mistakes::Mistakes;
use super::oauth_client::{audience, client_id, discovery_url, revocation_url, scope, token_type, token_url};
use super::signing_key::{algorithm, certificate, certificate_binding, key_id, passphrase, private_key};
use crate::auth_type::Credential;
use crate::oauth::{ClientAssertion, ClientAuthentication};
use crate::settings::Settings;
use crate::settings_errors::SettingsErrors;

pub(super) fn auth_type() -> BuiltIn {
    let fields = vec![
        discovery_url(),
        token_url(),
        client_id(),
        scope(),
        algorithm(),
        certificate_binding(),
        certificate("PEM: the certificate of the private key, and the certificates of its chain."),
        key_id(),
        private_key(),
        passphrase(),
        audience(),
        token_type(),
        revocation_url(),
    ];
    let description = "The connector gets tokens for itself and authenticates with a private key.";
    BuiltIn::new(
        "oauth_client_credentials_private_key_jwt",
        "OAuth client credentials with a private key",
        description,
        fields,
        credential,
    )
}

fn credential(settings: &Settings) -> Result<Credential, SettingsErrors> {
    let mut mistakes = Mistakes::default();
    let (client, signer) = (mistakes.client(settings), mistakes.signer(settings));
    let credential = client.zip(signer).map(|(mut client, signer)| {
        client.authentication = ClientAuthentication::Assertion(ClientAssertion {
            signer: Arc::new(signer),
            audience: settings.text("audience").map(str::to_owned),
        });
        Credential::Grant(Arc::new(client))
    });
    mistakes.finish(credential)
}

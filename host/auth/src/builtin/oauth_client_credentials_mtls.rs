//! `oauth_client_credentials_mtls`: the connector's own identity, proven by a certificate (RFC 8705, section 2).

use std::sync::Arc;

use innkeeper_egress::{ClientIdentity, IdentityError};
use innkeeper_spec::{FieldKind, FieldSpec};

use super::field::{BuiltIn, optional};
use super::mistakes::Mistakes;
use super::oauth_client::{client_id, discovery_url, revocation_url, scope, token_type, token_url};
use super::signing_key::{certificate, passphrase, private_key};
use crate::auth_type::Credential;
use crate::oauth::ClientAuthentication;
use crate::settings::Settings;
use crate::settings_errors::SettingsErrors;

pub(super) fn auth_type() -> BuiltIn {
    let help =
        "PEM: the client's certificate, issued by an authority or self-signed, and the certificates of its chain.";
    let fields = vec![
        discovery_url(),
        token_url(),
        client_id(),
        FieldSpec { required: true, ..certificate(help) },
        private_key(),
        passphrase(),
        scope(),
        optional(
            "certificateBoundTokens",
            "Tokens are bound to the certificate",
            FieldKind::Flag,
            "Whether services require the certificate together with the token (RFC 8705, section 3).",
        ),
        token_type(),
        revocation_url(),
    ];
    let description = "The connector gets tokens for itself and authenticates with a TLS client certificate.";
    BuiltIn::new(
        "oauth_client_credentials_mtls",
        "OAuth client credentials with a certificate",
        description,
        fields,
        credential,
    )
}

fn credential(settings: &Settings) -> Result<Credential, SettingsErrors> {
    let mut mistakes = Mistakes::default();
    for field in ["tokenUrl", "revocationUrl"] {
        mistakes.only_https(settings, field, "a certificate can only be presented over TLS");
    }
    let (client, identity) = (mistakes.client(settings), identity(&mut mistakes, settings));
    let credential = client.zip(identity).map(|(mut client, identity)| {
        client.authentication = ClientAuthentication::Certificate(identity);
        client.certificate_bound = settings.flag("certificateBoundTokens").unwrap_or(false);
        Credential::Grant(Arc::new(client))
    });
    mistakes.finish(credential)
}

fn identity(mistakes: &mut Mistakes, settings: &Settings) -> Option<ClientIdentity> {
    let (certificates, key) = (mistakes.certificates(settings, "is required"), mistakes.private_key(settings));
    let made = ClientIdentity::new(certificates?.into_chain(), key?.der());
    made.map_err(|error| match error {
        IdentityError::Key => mistakes.note("privateKey", "is of a kind that TLS cannot sign with, or is too small"),
        IdentityError::Mismatch => mistakes.note("certificate", "does not belong to the private key"),
        _ => mistakes.note("certificate", "cannot be used for TLS: use an X.509 certificate of version 3"),
    })
    .ok()
}

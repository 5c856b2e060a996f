//! The fields that the OAuth auth types share.

use innkeeper_spec::{FieldKind, FieldSpec};

use super::field::{choice, optional, required};

pub(super) fn token_url() -> FieldSpec {
    let help = "Where the authorization server issues tokens. Read from the discovery URL if that is set.";
    optional("tokenUrl", "Token URL", FieldKind::Url, help)
}

pub(super) fn client_id() -> FieldSpec {
    required("clientId", "Client ID", FieldKind::Text, "The id of the app that is registered at the service.")
}

/// The fields of a client that may be public.
pub(super) fn client_secret() -> FieldSpec {
    let help = "The app's secret; a public client has none.";
    optional("clientSecret", "Client secret", FieldKind::Secret, help)
}

/// How a client with a secret authenticates.
pub(super) fn secret_method(help: &str) -> FieldSpec {
    choice("tokenEndpointAuthMethod", "Client authentication", help, &["client_secret_post", "client_secret_basic"])
}

/// The fields of a client's signed assertions.
pub(super) fn audience() -> FieldSpec {
    let help = "The audience of the assertions, if it is not the token URL.";
    optional("audience", "Audience", FieldKind::Text, help)
}

pub(super) fn scope() -> FieldSpec {
    optional("scope", "Scope", FieldKind::Text, "The scopes of the token, separated by spaces.")
}

/// For servers whose response names another type than the one to send.
pub(super) fn token_type() -> FieldSpec {
    optional("tokenType", "Token type", FieldKind::Text, "The token type to use, whatever the response says.")
}

pub(super) fn revocation_url() -> FieldSpec {
    optional("revocationUrl", "Revocation URL", FieldKind::Url, "Where tokens are revoked (RFC 7009).")
}

pub(super) fn discovery_url() -> FieldSpec {
    let help = "The issuer, or the address of its metadata (RFC 8414, OpenID Connect Discovery): the other addresses are read \
         from it once, when the connection is created or this field is changed. Addresses that you enter take \
         precedence.";
    optional("discoveryUrl", "Discovery URL", FieldKind::Url, help)
}

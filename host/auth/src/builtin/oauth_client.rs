//! The fields that the OAuth auth types share.

use innkeeper_spec::{FieldKind, FieldSpec};

use super::field::{choice, optional, required};

pub(super) fn token_url() -> FieldSpec {
    let help = "Where the authorization server gives tokens. Filled in from the discovery URL where that is given.";
    optional("tokenUrl", "Token URL", FieldKind::Url, help)
}

pub(super) fn client_id() -> FieldSpec {
    required("clientId", "Client ID", FieldKind::Text, "The id of the app that is registered at the service.")
}

/// The fields of a client that may be public.
pub(super) fn client_secret() -> FieldSpec {
    let help = "The secret of that app; a public client has none.";
    optional("clientSecret", "Client secret", FieldKind::Secret, help)
}

/// How a client with a secret authenticates.
pub(super) fn secret_method(help: &str) -> FieldSpec {
    choice("tokenEndpointAuthMethod", "Client authentication", help, &["client_secret_post", "client_secret_basic"])
}

/// The fields of a client's signed assertions.
pub(super) fn audience() -> FieldSpec {
    let help = "Whom the assertions are for, where that is not the token URL.";
    optional("audience", "Audience", FieldKind::Text, help)
}

pub(super) fn scope() -> FieldSpec {
    optional("scope", "Scope", FieldKind::Text, "What the token may be used for, separated by spaces.")
}

pub(super) fn revocation_url() -> FieldSpec {
    optional("revocationUrl", "Revocation URL", FieldKind::Url, "Where tokens are given back (RFC 7009).")
}

pub(super) fn discovery_url() -> FieldSpec {
    let help = "The issuer, or the address of its metadata (RFC 8414, OpenID Connect Discovery): the other addresses are \
                read there once, when the connection is made or this is changed. Those given by hand come first.";
    optional("discoveryUrl", "Discovery URL", FieldKind::Url, help)
}

//! The fields that the auth types of OAuth share.

use innkeeper_spec::{FieldKind, FieldSpec};

use super::field::{optional, required};

pub(super) fn token_url() -> FieldSpec {
    let help = "Where the authorization server gives tokens. Filled in from the discovery URL where that is given.";
    optional("tokenUrl", "Token URL", FieldKind::Url, help)
}

pub(super) fn client_id() -> FieldSpec {
    required("clientId", "Client ID", FieldKind::Text, "The id of the app that is registered at the service.")
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

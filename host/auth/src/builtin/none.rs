//! `none`: the service requires no credential.

use super::field::BuiltIn;
use crate::auth_type::Credential;

pub(super) fn auth_type() -> BuiltIn {
    let description = "Requests are sent without a credential.";
    BuiltIn::new("none", "No authentication", description, Vec::new(), |_| Ok(Credential::Bare))
}

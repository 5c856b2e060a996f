//! `none`: the service requires no credential.

use super::field::BuiltIn;
use crate::auth_type::Credential;
use crate::settings::Settings;
use crate::settings_errors::SettingsErrors;

pub(super) fn auth_type() -> BuiltIn {
    let description = "Requests are sent without a credential.";
    BuiltIn::new("none", "No authentication", description, Vec::new(), credential)
}

fn credential(_: &Settings) -> Result<Credential, SettingsErrors> {
    Ok(Credential::Bare)
}

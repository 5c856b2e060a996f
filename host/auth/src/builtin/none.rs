//! `none`: the service asks for no credential.

use innkeeper_spec::{AuthMode, AuthTypeSpec};

use super::field::built_in;
use crate::auth_type::{AuthType, Credential};
use crate::settings::{Settings, SettingsErrors};

#[derive(Debug)]
pub(crate) struct NoAuth(AuthTypeSpec);

impl NoAuth {
    pub(crate) fn new() -> Self {
        let description = "Requests are sent without a credential.";
        Self(built_in("none", "No authentication", description, Vec::new(), vec![AuthMode::Shared], false))
    }
}

impl AuthType for NoAuth {
    fn spec(&self) -> &AuthTypeSpec {
        &self.0
    }

    fn credential(&self, _settings: &Settings) -> Result<Credential, SettingsErrors> {
        Ok(Credential::Bare)
    }
}

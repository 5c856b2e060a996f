//! What a way to authenticate is.

use std::fmt;
use std::sync::Arc;

use innkeeper_address::SecureUrl;
use innkeeper_spec::{AuthDeclaration, AuthTypeSpec, FieldSpec};

use crate::grant::{GrantSource, Placement};
use crate::settings::{Settings, declared_fields};
use crate::settings_errors::SettingsErrors;

/// A way to authenticate.
pub trait AuthType: Send + Sync + fmt::Debug {
    /// Its fields, modes and who it is.
    fn spec(&self) -> &AuthTypeSpec;

    /// The fields of a connection whose connector declares this auth type so. Most take those of the spec, with the
    /// declaration's defaults, labels and help; some name a field after a default.
    fn fields(&self, declaration: &AuthDeclaration) -> Vec<FieldSpec> {
        declared_fields(&self.spec().fields, declaration)
    }

    /// Addresses of the host's own configuration that credentials are sent to, each with what the configuration calls it. A callback
    /// that names one of them as its issuer (RFC 9207) is refused where another server was asked.
    fn addresses(&self) -> Vec<(&'static str, SecureUrl)> {
        Vec::new()
    }

    /// The credential that the settings amount to. The error names everything that is wrong with them, also what no single field
    /// can tell: fields that contradict each other, values that cannot go where they must.
    fn credential(&self, settings: &Settings) -> Result<Credential, SettingsErrors>;
}

/// What a connection's settings amount to.
#[derive(Debug)]
pub enum Credential {
    /// Nothing is attached, by declaration.
    Bare,
    /// The same on every request.
    Fixed(Placement),
    /// A token that a source gives and renews.
    Grant(Arc<dyn GrantSource>),
}

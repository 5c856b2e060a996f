//! What an auth type is.

use std::fmt;
use std::sync::Arc;

use innkeeper_address::SecureUrl;
use innkeeper_spec::{AuthDeclaration, AuthTypeSpec, FieldSpec};

use crate::grant::{GrantSource, Placement};
use crate::settings::{Settings, declared_fields};
use crate::settings_errors::SettingsErrors;

/// A way to authenticate.
pub trait AuthType: Send + Sync + fmt::Debug {
    /// Its id, fields and modes.
    fn spec(&self) -> &AuthTypeSpec;

    /// The fields of a connection whose connector declares this auth type with `declaration`. Most types return the fields of
    /// the spec with the declaration's defaults, labels and help; some name a field after a default.
    fn fields(&self, declaration: &AuthDeclaration) -> Vec<FieldSpec> {
        declared_fields(&self.spec().fields, declaration)
    }

    /// The addresses from the host's own configuration that credentials are sent to, each with its name in the configuration. A
    /// callback that names one of them as its issuer (RFC 9207) is rejected if the user was sent to another server.
    fn addresses(&self) -> Vec<(&'static str, SecureUrl)> {
        Vec::new()
    }

    /// The credential that the settings describe. The error lists every mistake, including those that no single field shows:
    /// fields that contradict each other, and values that are not valid where they are sent.
    fn credential(&self, settings: &Settings) -> Result<Credential, SettingsErrors>;
}

/// The credential that a connection's settings describe.
#[derive(Debug)]
pub enum Credential {
    /// Nothing is attached, by declaration.
    Bare,
    /// The same on every request.
    Fixed(Placement),
    /// A token that a source issues and renews.
    Grant(Arc<dyn GrantSource>),
}

//! What a way to authenticate is, and the ways the host knows.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use innkeeper_spec::{AuthDeclaration, AuthTypeId, AuthTypeSpec, FieldSpec};
use url::Url;

use crate::builtin;
use crate::error::AuthError;
use crate::grant::{GrantSource, Placement};
use crate::settings::{Settings, SettingsErrors, SettingsMistake, check_address, declared_fields};

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
    fn addresses(&self) -> Vec<(&'static str, Url)> {
        Vec::new()
    }

    /// What no single field can tell: fields that contradict each other, values that cannot go where they must.
    fn check(&self, _settings: &Settings) -> Vec<SettingsMistake> {
        Vec::new()
    }

    /// The credential that the settings amount to.
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

/// The auth types that a host knows.
#[derive(Clone, Debug)]
pub struct AuthTypes {
    known: BTreeMap<AuthTypeId, Arc<dyn AuthType>>,
}

impl AuthTypes {
    /// Those that come with the host: `none`, `basic`, `bearer`, `api_key_header`, `api_key_query`, and of OAuth
    /// `oauth_client_credentials`, `oauth_client_credentials_private_key_jwt`, `oauth_client_credentials_mtls`,
    /// `oauth_jwt_bearer`, `oauth_password`, `oauth_authorization_code` and `oauth_device_code`, and `ears`, which is of no
    /// use before [`AuthTypes::at_redirect_service`].
    pub fn builtin() -> Self {
        let known =
            builtin::all().into_iter().map(|auth_type| (auth_type.spec().about.id.clone(), auth_type)).collect();
        Self { known }
    }

    /// With `ears` at the auth redirect service of this base address: https, or http on loopback; without a query.
    pub fn at_redirect_service(mut self, base: Url) -> Result<Self, AuthError> {
        let wrong = |why: String| AuthError::RedirectService { address: base.to_string(), why };
        check_address(base.as_str()).map_err(wrong)?;
        if base.query().is_some() {
            return Err(wrong("must not have a query (?...)".to_owned()));
        }
        let ears = builtin::ears(Some(base));
        self.insert(ears.spec().about.id.clone(), ears);
        Ok(self)
    }

    /// Whether `issuer` is what a service of the host's own configuration names itself.
    pub(crate) fn is_own_service(&self, issuer: &str) -> bool {
        let mut own = self.known.values().flat_map(|auth_type| auth_type.addresses());
        own.any(|(_, address)| address.as_str().trim_end_matches('/') == issuer)
    }

    /// Adds one, or replaces the one of the same id.
    pub fn insert(&mut self, id: AuthTypeId, auth_type: Arc<dyn AuthType>) {
        self.known.insert(id, auth_type);
    }

    /// The one of this id.
    pub fn find(&self, id: &AuthTypeId) -> Option<&Arc<dyn AuthType>> {
        self.known.get(id)
    }

    /// The one of this id, or an error that names those there are.
    pub fn require(&self, id: &AuthTypeId) -> Result<&Arc<dyn AuthType>, AuthError> {
        self.find(id).ok_or_else(|| AuthError::UnknownAuthType {
            given: id.to_string(),
            known: self.ids().map(AuthTypeId::as_str).collect::<Vec<_>>().join(", "),
        })
    }

    /// All ids, in order.
    pub fn ids(&self) -> impl Iterator<Item = &AuthTypeId> {
        self.known.keys()
    }
}

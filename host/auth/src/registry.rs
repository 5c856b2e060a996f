//! The auth types that a host supports.

use std::collections::BTreeMap;
use std::sync::Arc;

use innkeeper_address::SecureUrl;
use innkeeper_spec::AuthTypeId;
use url::Url;

use crate::auth_type::AuthType;
use crate::builtin;
use crate::error::AuthError;

/// The auth types that a host supports.
#[derive(Clone, Debug)]
pub struct AuthTypes {
    known: BTreeMap<AuthTypeId, Arc<dyn AuthType>>,
}

impl AuthTypes {
    /// The auth types that come with the host: `none`, `basic`, `bearer`, `api_key_header` and `api_key_query`; the OAuth types
    /// `oauth_client_credentials`, `oauth_client_credentials_private_key_jwt`, `oauth_client_credentials_mtls`,
    /// `oauth_jwt_bearer`, `oauth_password`, `oauth_authorization_code` and `oauth_device_code`; and `ears`, which needs
    /// [`AuthTypes::at_redirect_service`].
    pub fn builtin() -> Self {
        Self { known: builtin::all().map(|auth_type| (auth_type.spec().about.id.clone(), auth_type)).collect() }
    }

    /// Sets the base address of the auth redirect service for `ears`: https, or http on loopback; without a query.
    pub fn at_redirect_service(mut self, base: &Url) -> Result<Self, AuthError> {
        let wrong = |why| AuthError::RedirectService { address: base.to_string(), why };
        let ears = builtin::ears(SecureUrl::base(base.clone()).map_err(wrong)?);
        self.insert(ears.spec().about.id.clone(), ears);
        Ok(self)
    }

    /// Whether `issuer` identifies a service of the host's own configuration.
    pub(crate) fn is_own_service(&self, issuer: &str) -> bool {
        let mut own = self.known.values().flat_map(|auth_type| auth_type.addresses());
        own.any(|(_, address)| address.as_str().trim_end_matches('/') == issuer)
    }

    /// Adds an auth type, or replaces the one with the same id.
    pub fn insert(&mut self, id: AuthTypeId, auth_type: Arc<dyn AuthType>) {
        self.known.insert(id, auth_type);
    }

    /// The auth type with this id.
    pub fn find(&self, id: &AuthTypeId) -> Option<&Arc<dyn AuthType>> {
        self.known.get(id)
    }

    /// The auth type with this id, or an error that lists the available ones.
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

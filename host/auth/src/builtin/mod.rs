//! The auth types that come with the host, one file each, and the code they share.

mod api_key_header;
mod api_key_query;
mod basic;
mod bearer;
mod ears;
mod field;
mod mistakes;
mod none;
mod oauth_authorization_code;
mod oauth_client;
mod oauth_client_credentials;
mod oauth_client_credentials_mtls;
mod oauth_client_credentials_private_key_jwt;
mod oauth_device_code;
mod oauth_jwt_bearer;
mod oauth_password;
mod signing_key;

use std::sync::Arc;

use innkeeper_address::SecureUrl;

use crate::auth_type::AuthType;

pub use ears::is_provider_name;

/// Every auth type that comes with the host.
pub(crate) fn all() -> impl Iterator<Item = Arc<dyn AuthType>> {
    let all = [
        none::auth_type(),
        basic::auth_type(),
        bearer::auth_type(),
        api_key_header::auth_type(),
        api_key_query::auth_type(),
        oauth_client_credentials::auth_type(),
        oauth_client_credentials_private_key_jwt::auth_type(),
        oauth_client_credentials_mtls::auth_type(),
        oauth_jwt_bearer::auth_type(),
        oauth_password::auth_type(),
        oauth_authorization_code::auth_type(),
        oauth_device_code::auth_type(),
        ears::auth_type(None),
    ];
    all.into_iter().map(|auth_type| Arc::new(auth_type) as Arc<dyn AuthType>)
}

/// `ears` with the auth redirect service at this base address.
pub(crate) fn ears(redirect_service: SecureUrl) -> Arc<dyn AuthType> {
    Arc::new(ears::auth_type(Some(redirect_service)))
}

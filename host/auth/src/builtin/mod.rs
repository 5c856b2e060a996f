//! The auth types that come with the host, one file each, and what they share.

mod api_key_header;
mod api_key_query;
mod basic;
mod bearer;
mod ears;
mod field;
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

use url::Url;

use crate::auth_type::AuthType;

/// Speaks to the auth redirect service at `base`; without one it can only say that there is none.
pub(crate) fn ears(base: Option<Url>) -> Arc<dyn AuthType> {
    Arc::new(ears::Ears::new(base))
}

pub(crate) fn all() -> Vec<Arc<dyn AuthType>> {
    vec![
        Arc::new(none::NoAuth::new()),
        Arc::new(basic::Basic::new()),
        Arc::new(bearer::Bearer::new()),
        Arc::new(api_key_header::ApiKeyHeader::new()),
        Arc::new(api_key_query::ApiKeyQuery::new()),
        Arc::new(oauth_client_credentials::OAuthClientCredentials::new()),
        Arc::new(oauth_client_credentials_private_key_jwt::PrivateKeyJwt::new()),
        Arc::new(oauth_client_credentials_mtls::MutualTls::new()),
        Arc::new(oauth_jwt_bearer::OAuthJwtBearer::new()),
        Arc::new(oauth_password::OAuthPassword::new()),
        Arc::new(oauth_authorization_code::OAuthAuthorizationCode::new()),
        Arc::new(oauth_device_code::OAuthDeviceCode::new()),
        ears(None),
    ]
}

//! An auth type for a service that logs in in its own way: a user and a password are exchanged for a session, which goes
//! into a header. It needs nothing of the host but the crate `innkeeper`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http::HeaderValue;
use innkeeper::spec::{About, AuthMode, AuthTypeSpec, FieldKind, FieldSpec};
use innkeeper::{
    Attach, AuthType, AuthTypes, Credential, Grant, GrantSource, Innkeeper, Nature, Placement, Renewal, Renewed,
    SecureUrl, Settings, SettingsErrors, SourceContext, TokenAnswer, TokenError,
};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::json;
use url::Url;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut types = AuthTypes::builtin();
    types.insert("session_login".parse()?, Arc::new(SessionLogin::new()?));
    let folder = std::env::var("FOLDER").unwrap_or_else(|_| "innkeeper-data".to_owned());
    let host = Innkeeper::builder().folder(folder).auth_types(types).open().await?;
    // From here on as with any other auth type: NewConnection::new(space, connector, "session_login") ...
    Ok(host.close().await?)
}

/// The fields of a connection.
#[derive(Debug)]
struct SessionLogin(AuthTypeSpec);

impl SessionLogin {
    fn new() -> Result<Self, Box<dyn std::error::Error>> {
        let field = |name: &str, label: &str, kind| FieldSpec {
            name: name.to_owned(),
            label: label.to_owned(),
            kind,
            required: true,
            ..FieldSpec::default()
        };
        Ok(Self(AuthTypeSpec {
            about: About {
                id: "session_login".parse()?,
                version: semver::Version::new(1, 0, 0),
                title: "Session".to_owned(),
                description: "Logs in with a user and a password.".to_owned(),
                documentation: None,
                icon: None,
            },
            fields: vec![
                field("loginUrl", "Login URL", FieldKind::Url),
                field("user", "User", FieldKind::Text),
                field("password", "Password", FieldKind::Secret),
            ],
            modes: vec![AuthMode::Shared],
            interactive: false,
            hosts: Vec::new(),
            annotations: BTreeMap::new(),
        }))
    }
}

impl AuthType for SessionLogin {
    fn spec(&self) -> &AuthTypeSpec {
        &self.0
    }

    fn credential(&self, settings: &Settings) -> Result<Credential, SettingsErrors> {
        let missing = |name| SettingsErrors::one(name, "is required");
        let login_url = settings.text("loginUrl").ok_or_else(|| missing("loginUrl"))?;
        Ok(Credential::Grant(Arc::new(Login {
            url: login_url.parse().map_err(|_| SettingsErrors::one("loginUrl", "must be an https URL"))?,
            user: settings.text("user").ok_or_else(|| missing("user"))?.to_owned(),
            password: settings.secret("password").ok_or_else(|| missing("password"))?.clone(),
        })))
    }
}

/// Logs in again whenever the session is about to expire.
#[derive(Debug)]
struct Login {
    url: SecureUrl,
    user: String,
    password: SecretString,
}

/// The answer of the service.
#[derive(Deserialize)]
struct Session {
    session: String,
    expires_in: u64,
}

#[async_trait]
impl GrantSource for Login {
    fn identity(&self) -> Vec<&str> {
        vec![self.url.as_str(), &self.user]
    }

    fn renewal(&self) -> Renewal {
        Renewal::ByItself
    }

    async fn renew(&self, _: Option<&Grant>, _: Duration, context: &SourceContext) -> Result<Renewed, TokenError> {
        let body = json!({ "user": self.user, "password": self.password.expose_secret() }).to_string();
        let json = HeaderValue::from_static("application/json");
        let answer = context.post(Url::clone(&self.url), Placement::default(), json, body.into_bytes()).await?;
        let Session { session, expires_in } = serde_json::from_slice(&answer).map_err(|_| TokenError::Source {
            nature: Nature::Passing { spent: false },
            reason: "the answer to the login has no session".to_owned(),
            retry_after: None,
        })?;
        Ok(TokenAnswer::new(session).expires_in(Duration::from_secs(expires_in)).into())
    }

    fn attach(&self, grant: &Grant) -> Attach {
        let name = http::HeaderName::from_static("x-session");
        Attach::Same(Placement { headers: vec![(name, grant.access_token().clone())], ..Placement::default() })
    }
}

//! A provider that only renews tokens: for tests of the service itself.

use innkeeper_fixtures::scripted::{Reply, ScriptedServer};
use serde_json::json;

use crate::service::SECRET_VARIABLE;
use crate::upstreams::wait;

/// Starts it.
pub(crate) fn start() -> ScriptedServer {
    wait(ScriptedServer::start(|received, _| {
        // RFC 6749, section 6.
        assert_eq!((received.target.as_str(), received.form["grant_type"].as_str()), ("/token", "refresh_token"));
        let refresh_token = &received.form["refresh_token"];
        let tokens = json!({
            "access_token": format!("access-of-{refresh_token}"),
            "token_type": "Bearer",
            "expires_in": 3600,
            "refresh_token": format!("next-{refresh_token}"),
        });
        Reply::json(tokens.to_string())
    }))
}

/// The file of a service that has a client there, as the provider `plain`.
pub(crate) fn service_file(provider: &ScriptedServer) -> String {
    format!(
        r#"loopback_callbacks = true
[limits]
tokens = 4000000
connections = 4096
connections_per_address = 4096
[providers.plain]
client_id = "app"
client_secret = {{ env = "{SECRET_VARIABLE}" }}
authorization_url = "{base}/authorize"
token_url = "{base}/token"
"#,
        base = provider.base()
    )
}

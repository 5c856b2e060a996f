//! What is behind the service: an authorization server, a relay before it that learns every secret, and a Drive.

use std::future::Future;
use std::sync::LazyLock;

use innkeeper_fixtures::oidc::{CONFIDENTIAL_POST, OidcOptions, OidcProvider, owner_of};
use innkeeper_fixtures::relay::Relay;
use innkeeper_fixtures::secrets::Secrets;
use tokio::runtime::Runtime;

use crate::drive::Drive;
use crate::hosts::Host;
use crate::service::{SECRET_VARIABLE, Service};

/// The runtime of test servers; tests themselves wait for processes.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime can be made"));

/// Waits for something from a server.
pub(crate) fn wait<T>(for_what: impl Future<Output = T>) -> T {
    RUNTIME.block_on(for_what)
}

/// The secret that the service authenticates with.
pub(crate) fn client_secret() -> &'static str {
    CONFIDENTIAL_POST.secret.expect("it is confidential")
}

/// Everything that is not our process.
pub(crate) struct Upstreams {
    pub(crate) oidc: OidcProvider,
    pub(crate) relay: Relay,
    pub(crate) drive: Drive,
}

impl Upstreams {
    /// Starts it. The service's callbacks are registered, at any port.
    pub(crate) fn start() -> Self {
        Self::start_with(None)
    }

    /// Starts it with access tokens that live for this many seconds.
    pub(crate) fn start_with(access_token_ttl: Option<u32>) -> Self {
        wait(async {
            let redirect_uris = Some(vec!["http://127.0.0.1/v1/google/oauth/callback".to_owned()]);
            let oidc =
                OidcProvider::start(OidcOptions { access_token_ttl, redirect_uris, ..OidcOptions::default() }).await;
            let oidc = oidc.unwrap_or_else(|error| panic!("{error}"));
            let relay = Relay::start(oidc.issuer()).await;
            let drive = Drive::start(oidc.api()).await;
            Self { oidc, relay, drive }
        })
    }

    /// The file of a service that has a client here, as the provider `google`.
    pub(crate) fn service_file(&self) -> String {
        let provider = format!(
            r#"[providers.google]
client_id = "{id}"
client_secret = {{ env = "{SECRET_VARIABLE}" }}
authorization_url = "{authorization}"
token_url = "{token}"
revocation_url = "{revocation}"
issuer = "{issuer}"
"#,
            id = CONFIDENTIAL_POST.id,
            authorization = self.oidc.authorization_endpoint(),
            token = self.relay.url("token"),
            revocation = self.relay.url("token/revocation"),
            issuer = self.oidc.issuer().as_str().trim_end_matches('/'),
        );
        format!("loopback_callbacks = true\n[limits]\nconsents = 100000\ntokens = 100000\n{provider}")
    }

    /// Lets a user authorize a host's connection `drive`, only over HTTP.
    pub(crate) fn authorize(&self, host: &Host, service: &Service, user: &str) {
        let waiting = host.begin_authorization(user);
        let callback = wait(self.oidc.authorize_through(service.base(), waiting.address(), user));
        let callback = callback.unwrap_or_else(|error| panic!("{user}: {error}"));
        visit(callback.as_str());
        host.end_authorization(waiting).succeeded();
    }

    /// Whether the authorization server still accepts an access token.
    pub(crate) fn is_honoured(&self, token: &str) -> bool {
        wait(owner_of(self.oidc.api(), token)).is_some()
    }

    /// Every secret seen so far.
    pub(crate) fn secrets(&self) -> Secrets {
        let mut secrets = Secrets::default().whole("the client's secret", client_secret());
        for passed in self.relay.passed() {
            for (name, value) in &passed.form {
                if ["code", "code_verifier", "refresh_token", "token"].contains(&name.as_str()) {
                    secrets = secrets.random(name, value);
                }
            }
            for name in ["access_token", "refresh_token"] {
                if let Some(token) = passed.answer[name].as_str() {
                    secrets = secrets.random(name, token);
                }
            }
        }
        secrets
    }
}

/// Opens an address as a browser would, and returns the page.
pub(crate) fn visit(address: &str) -> String {
    wait(async {
        let http = innkeeper_fixtures::oidc::plain_client().expect("a client for loopback");
        let answer = http.get(address).send().await.expect("it answers");
        answer.text().await.expect("a page")
    })
}

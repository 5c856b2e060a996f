//! A real authorization server for the tests: npm `oidc-provider`, started as a process on loopback.
//!
//! The server and what it can be told are in `oidc/` beside this crate's manifest; `cargo xtask setup` installs what it
//! needs. It requires PKCE, rotates refresh tokens (a second use kills the grant), sends `iss` (RFC 9207) and answers
//! revocation, introspection and the device flow.
//!
//! ```no_run
//! # async fn example() -> Result<(), innkeeper_tests::oidc::OidcError> {
//! use innkeeper_tests::oidc::{OidcOptions, OidcProvider};
//!
//! let provider = OidcProvider::start(OidcOptions { access_token_ttl: Some(60), ..OidcOptions::default() }).await?;
//! let authorization_url = provider.issuer().join("auth").expect("a path joins").to_string();
//! let callback = provider.authorize_as(&authorization_url, "ada").await?;
//! # Ok(()) }
//! ```

mod browser;

use std::{collections::BTreeMap, path::Path, process::Stdio, time::Duration};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    process::{Child, ChildStderr, Command},
    time::timeout,
};
use url::Url;

use browser::Browser;

/// The client without a secret.
pub const PUBLIC: OidcClient = OidcClient { id: "public", secret: None };
/// The client that authenticates by HTTP Basic (RFC 6749, section 2.3.1). Its secret changes when form-encoded.
pub const CONFIDENTIAL_BASIC: OidcClient =
    OidcClient { id: "confidential-basic", secret: Some("confidential-basic secret: +&=%/?") };
/// The client that sends its secret in the body.
pub const CONFIDENTIAL_POST: OidcClient =
    OidcClient { id: "confidential-post", secret: Some("confidential-post secret: +&=%/?") };
/// The client of the client-credentials grant, by HTTP Basic; it may ask for `api.read api.write`.
pub const MACHINE: OidcClient = OidcClient { id: "machine", secret: Some("machine secret: +&=%/?") };

/// Who issued the certificate of the server's TLS listener and that of its client `certified`.
pub const AUTHORITY: &str = include_str!("../oidc/keys/authority.pem");

/// How long the server may take to start, on a machine busy with compiling.
const START: Duration = Duration::from_mins(1);

/// A client that the server knows.
#[derive(Clone, Copy, Debug)]
pub struct OidcClient {
    /// `client_id`.
    pub id: &'static str,
    /// `client_secret`, absent for a public client. It is known to everybody and worth nothing.
    pub secret: Option<&'static str>,
}

/// What a test wants of the server; each absent field is the server's default.
#[derive(Clone, Debug, Default, Serialize)]
pub struct OidcOptions {
    /// Life of an access token in seconds, 3600 by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_token_ttl: Option<u32>,
    /// Life of a refresh token in seconds, 14 days by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token_ttl: Option<u32>,
    /// Whether a refresh token is good for one use only, true by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rotate_refresh_token: Option<bool>,
    /// Leaves `expires_in` out of token answers, false by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub omit_expires_in: Option<bool>,
    /// Registered callbacks of the user's clients. By default `/`, `/callback` and `/oauth/callback` on
    /// `http://127.0.0.1`, where any port is accepted (RFC 8252, section 7.3).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirect_uris: Option<Vec<String>>,
}

/// How often something was asked, by how it ended: `success`, an OAuth error code, `lost` or `fault 503`.
pub type Outcomes = BTreeMap<String, u64>;

/// What the server was asked since its start: by grant type (`refresh_token`, ...), `revocation`, `introspection`,
/// `device_authorization`, and `api` with the outcomes `served` and `refused`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(transparent)]
pub struct Counts(BTreeMap<String, Outcomes>);

impl Counts {
    /// How often `asked` ended in `outcome`.
    pub fn of(&self, asked: &str, outcome: &str) -> u64 {
        self.0.get(asked).and_then(|outcomes| outcomes.get(outcome)).copied().unwrap_or(0)
    }

    /// How often `asked` came, however it ended.
    pub fn all(&self, asked: &str) -> u64 {
        self.0.get(asked).map_or(0, |outcomes| outcomes.values().sum())
    }
}

/// A failure that the server is told to have.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Answers with this status and these headers, and does nothing.
    Status(u16, Vec<(String, String)>),
    /// Does what was asked, then drops the connection: the answer is lost after a rotation.
    LostAnswer,
}

/// Why the server could not be started, or a walk through its pages ended early.
#[derive(Debug, thiserror::Error)]
pub enum OidcError {
    /// Node.js is missing, or cannot be run.
    #[error(
        "the authorization server needs Node.js 20 or newer as `node`: {0}; `cargo xtask setup` says what to install"
    )]
    Node(std::io::Error),
    /// The packages of the server are not there.
    #[error("the packages of the authorization server are not installed: run `cargo xtask setup`")]
    NotInstalled,
    /// The server ended, or said nothing in time.
    #[error("the authorization server did not start: {reason}; it wrote:\n{stderr}")]
    Start {
        /// What was waited for.
        reason: String,
        /// What the server said of it.
        stderr: String,
    },
    /// A request to the server failed.
    #[error("a request to the authorization server failed: {0}")]
    Http(#[from] reqwest::Error),
    /// The server's page or answer was not what the walk expects.
    #[error("the authorization server answered unexpectedly: {0}")]
    Unexpected(String),
}

/// A running authorization server with a protected resource. It ends when this is dropped.
#[derive(Debug)]
pub struct OidcProvider {
    addresses: Addresses,
    http: reqwest::Client,
    /// Killed on drop; its open standard input tells the server that somebody is still there.
    _server: Child,
}

#[derive(Debug, Deserialize)]
struct Addresses {
    issuer: Url,
    secure: Url,
    api: Url,
    admin: Url,
}

impl OidcProvider {
    /// Starts a server on loopback, each with its own ports and memory, and returns when it answers.
    pub async fn start(options: OidcOptions) -> Result<Self, OidcError> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("oidc");
        if !folder.join("node_modules/oidc-provider").is_dir() {
            return Err(OidcError::NotInstalled);
        }
        let mut argument = json!(options);
        argument["exit_with_stdin"] = json!(true);
        let mut server = Command::new("node")
            .arg("server.mjs")
            .arg(argument.to_string())
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(OidcError::Node)?;
        let addresses = announcement(&mut server).await?;
        Ok(Self { addresses, http: plain_client()?, _server: server })
    }

    /// The issuer identifier, which is also the base of the server's endpoints: `auth`, `token`, `token/revocation`,
    /// `token/introspection`, `device/auth`, `me`, `jwks`, `.well-known/openid-configuration`.
    pub fn issuer(&self) -> &Url {
        &self.addresses.issuer
    }

    /// The same server over TLS, where clients show certificates (RFC 8705). Its own is of [`AUTHORITY`].
    pub fn secure(&self) -> &Url {
        &self.addresses.secure
    }

    /// Where a user's authorization on another device begins (RFC 8628).
    pub fn device_authorization_endpoint(&self) -> Url {
        self.endpoint("device/auth")
    }

    /// The protected resource: `api/me` says whom a token is for, `api/echo` returns all it was sent.
    pub fn api(&self) -> &Url {
        &self.addresses.api
    }

    /// Where the user's browser is sent first (RFC 6749, section 3.1).
    pub fn authorization_endpoint(&self) -> Url {
        self.endpoint("auth")
    }

    /// Where codes and refresh tokens are exchanged (RFC 6749, section 3.2).
    pub fn token_endpoint(&self) -> Url {
        self.endpoint("token")
    }

    /// Where tokens are revoked (RFC 7009).
    pub fn revocation_endpoint(&self) -> Url {
        self.endpoint("token/revocation")
    }

    /// Opens the link as a browser without cookies does, signs in as `login`, consents, and returns the callback
    /// address with its code, without opening it. An error that the server sends to the callback is returned the same way.
    pub async fn authorize_as(&self, authorization_url: &str, login: &str) -> Result<Url, OidcError> {
        Browser::new(self.http.clone(), self.addresses.issuer.clone()).consent(authorization_url, login).await
    }

    /// Like [`authorize_as`](Self::authorize_as), but the user signs in and then refuses: the callback carries
    /// `error=access_denied`.
    pub async fn refuse_as(&self, authorization_url: &str, login: &str) -> Result<Url, OidcError> {
        Browser::new(self.http.clone(), self.addresses.issuer.clone()).refuse(authorization_url, login).await
    }

    /// Opens the address that holds a user code, confirms the code, signs in as `login` and consents.
    pub async fn approve_device(&self, verification_uri_complete: &str, login: &str) -> Result<(), OidcError> {
        Browser::new(self.http.clone(), self.addresses.issuer.clone())
            .device(verification_uri_complete, login, true)
            .await
    }

    /// The same, but the user refuses at the last page.
    pub async fn refuse_device(&self, verification_uri_complete: &str, login: &str) -> Result<(), OidcError> {
        Browser::new(self.http.clone(), self.addresses.issuer.clone())
            .device(verification_uri_complete, login, false)
            .await
    }

    /// Makes every access token issued so far invalid; refresh tokens stay. Returns how many there were.
    pub async fn expire_access_tokens(&self) -> Result<u64, OidcError> {
        self.forget(&["AccessToken", "ClientCredentials"]).await
    }

    /// Makes every refresh token issued so far unknown to the server. Returns how many there were.
    pub async fn forget_refresh_tokens(&self) -> Result<u64, OidcError> {
        self.forget(&["RefreshToken"]).await
    }

    /// Moves the server's own time forward, so that what it issued expires there.
    pub async fn advance_clock(&self, by: Duration) -> Result<(), OidcError> {
        self.admin("clock", &json!({ "seconds": by.as_secs() })).await.map(drop)
    }

    /// Orders a failure of the next request for this grant type, or for `revocation` or `introspection`. Several are
    /// used up in their order.
    pub async fn fail_next(&self, asked: &str, fault: Fault) -> Result<(), OidcError> {
        let order = match fault {
            Fault::Status(status, headers) => {
                let headers: BTreeMap<_, _> = headers.into_iter().collect();
                json!({ "asked": asked, "status": status, "headers": headers })
            }
            Fault::LostAnswer => json!({ "asked": asked, "lost": true }),
        };
        self.admin("fault", &order).await.map(drop)
    }

    /// What the server was asked since its start.
    pub async fn counts(&self) -> Result<Counts, OidcError> {
        let counts = self.admin("counts", &json!({})).await?;
        serde_json::from_value(counts).map_err(|error| OidcError::Unexpected(format!("counts: {error}")))
    }

    async fn forget(&self, kinds: &[&str]) -> Result<u64, OidcError> {
        let answer = self.admin("expire", &json!({ "kinds": kinds })).await?;
        answer["forgotten"].as_u64().ok_or_else(|| OidcError::Unexpected(format!("expire: {answer}")))
    }

    async fn admin(&self, order: &str, arguments: &Value) -> Result<Value, OidcError> {
        let address = self.addresses.admin.join(order).expect("a plain path joins any address");
        let answer = self.http.post(address).body(arguments.to_string()).send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        if !status.is_success() {
            return Err(OidcError::Unexpected(format!("{order}: {status} {text}")));
        }
        serde_json::from_str(&text).map_err(|error| OidcError::Unexpected(format!("{order}: {error}: {text}")))
    }

    fn endpoint(&self, path: &str) -> Url {
        self.addresses.issuer.join(path).expect("a plain path joins any address")
    }
}

/// An HTTP client for addresses on loopback: it trusts no certificate, takes no proxy, follows no redirect.
pub fn plain_client() -> Result<reqwest::Client, OidcError> {
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring offers the default versions")
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    Ok(reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(30))
        .build()?)
}

async fn announcement(server: &mut Child) -> Result<Addresses, OidcError> {
    let stdout = server.stdout.take().expect("standard output is piped");
    let mut stderr = server.stderr.take().expect("standard error is piped");
    let mut stdout = BufReader::new(stdout);
    let mut line = String::new();
    let read = timeout(START, stdout.read_line(&mut line)).await;
    match (read, serde_json::from_str(&line)) {
        (Ok(Ok(_)), Ok(addresses)) => {
            // A full pipe would block the server, and a closed one would end it.
            tokio::spawn(async move { tokio::io::copy(&mut stdout, &mut tokio::io::sink()).await });
            tokio::spawn(async move { tokio::io::copy(&mut stderr, &mut tokio::io::sink()).await });
            Ok(addresses)
        }
        (Err(_), _) => Err(not_started(format!("no address within {} s", START.as_secs()), server, stderr).await),
        (Ok(Err(error)), _) => Err(not_started(format!("reading its address: {error}"), server, stderr).await),
        (Ok(Ok(0)), _) => Err(not_started("it ended before it gave an address".to_owned(), server, stderr).await),
        (Ok(Ok(_)), Err(error)) => Err(not_started(format!("its first line: {error}"), server, stderr).await),
    }
}

async fn not_started(reason: String, server: &mut Child, mut stderr: ChildStderr) -> OidcError {
    // Whether it still runs does not matter: it has no more to say after this.
    let _ = server.kill().await;
    let mut written = Vec::new();
    let _ = timeout(Duration::from_secs(5), (&mut stderr).take(64 * 1024).read_to_end(&mut written)).await;
    OidcError::Start { reason, stderr: String::from_utf8_lossy(&written).into_owned() }
}

//! The setting of the demo: a practice provider and a separate host, both removed at the end.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use innkeeper::lock::Mutex;
use innkeeper::spec::AuthMode;
use innkeeper::{
    CallRequest, Clock as _, Code, Compiler, ConnectionId, ConnectionView, Connector, EgressSettings, Innkeeper,
    NewConnection, SpaceId, SystemClock, SystemRandom, Timestamp,
};
use innkeeper_practice::{PUBLIC_CLIENT, Practice, Running, Settings};
use serde_json::{Value, json};
use url::Url;

use super::component;
use super::ears::{self, Place, Service};
use super::narrator::Narrator;
use crate::failure::{Failure, Outcome};
use crate::time::size;

/// A practice provider and a host, and what connectors returned so far.
pub(super) struct Stage {
    folder: tempfile::TempDir,
    connectors: PathBuf,
    provider: Running,
    service: Option<Service>,
    host: Innkeeper,
    space: SpaceId,
    answers: Mutex<Vec<String>>,
}

impl Stage {
    /// Starts the provider and opens a host that may reach this machine, in a folder that is removed at the end.
    pub(super) async fn set(
        connectors: &Path,
        ears: bool,
        compiler: Compiler,
        narrator: &mut Narrator,
    ) -> Outcome<Self> {
        for name in ["google_drive", "practice_echo"] {
            component(connectors, name)?;
        }
        narrator.step("Start a practice provider and a host")?;
        let place = if ears { Some(Place::take().await?) } else { None };
        let redirect_uris = place.iter().map(Place::redirect_uri).collect();
        let settings = Settings { redirect_uris, ..Settings::default() };
        let provider = Practice::start(settings, Arc::new(SystemClock), Arc::new(SystemRandom))
            .await
            .map_err(|error| Failure::failed(error.to_string()))?;
        let folder = tempfile::Builder::new()
            .prefix("innkeeper-demo-")
            .tempdir()
            .map_err(|error| Failure::failed(format!("the folder for the demo cannot be created: {error}")))?;
        let egress = EgressSettings::loopback();
        let service = place.map(|place| place.serve(&provider.base_url, &egress)).transpose()?;
        let mut builder =
            Innkeeper::builder().folder(folder.path()).calls_at_once(16).egress(egress).compiler(compiler);
        if let Some(service) = &service {
            builder = builder.ears(service.base.clone());
        }
        let host = builder.open().await?;
        narrator
            .seen(format!("the provider is at {}: an authorization server and a small Drive", provider.base_url))?;
        if let Some(service) = &service {
            let what = "an auth redirect service, which owns the client at the provider and stores no token";
            narrator.seen(format!("between them is {}: {what}", service.base.as_str().trim_end_matches('/')))?;
        }
        narrator.seen("the host has its store and a new keyring in a separate folder, which is removed at the end")?;
        let connectors = connectors.to_owned();
        Ok(Self { folder, connectors, provider, service, host, space: SpaceId::default(), answers: Mutex::default() })
    }

    /// Stops and removes all of it.
    pub(super) async fn clear(self) -> Outcome {
        self.host.close().await?;
        if let Some(service) = self.service {
            service.task.abort();
        }
        self.provider.stop().await;
        drop(self.host);
        // The system removes what is left of a temporary folder.
        let _ = self.folder.close();
        Ok(())
    }

    pub(super) fn provider(&self) -> &Running {
        &self.provider
    }

    pub(super) fn base_url(&self) -> &str {
        &self.provider.base_url
    }

    /// The address of the auth redirect service, if one is used.
    pub(super) fn ears_url(&self) -> Option<&Url> {
        self.service.as_ref().map(|service| &service.base)
    }

    pub(super) fn host(&self) -> &Innkeeper {
        &self.host
    }

    pub(super) fn space(&self) -> &SpaceId {
        &self.space
    }

    #[expect(clippy::unused_self, reason = "the stage's time is the machine's")]
    pub(super) fn now(&self) -> Timestamp {
        SystemClock.now()
    }

    /// Adds a built connector.
    pub(super) async fn add(&self, name: &str, narrator: &mut Narrator) -> Outcome<Connector> {
        let bytes = component(&self.connectors, name)?;
        let length = size(bytes.len() as u64);
        let connector = self.host.load(bytes).await?.connector;
        let code = if connector.code() == Code::Compiled { "compiled ahead of time" } else { "taken from the cache" };
        let version = &connector.spec().about.version;
        narrator.seen(format!("{name} {version}: a WebAssembly component of {length}, checked and {code}"))?;
        Ok(connector)
    }

    /// Makes a connection to the practice provider.
    pub(super) async fn connect(&self, id: &str, connector: &Connector) -> Outcome<ConnectionView> {
        let id = ConnectionId::parse(id).map_err(innkeeper::Error::from)?;
        let auth_type = if self.service.is_some() { "ears" } else { "oauth_authorization_code" };
        let base = self.base_url();
        let new = NewConnection::new(self.space.clone(), connector.spec().about.id.clone(), auth_type)
            .id(id)
            .config(json!({ "baseUrl": base }));
        let new = if self.service.is_some() {
            // The demo has one user.
            new.auth_mode(AuthMode::Shared).field("provider", ears::PROVIDER)
        } else {
            new.field("authorizationUrl", format!("{base}/authorize"))
                .field("tokenUrl", format!("{base}/token"))
                .field("revocationUrl", format!("{base}/revoke"))
                .field("clientId", PUBLIC_CLIENT)
        };
        Ok(self.host.connect(self.host.plan(new).await?.approved()).await?)
    }

    /// Calls an action, and records everything that the connector returned.
    pub(super) async fn call(&self, connection: &ConnectionId, action: &str, input: Value) -> Outcome<Value> {
        let request = CallRequest::new(self.space.clone(), connection.clone(), action, input);
        let result = self.host.call(request).await?;
        let mut answers = self.answers.lock();
        answers.push(result.value.to_string());
        answers.extend(result.logs.into_iter().map(|line| line.message));
        Ok(result.value)
    }

    /// Everything that connectors returned so far.
    pub(super) fn answers(&self) -> Vec<String> {
        self.answers.lock().clone()
    }
}

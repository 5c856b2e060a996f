//! A host as an embedding service has it, and a bare runtime and egress on the same store.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use innkeeper::{
    CallRequest, ConnectionView, Connector, EgressSettings, Innkeeper, Keyring, KeyringSource, NewConnection,
    RedbStore, Sharing, SpaceId, Storage, Store, SystemClock, SystemRandom,
};
use innkeeper_auth::{Auth, AuthOptions, AuthTypes, ConnectionCredential, SourceContext};
use innkeeper_egress::{CredentialMode, CredentialSource, Egress, Redirects, Request, RequestBody, RequestHead, Route};
use innkeeper_runtime::{
    Call, Claims, ConnectionAccess, GuestContext, GuestMemory, HttpAccess, Runtime, RuntimeSettings,
};
use innkeeper_spec::ApprovedHost;
use innkeeper_store::{ConnectionRecord, GrantOwner};
use innkeeper_vault::Vault;
use serde_json::{Value, json};
use tempfile::TempDir;
use url::Url;

use crate::failure::Failure;
use crate::plain::Document;

/// The bearer token of the connection.
pub(crate) const TOKEN: &str = "bench-5f1d9c8e7b6a4f3e2d1c0b9a8f7e6d5c";

/// All that is measured.
pub(crate) struct BenchHost {
    pub(crate) host: Innkeeper,
    pub(crate) runtime: Runtime,
    pub(crate) connector: Connector,
    pub(crate) egress: Egress,
    pub(crate) auth: Auth,
    store: Arc<dyn Store>,
    memory: Arc<GuestMemory>,
    bearer: ConnectionView,
    record: Arc<ConnectionRecord>,
    config: Arc<str>,
    allow: Arc<[ApprovedHost]>,
    service: Url,
    _folder: TempDir,
}

impl BenchHost {
    /// A host in a separate folder, with a connection to the service at `service`.
    pub(crate) async fn set(service: &Url) -> Result<Self, Failure> {
        Self::set_for(service, RuntimeSettings::default().calls_at_once).await
    }

    /// The same for `calls` concurrent calls, all of one connection.
    pub(crate) async fn set_for(service: &Url, calls: u32) -> Result<Self, Failure> {
        let folder = tempfile::tempdir()?;
        let (clock, random) = (Arc::new(SystemClock), Arc::new(SystemRandom));
        let place = folder.path().join("keyring");
        let keyring = Keyring::create_file(&place, &*random)?;
        let store: Arc<dyn Store> = Arc::new(RedbStore::open(folder.path().join("innkeeper.redb"), clock.clone())?);
        let storage = Storage { store: store.clone(), keyring };
        let host = Innkeeper::builder().folder(folder.path()).storage(storage).egress(loopback());
        let host = host.calls_at_once(calls).sharing(unshared(calls)).open().await?;
        let added = host.load(component()?).await?;
        let bearer = NewConnection::new(SpaceId::default(), added.id(), "bearer")
            .config(json!({ "baseUrl": service.as_str() }))
            .secret("token", TOKEN);
        let bearer = host.connect(host.plan(bearer).await?.approved()).await?;
        let record = record(&*store, &bearer).await?;

        let vault = Vault::open(Keyring::load(&KeyringSource::File(place))?, &*store, random.clone()).await?;
        let vault = Arc::new(vault);
        let settings = RuntimeSettings { sharing: unshared(u32::MAX), ..RuntimeSettings::default() };
        let runtime = Runtime::new(settings, clock.clone(), random.clone())?;
        let connector = runtime.load(component()?).await?;
        let egress = Egress::new(loopback(), clock.clone(), random.clone())?;
        let context = SourceContext::new(egress.clone(), clock, random);
        let auth = Auth::new(vault.clone(), store.clone(), context, AuthTypes::builtin(), AuthOptions::default());
        Ok(Self {
            host,
            runtime,
            connector,
            egress,
            auth,
            memory: Arc::new(GuestMemory { store: store.clone(), vault }),
            store,
            bearer,
            config: record.config.to_string().into(),
            allow: record.hosts.clone().into(),
            record,
            service: service.clone(),
            _folder: folder,
        })
    }

    /// A call by the crate to embed.
    pub(crate) async fn call(&self, action: &str, input: Value) -> Result<Value, Failure> {
        let (space, connection) = (self.bearer.space.clone(), self.bearer.id.clone());
        Ok(self.host.call(CallRequest::new(space, connection, action, input)).await?.value)
    }

    /// A call only in the runtime: no store is read, no audit record written.
    pub(crate) async fn call_runtime(
        &self,
        action: &str,
        input: Value,
        context: GuestContext,
    ) -> Result<Value, Failure> {
        let call = Call { action: action.to_owned(), input, files: Vec::new() };
        Ok(self.runtime.call(&self.connector, call, context).await.result?.value)
    }

    /// The input of a call only in the runtime.
    pub(crate) fn context(&self) -> Result<GuestContext, Failure> {
        Ok(GuestContext {
            connection: ConnectionAccess {
                record: self.record.clone(),
                config: self.config.clone(),
                user: None,
                claims: Arc::new(NoClaims),
            },
            http: HttpAccess {
                egress: self.egress.clone(),
                allow: self.allow.clone(),
                credential: Arc::new(self.credential()?),
                placeholders: None,
                echoes: Arc::default(),
                sent: Arc::default(),
            },
            state: self.memory.clone(),
            progress: None,
        })
    }

    /// The connection's bearer token.
    pub(crate) fn credential(&self) -> Result<ConnectionCredential, Failure> {
        Ok(self.auth.credential_source(&self.record, &GrantOwner::Shared)?)
    }

    /// A fetch only through egress: allow list, credential and scrubbing, without a guest.
    pub(crate) async fn fetch_egress(&self, url: &Url, credential: &dyn CredentialSource) -> Result<Value, Failure> {
        let spec = self.connector.spec();
        let route = Route {
            echoes: None,
            allow: &self.record.hosts,
            credential: Some(credential),
            default_headers: &spec.headers,
            placeholders: None,
            policies: &spec.policies,
            deadline: None,
            dropped_at_deadline: false,
            requests: None,
        };
        let request = Request {
            method: reqwest::Method::GET,
            url: url.clone(),
            query: Vec::new(),
            headers: reqwest::header::HeaderMap::new(),
            body: RequestBody::Empty,
            credential: CredentialMode::Attach,
            redirects: Redirects::Follow,
            timeout: None,
        };
        let mut answer = self.egress.send(request, &route).await?;
        let document: Document = serde_json::from_slice(&answer.body.read_all(1 << 20).await?)?;
        Ok(serde_json::to_value(document)?)
    }

    /// The credential of a second connection: a grant, whose token lives for an hour.
    pub(crate) async fn token(&self) -> Result<ConnectionCredential, Failure> {
        let connector = self.connector.spec().about.id.clone();
        let connection = NewConnection::new(SpaceId::default(), connector, "oauth_client_credentials")
            .config(json!({ "baseUrl": self.service.as_str() }))
            .field("tokenUrl", self.url("token").as_str())
            .field("clientId", "bench")
            .secret("clientSecret", "bench-secret");
        let connection = self.host.connect(self.host.plan(connection).await?.approved()).await?;
        let record = record(&*self.store, &connection).await?;
        Ok(self.auth.credential_source(&record, &GrantOwner::Shared)?)
    }

    /// An address at the service.
    pub(crate) fn url(&self, path: &str) -> Url {
        address(&self.service, path)
    }
}

/// An address at the service.
pub(crate) fn address(service: &Url, path: &str) -> Url {
    let mut url = service.clone();
    url.set_path(path);
    url
}

/// A request to a service, for which a credential is requested.
pub(crate) fn head() -> RequestHead {
    RequestHead::get("https://api.example.com/v1".parse().expect("an address"))
}

/// The component that is called: in the folder `INNKEEPER_CONNECTORS`, or in `target/connectors` of the workspace.
pub(crate) fn component() -> Result<Vec<u8>, Failure> {
    let folder = std::env::var_os("INNKEEPER_CONNECTORS")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/connectors")), PathBuf::from);
    let path = folder.join("fixture_bench.wasm");
    std::fs::read(&path).map_err(|reason| Failure::Component { path: path.display().to_string(), reason })
}

async fn record(store: &dyn Store, connection: &ConnectionView) -> Result<Arc<ConnectionRecord>, Failure> {
    let record = store.connection(&connection.space, &connection.id).await?;
    record.map(Arc::new).ok_or_else(|| {
        Failure::Host(innkeeper::Error::UnknownConnection {
            space: connection.space.clone(),
            connection: connection.id.clone(),
        })
    })
}

/// One connection may have all places.
fn unshared(calls: u32) -> Sharing {
    let mut sharing = Sharing::default();
    sharing.running_per_connection = Some(calls);
    sharing.running_per_space = Some(calls);
    sharing.kept_for_idle = Some(0);
    sharing
}

/// Lets this machine be reached.
pub(crate) fn loopback() -> EgressSettings {
    EgressSettings::loopback()
}

#[derive(Debug)]
struct NoClaims;

#[async_trait]
impl Claims for NoClaims {
    async fn claim(&self, _: &str) -> Option<String> {
        None
    }
}

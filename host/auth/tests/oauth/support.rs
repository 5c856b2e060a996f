//! The auth part of a host on a manual clock, and a scripted authorization server on loopback.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use innkeeper_ambient::{Clock, ManualClock, Random, SeededRandom, Timestamp};
use innkeeper_auth::{
    Auth, AuthError, AuthOptions, AuthTypes, Begun, Callback, Completed, Declared, Defaults, FieldValues, Reason,
    Refused, SessionSecret, Settings, SourceContext,
};
use innkeeper_egress::{Egress, RequestHead};
use innkeeper_fixtures::keys::AUTHORITY;
use innkeeper_fixtures::scripted::{ScriptedServer, fresh_tokens};
use innkeeper_redb::RedbStore;
use innkeeper_spec::{AuthDeclaration, AuthMode, AuthTypeId, ConnectorId, Standing};
use innkeeper_store::{
    ConnectionId, ConnectionRecord, ConnectionRepository, GrantKey, GrantOwner, GrantRecord, GrantRepository,
    PrincipalId, SpaceId, Store,
};
use innkeeper_vault::{Keyring, Vault};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

pub(crate) const REDIRECT: &str = "http://127.0.0.1:9/callback";

/// The context of a request to a service.
pub(crate) fn head() -> RequestHead {
    RequestHead::get("https://api.example.com/v1".parse().expect("an address"))
}

pub(crate) struct House {
    pub(crate) auth: Arc<Auth>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) store: Arc<RedbStore>,
    pub(crate) vault: Arc<Vault>,
    pub(crate) provider: ScriptedServer,
    random: Arc<SeededRandom>,
    folder: tempfile::TempDir,
}

impl House {
    pub(crate) async fn new() -> Self {
        Self::beside(ScriptedServer::start(fresh_tokens()).await).await
    }

    /// With a provider that uses TLS.
    pub(crate) async fn secure() -> Self {
        Self::beside(ScriptedServer::start_secure(fresh_tokens()).await).await
    }

    async fn beside(provider: ScriptedServer) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let clock = Arc::new(ManualClock::new(Timestamp::from_secs(1_800_000_000)));
        let random = Arc::new(SeededRandom::new(7));
        let store = Arc::new(RedbStore::open(folder.path().join("store.redb"), clock.clone()).expect("a store"));
        let keyring = Keyring::generate(&*random);
        let vault = Arc::new(Vault::open(keyring, &*store, random.clone()).await.expect("a vault"));
        let auth = Arc::new(another(&store, &vault, &clock, &random, AuthOptions::default()));
        Self { auth, clock, store, vault, provider, random, folder }
    }

    /// Another process on the same store: it shares nothing in memory.
    pub(crate) fn rival(&self) -> Auth {
        self.rival_with(AuthOptions::default())
    }

    /// The same on a machine whose clock shows another time.
    pub(crate) fn rival_at(&self, clock: &Arc<ManualClock>) -> Auth {
        another(&self.store, &self.vault, clock, &self.random, AuthOptions::default())
    }

    /// The same with other options.
    pub(crate) fn rival_with(&self, options: AuthOptions) -> Auth {
        another(&self.store, &self.vault, &self.clock, &self.random, options)
    }

    /// Every byte on the disk.
    pub(crate) fn disk(&self) -> Vec<u8> {
        std::fs::read(self.folder.path().join("store.redb")).expect("the store's file")
    }

    pub(crate) fn random(&self) -> &dyn Random {
        &*self.random
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// A connection to the provider with consent, for a confidential client.
    pub(crate) async fn consenting(&self) -> ConnectionRecord {
        self.consenting_with(&[], Some("client-secret-1"), AuthMode::Shared).await
    }

    pub(crate) async fn consenting_with(
        &self,
        others: &[(&str, Value)],
        client_secret: Option<&str>,
        mode: AuthMode,
    ) -> ConnectionRecord {
        let mut fields = vec![
            ("authorizationUrl", Value::from(format!("{}/authorize?tenant=t1&state=stale", self.provider.base()))),
            ("tokenUrl", Value::from(format!("{}/token", self.provider.base()))),
            ("clientId", Value::from("client-1")),
            ("scope", Value::from("files.read offline")),
        ];
        fields.extend(others.iter().cloned());
        let secrets: Vec<_> = client_secret.map(|secret| ("clientSecret", secret)).into_iter().collect();
        self.connect("oauth_authorization_code", &fields, &secrets, mode).await
    }

    /// A connection to the provider with the client's own identity.
    pub(crate) async fn own(&self, more: &[(&str, Value)]) -> ConnectionRecord {
        let mut fields = vec![
            ("tokenUrl", Value::from(format!("{}/token", self.provider.base()))),
            ("clientId", Value::from("client-1")),
            ("scope", Value::from("files.read")),
        ];
        fields.extend(more.iter().cloned());
        self.connect("oauth_client_credentials", &fields, &[("clientSecret", "client-secret-1")], AuthMode::Shared)
            .await
    }

    /// Another connection besides the usual one, with the client's own identity.
    pub(crate) async fn own_named(&self, id: &str) -> ConnectionRecord {
        let fields =
            [("tokenUrl", format!("{}/token", self.provider.base()).into()), ("clientId", Value::from("client-2"))];
        let secrets = [("clientSecret", "client-secret-2")];
        self.connect_as(id, "oauth_client_credentials", &fields, &secrets, AuthMode::Shared).await
    }

    pub(crate) async fn connect(
        &self,
        auth_type: &str,
        fields: &[(&str, Value)],
        secrets: &[(&str, &str)],
        mode: AuthMode,
    ) -> ConnectionRecord {
        self.connect_as("files", auth_type, fields, secrets, mode).await
    }

    async fn connect_as(
        &self,
        id: &str,
        auth_type: &str,
        fields: &[(&str, Value)],
        secrets: &[(&str, &str)],
        mode: AuthMode,
    ) -> ConnectionRecord {
        let declaration = declaration(auth_type, &[]);
        let auth_type = self.auth.types().require(&declaration.auth_type).expect("a known type");
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let secrets = secrets.iter().map(|(name, text)| ((*name).to_owned(), SecretString::from(*text))).collect();
        let (auth_type, config, defaults) = (&**auth_type, &Value::Null, Defaults::All);
        let of = Declared { declaration: &declaration, auth_type, config, defaults };
        let settings = Settings::build(&of, &FieldValues::given(fields, secrets)).expect("valid settings");
        let (space, id) = (SpaceId::default(), ConnectionId::parse(id).expect("an id"));
        let now = self.clock.now();
        let record = ConnectionRecord {
            secrets: self.auth.seal_secrets(&space, &id, 1, &settings).expect("sealed"),
            space,
            id,
            title: "Files".to_owned(),
            connector: ConnectorId::parse("files").expect("an id"),
            auth_type: declaration.auth_type,
            auth_mode: mode,
            config: Value::Null,
            fields: settings.plain().clone(),
            sources: settings.sources().clone(),
            config_sources: BTreeMap::new(),
            secret_names: settings.secret_names(),
            hosts: Vec::new(),
            placeholders: Vec::new(),
            claims: Vec::new(),
            created_at: now,
            updated_at: now,
            version: 1,
        };
        assert!(self.store.put_connection(record.clone(), None).await.expect("stored"));
        record
    }

    pub(crate) async fn delete(&self, connection: &ConnectionRecord) {
        let ConnectionRecord { space, id, created_at, .. } = connection;
        assert!(self.store.delete_connection(space, id, *created_at).await.expect("deleted"));
    }

    pub(crate) async fn begin(&self, connection: &ConnectionRecord, owner: &GrantOwner) -> (Begun, SessionSecret) {
        let session = SessionSecret::random(self.random());
        let redirect_uri = REDIRECT.parse().expect("an address");
        let begun = self.auth.begin(connection, owner, &redirect_uri, &session, None).await.expect("begun");
        (begun, session)
    }

    /// Begins and completes a flow, with the provider's next answer.
    pub(crate) async fn authorize(
        &self,
        connection: &ConnectionRecord,
        owner: &GrantOwner,
    ) -> Result<Completed, Refused> {
        self.authorize_by(&self.auth, connection, owner).await
    }

    pub(crate) async fn authorize_by(
        &self,
        auth: &Auth,
        connection: &ConnectionRecord,
        owner: &GrantOwner,
    ) -> Result<Completed, Refused> {
        let (begun, session) = self.begin(connection, owner).await;
        auth.complete(&callback(&begun, "code=code-1"), &session).await
    }

    /// The Authorization header of a request of the connection.
    pub(crate) async fn header(&self, connection: &ConnectionRecord) -> Result<String, AuthError> {
        header(&self.auth, connection, &GrantOwner::Shared).await
    }

    pub(crate) async fn grant(&self, connection: &ConnectionRecord) -> Option<GrantRecord> {
        self.store.grant(&key(connection)).await.expect("the store answers")
    }
}

/// A shared connection that a user has authorized.
pub(crate) async fn authorized() -> (House, ConnectionRecord) {
    let house = House::new().await;
    let connection = house.consenting().await;
    house.authorize(&connection, &GrantOwner::Shared).await.expect("authorized");
    (house, connection)
}

/// Why a user is needed.
pub(crate) fn needs(result: Result<String, AuthError>) -> Reason {
    result.expect_err("no token").reason().expect("a person is needed")
}

pub(crate) async fn header(
    auth: &Auth,
    connection: &ConnectionRecord,
    owner: &GrantOwner,
) -> Result<String, AuthError> {
    let attachment =
        auth.credential_source(connection, owner)?.attachment(&head(), None).await?.expect("an attachment");
    Ok(attachment.headers[0].1.expose_secret().to_owned())
}

pub(crate) fn key(connection: &ConnectionRecord) -> GrantKey {
    GrantKey { space: connection.space.clone(), connection: connection.id.clone(), owner: GrantOwner::Shared }
}

pub(crate) fn principal(name: &str) -> GrantOwner {
    GrantOwner::Principal(PrincipalId::parse(name).expect("an id"))
}

/// The callback that the provider would send for a flow, with more parameters.
pub(crate) fn callback(begun: &Begun, more: &str) -> Callback {
    Callback::parse(&format!("state={}&{more}", begun.state.expose())).expect("a callback")
}

pub(crate) fn declaration(auth_type: &str, defaults: &[(&str, Value)]) -> AuthDeclaration {
    AuthDeclaration {
        auth_type: AuthTypeId::parse(auth_type).expect("an id"),
        label: None,
        standing: Standing::Standard,
        defaults: defaults.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
        overrides: BTreeMap::new(),
    }
}

fn another(
    store: &Arc<RedbStore>,
    vault: &Arc<Vault>,
    clock: &Arc<ManualClock>,
    random: &Arc<SeededRandom>,
    options: AuthOptions,
) -> Auth {
    let mut settings = innkeeper_egress::Settings::loopback();
    settings.extra_roots = vec![AUTHORITY.to_owned()];
    let clock: Arc<dyn Clock> = clock.clone();
    let random: Arc<dyn Random> = random.clone();
    let egress = Egress::new(settings, clock.clone(), random.clone()).expect("a way out");
    let store: Arc<dyn Store> = store.clone();
    let context = SourceContext::new(egress, clock, random);
    Auth::new(vault.clone(), store, context, AuthTypes::builtin(), options)
}

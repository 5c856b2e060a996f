//! One process of a host, as far as grants go: a store in a folder, its vault, and what returns credentials.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use innkeeper_ambient::{Clock, SystemRandom};
use innkeeper_auth::{
    Auth, AuthError, AuthOptions, AuthTypes, Begun, Callback, Completed, Refused, SessionSecret, Settings,
    SourceContext,
};
use innkeeper_egress::{Egress, RequestHead};
use innkeeper_fixtures::oidc::{CONFIDENTIAL_BASIC, OidcClient, OidcProvider};
use innkeeper_redb::RedbStore;
use innkeeper_spec::{AuthMode, ConnectorId};
use innkeeper_store::{
    ConnectionId, ConnectionRecord, ConnectionRepository, Expected, GrantKey, GrantOwner, GrantPhase, GrantRecord,
    GrantRepository, Identity, PrincipalId, SpaceId, StoreError, Written,
};
use innkeeper_vault::{Keyring, KeyringSource, Vault};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use url::Url;

/// Where the provider sends the browser: nobody listens there, the test takes the address.
pub const REDIRECT: &str = "http://127.0.0.1:4321/callback";

/// A request to a service, for which a credential is requested.
pub fn head() -> RequestHead {
    RequestHead::get("https://api.example.com/v1".parse().expect("an address"))
}

/// One process of a host.
#[derive(Clone, Debug)]
pub struct Replica {
    /// Returns credentials.
    pub auth: Arc<Auth>,
    /// Stores the records.
    pub store: Arc<RedbStore>,
    /// Seals them.
    pub vault: Arc<Vault>,
    types: AuthTypes,
    clock: Arc<dyn Clock>,
}

impl Replica {
    /// Opens the store and the keyring of a folder, or creates them.
    pub async fn open(folder: &Path, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        Self::knowing(AuthTypes::builtin(), folder, clock).await
    }

    /// The same, of a host that knows these auth types.
    pub async fn knowing(types: AuthTypes, folder: &Path, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        let store = Arc::new(RedbStore::open(folder.join("innkeeper.redb"), clock.clone())?);
        let place = folder.join("keyring");
        let keyring = if place.exists() {
            Keyring::load(&KeyringSource::File(place))
        } else {
            Keyring::create_file(&place, &SystemRandom)
        };
        let keyring = keyring.expect("the keyring is whole");
        let vault = Vault::open(keyring, &*store, Arc::new(SystemRandom)).await.expect("the keyring opens the store");
        Ok(Self::over(store, Arc::new(vault), types, clock))
    }

    /// Another one on the same store, with a separate memory.
    pub fn beside(&self) -> Self {
        Self::over(self.store.clone(), self.vault.clone(), self.types.clone(), self.clock.clone())
    }

    fn over(store: Arc<RedbStore>, vault: Arc<Vault>, types: AuthTypes, clock: Arc<dyn Clock>) -> Self {
        let settings = innkeeper_egress::Settings::loopback();
        let random = Arc::new(SystemRandom);
        let egress = Egress::new(settings, clock.clone(), random.clone()).expect("a way out");
        let context = SourceContext::new(egress, clock.clone(), random);
        let auth = Auth::new(vault.clone(), store.clone(), context, types.clone(), AuthOptions::default());
        Self { auth: Arc::new(auth), store, vault, types, clock }
    }

    /// Stores a connection to the provider, whose tokens come from `token_url`.
    pub async fn connect(
        &self,
        provider: &OidcProvider,
        token_url: &Url,
        client: OidcClient,
        auth_mode: AuthMode,
    ) -> ConnectionRecord {
        let mut authorization_url = provider.authorization_endpoint();
        authorization_url.query_pairs_mut().append_pair("prompt", "consent");
        let fields = BTreeMap::from([
            ("authorizationUrl", json!(authorization_url)),
            ("tokenUrl", json!(token_url)),
            ("issuer", json!(provider.issuer().as_str().trim_end_matches('/'))),
            ("clientId", json!(client.id)),
            ("scope", json!("openid offline_access api.read")),
            ("useBasicAuth", json!(client.id == CONFIDENTIAL_BASIC.id)),
        ]);
        let fields: BTreeMap<String, Value> =
            fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let secrets: BTreeMap<String, SecretString> =
            client.secret.iter().map(|secret| ("clientSecret".to_owned(), SecretString::from(*secret))).collect();
        self.keep("oauth_authorization_code", auth_mode, fields, secrets).await
    }

    /// Stores a connection with these settings.
    pub async fn keep(
        &self,
        auth_type: &str,
        auth_mode: AuthMode,
        fields: BTreeMap<String, Value>,
        secrets: BTreeMap<String, SecretString>,
    ) -> ConnectionRecord {
        let auth_type: innkeeper_spec::AuthTypeId = auth_type.parse().expect("an id");
        let settings = Settings::from_stored(auth_type.clone(), fields.clone(), secrets);
        let (space, id) = (SpaceId::default(), ConnectionId::parse("files").expect("an id"));
        let record = ConnectionRecord {
            secrets: self.auth.seal_secrets(&space, &id, 1, &settings).expect("the secrets are sealed"),
            sources: settings.sources().clone(),
            config_sources: BTreeMap::new(),
            secret_names: settings.secret_names(),
            space,
            id,
            title: "Files".to_owned(),
            connector: ConnectorId::parse("files").expect("an id"),
            auth_type,
            auth_mode,
            config: json!({}),
            fields,
            hosts: Vec::new(),
            placeholders: Vec::new(),
            claims: Vec::new(),
            created_at: self.clock.now(),
            updated_at: self.clock.now(),
            version: 1,
        };
        assert!(self.store.put_connection(record.clone(), None).await.expect("the store takes it"));
        record
    }

    /// The connection of the store.
    pub async fn connection(&self) -> Option<Arc<ConnectionRecord>> {
        let id = ConnectionId::parse("files").expect("an id");
        self.store.connection(&SpaceId::default(), &id).await.expect("the store answers").map(Arc::new)
    }

    /// Begins an authorization in a separate browser.
    pub async fn begin(&self, connection: &ConnectionRecord, owner: &GrantOwner) -> (Begun, SessionSecret) {
        let session = SessionSecret::random(&SystemRandom);
        let redirect = REDIRECT.parse().expect("an address");
        let begun = self.auth.begin(connection, owner, &redirect, &session, None).await;
        (begun.expect("the authorization begins"), session)
    }

    /// Completes an authorization with a callback address.
    pub async fn complete(&self, callback: &Url, session: &SessionSecret) -> Result<Completed, Refused> {
        let callback = Callback::parse(callback.query().unwrap_or_default()).expect("a callback of the provider");
        self.auth.complete(&callback, session).await
    }

    /// The whole authorization of a user.
    pub async fn authorize(
        &self,
        provider: &OidcProvider,
        connection: &ConnectionRecord,
        owner: &GrantOwner,
        login: &str,
    ) {
        let (begun, session) = self.begin(connection, owner).await;
        let callback = provider.authorize_as(begun.authorization_url.as_str(), login).await;
        let callback = callback.expect("the user gets through");
        self.complete(&callback, &session).await.expect("the authorization completes");
    }

    /// The access token that a request of this owner would carry.
    pub async fn token(&self, connection: &ConnectionRecord, owner: &GrantOwner) -> Result<String, AuthError> {
        let credential = self.auth.credential_source(connection, owner)?;
        let attachment = credential.attachment(&head(), None).await?.expect("a grant gives a token or an error");
        let header = attachment.headers.first().map(|(_, value)| value.expose_secret().to_owned());
        Ok(header.and_then(|header| header.strip_prefix("Bearer ").map(str::to_owned)).expect("a bearer token"))
    }

    /// What is sealed in a grant's record.
    ///
    /// # Panics
    /// When it does not open: then the grant is corrupted.
    pub fn opened(&self, record: &GrantRecord) -> Value {
        let identity = Identity::Grant { key: &record.key, version: record.version };
        let plain = self.vault.open_sealed(&identity, &record.sealed).expect("a stored grant opens");
        serde_json::from_slice(plain.expose_secret()).expect("a stored grant is whole")
    }

    /// Writes over a grant as a process does that has renewed it: with the tokens of `answer`, and no intent.
    pub async fn store_renewed(&self, key: &GrantKey, answer: &Value) {
        let found = self.store.grant(key).await.expect("the store answers").expect("there is a grant");
        let mut content = self.opened(&found);
        for name in ["access_token", "refresh_token"] {
            content[name] = answer[name].clone();
        }
        content["serial"] = json!(4_711);
        let version = found.version + 1;
        let life = std::time::Duration::from_secs(answer["expires_in"].as_u64().expect("a life"));
        let sealed = self.vault.seal(&Identity::Grant { key, version }, content.to_string().as_bytes());
        let record = GrantRecord {
            sealed: sealed.expect("sealed"),
            expires_at: Some(self.clock.now().plus(life)),
            phase: GrantPhase::Live,
            version,
            ..found
        };
        let written = self.store.put_grant(record, Expected::Version(version - 1)).await.expect("the store takes it");
        assert_eq!(written, Written::Version(version));
    }
}

/// The principal of this name.
pub fn owner(name: &str) -> GrantOwner {
    GrantOwner::Principal(PrincipalId::parse(name).expect("an id"))
}

/// The key of an owner's grant.
pub fn key(connection: &ConnectionRecord, owner: &GrantOwner) -> GrantKey {
    GrantKey { space: connection.space.clone(), connection: connection.id.clone(), owner: owner.clone() }
}

//! One place to ask for credentials.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use innkeeper_ambient::{Clock, Random, Timestamp};
use innkeeper_egress::Egress;
use innkeeper_spec::{AuthMode, AuthTypeId};
use innkeeper_vault::{
    ConnectionId, ConnectionRecord, GrantKey, GrantOwner, PrincipalId, Sealed, SpaceId, Store, Vault,
};
use secrecy::SecretString;

use crate::auth_type::{AuthTypes, Credential, FixedCredential};
use crate::credential::{ConnectionCredential, Source};
use crate::error::AuthError;
use crate::grant::{Grant, GrantStatus, Grants};
use crate::oauth::TokenEndpoint;
use crate::secrets::{self, PlaceholderSecrets};
use crate::settings::Settings;

/// What can be chosen about grants.
#[derive(Clone, Copy, Debug)]
pub struct AuthOptions {
    /// How long before its end a token is renewed; at most a quarter of its life. 30 s.
    pub margin: Duration,
}

impl Default for AuthOptions {
    fn default() -> Self {
        Self { margin: Duration::from_secs(30) }
    }
}

/// Credentials, grants and flows of all connections.
pub struct Auth {
    vault: Arc<Vault>,
    store: Arc<dyn Store>,
    egress: Egress,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    types: AuthTypes,
    grants: Arc<Grants>,
    prepared: RwLock<HashMap<(SpaceId, ConnectionId), Arc<Prepared>>>,
}

/// A version of a connection with its secrets opened.
pub(crate) struct Prepared {
    version: u64,
    created_at: Timestamp,
    updated_at: Timestamp,
    secrets: Arc<BTreeMap<String, SecretString>>,
    credential: Ready,
}

enum Ready {
    Bare,
    Fixed(Arc<FixedCredential>),
    Grant(TokenEndpoint),
}

impl Prepared {
    pub(crate) fn endpoint(&self) -> Option<&TokenEndpoint> {
        match &self.credential {
            Ready::Grant(endpoint) => Some(endpoint),
            _ => None,
        }
    }

    fn is_of(&self, connection: &ConnectionRecord) -> bool {
        (self.version, self.created_at, self.updated_at)
            == (connection.version, connection.created_at, connection.updated_at)
    }
}

impl Auth {
    /// With the default [`AuthOptions`].
    pub fn new(
        vault: Arc<Vault>,
        store: Arc<dyn Store>,
        egress: Egress,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        types: AuthTypes,
    ) -> Self {
        Self::with_options(vault, store, egress, clock, random, types, AuthOptions::default())
    }

    /// With options of one's own.
    pub fn with_options(
        vault: Arc<Vault>,
        store: Arc<dyn Store>,
        egress: Egress,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        types: AuthTypes,
        options: AuthOptions,
    ) -> Self {
        let grants = Grants::new(vault.clone(), store.clone(), clock.clone(), random.clone(), options.margin);
        Self { vault, store, egress, clock, random, types, grants: Arc::new(grants), prepared: RwLock::default() }
    }

    /// The auth types that the host knows.
    pub fn types(&self) -> &AuthTypes {
        &self.types
    }

    /// Whether an auth type can own grants in this way.
    pub fn check_mode(&self, auth_type: &AuthTypeId, mode: AuthMode) -> Result<(), AuthError> {
        let possible = &self.types.require(auth_type)?.spec().modes;
        if possible.contains(&mode) {
            return Ok(());
        }
        Err(AuthError::UnfitMode { auth_type: auth_type.clone(), mode, possible: possible.clone() })
    }

    /// Whose grant a call for `principal` uses. In per-user mode a call for nobody is an error.
    pub fn owner_of(connection: &ConnectionRecord, principal: Option<&PrincipalId>) -> Result<GrantOwner, AuthError> {
        match (connection.auth_mode, principal) {
            (AuthMode::Shared, _) => Ok(GrantOwner::Shared),
            (AuthMode::PerUser, Some(principal)) => Ok(GrantOwner::Principal(principal.clone())),
            (AuthMode::PerUser, None) => Err(AuthError::PrincipalNeeded(connection.id.clone())),
        }
    }

    /// The credential of a connection for an owner. Opens the connection's secrets the first time; asks no server.
    pub fn credential_source(
        &self,
        connection: &ConnectionRecord,
        owner: &GrantOwner,
    ) -> Result<ConnectionCredential, AuthError> {
        Self::check_owner(connection, owner)?;
        let prepared = self.prepared(connection)?;
        Ok(ConnectionCredential(match &prepared.credential {
            Ready::Bare => Source::Bare,
            Ready::Fixed(fixed) => Source::Fixed(fixed.clone()),
            Ready::Grant(endpoint) => Source::Grant {
                grants: self.grants.clone(),
                entry: self.grants.entry(&key(connection, owner)),
                endpoint: endpoint.clone(),
            },
        }))
    }

    /// The secrets that requests of a connection may name in placeholders: those in `declared`.
    pub fn placeholder_secrets(
        &self,
        connection: &ConnectionRecord,
        declared: &[String],
    ) -> Result<PlaceholderSecrets, AuthError> {
        let prepared = self.prepared(connection)?;
        Ok(PlaceholderSecrets { secrets: prepared.secrets.clone(), declared: declared.into() })
    }

    /// How a connection stands for an owner.
    pub async fn status(&self, connection: &ConnectionRecord, owner: &GrantOwner) -> Result<GrantStatus, AuthError> {
        Self::check_owner(connection, owner)?;
        match self.prepared(connection)?.endpoint() {
            Some(endpoint) => self.grants.status(&key(connection, owner), endpoint).await,
            None => Ok(GrantStatus::without_grant()),
        }
    }

    /// A claim of the token answer by its name, as text. Tokens are no claims. Which claims a guest may read is for its
    /// spec to say and for the caller to hold it to.
    pub async fn claim(
        &self,
        connection: &ConnectionRecord,
        owner: &GrantOwner,
        name: &str,
    ) -> Result<Option<String>, AuthError> {
        Ok(self.claims(connection, owner, &[name.to_owned()]).await?.remove(name))
    }

    /// Those of the `declared` claims that the token answer has.
    pub async fn claims(
        &self,
        connection: &ConnectionRecord,
        owner: &GrantOwner,
        declared: &[String],
    ) -> Result<BTreeMap<String, String>, AuthError> {
        Self::check_owner(connection, owner)?;
        if declared.is_empty() {
            return Ok(BTreeMap::new());
        }
        let Some((_, grant)) = self.grants.stored(&key(connection, owner)).await? else { return Ok(BTreeMap::new()) };
        Ok(declared.iter().filter_map(|name| Some((name.clone(), grant.claim(name)?))).collect())
    }

    /// Removes an owner's grant at once, then gives its tokens back to the provider where that has a revocation address
    /// (RFC 7009): within 10 s each, and whatever comes of it. False when there was no grant.
    pub async fn disconnect(&self, connection: &ConnectionRecord, owner: &GrantOwner) -> Result<bool, AuthError> {
        Self::check_owner(connection, owner)?;
        let key = key(connection, owner);
        let existed = self.store.grant(&key).await?.is_some();
        let grant = self.grants.remove(&key).await?;
        if let (Some(grant), Ok(prepared)) = (grant, self.prepared(connection))
            && let Some(endpoint) = prepared.endpoint()
        {
            give_back(&grant, endpoint, &key).await;
        }
        Ok(existed)
    }

    /// Removes all grants of a connection as [`Auth::disconnect`] does, and what is in memory of it. For a connection that is
    /// about to be deleted: afterwards its grants are gone and there is nothing to give back.
    pub async fn forget(&self, connection: &ConnectionRecord) -> Result<(), AuthError> {
        let endpoint = self.prepared(connection).ok().and_then(|prepared| prepared.endpoint().cloned());
        let mut removed = Vec::new();
        for key in self.grants.keys(&connection.space, &connection.id).await? {
            if let Some(grant) = self.grants.remove(&key).await? {
                removed.push((key, grant));
            }
        }
        self.unprepare(connection);
        if let Some(endpoint) = endpoint {
            let tasks = removed.into_iter().map(|(key, grant)| {
                let endpoint = endpoint.clone();
                tokio::spawn(async move { give_back(&grant, &endpoint, &key).await })
            });
            for task in tasks.collect::<Vec<_>>() {
                // Its outcome is in the log.
                let _ = task.await;
            }
        }
        Ok(())
    }

    /// Removes authorizations that nobody finished in time; answers how many.
    pub async fn sweep(&self) -> Result<u64, AuthError> {
        Ok(self.store.sweep_authorizations(self.clock.now()).await?)
    }

    /// Seals the secret fields for a connection's record of this version.
    pub fn seal_secrets(
        &self,
        space: &SpaceId,
        connection: &ConnectionId,
        version: u64,
        settings: &Settings,
    ) -> Result<Sealed, AuthError> {
        Ok(secrets::seal(&self.vault, space, connection, version, settings.secrets())?)
    }

    /// Opens the secret fields of a connection: to change some of them, or to seal them for another version.
    pub fn open_secrets(&self, connection: &ConnectionRecord) -> Result<BTreeMap<String, SecretString>, AuthError> {
        Ok(secrets::open(&self.vault, connection)?)
    }

    /// An owner that does not fit the mode is refused before anything is read or sent.
    pub(crate) fn check_owner(connection: &ConnectionRecord, owner: &GrantOwner) -> Result<(), AuthError> {
        match (connection.auth_mode, owner) {
            (AuthMode::Shared, GrantOwner::Shared) | (AuthMode::PerUser, GrantOwner::Principal(_)) => Ok(()),
            (AuthMode::PerUser, GrantOwner::Shared) => Err(AuthError::PrincipalNeeded(connection.id.clone())),
            (AuthMode::Shared, GrantOwner::Principal(principal)) => {
                Err(AuthError::NotPerUser(connection.id.clone(), principal.clone()))
            }
        }
    }

    pub(crate) fn prepared(&self, connection: &ConnectionRecord) -> Result<Arc<Prepared>, AuthError> {
        let place = (connection.space.clone(), connection.id.clone());
        let known = self.prepared.read().unwrap_or_else(PoisonError::into_inner).get(&place).cloned();
        if let Some(prepared) = known.filter(|prepared| prepared.is_of(connection)) {
            return Ok(prepared);
        }
        let prepared = Arc::new(self.prepare(connection)?);
        let mut all = self.prepared.write().unwrap_or_else(PoisonError::into_inner);
        all.insert(place, prepared.clone());
        Ok(prepared)
    }

    fn unprepare(&self, connection: &ConnectionRecord) {
        let mut all = self.prepared.write().unwrap_or_else(PoisonError::into_inner);
        all.remove(&(connection.space.clone(), connection.id.clone()));
    }

    fn prepare(&self, connection: &ConnectionRecord) -> Result<Prepared, AuthError> {
        let auth_type = self.types.require(&connection.auth_type)?;
        let secrets = secrets::open(&self.vault, connection)?;
        let settings = Settings::from_stored(connection.auth_type.clone(), connection.fields.clone(), secrets.clone());
        let credential = auth_type.credential(&settings).map_err(|errors| AuthError::Settings {
            connection: connection.id.clone(),
            auth_type: connection.auth_type.clone(),
            errors,
        })?;
        Ok(Prepared {
            version: connection.version,
            created_at: connection.created_at,
            updated_at: connection.updated_at,
            secrets: Arc::new(secrets),
            credential: match credential {
                Credential::Bare => Ready::Bare,
                Credential::Fixed(fixed) => Ready::Fixed(Arc::new(fixed)),
                Credential::Grant(client) => Ready::Grant(TokenEndpoint {
                    client: client.into(),
                    egress: self.egress.clone(),
                    clock: self.clock.clone(),
                    random: self.random.clone(),
                }),
            },
        })
    }

    pub(crate) fn egress(&self) -> &Egress {
        &self.egress
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    pub(crate) fn random(&self) -> &dyn Random {
        &*self.random
    }

    pub(crate) fn store(&self) -> &dyn Store {
        &*self.store
    }

    pub(crate) fn vault(&self) -> &Vault {
        &self.vault
    }

    pub(crate) fn grants(&self) -> &Arc<Grants> {
        &self.grants
    }
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auth").field("types", &self.types.ids().collect::<Vec<_>>()).finish_non_exhaustive()
    }
}

fn key(connection: &ConnectionRecord, owner: &GrantOwner) -> GrantKey {
    GrantKey { space: connection.space.clone(), connection: connection.id.clone(), owner: owner.clone() }
}

/// The refresh token first: many servers revoke the whole grant with it.
async fn give_back(grant: &Grant, endpoint: &TokenEndpoint, key: &GrantKey) {
    if let Some(token) = &grant.refresh_token
        && let Err(error) = endpoint.revoke(token, "refresh_token").await
    {
        tracing::warn!(connection = %key.connection, %error, "refresh token not revoked at the provider");
    }
    if let Err(error) = endpoint.revoke(&grant.access_token, "access_token").await {
        tracing::warn!(connection = %key.connection, %error, "access token not revoked at the provider");
    }
}

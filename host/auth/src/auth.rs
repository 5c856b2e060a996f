//! The entry point for credentials.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use innkeeper_ambient::{Clock, Random};
use innkeeper_egress::{Attachment, Egress};
use innkeeper_spec::AuthMode;
use innkeeper_store::{
    ConnectionCache, ConnectionId, ConnectionRecord, GrantKey, GrantOwner, PrincipalId, Sealed, SpaceId, Store,
};
use innkeeper_vault::Vault;
use secrecy::{ExposeSecret, SecretString};
use tokio::task::JoinHandle;

use crate::auth_type::Credential;
use crate::credential::{ConnectionCredential, Source};
use crate::error::AuthError;
use crate::flow::{FlowLimiter, FlowLimits};
use crate::grant::{BoundSource, GrantStatus, Grants, Margins, SOURCE_TIMEOUT, SourceContext};
use crate::registry::AuthTypes;
use crate::secrets::{self, PlaceholderSecrets};
use crate::settings::Settings;

/// Options for grants.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct AuthOptions {
    /// How long before it expires a token is too old for another request, as clocks differ. Default: 30 s; at most a twentieth
    /// of the token's lifetime.
    pub skew: Duration,
    /// How long before it expires a token is renewed in the background while it is still used. Default: 5 min; at most a tenth
    /// of the token's lifetime.
    pub ahead: Duration,
    /// How long a refresh token may stay unused before it is used so that it does not expire; `None`: never. See
    /// [`Auth::tend`].
    pub keep_alive: Option<Duration>,
    /// How often a user may begin and complete authorizations.
    pub limits: FlowLimits,
}

impl Default for AuthOptions {
    fn default() -> Self {
        Self {
            skew: Duration::from_secs(30),
            ahead: Duration::from_mins(5),
            keep_alive: None,
            limits: FlowLimits::default(),
        }
    }
}

/// The credentials, grants and flows of all connections.
pub struct Auth {
    vault: Arc<Vault>,
    store: Arc<dyn Store>,
    context: SourceContext,
    types: AuthTypes,
    grants: Arc<Grants>,
    limiter: FlowLimiter,
    connections: Arc<ConnectionCache>,
    options: AuthOptions,
}

/// One version of a connection, with its secrets opened.
pub(crate) struct Prepared {
    secrets: Arc<BTreeMap<String, SecretString>>,
    credential: Ready,
}

enum Ready {
    /// The source, with the secret fields of the connection.
    Bare(Arc<[SecretString]>),
    Fixed(Arc<Attachment>),
    Grant(BoundSource),
}

impl Prepared {
    pub(crate) fn source(&self) -> Option<&BoundSource> {
        match &self.credential {
            Ready::Grant(source) => Some(source),
            _ => None,
        }
    }
}

impl Auth {
    /// Creates it. Requests for tokens go out through `context`.
    pub fn new(
        vault: Arc<Vault>,
        store: Arc<dyn Store>,
        context: SourceContext,
        types: AuthTypes,
        options: AuthOptions,
    ) -> Self {
        let margins = Margins { ahead: options.ahead, skew: options.skew };
        let stores = (store.clone() as Arc<_>, store.clone() as Arc<_>);
        let (clock, random) = (context.clock.clone(), context.random.clone());
        let grants = Arc::new(Grants::new(vault.clone(), stores, clock, random, margins));
        let limiter = FlowLimiter::new(options.limits);
        let connections = Arc::new(ConnectionCache::new(store.clone()));
        Self { vault, store, context, types, grants, limiter, connections, options }
    }

    /// The auth types that the host supports.
    pub fn types(&self) -> &AuthTypes {
        &self.types
    }

    /// The owner of the grant that a call for `principal` uses. In per-user mode, a call without a principal is an error.
    pub fn owner_of(connection: &ConnectionRecord, principal: Option<&PrincipalId>) -> Result<GrantOwner, AuthError> {
        match (connection.auth_mode, principal) {
            (AuthMode::Shared, _) => Ok(GrantOwner::Shared),
            (AuthMode::PerUser, Some(principal)) => Ok(GrantOwner::Principal(principal.clone())),
            (AuthMode::PerUser, None) => Err(AuthError::PrincipalNeeded(connection.id.clone())),
        }
    }

    /// The credential of a connection for an owner. Opens the connection's secrets on first use; sends no request.
    pub fn credential_source(
        &self,
        connection: &ConnectionRecord,
        owner: &GrantOwner,
    ) -> Result<ConnectionCredential, AuthError> {
        Self::check_owner(connection, owner)?;
        let prepared = self.prepared(connection)?;
        Ok(ConnectionCredential(match &prepared.credential {
            Ready::Bare(secrets) => Source::Bare(secrets.clone()),
            Ready::Fixed(fixed) => Source::Fixed(fixed.clone()),
            Ready::Grant(source) => Source::Grant {
                grants: self.grants.clone(),
                entry: self.grants.entry(&key(connection, owner)),
                source: source.clone(),
            },
        }))
    }

    /// The secrets that requests of a connection may name in placeholders: only those in `declared`, each the text of a
    /// [`innkeeper_spec::PlaceholderUse`].
    pub fn placeholder_secrets(
        &self,
        connection: &ConnectionRecord,
        declared: &[String],
    ) -> Result<PlaceholderSecrets, AuthError> {
        let prepared = self.prepared(connection)?;
        Ok(PlaceholderSecrets::new(prepared.secrets.clone(), declared))
    }

    /// The status of a connection's credential for an owner.
    pub async fn status(&self, connection: &ConnectionRecord, owner: &GrantOwner) -> Result<GrantStatus, AuthError> {
        Self::check_owner(connection, owner)?;
        match self.prepared(connection)?.source() {
            Some(source) => self.grants.status(&key(connection, owner), source).await,
            None => Ok(GrantStatus::without_grant()),
        }
    }

    /// One claim of the token answer by name, as text. Tokens are not claims. The spec declares which claims a guest may read,
    /// and the caller must enforce that.
    pub async fn claim(
        &self,
        connection: &ConnectionRecord,
        owner: &GrantOwner,
        name: &str,
    ) -> Result<Option<String>, AuthError> {
        Ok(self.claims(connection, owner, &[name.to_owned()]).await?.remove(name))
    }

    /// The `declared` claims that the token answer contains. Where a claim repeats a secret of the connection, `[redacted]`
    /// replaces that secret.
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
        let prepared = self.prepared(connection)?;
        let Some(source) = prepared.source() else { return Ok(BTreeMap::new()) };
        let stored = self.grants.stored(&key(connection, owner)).await?;
        let Some((_, grant)) = stored.filter(|(_, grant)| grant.origin == source.origin) else {
            return Ok(BTreeMap::new());
        };
        let mut secrets = self.grants.secrets_of(&grant, source);
        secrets.extend(grant.other_tokens());
        let clean = |claim: String| self.context.egress.without(&secrets, grant.serial, claim);
        Ok(declared.iter().filter_map(|name| Some((name.clone(), clean(grant.claim(name)?)))).collect())
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

    /// Opens the secret fields of a connection, to change some of them or to seal them for another version.
    pub fn open_secrets(&self, connection: &ConnectionRecord) -> Result<BTreeMap<String, SecretString>, AuthError> {
        Ok(secrets::open(&self.vault, connection)?)
    }

    /// Rejects an owner that does not fit the mode before anything is read or sent.
    pub(crate) fn check_owner(connection: &ConnectionRecord, owner: &GrantOwner) -> Result<(), AuthError> {
        match (connection.auth_mode, owner) {
            (AuthMode::Shared, GrantOwner::Shared) | (AuthMode::PerUser, GrantOwner::Principal(_)) => Ok(()),
            (AuthMode::PerUser, GrantOwner::Shared) => Err(AuthError::PrincipalNeeded(connection.id.clone())),
            (AuthMode::Shared, GrantOwner::Principal(principal)) => {
                Err(AuthError::NotPerUser(connection.id.clone(), principal.clone()))
            }
        }
    }

    /// The connections as last read, with the values derived from them.
    pub fn connections(&self) -> &Arc<ConnectionCache> {
        &self.connections
    }

    pub(crate) fn prepared(&self, connection: &ConnectionRecord) -> Result<Arc<Prepared>, AuthError> {
        self.connections.worked_out(
            connection,
            |_| true,
            |was_another| {
                let prepared = self.prepare(connection)?;
                if was_another {
                    // Failures with other settings say nothing about these.
                    self.grants.clear_backoff(&connection.space, &connection.id);
                }
                Ok(prepared)
            },
        )
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
        // This key only signs; it is never sent.
        let sent = || secrets.values().filter(|secret| !secret.expose_secret().contains("-----BEGIN ")).cloned();
        Ok(Prepared {
            credential: match credential {
                Credential::Bare => Ready::Bare(sent().collect()),
                Credential::Fixed(placement) => Ready::Fixed(placement.into_attachment(0, sent()).into()),
                Credential::Grant(source) => {
                    let made_at = connection.created_at.as_millis().to_string();
                    Ready::Grant(BoundSource::new(&made_at, source, sent().collect(), self.context.clone()))
                }
            },
            secrets: Arc::new(secrets),
        })
    }

    pub(crate) fn egress(&self) -> &Egress {
        &self.context.egress
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.context.clock
    }

    pub(crate) fn random(&self) -> &dyn Random {
        &*self.context.random
    }

    pub(crate) fn store(&self) -> &dyn Store {
        &*self.store
    }

    pub(crate) fn shared_store(&self) -> Arc<dyn Store> {
        self.store.clone()
    }

    /// Runs work that continues if its caller goes away; [`Auth::close`] waits for it, for some time.
    pub fn task<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
        self.grants.task(work)
    }

    /// Waits until background work is done: a change, or a refresh that was sent but not yet stored, whose answer would otherwise
    /// be lost. Waits at most as long as one request to a provider may take, and 10 s.
    pub async fn close(&self) {
        let patience = SOURCE_TIMEOUT + Duration::from_secs(10);
        if tokio::time::timeout(patience, self.grants.finished()).await.is_err() {
            tracing::warn!("the host ends although a refresh or a change is under way");
        }
    }

    pub(crate) fn vault(&self) -> &Vault {
        &self.vault
    }

    pub(crate) fn limiter(&self) -> &FlowLimiter {
        &self.limiter
    }

    pub(crate) fn grants(&self) -> &Arc<Grants> {
        &self.grants
    }

    pub(crate) fn options(&self) -> AuthOptions {
        self.options
    }
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auth").field("types", &self.types.ids().collect::<Vec<_>>()).finish_non_exhaustive()
    }
}

pub(crate) fn key(connection: &ConnectionRecord, owner: &GrantOwner) -> GrantKey {
    GrantKey { space: connection.space.clone(), connection: connection.id.clone(), owner: owner.clone() }
}

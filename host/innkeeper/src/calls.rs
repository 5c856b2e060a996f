//! Calling an action, and checking a connection.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use innkeeper_ambient::lock::Mutex;
use innkeeper_auth::{Auth, AuthError, ConnectionCredential};
use innkeeper_egress::{Attachment, CredentialError, CredentialSource, RequestHead, SecretFields};
use innkeeper_runtime::{
    ActionFailure, Call, CallError, CallProblem, Claims, ConnectionAccess, Connector, File, Finished, GuestContext,
    HttpAccess, LogLine, Output, Progress, User,
};
use innkeeper_spec::{ApprovedHost, Scope};
use innkeeper_store::{ConnectionId, ConnectionRecord, GrantOwner, PrincipalId, SpaceId};
use secrecy::SecretString;
use serde_json::Value;
use tokio::sync::mpsc;

use crate::audit::Event;
use crate::error::Error;
use crate::host::Innkeeper;
use crate::hosts::narrow;
use crate::policy::Verb;
use crate::terms::{Hosts, Terms};

/// One call of an action.
#[derive(Debug)]
#[non_exhaustive]
pub struct CallRequest {
    /// The tenant.
    pub space: SpaceId,
    /// The id of the connection.
    pub connection: ConnectionId,
    /// The name of the action.
    pub action: String,
    /// Valid against the action's input schema.
    pub input: Value,
    /// Files handed to it.
    pub files: Vec<File>,
    /// The user that it runs for; required if each principal has their own grant.
    pub principal: Option<PrincipalId>,
    /// That user's name for people.
    pub principal_name: Option<String>,
    /// Receives progress and streamed results while the call runs.
    pub listener: Option<mpsc::Sender<Progress>>,
}

impl CallRequest {
    /// A call without files and without a principal.
    pub fn new(space: SpaceId, connection: ConnectionId, action: impl Into<String>, input: Value) -> Self {
        Self {
            space,
            connection,
            action: action.into(),
            input,
            files: Vec::new(),
            principal: None,
            principal_name: None,
            listener: None,
        }
    }

    /// Sets the user that it runs for.
    pub fn principal(mut self, principal: PrincipalId) -> Self {
        self.principal = Some(principal);
        self
    }

    /// Adds a file.
    pub fn file(mut self, file: File) -> Self {
        self.files.push(file);
        self
    }

    /// Sets the receiver of progress and streamed results.
    pub fn listener(mut self, listener: mpsc::Sender<Progress>) -> Self {
        self.listener = Some(listener);
        self
    }
}

/// The result of an action.
#[derive(Debug)]
#[non_exhaustive]
pub struct CallResult {
    /// Valid against the action's output schema.
    pub value: Value,
    /// Files returned; their bytes may still be arriving.
    pub files: Vec<File>,
    /// Streamed results that had no listener.
    pub events: Vec<Value>,
    /// The log lines of the guest.
    pub logs: Vec<LogLine>,
    /// Requests that left the host.
    pub requests: u32,
    /// How long it took.
    pub duration: Duration,
}

/// The result of checking a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CheckResult {
    /// The connector's sentence for a person.
    pub message: String,
    /// How long it took.
    pub duration: Duration,
}

impl Innkeeper {
    /// Runs an action of a connection in a fresh instance, with the connection's credential, within the limits.
    ///
    /// If each principal of the connection has their own grant, a call without a principal is refused before anything
    /// is sent. If a person has to authorize (again), the error is [`Error::Auth`] with the reason.
    pub async fn call(&self, request: CallRequest) -> Result<CallResult, Error> {
        let CallRequest { space, connection: id, .. } = &request;
        // It may be any text, and goes on record.
        let action = request.action.chars().take(LONGEST_ACTION).collect();
        let event = Event { action: Some(action), ..Event::new(Verb::Call, request.principal.clone()) };
        let Some(record) = self.parts.auth.connections().get(space, id).await? else {
            self.allow_event(space, id, None, &event, Scope::Read).await?;
            return Err(Error::unknown_connection(space, id));
        };
        let connector = self.ready(&record.connector).await;
        let scope_of = |connector: &Connector| connector.spec().action(&request.action).map(|action| action.scope);
        // What an action may do is not known without its connector.
        let scope = connector.as_ref().map_or(Scope::Destroy, |connector| scope_of(connector).unwrap_or_default());
        self.allow_event(space, id, Some(&record), &event, scope).await?;
        let connector = self.begun(&record, &event, connector).await?;
        let user = request.principal.clone().map(|id| User { id: id.into(), name: request.principal_name });
        let prepared = self.prepare(&record, &connector, request.principal.as_ref(), user, request.listener).await;
        let prepared = self.begun(&record, &event, prepared).await?;
        let call = Call { action: request.action, input: request.input, files: request.files };
        let underway = self.underway(&record, event, &prepared.context);
        let finished = self.parts.runtime.call(&connector, call, prepared.context).await;
        let Finished { result, logs, requests, duration } = finished;
        match result {
            Ok(Output { value, files, events }) => {
                underway.finish("ok", duration).await?;
                Ok(CallResult { value, files, events, logs, requests, duration })
            }
            Err(error) => {
                let error = prepared.credential.explain(&record, error, logs);
                underway.finish(error.kind().as_str(), duration).await?;
                Err(error)
            }
        }
    }

    /// Checks a connection with the connector's own check.
    pub async fn check(
        &self,
        space: &SpaceId,
        connection: &ConnectionId,
        principal: Option<PrincipalId>,
    ) -> Result<CheckResult, Error> {
        let event = Event::new(Verb::Check, principal.clone());
        let record = self.permitted(space, connection, &event).await?;
        let connector = self.ready(&record.connector).await?;
        let user = principal.clone().map(|id| User { id: id.into(), name: None });
        let prepared = self.prepare(&record, &connector, principal.as_ref(), user, None).await;
        let prepared = self.begun(&record, &event, prepared).await?;
        let underway = self.underway(&record, event, &prepared.context);
        let Finished { result, logs, duration, .. } = self.parts.runtime.check(&connector, prepared.context).await;
        match result {
            Ok(message) => {
                underway.finish("ok", duration).await?;
                Ok(CheckResult { message, duration })
            }
            Err(error) => {
                let error = prepared.credential.explain(&record, error, logs);
                underway.finish(error.kind().as_str(), duration).await?;
                Err(error)
            }
        }
    }

    async fn prepare(
        &self,
        record: &Arc<ConnectionRecord>,
        connector: &Connector,
        principal: Option<&PrincipalId>,
        user: Option<User>,
        listener: Option<mpsc::Sender<Progress>>,
    ) -> Result<Prepared, Error> {
        let auth = &self.parts.auth;
        let owner = Auth::owner_of(record, principal)?;
        let source = auth.credential_source(record, &owner)?;
        let credential =
            Arc::new(WatchedCredential { source, failure: Mutex::default(), turned_away: AtomicBool::default() });
        let terms = Terms::of(auth.connections(), record, connector);
        let placeholders: Option<Arc<dyn SecretFields>> = match &*terms.placeholders {
            [] => None,
            agreed => Some(Arc::new(auth.placeholder_secrets(record, agreed)?)),
        };
        let config = terms.config.clone();
        let echoes = terms.echoes.clone();
        let claims = GrantClaims { host: self.clone(), record: record.clone(), owner, terms };
        let allow = claims.hosts().await;
        let context = GuestContext {
            connection: ConnectionAccess { record: record.clone(), config, user, claims: Arc::new(claims) },
            http: HttpAccess {
                egress: self.parts.egress.clone(),
                allow,
                credential: credential.clone(),
                placeholders,
                echoes,
                sent: Arc::default(),
            },
            state: self.parts.memory.clone(),
            progress: listener,
        };
        Ok(Prepared { context, credential })
    }

    /// Records a call that cannot even begin.
    async fn begun<T>(&self, record: &ConnectionRecord, event: &Event, prepared: Result<T, Error>) -> Result<T, Error> {
        if let Err(error) = &prepared {
            self.record(self.audit_record(record, event.clone(), error.kind().as_str())).await?;
        }
        prepared
    }
}

/// The longest name of an action that goes on record, in characters: no valid one is longer.
const LONGEST_ACTION: usize = 128;

struct Prepared {
    context: GuestContext,
    credential: Arc<WatchedCredential>,
}

/// The credential of a call. The guest learns only the kind of a failure; the caller gets the reason.
struct WatchedCredential {
    source: ConnectionCredential,
    failure: Mutex<Option<AuthError>>,
    /// The service rejected it, and there is no newer one.
    turned_away: AtomicBool,
}

#[async_trait]
impl CredentialSource for WatchedCredential {
    async fn attach(
        &self,
        head: &RequestHead,
        rejected: Option<&Attachment>,
    ) -> Result<Option<Arc<Attachment>>, CredentialError> {
        match self.source.attachment(head, rejected).await {
            Ok(None) if rejected.is_some() => {
                self.turned_away.store(true, Ordering::Relaxed);
                self.keep(self.source.last_failure());
                Ok(None)
            }
            Ok(attachment) => {
                self.keep(None);
                Ok(attachment)
            }
            Err(failure) => {
                let shown = CredentialError::from(&failure);
                self.keep(Some(failure));
                Err(shown)
            }
        }
    }

    async fn secrets(&self) -> Result<Arc<[SecretString]>, CredentialError> {
        self.source.secrets().await
    }
}

impl WatchedCredential {
    fn keep(&self, failure: Option<AuthError>) {
        *self.failure.lock() = failure;
    }

    /// Why the call failed, if the guest could only report that it got no credential.
    fn explain(&self, record: &ConnectionRecord, error: CallError, logs: Vec<LogLine>) -> Error {
        let CallProblem::Action(failed) = &error.problem else { return Error::Call { error, logs } };
        if let Some(failure) = self.failure.lock().take() {
            return Error::Auth(failure);
        }
        let turned_away = self.turned_away.load(Ordering::Relaxed) && !self.source.is_authorized_by_a_person();
        if turned_away && *failed == ActionFailure::NeedsAuthorization {
            let (connection, auth_type) = (record.id.clone(), record.auth_type.clone());
            return Error::Auth(AuthError::Rejected { connection, auth_type });
        }
        Error::Call { error, logs }
    }
}

struct GrantClaims {
    host: Innkeeper,
    record: Arc<ConnectionRecord>,
    owner: GrantOwner,
    terms: Arc<Terms>,
}

impl fmt::Debug for GrantClaims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GrantClaims").field("connection", &self.record.id).finish_non_exhaustive()
    }
}

impl GrantClaims {
    /// The hosts that this call may reach.
    async fn hosts(&self) -> Arc<[ApprovedHost]> {
        let hosts = match &self.terms.hosts {
            Hosts::Fixed(hosts) => return hosts.clone(),
            Hosts::ByClaim(hosts) => hosts,
        };
        let mut claims = BTreeMap::new();
        for name in hosts.iter().filter_map(|host| host.claim.as_deref()) {
            if let Some(value) = self.read(name).await {
                claims.insert(name, value);
            }
        }
        narrow(hosts, &|name| claims.get(name).cloned()).into()
    }

    async fn read(&self, name: &str) -> Option<String> {
        match self.host.parts.auth.claim(&self.record, &self.owner, name).await {
            Ok(claim) => claim,
            Err(error) => {
                tracing::warn!(connection = %self.record.id, claim = name, %error, "a claim cannot be read");
                None
            }
        }
    }
}

#[async_trait]
impl Claims for GrantClaims {
    async fn claim(&self, name: &str) -> Option<String> {
        if self.terms.claims.iter().any(|readable| readable == name) { self.read(name).await } else { None }
    }
}

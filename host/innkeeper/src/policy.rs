//! Access policy: who may do what.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use innkeeper_spec::{ConnectorId, Scope};
use innkeeper_store::{ConnectionId, ConnectionRecord, PrincipalId, SpaceId};

use crate::audit::Event;
use crate::error::Error;
use crate::host::Innkeeper;

/// Makes the enum and its list of one list: a verb's name and what it may do.
macro_rules! verbs {
    ($($(#[$doc:meta])* $verb:ident = $name:literal, $scope:ident;)*) => {
        /// What a caller of the host wants to do. An [`AccessPolicy`] is asked at every one of them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Verb {
            $($(#[$doc])* $verb,)*
        }

        impl Verb {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$verb,)*];

            /// Its name, which audit records have, too.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$verb => $name,)*
                }
            }

            /// What it may do, unless the request says otherwise.
            pub const fn scope(self) -> Scope {
                match self {
                    $(Self::$verb => Scope::$scope,)*
                }
            }
        }
    };
}

verbs! {
    /// List the connectors of the host.
    ListConnectors = "list-connectors", Read;
    /// Read the spec of a connector.
    ReadConnector = "read-connector", Read;
    /// Inspect a component, without storing it.
    InspectConnector = "inspect-connector", Read;
    /// Plan to add a connector or a newer version of it, and do so.
    AddConnector = "add-connector", Write;
    /// Remove a connector.
    RemoveConnector = "remove-connector", Destroy;
    /// List the connections of a space.
    ListConnections = "list-connections", Read;
    /// Read a connection's settings.
    ReadConnection = "read-connection", Read;
    /// Plan a connection or a change of one. It may fetch metadata from an authorization server.
    PlanConnection = "plan-connection", Read;
    /// Create a connection.
    Connect = "connect", Write;
    /// Change a connection.
    ChangeConnection = "change", Write;
    /// Delete a connection.
    DeleteConnection = "delete", Destroy;
    /// Call an action. The scope is the action's.
    Call = "call", Read;
    /// Check a connection.
    Check = "check", Read;
    /// Read the status of a connection.
    ReadStatus = "status", Read;
    /// Authorize a connection, or make a link for that. The scope is [`Scope::Read`] for the principal's own grant and
    /// [`Scope::Write`] for a shared one.
    Authorize = "authorize", Read;
    /// Disconnect a grant. The scope is as for [`Verb::Authorize`].
    Disconnect = "disconnect", Read;
    /// Read audit records of a space.
    ReadAudit = "read-audit", Read;
    /// Disconnect all grants of a principal in a space.
    ForgetPrincipal = "forget-principal", Destroy;
    /// Delete a space with all its connections.
    DeleteSpace = "delete-space", Destroy;
    /// Replace the keyring, or seal everything under a new data key.
    RotateKeys = "rotate-keys", Write;
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The request that an [`AccessPolicy`] decides on.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct AccessRequest<'a> {
    /// The operation.
    pub verb: Verb,
    /// The caller of [`Innkeeper::for_caller`]; `None` if it is the embedding service itself.
    pub caller: Option<&'a PrincipalId>,
    /// The tenant; `None` if the operation concerns the whole host.
    pub space: Option<&'a SpaceId>,
    /// The connection, if the verb is about one. It need not exist.
    pub connection: Option<&'a ConnectionId>,
    /// The connector, if known.
    pub connector: Option<&'a ConnectorId>,
    /// The user whose grant is used or changed, if any.
    pub principal: Option<&'a PrincipalId>,
    /// The action of a call.
    pub action: Option<&'a str>,
    /// What the operation may do; for a call, what the action may do at the service.
    pub scope: Scope,
}

impl<'a> AccessRequest<'a> {
    pub(crate) fn new(verb: Verb) -> Self {
        Self {
            verb,
            caller: None,
            space: None,
            connection: None,
            connector: None,
            principal: None,
            action: None,
            scope: verb.scope(),
        }
    }

    pub(crate) fn in_space(verb: Verb, space: &'a SpaceId) -> Self {
        Self { space: Some(space), ..Self::new(verb) }
    }

    pub(crate) fn of_connector(verb: Verb, connector: &'a ConnectorId) -> Self {
        Self { connector: Some(connector), ..Self::new(verb) }
    }
}

/// Why something is not allowed: a sentence for the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denied(pub String);

/// Decides whether the caller may do something, before it is done.
///
/// ```
/// use innkeeper::{AccessPolicy, AccessRequest, Denied, spec::Scope};
///
/// /// Users only read.
/// #[derive(Debug)]
/// struct ReadersOnly;
///
/// #[async_trait::async_trait]
/// impl AccessPolicy for ReadersOnly {
///     async fn decide(&self, request: &AccessRequest<'_>) -> Result<(), Denied> {
///         match request.caller {
///             Some(_) if request.scope != Scope::Read => Err(Denied("you may only read".to_owned())),
///             _ => Ok(()),
///         }
///     }
/// }
/// ```
#[async_trait]
pub trait AccessPolicy: Send + Sync + fmt::Debug {
    /// Allows the request, or denies it with a reason. The call waits for the answer; the host sets no time limit.
    async fn decide(&self, request: &AccessRequest<'_>) -> Result<(), Denied>;
}

impl Innkeeper {
    /// The same host on behalf of a caller whom the [`AccessPolicy`] knows, such as a signed-in user or a service
    /// account. Otherwise the embedding service itself is the caller.
    pub fn for_caller(&self, caller: PrincipalId) -> Self {
        Self { parts: self.parts.clone(), caller: Some(caller) }
    }

    /// Asks the access policy.
    pub(crate) async fn allow(&self, request: AccessRequest<'_>) -> Result<(), Error> {
        let Some(policy) = &self.parts.policy else { return Ok(()) };
        let request = AccessRequest { caller: self.caller.as_ref(), ..request };
        policy.decide(&request).await.map_err(|denied| Error::NotAllowed(denied.0))
    }

    /// The connection, if the policy allows this. Only then does the caller learn whether it exists.
    pub(crate) async fn permitted(
        &self,
        space: &SpaceId,
        id: &ConnectionId,
        event: &Event,
    ) -> Result<Arc<ConnectionRecord>, Error> {
        let record = self.parts.auth.connections().get(space, id).await?;
        self.allow_event(space, id, record.as_deref(), event, event.verb.scope()).await?;
        record.ok_or_else(|| Error::unknown_connection(space, id))
    }

    /// Asks the access policy about an operation on a connection. A denial is recorded.
    pub(crate) async fn allow_event(
        &self,
        space: &SpaceId,
        id: &ConnectionId,
        record: Option<&ConnectionRecord>,
        event: &Event,
        scope: Scope,
    ) -> Result<(), Error> {
        let request = AccessRequest {
            space: Some(space),
            connection: Some(id),
            connector: record.map(|record| &record.connector),
            principal: event.principal.as_ref(),
            action: event.action.as_deref(),
            scope,
            ..AccessRequest::new(event.verb)
        };
        let Err(denied) = self.allow(request).await else { return Ok(()) };
        if let Some(record) = record {
            self.record(self.audit_record(record, event.clone(), denied.kind().as_str())).await?;
        }
        Err(denied)
    }
}

//! Who may do what.

use std::fmt;

use innkeeper_spec::{ConnectorId, Scope};
use innkeeper_store::{ConnectionId, PrincipalId, SpaceId};

/// What is asked for.
#[derive(Debug)]
pub struct AccessRequest<'a> {
    /// The tenant.
    pub space: &'a SpaceId,
    /// Which connection.
    pub connection: &'a ConnectionId,
    /// Of which connector.
    pub connector: &'a ConnectorId,
    /// The user it is done for, where there is one.
    pub principal: Option<&'a PrincipalId>,
    /// Which action; none for a check of the connection, its status, and authorizing or disconnecting it.
    pub action: Option<&'a str>,
    /// What the action may do at the service. To authorize or disconnect is `read` where it is the principal's own grant, and
    /// `write` where it is the one that all share.
    pub scope: Scope,
}

/// Why something is not allowed: a sentence for the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denied(pub String);

/// Decides before anything runs whether a caller may use a connection and an action.
pub trait AccessPolicy: Send + Sync + fmt::Debug {
    /// Refuses with a reason, or does not.
    fn decide(&self, request: &AccessRequest<'_>) -> Result<(), Denied>;
}

/// Everyone who can reach the host may use all of a space: the embedding service has decided already.
#[derive(Clone, Copy, Debug, Default)]
pub struct AllowAll;

impl AccessPolicy for AllowAll {
    fn decide(&self, _: &AccessRequest<'_>) -> Result<(), Denied> {
        Ok(())
    }
}

//! Authorization on another device, with a code (RFC 8628).

use std::fmt;
use std::time::Duration;

use innkeeper_address::SecureUrl;
use innkeeper_ambient::Timestamp;
use innkeeper_store::{ConnectionId, ConnectionRecord, GrantKey, GrantOwner, SpaceId};
use secrecy::SecretString;

use super::limits::{Counted, Endpoint, TooMany};
use super::{Completed, DeviceFlow};
use crate::auth::Auth;
use crate::error::AuthError;
use crate::grant::{Authorization, BoundSource, ErrorCode, Nature, Origin, TokenAnswer, TokenError};
use crate::scope::Scope;

/// Section 3.5: how much the interval grows when the server answers that the client polls too often.
const SLOWER: Duration = Duration::from_secs(5);
/// The minimum interval, whatever a source answers.
const SHORTEST_INTERVAL: Duration = Duration::from_secs(1);
/// The longest wait after temporary failures, unless the server requires more.
const LONGEST_WAIT: Duration = Duration::from_mins(2);

/// How a user authorizes a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthorizationWay {
    /// In a browser, which comes back with a code: [`Auth::begin`].
    Browser,
    /// By a code that is entered on another device: [`Auth::begin_device`].
    Device,
    /// Not at all: the connection needs no user.
    None,
}

/// An authorization that waits for a user on another device. It is only in memory: if it is lost, the user begins again.
pub struct DeviceAuthorization {
    /// The code that the user enters there.
    pub user_code: String,
    /// The address that the user opens.
    pub verification_uri: SecureUrl,
    /// The address with the code in it, for a link or a QR code. The user should still compare the code.
    pub verification_uri_complete: Option<SecureUrl>,
    /// When the authorization expires.
    pub expires_at: Timestamp,
    /// The minimum time between polls; it grows if the server requires that.
    pub interval: Duration,
    device_code: SecretString,
    /// Identifies the server that issued the code: the code is sent to no other server, even if the connection changes.
    origin: Origin,
    scope: Option<String>,
    next_poll: Timestamp,
    failures: u32,
    space: SpaceId,
    connection: ConnectionId,
    owner: GrantOwner,
}

/// Shows everything but the device code, which is as powerful as a grant.
impl fmt::Debug for DeviceAuthorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceAuthorization")
            .field("connection", &self.connection)
            .field("owner", &self.owner)
            .field("expires_at", &self.expires_at)
            .field("interval", &self.interval)
            .finish_non_exhaustive()
    }
}

/// The outcome of one poll.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeviceProgress {
    /// The user has not decided yet, or the server cannot be reached at the moment.
    Pending {
        /// How long to wait until the next poll; an earlier one is not sent.
        wait: Duration,
    },
    /// The user has consented, and the grant is stored.
    Authorized(Completed),
}

/// Why an authorization on another device led to no grant.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeviceFailure {
    /// The user declined.
    #[error("access was denied; begin again if that was a mistake (access_denied)")]
    Denied,
    /// The code expired before the user decided.
    #[error("nobody authorized it in time; begin again (expired_token)")]
    Expired,
    /// The authorization server rejected the request itself.
    #[error("the request to the authorization server failed: {0}; check the connection's settings")]
    Server(TokenError),
    /// The connection was removed or changed in the meantime.
    #[error("connection {0} no longer exists or was changed in the meantime")]
    ConnectionGone(ConnectionId),
    /// The host failed.
    #[error(transparent)]
    Host(#[from] AuthError),
}

impl Auth {
    /// How a user authorizes this connection.
    pub fn authorization_way(&self, connection: &ConnectionRecord) -> Result<AuthorizationWay, AuthError> {
        let prepared = self.prepared(connection)?;
        Ok(match prepared.source().map(BoundSource::authorization) {
            Some(Authorization::Browser(_)) => AuthorizationWay::Browser,
            Some(Authorization::Device(_)) => AuthorizationWay::Device,
            Some(Authorization::Nobody) | None => AuthorizationWay::None,
        })
    }

    /// Begins an authorization of `connection` by `owner` on another device (section 3.1). Show the user the code and the
    /// address, then call [`Auth::poll_device`] until it returns an outcome, or [`Auth::wait_device`] once.
    pub async fn begin_device(
        &self,
        connection: &ConnectionRecord,
        owner: &GrantOwner,
    ) -> Result<DeviceAuthorization, DeviceFailure> {
        Self::check_owner(connection, owner)?;
        let prepared = self.prepared(connection)?;
        let Some((source, flow)) = prepared.source().and_then(|source| Some((source, device_flow(source)?))) else {
            let (connection, auth_type) = (connection.id.clone(), connection.auth_type.clone());
            return Err(AuthError::NoDeviceCode { connection, auth_type }.into());
        };
        let who = Counted::new(None, &connection.space, &connection.id, owner);
        let counted = self.limiter().count(Endpoint::Begin, who, self.clock().now());
        counted.map_err(|TooMany(retry_after)| AuthError::TooManyAuthorizations { retry_after })?;
        let answer = flow.begin(&source.context).await.map_err(DeviceFailure::Server)?;
        let interval = answer.interval.max(SHORTEST_INTERVAL);
        let now = self.clock().now();
        Ok(DeviceAuthorization {
            user_code: answer.user_code,
            verification_uri: answer.verification_uri,
            verification_uri_complete: answer.verification_uri_complete,
            expires_at: now.plus(answer.expires_in),
            interval,
            device_code: answer.device_code,
            origin: source.origin.clone(),
            scope: source.scope().map(Scope::to_string),
            next_poll: now.plus(interval),
            failures: 0,
            space: connection.space.clone(),
            connection: connection.id.clone(),
            owner: owner.clone(),
        })
    }

    /// Asks the server once whether the user has decided (section 3.4), unless it is too early for that. Each temporary failure
    /// doubles the wait.
    pub async fn poll_device(&self, pending: &mut DeviceAuthorization) -> Result<DeviceProgress, DeviceFailure> {
        let now = self.clock().now();
        if now >= pending.expires_at {
            return Err(DeviceFailure::Expired);
        }
        if now < pending.next_poll {
            return Ok(DeviceProgress::Pending { wait: pending.next_poll.since(now) });
        }
        let source = self.device_source(pending).await?;
        let Some(flow) = device_flow(&source) else {
            return Err(DeviceFailure::ConnectionGone(pending.connection.clone()));
        };
        let problem = match flow.poll(&pending.device_code, &source.context).await {
            Ok(answer) => return self.keep(pending, &source, answer).await.map(DeviceProgress::Authorized),
            Err(problem) => problem,
        };
        match &problem {
            TokenError::Refused(ErrorCode::AuthorizationPending) => pending.failures = 0,
            TokenError::Refused(ErrorCode::SlowDown) => {
                pending.failures = 0;
                pending.interval += SLOWER;
            }
            TokenError::Refused(ErrorCode::AccessDenied) => return Err(DeviceFailure::Denied),
            TokenError::Refused(ErrorCode::ExpiredToken) => return Err(DeviceFailure::Expired),
            _ if matches!(problem.nature(), Nature::Passing { .. }) => {
                tracing::warn!(connection = %pending.connection, %problem, "the status of a device authorization could not be read");
                pending.failures += 1;
            }
            _ => return Err(DeviceFailure::Server(problem)),
        }
        let doubled = pending.interval.saturating_mul(1 << pending.failures.min(10));
        let wait =
            if pending.failures == 0 { pending.interval } else { doubled.min(LONGEST_WAIT.max(pending.interval)) };
        let wait = problem.retry_after().map_or(wait, |asked| asked.max(wait));
        pending.next_poll = self.clock().now().plus(wait);
        Ok(DeviceProgress::Pending { wait })
    }

    /// Polls until the user has decided or the code has expired. Dropping the future abandons the authorization.
    pub async fn wait_device(&self, mut pending: DeviceAuthorization) -> Result<Completed, DeviceFailure> {
        loop {
            match self.poll_device(&mut pending).await? {
                DeviceProgress::Authorized(completed) => return Ok(completed),
                DeviceProgress::Pending { wait } => {
                    let left = pending.expires_at.since(self.clock().now());
                    self.clock().sleep(wait.min(left)).await;
                }
            }
        }
    }

    async fn keep(
        &self,
        pending: &DeviceAuthorization,
        source: &BoundSource,
        answer: TokenAnswer,
    ) -> Result<Completed, DeviceFailure> {
        let (space, connection, owner) = (pending.space.clone(), pending.connection.clone(), pending.owner.clone());
        let key = GrantKey { space: space.clone(), connection: connection.clone(), owner: owner.clone() };
        self.grants().replace(&key, answer, pending.scope.as_deref(), source).await?;
        // A connection that was deleted in the meantime must not leave a grant behind.
        if self.connections().get(&space, &connection).await.map_err(AuthError::from)?.is_none() {
            self.grants().remove(&key).await?;
            return Err(DeviceFailure::ConnectionGone(connection));
        }
        Ok(Completed { space, connection, owner, return_url: None })
    }

    /// The source of the connection in its current version.
    async fn device_source(&self, pending: &DeviceAuthorization) -> Result<BoundSource, DeviceFailure> {
        let gone = || DeviceFailure::ConnectionGone(pending.connection.clone());
        let connection = self.connections().get(&pending.space, &pending.connection).await.map_err(AuthError::from)?;
        let connection = connection.ok_or_else(gone)?;
        Self::check_owner(&connection, &pending.owner).map_err(|_| gone())?;
        let prepared = self.prepared(&connection)?;
        let same = |source: &&BoundSource| source.origin == pending.origin;
        prepared.source().filter(same).cloned().ok_or_else(gone)
    }
}

fn device_flow(source: &BoundSource) -> Option<Box<dyn DeviceFlow + '_>> {
    match source.authorization() {
        Authorization::Device(flow) => Some(flow),
        _ => None,
    }
}

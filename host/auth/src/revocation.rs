//! Disconnects grants: removes them from the store at once and revokes them at the provider as far as possible.

use std::fmt;
use std::time::Duration;

use futures::StreamExt as _;
use innkeeper_store::{ConnectionRecord, GrantKey, GrantOwner};
use secrecy::SecretString;

use crate::auth::{Auth, key};
use crate::error::AuthError;
use crate::grant::{BoundSource, Grant, Nature, Removed, TokenError, TokenKind};

/// The waits before further attempts at a token after a temporary failure.
const WAITS: [Duration; 3] = [Duration::from_secs(5), Duration::from_mins(1), Duration::from_mins(10)];
/// The number of grants that are revoked at the same time.
const AT_ONCE: usize = 10;
/// The longest wait that a server may require.
const LONGEST_ASKED: Duration = Duration::from_hours(1);

/// The outcome of disconnecting a grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disconnected {
    /// There was a grant; it is now removed.
    pub existed: bool,
    /// Why the provider's tokens may still be valid there; empty if all of them were revoked.
    pub unrevoked: Option<Unrevoked>,
}

/// Why tokens were not revoked at the provider. The host has removed them in any case.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unrevoked {
    /// The provider has no revocation URL, or none is known.
    NoAddress,
    /// The settings of the connection identify no server.
    NoServer,
    /// They were issued by a server, or to a client, that the connection used before.
    OtherServer,
    /// The stored grant could not be opened.
    Sealed,
    /// The provider was asked and did not revoke one of them.
    Failed {
        /// The kind of token.
        kind: TokenKind,
        /// The provider's error, or why it was not reached. No secret.
        reason: String,
        /// The host tries again in the background while this process runs.
        again: bool,
    },
}

impl fmt::Display for Unrevoked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAddress => f.write_str("the provider's revocation URL is not known"),
            Self::NoServer => f.write_str("the settings of the connection do not name a server"),
            Self::OtherServer => f.write_str("they belong to a different server or client than the connection has now"),
            Self::Sealed => f.write_str("the stored grant could not be opened"),
            Self::Failed { kind, reason, .. } => {
                write!(f, "the provider did not revoke the {kind}: {reason}")
            }
        }
    }
}

impl Auth {
    /// Removes an owner's grant at once, then revokes its tokens at the provider if that has a revocation URL (RFC 7009). Waits
    /// for the first attempt, at most 10 s per token; after a temporary failure it tries again in the background, up to three
    /// times. A missing grant is not an error.
    pub async fn disconnect(
        &self,
        connection: &ConnectionRecord,
        owner: &GrantOwner,
    ) -> Result<Disconnected, AuthError> {
        Self::check_owner(connection, owner)?;
        let key = key(connection, owner);
        let source = self.prepared(connection).ok().and_then(|prepared| prepared.source().cloned());
        let grants = self.grants().clone();
        // The tokens are revoked even if the caller goes away.
        let task = self.grants().task(async move {
            let removed = grants.remove(&key).await?;
            let existed = !matches!(removed, Removed::Nothing);
            let unrevoked = after_removal(removed, source, &key).await;
            Ok(Disconnected { existed, unrevoked })
        });
        task.await.unwrap_or_else(|_| Err(AuthError::Interrupted(connection.id.clone())))
    }

    /// Removes all grants of a connection as [`Auth::disconnect`] does, and the connection's entries in memory. For a
    /// connection that is about to be deleted: its tokens cannot be revoked afterwards.
    pub async fn forget(&self, connection: &ConnectionRecord) -> Result<(), AuthError> {
        let source = self.prepared(connection).ok().and_then(|prepared| prepared.source().cloned());
        let mut removed = Vec::new();
        for key in self.grants().keys(&connection.space, &connection.id).await? {
            let grant = self.grants().remove(&key).await?;
            removed.push((key, grant));
        }
        self.connections().forget(&connection.space, &connection.id);
        if !removed.is_empty() {
            let task = self.grants().task(async move {
                let all = removed.into_iter().map(|(key, grant)| {
                    let source = source.clone();
                    async move { after_removal(grant, source, &key).await }
                });
                futures::stream::iter(all).buffer_unordered(AT_ONCE).for_each(|_| std::future::ready(())).await;
            });
            // Its outcome is in the log.
            let _ = task.await;
        }
        Ok(())
    }
}

/// Revokes what was removed, and logs what is still valid at the provider.
async fn after_removal(removed: Removed, source: Option<BoundSource>, key: &GrantKey) -> Option<Unrevoked> {
    let unrevoked = match (removed, source) {
        (Removed::Nothing, _) => None,
        (Removed::Sealed, _) => Some(Unrevoked::Sealed),
        (Removed::Grant(_), None) => Some(Unrevoked::NoServer),
        (Removed::Grant(grant), Some(source)) => give_back(*grant, source, key).await,
    };
    if let Some(unrevoked) = &unrevoked {
        tell(key, unrevoked);
    }
    unrevoked
}

/// The refresh token comes first: many servers revoke the whole grant with it. Returns what is still valid after the first
/// attempt.
async fn give_back(grant: Grant, source: BoundSource, key: &GrantKey) -> Option<Unrevoked> {
    if grant.origin != source.origin {
        // The present server is not asked to revoke tokens of a server that the connection used before.
        return Some(Unrevoked::OtherServer);
    }
    if !source.revokes() {
        return Some(Unrevoked::NoAddress);
    }
    let tokens = [(grant.refresh_token, TokenKind::Refresh), (Some(grant.access_token), TokenKind::Access)];
    let mut unrevoked = None;
    for (token, kind) in tokens {
        let Some(token) = token else { continue };
        let Err(problem) = source.revoke(&token, kind).await else { continue };
        let again = matches!(problem.nature(), Nature::Passing { .. });
        unrevoked = unrevoked.or_else(|| Some(Unrevoked::Failed { kind, reason: problem.to_string(), again }));
        if again {
            tokio::spawn(retry_revocation(source.clone(), key.clone(), token, kind, problem));
        }
    }
    unrevoked
}

async fn retry_revocation(
    source: BoundSource,
    key: GrantKey,
    token: SecretString,
    kind: TokenKind,
    mut problem: TokenError,
) {
    for wait in WAITS {
        let asked = problem.retry_after().unwrap_or_default().min(LONGEST_ASKED);
        source.context.clock.sleep(wait.max(asked)).await;
        match source.revoke(&token, kind).await {
            Ok(()) => return,
            Err(error) if matches!(error.nature(), Nature::Passing { .. }) => problem = error,
            Err(error) => return given_up(&key, kind, &error),
        }
    }
    given_up(&key, kind, &problem);
}

fn given_up(key: &GrantKey, kind: TokenKind, problem: &TokenError) {
    tell(key, &Unrevoked::Failed { kind, reason: problem.to_string(), again: false });
}

/// A provider without a revocation URL is no reason for a warning.
fn tell(key: &GrantKey, unrevoked: &Unrevoked) {
    if *unrevoked != Unrevoked::NoAddress {
        tracing::warn!(connection = %key.connection, reason = %unrevoked, "tokens were not revoked");
    }
}

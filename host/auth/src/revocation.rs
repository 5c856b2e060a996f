//! The end of grants: gone from the store at once, given back to the provider as well as that can be done.

use std::fmt;
use std::time::Duration;

use futures::StreamExt as _;
use innkeeper_store::{ConnectionRecord, GrantKey, GrantOwner};
use secrecy::SecretString;

use crate::auth::{Auth, key};
use crate::error::AuthError;
use crate::grant::{BoundSource, Grant, Nature, Removed, TokenError, TokenKind};

/// The waits before further attempts at a token, when the one before failed in passing.
const WAITS: [Duration; 3] = [Duration::from_secs(5), Duration::from_mins(1), Duration::from_mins(10)];
/// Grants that are given back at once.
const AT_ONCE: usize = 10;
/// The longest wait that a server may ask for.
const LONGEST_ASKED: Duration = Duration::from_hours(1);

/// What came of ending a grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disconnected {
    /// There was a grant; there is none now.
    pub existed: bool,
    /// Why what the provider issued may go on being good there; none where it took all of it back.
    pub unrevoked: Option<Unrevoked>,
}

/// Why tokens were not given back to the provider. They are gone here all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unrevoked {
    /// The provider has no revocation URL, or none is known.
    NoAddress,
    /// The settings of the connection lead to no server.
    NoServer,
    /// They were issued by a server, or to a client, that the connection used before.
    OtherServer,
    /// The stored grant could not be opened.
    Sealed,
    /// The provider was asked and did not take one of them.
    Failed {
        /// Which.
        kind: TokenKind,
        /// What it said, or why it was not reached. No secret.
        reason: String,
        /// It is asked again in the background, for as long as this process runs.
        again: bool,
    },
}

impl fmt::Display for Unrevoked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAddress => f.write_str("no revocation URL of the provider is known"),
            Self::NoServer => f.write_str("the settings of the connection lead to no server"),
            Self::OtherServer => f.write_str("they are of another server or client than the connection has now"),
            Self::Sealed => f.write_str("the stored grant could not be opened"),
            Self::Failed { kind, reason, .. } => {
                write!(f, "the provider did not take back the {kind}: {reason}")
            }
        }
    }
}

impl Auth {
    /// Removes an owner's grant at once, then gives its tokens back to the provider where that has a revocation address
    /// (RFC 7009). Waits for the first attempt, at most 10 s a token; what fails in passing is tried again in the background,
    /// up to three times. No grant is no error.
    pub async fn disconnect(
        &self,
        connection: &ConnectionRecord,
        owner: &GrantOwner,
    ) -> Result<Disconnected, AuthError> {
        Self::check_owner(connection, owner)?;
        let key = key(connection, owner);
        let source = self.prepared(connection).ok().and_then(|prepared| prepared.source().cloned());
        let grants = self.grants().clone();
        // A caller who goes away must not keep the tokens from being given back.
        let task = self.grants().task(async move {
            let removed = grants.remove(&key).await?;
            let existed = !matches!(removed, Removed::Nothing);
            let unrevoked = after_removal(removed, source, &key).await;
            Ok(Disconnected { existed, unrevoked })
        });
        task.await.unwrap_or_else(|_| Err(AuthError::Interrupted(connection.id.clone())))
    }

    /// Removes all grants of a connection as [`Auth::disconnect`] does, and what is in memory of it. For a connection that is
    /// about to be deleted: afterwards its grants are gone and there is nothing to give back.
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

/// Gives back what was removed, and logs what is left at the provider.
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

/// The refresh token first: many servers revoke the whole grant with it. Answers what is left there after the first attempt.
async fn give_back(grant: Grant, source: BoundSource, key: &GrantKey) -> Option<Unrevoked> {
    if grant.origin != source.origin {
        // Tokens of a server that the connection used before are none of the present one's business.
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

/// That the provider has no place for tokens is nothing to look into.
fn tell(key: &GrantKey, unrevoked: &Unrevoked) {
    if *unrevoked != Unrevoked::NoAddress {
        tracing::warn!(connection = %key.connection, reason = %unrevoked, "tokens were not revoked");
    }
}

//! The end of grants: gone from the store at once, given back to the provider as well as that can be done.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use innkeeper_vault::{ConnectionRecord, GrantKey, GrantOwner};
use secrecy::SecretString;

use crate::auth::{Auth, key};
use crate::error::AuthError;
use crate::grant::Grant;
use crate::oauth::{Nature, TokenEndpoint, TokenError};

/// The waits before further attempts at a token, when the one before failed in passing.
const WAITS: [Duration; 3] = [Duration::from_secs(5), Duration::from_mins(1), Duration::from_mins(10)];
/// Grants that are given back at once.
const AT_ONCE: usize = 10;
/// The longest wait that a server may ask for.
const LONGEST_ASKED: Duration = Duration::from_hours(1);

impl Auth {
    /// Removes an owner's grant at once, then gives its tokens back to the provider where that has a revocation address
    /// (RFC 7009). Waits for the first attempt, at most 10 s a token; what fails in passing is tried again in the background,
    /// up to three times. False when there was no grant.
    pub async fn disconnect(&self, connection: &ConnectionRecord, owner: &GrantOwner) -> Result<bool, AuthError> {
        Self::check_owner(connection, owner)?;
        let key = key(connection, owner);
        let existed = self.store().grant(&key).await?.is_some();
        let endpoint = self.prepared(connection).ok().and_then(|prepared| prepared.endpoint().cloned());
        let grants = self.grants().clone();
        // A caller who goes away must not keep the tokens from being given back.
        let task = self.grants().task(async move {
            match (grants.remove(&key).await?, endpoint) {
                (Some(grant), Some(endpoint)) => give_back(grant, endpoint, key).await,
                (Some(_), None) => {
                    tracing::warn!(connection = %key.connection, "tokens were not revoked: the settings lead to no server");
                }
                (None, _) => {}
            }
            Ok(())
        });
        task.await.unwrap_or_else(|_| Err(AuthError::Interrupted(connection.id.clone())))?;
        Ok(existed)
    }

    /// Removes all grants of a connection as [`Auth::disconnect`] does, and what is in memory of it. For a connection that is
    /// about to be deleted: afterwards its grants are gone and there is nothing to give back.
    pub async fn forget(&self, connection: &ConnectionRecord) -> Result<(), AuthError> {
        let endpoint = self.prepared(connection).ok().and_then(|prepared| prepared.endpoint().cloned());
        let mut removed = Vec::new();
        for key in self.grants().keys(&connection.space, &connection.id).await? {
            if let Some(grant) = self.grants().remove(&key).await? {
                removed.push((key, grant));
            }
        }
        self.unprepare(connection);
        if let Some(endpoint) = endpoint {
            let task = self.grants().task(async move {
                let all = removed.into_iter().map(|(key, grant)| give_back(grant, endpoint.clone(), key));
                futures::stream::iter(all).buffer_unordered(AT_ONCE).for_each(|()| std::future::ready(())).await;
            });
            // Its outcome is in the log.
            let _ = task.await;
        }
        Ok(())
    }
}

/// The refresh token first: many servers revoke the whole grant with it.
async fn give_back(grant: Grant, endpoint: TokenEndpoint, key: GrantKey) {
    if *grant.origin != *endpoint.origin {
        // Tokens of a server that the connection used before are none of the present one's business.
        tracing::warn!(connection = %key.connection, "tokens of another server or client were not revoked");
        return;
    }
    let endpoint = Arc::new(endpoint);
    let tokens = [(grant.refresh_token, "refresh_token"), (Some(grant.access_token), "access_token")];
    for (token, kind) in tokens {
        let Some(token) = token else { continue };
        let Err(problem) = endpoint.revoke(&token, kind).await else { continue };
        if !matches!(problem.nature(), Nature::Passing { .. }) {
            given_up(&key, kind, &problem);
            continue;
        }
        tokio::spawn(insist(endpoint.clone(), key.clone(), token, kind, problem));
    }
}

async fn insist(
    endpoint: Arc<TokenEndpoint>,
    key: GrantKey,
    token: SecretString,
    kind: &'static str,
    mut problem: TokenError,
) {
    for wait in WAITS {
        let asked = problem.retry_after().unwrap_or_default().min(LONGEST_ASKED);
        endpoint.clock.sleep(wait.max(asked)).await;
        match endpoint.revoke(&token, kind).await {
            Ok(()) => return,
            Err(error) if matches!(error.nature(), Nature::Passing { .. }) => problem = error,
            Err(error) => return given_up(&key, kind, &error),
        }
    }
    given_up(&key, kind, &problem);
}

fn given_up(key: &GrantKey, kind: &str, problem: &TokenError) {
    tracing::warn!(connection = %key.connection, kind, %problem, "a token was not revoked at the provider");
}

//! Maintenance of a host, and removing principals and spaces.

use std::sync::Arc;
use std::time::Duration;

use innkeeper_auth::Tended;
use innkeeper_store::{GrantKey, PrincipalId, SpaceId};

use crate::authorization::Permitted;
use crate::error::Error;
use crate::host::Innkeeper;
use crate::policy::{AccessRequest, Verb};

/// How often a maintained host looks for interrupted refreshes: well within the time for which providers honour a
/// spent refresh token.
const REPAIR: Duration = Duration::from_secs(15);
/// How often the other maintenance runs.
const REST: Duration = Duration::from_mins(10);

impl Innkeeper {
    /// Runs maintenance once: settles refreshes that a crash or a lost answer interrupted, uses idle refresh tokens
    /// if [`AuthOptions::keep_alive`](crate::AuthOptions::keep_alive) requires it, and removes abandoned
    /// authorizations. A service that runs for long spawns [`Innkeeper::keep_tended`] as a task; one that runs for
    /// moments needs neither.
    pub async fn tend(&self) -> Result<Tended, Error> {
        Ok(self.parts.auth.tend().await?)
    }

    /// Runs maintenance at once and every ten minutes, and settles refreshes every 15 seconds, on the host's clock,
    /// for as long as it is polled: spawn it as a separate task. Failures are logged and tried again.
    pub async fn keep_tended(&self) {
        let mut due = self.parts.clock.now();
        loop {
            let now = self.parts.clock.now();
            let outcome = if now < due {
                self.parts.auth.repair().await.map_err(Error::from).map(|_| ())
            } else {
                due = now.plus(REST);
                self.tend().await.map(|tended| tracing::debug!(?tended, "grants and authorizations were maintained"))
            };
            if let Err(error) = outcome {
                tracing::warn!(%error, "grants and authorizations could not be maintained");
            }
            self.parts.clock.sleep(REPAIR).await;
        }
    }

    /// Revokes every grant of a principal in a space, here and at the provider, and drops the authorizations from which
    /// the principal's browser has not come back: for a user who has left. Returns the number of grants. If something
    /// fails, the rest is still done.
    pub async fn forget_principal(&self, space: &SpaceId, principal: &PrincipalId) -> Result<u64, Error> {
        let request = AccessRequest::in_space(Verb::ForgetPrincipal, space);
        self.allow(AccessRequest { principal: Some(principal), ..request }).await?;
        // First: a browser that comes back after the grants were listed makes no new one.
        let dropped = self.parts.store.delete_authorizations(space, principal).await;
        let (mut ended, mut failure) = (0, dropped.err().map(Error::from));
        for grant in self.parts.store.grants_of_principal(space, principal).await? {
            match self.end_grant(&grant.key).await {
                Ok(()) => ended += 1,
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        failure.map_or(Ok(ended), Err)
    }

    async fn end_grant(&self, key: &GrantKey) -> Result<(), Error> {
        let GrantKey { space, connection, owner } = key;
        let record = self.parts.auth.connections().get(space, connection).await?;
        let record = record.ok_or_else(|| Error::unknown_connection(space, connection))?;
        self.disconnect_permitted(Permitted { record, owner: owner.clone() }).await.map(|_| ())
    }

    /// Deletes every connection of a space as [`Innkeeper::delete_connection`] does. The audit trail stays. Returns
    /// how many there were.
    pub async fn delete_space(&self, space: &SpaceId) -> Result<u64, Error> {
        self.allow(AccessRequest::in_space(Verb::DeleteSpace, space)).await?;
        let (mut deleted, mut failure) = (0, None);
        for record in self.parts.store.all_connections(space).await? {
            match self.delete_permitted(Arc::new(record)).await {
                Ok(was_there) => deleted += u64::from(was_there),
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        failure.map_or(Ok(deleted), Err)
    }
}

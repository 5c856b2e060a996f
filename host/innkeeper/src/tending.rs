//! What a host does without being asked, and the end of principals and spaces.

use std::time::Duration;

use innkeeper_auth::Tended;
use innkeeper_vault::{PrincipalId, SpaceId};

use crate::error::Error;
use crate::host::Innkeeper;

/// How long a host that is kept tended rests in between.
const REST: Duration = Duration::from_mins(10);

impl Innkeeper {
    /// Sees once to what nobody waits for: settles refreshes that a crash or a lost answer cut off, uses idle refresh tokens
    /// where [`AuthOptions::keep_alive`](crate::AuthOptions::keep_alive) says so, removes abandoned authorizations. A service
    /// that runs for long gives [`Innkeeper::keep_tended`] to a task; one that runs for moments needs neither.
    pub async fn tend(&self) -> Result<Tended, Error> {
        Ok(self.parts.auth.tend().await?)
    }

    /// Does so at once, and every ten minutes on the host's clock for as long as it is polled: give it to a task of its own.
    /// What fails is logged and tried again.
    pub async fn keep_tended(&self) {
        loop {
            match self.tend().await {
                Ok(Tended { swept, repaired, kept_alive }) => {
                    tracing::debug!(swept, repaired, kept_alive, "grants and authorizations were seen to");
                }
                Err(error) => tracing::warn!(%error, "grants and authorizations were not seen to"),
            }
            self.parts.clock.sleep(REST).await;
        }
    }

    /// Ends every grant of a principal in a space, as [`Innkeeper::disconnect`] does: for a user who has left. Answers how many
    /// there were.
    pub async fn forget_principal(&self, space: &SpaceId, principal: &PrincipalId) -> Result<u64, Error> {
        let mut ended = 0;
        for grant in self.parts.store.grants_of_principal(space, principal).await? {
            self.disconnect(space, &grant.key.connection, Some(principal.clone())).await?;
            ended += 1;
        }
        Ok(ended)
    }

    /// Deletes every connection of a space as [`Innkeeper::delete_connection`] does. The audit trail stays. Answers how many
    /// there were.
    pub async fn delete_space(&self, space: &SpaceId) -> Result<u64, Error> {
        let mut deleted = 0;
        for connection in self.parts.store.connections(space).await? {
            self.delete_connection(space, &connection.id).await?;
            deleted += 1;
        }
        Ok(deleted)
    }
}

//! What a host does for its grants without being asked.

use futures::StreamExt as _;
use innkeeper_store::GrantKey;

use crate::auth::Auth;
use crate::error::AuthError;
use crate::grant::Purpose;

/// Grants that are seen to at once.
const AT_ONCE: usize = 10;
/// Grants that are read at once.
const PAGE: usize = 100;
/// Doubts that are settled in one go.
const MOST_DOUBTS: usize = 10_000;

/// What was seen to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tended {
    /// Authorizations that nobody finished in time, and that were removed.
    pub swept: u64,
    /// Refreshes that had been cut off, by a crash or a lost answer, and were tried again.
    pub repaired: u64,
    /// Idle refresh tokens that were used so that they do not end.
    pub kept_alive: u64,
}

impl Auth {
    /// Sees to what nobody waits for: settles refreshes that were cut off (at once after a start: providers honour a spent
    /// refresh token for a short while only), uses idle refresh tokens where [`AuthOptions::keep_alive`] says so, and removes
    /// abandoned authorizations. What fails is in the log and is tried again the next time.
    ///
    /// [`AuthOptions::keep_alive`]: crate::AuthOptions::keep_alive
    pub async fn tend(&self) -> Result<Tended, AuthError> {
        let repaired = self.repair().await?;
        let kept_alive = self.keep_alive().await?;
        let swept = self.store().sweep_authorizations(self.clock().now()).await?;
        Ok(Tended { swept, repaired, kept_alive })
    }

    /// Settles refreshes that were cut off; answers how many. Costs one short read where there is none.
    pub async fn repair(&self) -> Result<u64, AuthError> {
        let doubts = self.store().grants_in_doubt(MOST_DOUBTS).await?;
        Ok(self.settle(doubts, Purpose::RefreshAhead).await)
    }

    async fn keep_alive(&self) -> Result<u64, AuthError> {
        let Some(idle) = self.options().keep_alive else { return Ok(0) };
        let before = self.clock().now().minus(idle);
        let (mut kept, mut last) = (0, None);
        loop {
            let page = self.store().idle_grants(before, last.as_ref(), PAGE).await?;
            let keys = page.iter().filter(|record| !record.phase.is_lost()).map(|record| record.key.clone());
            kept += self.settle(keys.collect(), Purpose::KeepAlive).await;
            last = page.into_iter().next_back();
            if last.is_none() {
                return Ok(kept);
            }
        }
    }

    /// Answers how many went well.
    async fn settle(&self, keys: Vec<GrantKey>, purpose: Purpose) -> u64 {
        let tended = futures::stream::iter(keys)
            .map(|key| async move {
                let outcome = self.settle_one(&key, purpose).await;
                if let Err(error) = &outcome {
                    tracing::warn!(connection = %key.connection, %error, "a grant was not seen to");
                }
                u64::from(matches!(outcome, Ok(true)))
            })
            .buffer_unordered(AT_ONCE);
        tended.fold(0, |sum, one| std::future::ready(sum + one)).await
    }

    async fn settle_one(&self, key: &GrantKey, purpose: Purpose) -> Result<bool, AuthError> {
        let Some(connection) = self.connections().get(&key.space, &key.connection).await? else { return Ok(false) };
        if Self::check_owner(&connection, &key.owner).is_err() {
            return Ok(false);
        }
        let prepared = self.prepared(&connection)?;
        let Some(source) = prepared.source().filter(|source| !source.is_self_sufficient()) else {
            return Ok(false);
        };
        let grants = self.grants();
        let version = async || Ok::<_, AuthError>(self.store().grant(key).await?.map(|record| record.version));
        let before = version().await?;
        grants.refresh_in_background(&grants.entry(key), source, purpose).await?;
        Ok(version().await? != before)
    }
}

//! Background care for grants.

use futures::StreamExt as _;
use innkeeper_store::GrantKey;

use crate::auth::Auth;
use crate::error::AuthError;
use crate::grant::Purpose;

/// The number of grants that are processed at the same time.
const AT_ONCE: usize = 10;
/// The number of grants that are read at the same time.
const PAGE: usize = 100;
/// The number of doubts that are settled in one run.
const MOST_DOUBTS: usize = 10_000;

/// The work that was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tended {
    /// Expired authorizations that were removed.
    pub swept: u64,
    /// Refreshes that had been interrupted, by a crash or a lost answer, and were tried again.
    pub repaired: u64,
    /// Idle refresh tokens that were used so that they do not expire.
    pub kept_alive: u64,
}

impl Auth {
    /// Does the work that no caller waits for: settles interrupted refreshes (immediately after a start, because providers
    /// honour a spent refresh token only briefly), uses idle refresh tokens as [`AuthOptions::keep_alive`] requires, and
    /// removes abandoned authorizations. Failures are logged and retried the next time.
    ///
    /// [`AuthOptions::keep_alive`]: crate::AuthOptions::keep_alive
    pub async fn tend(&self) -> Result<Tended, AuthError> {
        let repaired = self.repair().await?;
        let kept_alive = self.keep_alive().await?;
        let swept = self.store().sweep_authorizations(self.clock().now()).await?;
        Ok(Tended { swept, repaired, kept_alive })
    }

    /// Settles interrupted refreshes; returns how many. Costs one short read if there are none.
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

    /// Returns how many succeeded.
    async fn settle(&self, keys: Vec<GrantKey>, purpose: Purpose) -> u64 {
        let tended = futures::stream::iter(keys)
            .map(|key| async move {
                let outcome = self.settle_one(&key, purpose).await;
                if let Err(error) = &outcome {
                    tracing::warn!(connection = %key.connection, %error, "a grant was not maintained");
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

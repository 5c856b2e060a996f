//! Leases of grants.
//!
//! Only one process at a time has the file open, so leases live in its memory and end with it. Fencing numbers must still grow
//! from one process to the next: the first lease of a process increments an epoch in the file, and the number is that epoch
//! followed by a counter.

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use innkeeper_ambient::Timestamp;
use innkeeper_ambient::lock::Mutex;
use innkeeper_store::{GrantKey, Lease, LeaseHolder, LeaseRepository, Leasing, StoreError};
use redb::ReadableTable as _;

use crate::store::{RedbStore, Verdict};
use crate::tables::{META, META_LEASE_EPOCH};

/// From this number on, expired leases are dropped from memory.
const ROOMY: usize = 10_000;
/// Bits of a fencing number below the epoch.
const COUNTER_BITS: u32 = 32;

#[derive(Default)]
pub(crate) struct Leases {
    held: Mutex<Held>,
    /// Held while the epoch is incremented, so that this happens once.
    opening: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Held {
    /// The number of the last lease; `None` until the epoch is known.
    last_fence: Option<u64>,
    /// The leases, with the time when each expires.
    by_key: HashMap<GrantKey, (Lease, Timestamp)>,
}

#[async_trait]
impl LeaseRepository for RedbStore {
    async fn take_lease(&self, key: &GrantKey, holder: LeaseHolder, life: Duration) -> Result<Leasing, StoreError> {
        self.open_epoch().await?;
        let now = self.clock.now();
        let mut held = self.held();
        if let Some((lease, until)) = held.by_key.get(key)
            && lease.holder != holder
            && now < *until
        {
            return Ok(Leasing::Held(until.since(now)));
        }
        if held.by_key.len() >= ROOMY {
            held.by_key.retain(|_, (_, until)| now < *until);
        }
        let fence = held.last_fence.unwrap_or(0) + 1;
        held.last_fence = Some(fence);
        let lease = Lease { key: key.clone(), holder, fence };
        held.by_key.insert(key.clone(), (lease.clone(), now.plus(life)));
        Ok(Leasing::Taken(lease))
    }

    async fn release_lease(&self, lease: &Lease) -> Result<bool, StoreError> {
        let mut held = self.held();
        let is_holder = held.by_key.get(&lease.key).is_some_and(|(held, _)| held == lease);
        if is_holder {
            held.by_key.remove(&lease.key);
        }
        Ok(is_holder)
    }
}

impl RedbStore {
    fn held(&self) -> std::sync::MutexGuard<'_, Held> {
        self.leases.held.lock()
    }

    async fn open_epoch(&self) -> Result<(), StoreError> {
        if self.held().last_fence.is_some() {
            return Ok(());
        }
        let _alone = self.leases.opening.lock().await;
        if self.held().last_fence.is_some() {
            return Ok(());
        }
        let epoch = self
            .write(|transaction| {
                let mut meta = transaction.open_table(META)?;
                let epoch = meta.get(META_LEASE_EPOCH)?.map_or(0, |epoch| epoch.value()) + 1;
                meta.insert(META_LEASE_EPOCH, epoch)?;
                Ok(Verdict::Commit(epoch))
            })
            .await?;
        self.held().last_fence = Some(epoch << COUNTER_BITS);
        Ok(())
    }
}

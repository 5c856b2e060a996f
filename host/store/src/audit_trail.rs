//! The audit trail: a separate thread writes queued records in groups.

use std::mem;
use std::sync::{Arc, MutexGuard};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use innkeeper_ambient::lock::{Condvar, Mutex};
use tokio::sync::oneshot;

use crate::error::{StoreError, StoreFault};
use crate::page::{Page, Paged};
use crate::records::AuditRecord;
use crate::repositories::{AuditFilter, Store};

/// Takes records without waiting, writes them in groups at most 50 ms later, and reads them. A group that the store rejected is
/// tried again. When the trail is dropped, it writes the remaining records and blocks until that is done.
pub struct AuditTrail {
    store: Arc<dyn Store>,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl AuditTrail {
    /// The trail in a store.
    pub fn new(store: Arc<dyn Store>) -> Result<Self, StoreError> {
        let shared = Arc::new(Shared::default());
        let thread = thread::Builder::new()
            .name("innkeeper-audit".to_owned())
            .spawn({
                let (shared, store) = (shared.clone(), store.clone());
                move || shared.run(&*store)
            })
            .map_err(|error| {
                StoreError::new(StoreFault::Other, format!("the audit thread did not start: {error}")).because(error)
            })?;
        Ok(Self { store, shared, thread: Some(thread) })
    }

    /// Queues a record. Never waits for the disk. The record is lost if 65,536 records are already waiting; the loss is logged.
    pub fn record(&self, record: AuditRecord) {
        // A full queue has been logged; the caller does not need to know.
        let _ = self.hand_over(record, None);
    }

    /// Queues a record and waits until it and everything queued before it are durable.
    pub async fn record_strictly(&self, record: AuditRecord) -> Result<(), StoreError> {
        let (waiter, written) = oneshot::channel();
        self.hand_over(record, Some(waiter))?;
        answer(written).await
    }

    /// Waits until everything queued so far is durable.
    pub async fn flush(&self) -> Result<(), StoreError> {
        let (waiter, written) = oneshot::channel();
        self.wait(waiter);
        answer(written).await
    }

    /// The records that pass `filter`, the newest first, including everything queued so far.
    pub async fn read(&self, filter: &AuditFilter, page: &Page) -> Result<Paged<AuditRecord>, StoreError> {
        self.flush().await?;
        self.store.audit(filter, page).await
    }

    fn wait(&self, waiter: Waiter) {
        let mut queue = self.shared.queue();
        queue.urgent = true;
        queue.waiters.push(waiter);
        drop(queue);
        self.shared.changed.notify_one();
    }

    fn hand_over(&self, record: AuditRecord, waiter: Option<Waiter>) -> Result<(), StoreError> {
        let mut queue = self.shared.queue();
        if queue.records.len() >= LONGEST {
            queue.dropped += 1;
            let detail = format!("{LONGEST} audit records wait to be written; no more are accepted");
            return Err(StoreError::new(StoreFault::Unavailable, detail));
        }
        // The first record of a group wakes the writer, which then waits for more without further wakes: each costs a system
        // call.
        let wakes = queue.records.is_empty() || waiter.is_some();
        queue.records.push(record);
        queue.urgent |= waiter.is_some();
        queue.waiters.extend(waiter);
        drop(queue);
        if wakes {
            self.shared.changed.notify_one();
        }
        Ok(())
    }
}

impl Drop for AuditTrail {
    fn drop(&mut self) {
        self.shared.queue().closing = true;
        self.shared.changed.notify_one();
        if let Some(thread) = self.thread.take() {
            // A store that panicked has reported it; there is nothing to propagate.
            let _ = thread.join();
        }
    }
}

impl std::fmt::Debug for AuditTrail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AuditTrail").field("store", &self.store).finish_non_exhaustive()
    }
}

type Waiter = oneshot::Sender<Result<(), StoreError>>;

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Default)]
struct Queue {
    /// Records not written yet, in the order they were queued.
    records: Vec<AuditRecord>,
    /// Callers that wait until everything queued now is durable.
    waiters: Vec<Waiter>,
    urgent: bool,
    closing: bool,
    /// The number of records rejected since that was last logged.
    dropped: u64,
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock()
    }

    fn run(&self, store: &dyn Store) {
        let mut gather = GATHER;
        let mut spare = Vec::new();
        loop {
            let (mut records, waiters, closing) = self.next_group(gather, spare);
            let began = now();
            let result = if records.is_empty() { Ok(()) } else { store.write_audit(&records) };
            // The first record of the next group may have been queued while this group was written.
            gather = GATHER.saturating_sub(began.elapsed());
            if let Err(error) = &result {
                tracing::error!(%error, records = records.len(), "audit records could not be written; trying again");
                gather = AGAIN;
                let mut queue = self.queue();
                let newer = mem::replace(&mut queue.records, records);
                queue.records.extend(newer);
                records = Vec::new();
            }
            for waiter in waiters {
                // The waiting caller may have gone.
                let _ = waiter.send(result.clone());
            }
            if closing {
                return;
            }
            records.clear();
            records.shrink_to(SPARE);
            spare = records;
        }
    }

    /// Waits for a record, then a little for more of them. `room` becomes the buffer for the following records: a group is
    /// usually as large as the one before.
    fn next_group(&self, gather: Duration, room: Vec<AuditRecord>) -> (Vec<AuditRecord>, Vec<Waiter>, bool) {
        let idle = |queue: &mut Queue| queue.records.is_empty() && queue.waiters.is_empty() && !queue.closing;
        let queue = self.changed.wait_while(self.queue(), idle);
        let patient = |queue: &mut Queue| !queue.urgent && !queue.closing;
        let mut queue = self.changed.wait_timeout_while(queue, gather, patient);
        queue.urgent = false;
        let dropped = mem::take(&mut queue.dropped);
        if dropped > 0 {
            tracing::error!(dropped, "audit records were lost: they came faster than they could be written");
        }
        (mem::replace(&mut queue.records, room), mem::take(&mut queue.waiters), queue.closing)
    }
}

#[expect(clippy::disallowed_methods, reason = "how long the disk took is measured, no expiry hangs on it")]
fn now() -> Instant {
    Instant::now()
}

async fn answer(written: oneshot::Receiver<Result<(), StoreError>>) -> Result<(), StoreError> {
    let ended = |_| Err(StoreError::new(StoreFault::Unavailable, "the audit thread has ended"));
    written.await.unwrap_or_else(ended)
}

/// How long a record waits for others. With the time of a commit, it stays below the promised 50 ms.
const GATHER: Duration = Duration::from_millis(35);

/// The wait after a failure before the next attempt.
const AGAIN: Duration = Duration::from_secs(1);

/// The capacity that the queue keeps once it has grown to it.
const SPARE: usize = 4096;

/// The maximum number of queued records: a full disk must not fill the memory, too.
const LONGEST: usize = 65_536;

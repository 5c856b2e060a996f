//! The audit trail. A thread of its own writes what was handed over, in groups.

use std::mem;
use std::ops::Range;
use std::sync::{Arc, MutexGuard};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use innkeeper_ambient::lock::{Condvar, Mutex};
use innkeeper_store::{AuditRecord, AuditRepository, ConnectionId, SpaceId, StoreError};
use redb::{ReadableTable as _, WriteTransaction};
use tokio::sync::oneshot;

use crate::database::SharedDatabase;
use crate::fault::Fault;
use crate::keys;
use crate::store::{RedbStore, Verdict, decode, encode};
use crate::tables::{AUDIT, AUDIT_OF_CONNECTION, META, META_AUDIT_SEQUENCE};

#[async_trait]
impl AuditRepository for RedbStore {
    fn record(&self, record: AuditRecord) {
        // A full queue has been logged; there is nobody to tell.
        let _ = self.audit.hand_over(record, None);
    }

    async fn record_strictly(&self, record: AuditRecord) -> Result<(), StoreError> {
        let (waiter, written) = oneshot::channel();
        self.audit.hand_over(record, Some(waiter))?;
        answer(written).await
    }

    async fn flush_audit(&self) -> Result<(), StoreError> {
        answer(self.audit.flush()).await
    }

    async fn audit(
        &self,
        space: &SpaceId,
        connection: Option<&ConnectionId>,
        limit: usize,
    ) -> Result<Vec<AuditRecord>, StoreError> {
        let (space, connection) = (space.clone(), connection.cloned());
        self.scan(move |transaction| {
            let trail = transaction.open_table(AUDIT)?;
            let Some(connection) = connection else {
                let Range { start, end } = keys::starting_with(keys::of_space(&space));
                let rows = trail.range(start.as_slice()..end.as_slice())?.rev().take(limit);
                return rows.map(|row| decode(NAME, row?.1.value())).collect();
            };
            let index = transaction.open_table(AUDIT_OF_CONNECTION)?;
            let Range { start, end } = keys::starting_with(keys::of_connection(&space, &connection));
            let mut records = Vec::new();
            for row in index.range(start.as_slice()..end.as_slice())?.rev().take(limit) {
                // Time and sequence number stand behind the connection here, and behind the space there.
                let moment = row?.0.value()[start.len()..].to_vec();
                let key = [keys::of_space(&space), moment].concat();
                if let Some(record) = trail.get(key.as_slice())? {
                    records.push(decode(NAME, record.value())?);
                }
            }
            Ok(records)
        })
        .await
    }
}

/// Takes records without waiting and writes them at most [`GATHER`] later. Writes what is left when it is dropped.
pub(crate) struct AuditWriter {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl AuditWriter {
    pub(crate) fn start(database: Arc<SharedDatabase>) -> Result<Self, StoreError> {
        let shared = Arc::new(Shared::default());
        let thread = thread::Builder::new()
            .name("innkeeper-audit".to_owned())
            .spawn({
                let shared = shared.clone();
                move || shared.run(&database)
            })
            .map_err(|error| StoreError::Unavailable(format!("the audit thread did not start: {error}")))?;
        Ok(Self { shared, thread: Some(thread) })
    }

    fn hand_over(&self, record: AuditRecord, waiter: Option<Waiter>) -> Result<(), StoreError> {
        let mut queue = self.shared.queue();
        if queue.records.len() >= LONGEST {
            queue.dropped += 1;
            return Err(StoreError::Unavailable(format!(
                "{LONGEST} audit records wait to be written; no more are taken"
            )));
        }
        // The first of a group wakes the writer, which then waits for more by itself: each wake costs a system call.
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

    fn flush(&self) -> oneshot::Receiver<Result<(), StoreError>> {
        let (waiter, written) = oneshot::channel();
        let mut queue = self.shared.queue();
        queue.urgent = true;
        queue.waiters.push(waiter);
        drop(queue);
        self.shared.changed.notify_one();
        written
    }
}

impl Drop for AuditWriter {
    fn drop(&mut self) {
        self.shared.queue().closing = true;
        self.shared.changed.notify_one();
        if let Some(thread) = self.thread.take() {
            // It catches every panic of the database; there is nothing to pass on.
            let _ = thread.join();
        }
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
    /// Not written yet, in the order they came.
    records: Vec<AuditRecord>,
    /// Who waits until all that is queued now is durable.
    waiters: Vec<Waiter>,
    urgent: bool,
    closing: bool,
    /// How many were not taken since that was last logged.
    dropped: u64,
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock()
    }

    fn run(&self, database: &SharedDatabase) {
        let mut gather = GATHER;
        let mut spare = Vec::new();
        loop {
            let (mut records, waiters, closing) = self.next_group(gather, spare);
            let began = now();
            let result = if records.is_empty() { Ok(()) } else { database.write(|to| write_group(to, &records)) };
            // The first of the next group may have come while this one was written.
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
                // Who waited may have gone.
                let _ = waiter.send(result.as_ref().map_err(copy).copied());
            }
            if closing {
                return;
            }
            records.clear();
            records.shrink_to(SPARE);
            spare = records;
        }
    }

    /// Waits for something to write, then a little for more of it. `room` is where the records after these are put: a group is as
    /// large as the one before, mostly.
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

fn write_group(transaction: &WriteTransaction, records: &[AuditRecord]) -> Result<Verdict<()>, Fault> {
    let mut meta = transaction.open_table(META)?;
    let mut trail = transaction.open_table(AUDIT)?;
    let mut index = transaction.open_table(AUDIT_OF_CONNECTION)?;
    let mut sequence = meta.get(META_AUDIT_SEQUENCE)?.map_or(0, |last| last.value());
    for record in records {
        sequence += 1;
        let of_space = keys::at_time(keys::of_space(&record.space), record.at, sequence);
        let of_connection = keys::at_time(keys::of_connection(&record.space, &record.connection), record.at, sequence);
        trail.insert(of_space.as_slice(), encode(record)?.as_slice())?;
        index.insert(of_connection.as_slice(), [].as_slice())?;
    }
    meta.insert(META_AUDIT_SEQUENCE, sequence)?;
    Ok(Verdict::Commit(()))
}

#[expect(clippy::disallowed_methods, reason = "how long the disk took is measured, no expiry hangs on it")]
fn now() -> Instant {
    Instant::now()
}

async fn answer(written: oneshot::Receiver<Result<(), StoreError>>) -> Result<(), StoreError> {
    written.await.unwrap_or_else(|_| Err(StoreError::Unavailable("the audit thread has ended".to_owned())))
}

/// The same error for one more waiter.
fn copy(error: &StoreError) -> StoreError {
    match error {
        StoreError::Locked(reason) => StoreError::Locked(reason.clone()),
        StoreError::Full(reason) => StoreError::Full(reason.clone()),
        StoreError::Damaged(reason) => StoreError::Damaged(reason.clone()),
        StoreError::Newer { found, known } => StoreError::Newer { found: *found, known: *known },
        StoreError::Unavailable(reason) => StoreError::Unavailable(reason.clone()),
    }
}

const NAME: &str = "the audit trail";

/// How long a record waits for others. With the time of a commit it stays below the 50 ms that are promised.
const GATHER: Duration = Duration::from_millis(35);

/// How long after a failure the next attempt is made.
const AGAIN: Duration = Duration::from_secs(1);

/// Records that there is always room for, once there was.
const SPARE: usize = 4096;

/// Records in the queue, at most: a disk that is full must not fill the memory, too.
const LONGEST: usize = 65_536;

//! The audit trail.

use std::ops::Range;

use async_trait::async_trait;
use innkeeper_store::{AuditFilter, AuditRecord, AuditRepository, Cursor, Page, Paged, StoreError};
use redb::{ReadTransaction, ReadableTable as _, WriteTransaction};

use crate::fault::Fault;
use crate::keys;
use crate::rows::{AuditRow, decode, encode};
use crate::store::{RedbStore, Verdict};
use crate::tables::{AUDIT, AUDIT_OF_CONNECTION, META, META_AUDIT_SEQUENCE};

#[async_trait]
impl AuditRepository for RedbStore {
    fn write_audit(&self, records: &[AuditRecord]) -> Result<(), StoreError> {
        if records.is_empty() { Ok(()) } else { self.database.write(|transaction| write(transaction, records)) }
    }

    async fn audit(&self, filter: &AuditFilter, page: &Page) -> Result<Paged<AuditRecord>, StoreError> {
        let (filter, page) = (filter.clone(), page.clone());
        self.scan(move |transaction| read(transaction, &filter, &page)).await
    }
}

fn write(transaction: &WriteTransaction, records: &[AuditRecord]) -> Result<Verdict<()>, Fault> {
    let mut meta = transaction.open_table(META)?;
    let mut trail = transaction.open_table(AUDIT)?;
    let mut index = transaction.open_table(AUDIT_OF_CONNECTION)?;
    let mut sequence = meta.get(META_AUDIT_SEQUENCE)?.map_or(0, |last| last.value());
    for record in records {
        sequence += 1;
        let of_space = keys::at_time(keys::of_space(&record.space), record.at, sequence);
        let of_connection = keys::at_time(keys::of_connection(&record.space, &record.connection), record.at, sequence);
        trail.insert(of_space.as_slice(), encode(&AuditRow::from(record))?.as_slice())?;
        index.insert(of_connection.as_slice(), ())?;
    }
    meta.insert(META_AUDIT_SEQUENCE, sequence)?;
    Ok(Verdict::Commit(()))
}

/// A cursor is the moment of the last record, its time and sequence number. In a key, the moment follows the space in the trail
/// and the connection in the index.
fn read(transaction: &ReadTransaction, filter: &AuditFilter, page: &Page) -> Result<Paged<AuditRecord>, Fault> {
    let trail = transaction.open_table(AUDIT)?;
    let space = keys::of_space(&filter.space);
    let prefix = match &filter.connection {
        Some(connection) => keys::of_connection(&filter.space, connection),
        None => space.clone(),
    };
    let mut paged = Paged::default();
    let Some(Range { start, end }) = range(&prefix, filter, page) else { return Ok(paged) };
    // The closure returns whether to continue, given the moment of a row.
    let mut take = |moment: &[u8], row: Option<&[u8]>| -> Result<bool, Fault> {
        let Some(row) = row else { return Ok(true) };
        let record = decode::<AuditRow<'static>>("the audit trail", row)?.into();
        if filter.passes(&record) {
            paged.items.push(record);
            if paged.items.len() == page.limit {
                paged.next = Some(Cursor::new(moment));
            }
        }
        Ok(paged.next.is_none())
    };
    if filter.connection.is_none() {
        for row in trail.range(start.as_slice()..end.as_slice())?.rev() {
            let (key, row) = row?;
            if !take(&key.value()[prefix.len()..], Some(row.value()))? {
                break;
            }
        }
        return Ok(paged);
    }
    for row in transaction.open_table(AUDIT_OF_CONNECTION)?.range(start.as_slice()..end.as_slice())?.rev() {
        let key = row?.0;
        let moment = &key.value()[prefix.len()..];
        let row = trail.get([&space, moment].concat().as_slice())?;
        if !take(moment, row.as_ref().map(::redb::AccessGuard::value))? {
            break;
        }
    }
    Ok(paged)
}

/// The range of requested keys; `None` if there can be none.
fn range(prefix: &[u8], filter: &AuditFilter, page: &Page) -> Option<Range<Vec<u8>>> {
    let at = |moment: &[u8]| [prefix, moment].concat();
    let start = at(&filter.during.start.as_millis().to_be_bytes());
    let end = at(&filter.during.end.as_millis().to_be_bytes());
    let end = match &page.after {
        Some(after) => end.min(at(after.place())),
        None => end,
    };
    (page.limit > 0 && start < end).then_some(start..end)
}

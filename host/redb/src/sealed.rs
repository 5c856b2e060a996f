//! Sealed texts of every kind, for key rotation.

use async_trait::async_trait;
use innkeeper_store::{
    AuthorizationRecord, ConnectionRecord, Cursor, DataKeyId, GrantRecord, Page, Paged, Reseal, Sealed, SealedPlace,
    SealedRepository, StoreError,
};
use redb::{ReadTransaction, ReadableTable as _, TableDefinition, WriteTransaction};

use crate::fault::Fault;
use crate::rows::{AuthorizationRow, ConnectionRow, damaged, encode};
use crate::store::{RedbStore, Verdict};
use crate::tables::{AUTHORIZATIONS, CONNECTIONS, GRANTS, STATE};
use crate::{authorizations, grants, keys, state};

#[async_trait]
impl SealedRepository for RedbStore {
    async fn sealed_under_others(
        &self,
        data_key: DataKeyId,
        page: &Page,
    ) -> Result<Paged<(SealedPlace, Sealed)>, StoreError> {
        let page = page.clone();
        self.scan(move |transaction| read(transaction, data_key, &page)).await
    }

    async fn reseal(&self, changes: Vec<Reseal>) -> Result<u64, StoreError> {
        self.change(move |transaction| {
            let mut replaced = 0;
            for change in &changes {
                replaced += u64::from(replace(transaction, change)?);
            }
            Ok(if replaced > 0 { Verdict::Commit(replaced) } else { Verdict::Abort(0) })
        })
        .await
    }
}

type Bytes = TableDefinition<'static, &'static [u8], &'static [u8]>;
type Read = fn(&[u8], &[u8]) -> Result<(SealedPlace, Sealed), Fault>;

/// A cursor is the number of one of these kinds and the key of the last row that was read.
const KINDS: [(Bytes, Read); 4] =
    [(CONNECTIONS, connection), (GRANTS, grant), (AUTHORIZATIONS, authorization), (STATE, state_value)];

fn read(
    transaction: &ReadTransaction,
    data_key: DataKeyId,
    page: &Page,
) -> Result<Paged<(SealedPlace, Sealed)>, Fault> {
    let (first, mut start) = match page.after.as_ref().and_then(|after| after.place().split_first()) {
        Some((kind, key)) => (*kind, [key, &[0]].concat()),
        None => (0, Vec::new()),
    };
    let mut paged = Paged::default();
    let mut bytes = 0;
    for (number, (table, read)) in (0_u8..).zip(KINDS).skip(usize::from(first)) {
        for row in transaction.open_table(table)?.range(start.as_slice()..)? {
            let (key, value) = row?;
            let (place, sealed) = read(key.value(), value.value())?;
            if sealed.data_key() == data_key {
                continue;
            }
            bytes += sealed.as_bytes().len();
            paged.items.push((place, sealed));
            if paged.items.len() >= page.limit || bytes >= PAGE_BYTES {
                paged.next = Some(Cursor::new([&[number], key.value()].concat()));
                return Ok(paged);
            }
        }
        start.clear();
    }
    Ok(paged)
}

fn replace(transaction: &WriteTransaction, change: &Reseal) -> Result<bool, Fault> {
    let Reseal { place, old, new } = change;
    let (table, key) = match place {
        SealedPlace::Connection { space, id, .. } => (CONNECTIONS, keys::of_connection(space, id)),
        SealedPlace::Grant { key, .. } => (GRANTS, keys::of_grant(key)),
        SealedPlace::Authorization { state_hash, .. } => (AUTHORIZATIONS, state_hash.to_vec()),
        SealedPlace::State { key, .. } => (STATE, keys::of_state(key)),
    };
    let mut table = transaction.open_table(table)?;
    let row = match table.get(key.as_slice())? {
        Some(row) => replaced_row(place, &key, row.value(), old, new)?,
        None => None,
    };
    let Some(row) = row else { return Ok(false) };
    table.insert(key.as_slice(), row.as_slice())?;
    Ok(true)
}

/// The row with the new text; `None` if the row is no longer the one that was read.
fn replaced_row(
    place: &SealedPlace,
    key: &[u8],
    row: &[u8],
    old: &Sealed,
    new: &Sealed,
) -> Result<Option<Vec<u8>>, Fault> {
    let unchanged = |read: Read| Ok::<_, Fault>(read(key, row)? == (place.clone(), old.clone()));
    Ok(match place {
        SealedPlace::Connection { .. } if unchanged(connection)? => {
            Some(ConnectionRow::write(ConnectionRecord { secrets: new.clone(), ..ConnectionRow::read(row)? })?)
        }
        SealedPlace::Grant { .. } if unchanged(grant)? => {
            Some(grants::write(GrantRecord { sealed: new.clone(), ..grants::read(row)? })?)
        }
        SealedPlace::Authorization { .. } if unchanged(authorization)? => {
            let record = AuthorizationRecord { verifier: new.clone(), ..authorizations::read(row)? };
            Some(encode(&AuthorizationRow::from(record))?)
        }
        SealedPlace::State { .. } if unchanged(state_value)? => {
            let mut record = state::from_row(row)?;
            record.sealed = new.clone();
            Some(state::to_row(&record))
        }
        _ => None,
    })
}

fn connection(_: &[u8], row: &[u8]) -> Result<(SealedPlace, Sealed), Fault> {
    let ConnectionRecord { space, id, version, secrets, .. } = ConnectionRow::read(row)?;
    Ok((SealedPlace::Connection { space, id, version }, secrets))
}

fn grant(_: &[u8], row: &[u8]) -> Result<(SealedPlace, Sealed), Fault> {
    let GrantRecord { key, version, sealed, .. } = grants::read(row)?;
    Ok((SealedPlace::Grant { key, version }, sealed))
}

fn authorization(_: &[u8], row: &[u8]) -> Result<(SealedPlace, Sealed), Fault> {
    let AuthorizationRecord { state_hash, space, connection, owner, verifier, .. } = authorizations::read(row)?;
    Ok((SealedPlace::Authorization { state_hash, space, connection, owner }, verifier))
}

fn state_value(key: &[u8], row: &[u8]) -> Result<(SealedPlace, Sealed), Fault> {
    let key = keys::state_key(key).ok_or_else(|| damaged("a value of guest state has an invalid key"))?;
    let record = state::from_row(row)?;
    Ok((SealedPlace::State { key, version: record.version }, record.sealed))
}

/// The approximate size of a page in bytes of sealed texts.
const PAGE_BYTES: usize = 4 * 1024 * 1024;

//! The tables of the file, and the number of its format.

use crate::fault::Fault;
use innkeeper_store::{StoreError, StoreFault};
use redb::{ReadableTable as _, TableDefinition, WriteTransaction};

use crate::rows::damaged;

/// The format that this program reads and writes. A change that an older program could misread gets the next number.
pub(crate) const FORMAT: u32 = 1;

type Bytes = TableDefinition<'static, &'static [u8], &'static [u8]>;
type Index = TableDefinition<'static, &'static [u8], ()>;

/// Numbers about the file itself.
pub(crate) const META: TableDefinition<'static, &str, u64> = TableDefinition::new("meta");
/// Key: number. Value: JSON.
pub(crate) const DATA_KEYS: TableDefinition<'static, u64, &[u8]> = TableDefinition::new("data_keys");
/// Key: connector id. Value: the digest of its component, and JSON.
pub(crate) const CONNECTORS: TableDefinition<'static, &str, (&str, &[u8])> = TableDefinition::new("connectors");
/// Key: digest. Value: the component itself.
pub(crate) const COMPONENTS: TableDefinition<'static, &str, &[u8]> = TableDefinition::new("components");
/// Key: space and id. Value: version, times of creation and last change (big-endian, eight bytes each), then JSON.
pub(crate) const CONNECTIONS: Bytes = TableDefinition::new("connections");
/// Key: space, connection and owner. Value: JSON.
pub(crate) const GRANTS: Bytes = TableDefinition::new("grants");
/// Key: space, connection and owner: grants whose refresh was sent and not settled.
pub(crate) const GRANTS_IN_DOUBT: Index = TableDefinition::new("grants_in_doubt");
/// Key: the time of the last write, then space, connection and owner: all grants.
pub(crate) const GRANTS_BY_WRITING: Index = TableDefinition::new("grants_by_writing");
/// Key: the hash of the state. Value: JSON.
pub(crate) const AUTHORIZATIONS: Bytes = TableDefinition::new("authorizations");
/// Key: space, connection and the hash of the state.
pub(crate) const AUTHORIZATIONS_OF_CONNECTION: Index = TableDefinition::new("authorizations_of_connection");
/// Key: expiry and the hash of the state.
pub(crate) const AUTHORIZATIONS_BY_EXPIRY: Index = TableDefinition::new("authorizations_by_expiry");
/// Used start links. Key: their hash. Value: when they expire, in milliseconds.
pub(crate) const USED_LINKS: TableDefinition<'static, &[u8], u64> = TableDefinition::new("used_links");
/// Key: space, connection and key. Value: version and size (big-endian, eight bytes each), then the sealed text.
pub(crate) const STATE: Bytes = TableDefinition::new("state");
/// Key: space and connection. Value: the sum of the sizes.
pub(crate) const STATE_SIZES: TableDefinition<'static, &[u8], u64> = TableDefinition::new("state_sizes");
/// Key: space, time and sequence number. Value: JSON.
pub(crate) const AUDIT: Bytes = TableDefinition::new("audit");
/// Key: space, connection, time and sequence number.
pub(crate) const AUDIT_OF_CONNECTION: Index = TableDefinition::new("audit_of_connection");

/// In [`META`]: the format.
const META_FORMAT: &str = "format";
/// In [`META`]: how many processes that took leases have opened the file.
pub(crate) const META_LEASE_EPOCH: &str = "lease_epoch";
/// In [`META`]: the last sequence number of the audit trail.
pub(crate) const META_AUDIT_SEQUENCE: &str = "audit_sequence";

/// Creates the missing tables of a new file; rejects a file of another format before it changes anything.
///
/// Returns whether there is something to commit.
pub(crate) fn prepare(transaction: &WriteTransaction) -> Result<bool, Fault> {
    if transaction.list_tables()?.next().is_some() {
        let format = transaction.open_table(META)?.get(META_FORMAT)?.map(|number| number.value());
        return match format {
            Some(number) if number == u64::from(FORMAT) => Ok(false),
            Some(number) if number > u64::from(FORMAT) => {
                let found = u32::try_from(number).unwrap_or(u32::MAX);
                let fault = StoreFault::NewerFormat { found, known: FORMAT };
                Err(StoreError::new(fault, String::new()).into())
            }
            _ => Err(damaged("the file is a database, but not a store of this program")),
        };
    }
    transaction.open_table(META)?.insert(META_FORMAT, u64::from(FORMAT))?;
    // Every table is created now, so that no read meets a missing one.
    transaction.open_table(DATA_KEYS)?;
    transaction.open_table(CONNECTORS)?;
    transaction.open_table(COMPONENTS)?;
    for table in [CONNECTIONS, GRANTS, AUTHORIZATIONS, STATE, AUDIT] {
        transaction.open_table(table)?;
    }
    for table in [
        GRANTS_IN_DOUBT,
        GRANTS_BY_WRITING,
        AUTHORIZATIONS_OF_CONNECTION,
        AUTHORIZATIONS_BY_EXPIRY,
        AUDIT_OF_CONNECTION,
    ] {
        transaction.open_table(table)?;
    }
    for table in [STATE_SIZES, USED_LINKS] {
        transaction.open_table(table)?;
    }
    Ok(true)
}

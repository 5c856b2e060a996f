//! A store in one file, for a host that is one process.
//!
//! Reads run inline: they take a few microseconds in memory-mapped or cached pages. Writes wait for the disk, so they run on
//! the runtime's blocking threads, one transaction at a time.

mod audit;
mod authorizations;
mod connections;
mod connectors;
mod data_keys;
mod database;
mod fault;
mod grants;
mod keys;
mod leases;
mod revision;
mod rows;
mod sealed;
mod state;
mod store;
mod tables;

#[cfg(test)]
mod tests;

pub use store::RedbStore;

//! Connections that are authorized at a real authorization server: login and consent by HTTP, callback, exchange, call,
//! expiry, refresh, revocation.

mod authorize;
mod callbacks;
mod endings;
mod expiry;
mod failures;
mod revocation;
mod survival;

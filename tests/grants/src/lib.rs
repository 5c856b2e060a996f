//! What the tests of grants share: replicas of a host without guests, on one store, and users at a real authorization server.

pub mod grant_stage;
pub mod replica;
pub mod session;

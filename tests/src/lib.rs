//! What the tests that cross crates share: real servers, started on loopback.

pub mod oidc;

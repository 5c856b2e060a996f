//! What the tests that cross crates share: real servers on loopback, built components, a host in a folder of its own.

pub mod chromium;
pub mod components;
pub mod echo;
pub mod host;
pub mod oidc;
pub mod records;
pub mod relay;
pub mod secrets;
pub mod stage;
mod warm;

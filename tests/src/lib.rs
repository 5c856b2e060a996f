//! What the tests that cross crates share: real servers on loopback, built components, a host in a separate folder.

pub mod chromium;
pub mod command;
pub mod components;
pub mod echo;
pub mod host;
pub mod pages;
pub mod stage;
mod warm;

pub use innkeeper_fixtures::{keys, oidc, query, records, redirect_service, relay, scripted, secrets};

//! Grants and flows against an authorization server that says what a test wants it to say.

mod clients;
mod device;
mod disconnecting;
mod discovery;
mod fixed;
mod flow;
mod keys;
mod refresh;
mod secrecy;
mod support;
mod tending;

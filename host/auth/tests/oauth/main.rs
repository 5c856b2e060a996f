//! Grants and flows against a scripted authorization server.

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

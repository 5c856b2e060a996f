//! Grants and flows against an authorization server that says what a test wants it to say.

mod fixed;
mod flow;
mod refresh;
mod secrecy;
mod support;

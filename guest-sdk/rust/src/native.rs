//! Replacements for the host's resources in an author's tests, where there is no host.

use std::cell::RefCell;

use crate::connector::Connector;
use crate::ctx::User;
use crate::error::HttpError;
use crate::log::Level;
use crate::state::StateError;
use crate::transport::{Answer, Request};

/// The host: whatever a test puts in its place.
pub(crate) type Link = dyn Transport;

/// What a component imports.
pub(crate) trait Transport {
    fn send(&self, request: Request) -> Result<Answer, HttpError>;
    fn send_all(&self, requests: Vec<Request>) -> Vec<Result<Answer, HttpError>>;
    fn log(&self, level: Level, message: &str);
    fn config(&self) -> String;
    fn auth_type(&self) -> String;
    fn claim(&self, name: &str) -> Option<String>;
    fn space(&self) -> String;
    fn user(&self) -> Option<User>;
    fn state_get(&self, key: &str) -> Result<Option<(Vec<u8>, u64)>, StateError>;
    fn state_set(&self, key: &str, value: &[u8], if_version: Option<u64>) -> Result<u64, StateError>;
    fn state_delete(&self, key: &str) -> Result<(), StateError>;
    fn progress(&self, done: u64, total: Option<u64>, message: &str);
    fn emit(&self, event: &str);
}

/// Bytes in memory, read like a body of the host.
#[derive(Debug)]
pub(crate) struct Held {
    left: RefCell<Vec<u8>>,
    length: Option<u64>,
    content_type: Option<String>,
}

impl Held {
    pub(crate) fn from_content(content: &[u8], content_type: Option<&str>) -> Self {
        Self {
            left: RefCell::new(content.to_vec()),
            length: u64::try_from(content.len()).ok(),
            content_type: content_type.map(str::to_owned),
        }
    }

    /// A body whose length the service did not give.
    pub(crate) fn chunked(content: &[u8], content_type: Option<&str>) -> Self {
        Self { length: None, ..Self::from_content(content, content_type) }
    }

    pub(crate) fn length(&self) -> Option<u64> {
        self.length
    }

    pub(crate) fn content_type(&self) -> Option<String> {
        self.content_type.clone()
    }

    #[expect(clippy::unnecessary_wraps, reason = "the body of a host can fail here")]
    pub(crate) fn read_some(&self, max: u32) -> Result<Vec<u8>, HttpError> {
        let mut left = self.left.borrow_mut();
        let count = left.len().min(usize::try_from(max.max(1)).unwrap_or(usize::MAX));
        Ok(left.drain(..count).collect())
    }

    pub(crate) fn read_rest(&self, limit: u64) -> Result<Vec<u8>, HttpError> {
        if self.left.borrow().len() as u64 > limit {
            return Err(HttpError::TooLarge(limit));
        }
        Ok(self.left.take())
    }
}

/// Uses an exported connector where there is nothing to export it to.
pub const fn keep(_: fn() -> Connector) {}

/// Turns a connector into a component: `innkeeper_guest::export!(connector);` with `fn connector() -> Connector`.
///
/// Outside WebAssembly it does nothing, so that the same file builds as a plain library with tests.
#[macro_export]
macro_rules! export {
    ($connector:path) => {
        const _: () = $crate::native::keep($connector);
    };
}

//! What lies between an action and its host: the imports of the contract in a component, a script in a test.

use crate::body::Body;
use crate::ctx::User;
use crate::error::HttpError;
use crate::log::Level;
use crate::request::Part;
use crate::state::StateError;

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

/// The contract's `request`.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: RequestBody,
    pub(crate) attach_credential: bool,
    pub(crate) follow_redirects: bool,
    pub(crate) timeout_ms: Option<u32>,
}

/// The contract's `request-body`.
#[derive(Debug)]
pub(crate) enum RequestBody {
    Empty,
    Bytes(Vec<u8>),
    Form(Vec<(String, String)>),
    Multipart(Vec<Part>),
    Held(Body),
}

/// The contract's `response`.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) url: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Body,
}

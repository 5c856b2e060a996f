//! The layer between an action and its host: the imports of the contract in a component, a script in a test.

use crate::body::Body;
use crate::request::Part;

#[cfg(target_family = "wasm")]
pub(crate) use crate::component::Link;
#[cfg(not(target_family = "wasm"))]
pub(crate) use crate::native::Link;

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

//! What every web service of the host shares: the authorization pages and the auth redirect service.
//!
//! [`listen`] serves a router on connections that are limited in number, size and time. [`seal`] adds the headers
//! that keep every answer out of caches, frames and other sites. [`Page`] is what people see, [`SessionCookies`] are
//! the sessions of flows.

mod cookie;
mod headers;
mod json;
mod listen;
mod page;

pub use cookie::SessionCookies;
pub use headers::{is_addressed, redirect, retry_after, seal};
pub use json::ShownJson;
pub use listen::{ListenSettings, listen};
pub use page::{Page, Tone};

//! Makes untrusted text safe to show.
//!
//! Titles, reasons, errors, and names of files and functions come from connectors, services and people whom the reader may not
//! trust. Shown unchanged, they could break a line and write the next one in the host's name, control the terminal, change the
//! writing direction, or contain invisible text. So every such text passes through this crate on its way to a terminal, a page,
//! a log or JSON.
//!
//! - [`OneLine`] is a part of a sentence, [`Quoted`] is the same in quotes, [`Said`] also names the speaker.
//! - [`line()`] and [`lines`] are the last safeguard, for whole lines that the host composed.
//! - [`json`] does the same for JSON: the value stays the same.
//! - [`address`] shows where an address really leads.
//!
//! Hidden characters are escaped as in Rust (`\u{202e}`) and never omitted: two different names look different.

mod address;
mod character;
mod json;
mod line;
mod said;

pub use address::{address, host_warning};
pub use character::{Hidden, hidden};
pub use json::json;
pub use line::{OneLine, Quoted, line, lines};
pub use said::{Said, Speaker};

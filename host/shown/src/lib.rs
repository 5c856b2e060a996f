//! What others wrote, as a person may see it.
//!
//! Titles, reasons, errors, names of files and functions come from connectors, services and people whom the reader may not
//! trust. Shown as they are, they could break a line and write the next one in the host's name, drive the terminal, turn the
//! direction of writing, or hold what nobody sees. So every such text passes through here on its way to a terminal, a page,
//! a log or JSON.
//!
//! - [`OneLine`] is a part of a sentence, [`Quoted`] the same between quotes, [`Said`] one with its speaker in front.
//! - [`line()`] and [`lines`] are the last net, for whole lines that the host composed.
//! - [`json`] is the same for JSON: the value stays what it is.
//! - [`address`] shows where an address really leads.
//!
//! What is hidden is escaped as Rust escapes it (`\u{202e}`), and never left out: two names that differ look different.

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

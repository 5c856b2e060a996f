//! Runs actions natively, without WebAssembly, against scripted responses.
//!
//! ```
//! use innkeeper_guest::prelude::*;
//! use innkeeper_guest::testing::{Script, get};
//!
//! #[derive(Deserialize, JsonSchema)]
//! struct Search {
//!     text: String,
//! }
//!
//! fn search(ctx: &Ctx, input: Search) -> Result<Value, Error> {
//!     ctx.get("https://files.example.com/v1/files").query("q", input.text).send()?.ok()?.json()
//! }
//!
//! let ctx = Script::new()
//!     .on(get("https://files.example.com/v1/files").query("q", "report"))
//!     .reply(200, json!({ "files": [] }))
//!     .into_ctx();
//! let answer = search(&ctx, Search { text: "report".into() }).expect("the answer is good");
//! assert_eq!(answer, json!({ "files": [] }));
//! assert_eq!(ctx.sent()[0].method, "GET");
//! ```
//!
//! A request that matches no scripted response fails the test and says what differs. So does a scripted response that
//! no request used: when the context is dropped, or at [`ScriptedCtx::finish`].

mod answer;
mod expected;
mod recorded;
mod run;
mod script;

pub use answer::Answer;
pub use expected::{Expected, delete, get, patch, post, put, request};
pub use recorded::{HandedOut, Sent, SentBody, SentPart};
pub use run::{Called, ScriptedCtx};
pub use script::{Script, Scripting};

pub use crate::error::HttpError;

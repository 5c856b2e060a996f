//! The environment of every crate: time and randomness, which are parameters everywhere, so that every expiry can be tested
//! without waiting and every run can be repeated; locks; and durable file names.

mod clock;
mod durable;
pub mod lock;
mod random;

pub use clock::{Clock, InvalidTimestamp, ManualClock, SystemClock, Timestamp};
pub use durable::sync_folder;
pub use random::{Random, SeededRandom, SystemRandom};

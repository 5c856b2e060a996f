//! What every crate needs of its surroundings: time and randomness, which are parameters everywhere, so that every expiry can be
//! tested without waiting and every run can be repeated; and locks.

mod clock;
pub mod lock;
mod random;

pub use clock::{Clock, ManualClock, SystemClock, Timestamp};
pub use random::{Random, SeededRandom, SystemRandom};

//! What the host would otherwise take from the air: time and randomness. Both are parameters everywhere, so that every
//! expiry can be tested without waiting and every run can be repeated.

mod clock;
mod random;

pub use clock::{Clock, ManualClock, SystemClock, Timestamp};
pub use random::{Random, SeededRandom, SystemRandom};

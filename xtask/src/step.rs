//! A line for each step: what it does, and how long it took.

use std::{
    fmt::Display,
    io::{self, Write},
    time::{Duration, Instant},
};

use crate::failure::Failure;

/// Does one step, and says so before and after.
pub(crate) fn step<T>(what: &str, work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    report(&format!("==> {what}"));
    let watch = Stopwatch::start();
    let outcome = work();
    report(&match outcome {
        Ok(_) => format!("    {what}: done in {watch}"),
        Err(_) => format!("    {what}: failed after {watch}"),
    });
    outcome
}

/// Prints a line for the user. It goes to standard error, between the lines of cargo: standard output
/// belongs to results.
pub(crate) fn report(line: &str) {
    // A closed terminal is no reason to end.
    let _ = writeln!(io::stderr(), "{line}");
}

/// Prints a result to standard output.
pub(crate) fn result(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// Measures how long a person waits.
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts now.
    pub(crate) fn start() -> Self {
        #[expect(clippy::disallowed_methods, reason = "only a duration for a person is measured")]
        Self(Instant::now())
    }
}

impl Display for Stopwatch {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&for_people(self.0.elapsed()))
    }
}

fn for_people(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds < 60 {
        format!("{:.1} s", time.as_secs_f64())
    } else {
        format!("{} min {} s", seconds / 60, seconds % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_times_have_a_fraction_and_long_ones_minutes() {
        assert_eq!(for_people(Duration::from_millis(3_240)), "3.2 s");
        assert_eq!(for_people(Duration::from_secs(125)), "2 min 5 s");
    }
}

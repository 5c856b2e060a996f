//! Times, and what is said of many of them.

use std::time::{Duration, Instant};

use serde::Serialize;

/// When something began.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "elapsed time is what a benchmark is for")]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

/// How long each of many repetitions took.
#[derive(Debug, Default)]
pub(crate) struct Sample(Vec<Duration>);

impl Sample {
    pub(crate) fn push(&mut self, duration: Duration) {
        self.0.push(duration);
    }

    /// What each of `other` took beyond `base`.
    pub(crate) fn extend_beyond(&mut self, other: &Self, base: Duration) {
        self.0.extend(other.0.iter().map(|duration| duration.saturating_sub(base)));
    }

    /// The time that `percent` of the repetitions stayed within, in microseconds.
    pub(crate) fn percentile(&mut self, percent: usize) -> f64 {
        self.0.sort_unstable();
        let last = self.0.len().saturating_sub(1);
        let at = (self.0.len() * percent / 100).min(last);
        self.0.get(at).map_or(0.0, |duration| micros(*duration))
    }

    pub(crate) fn spread(&mut self) -> Spread {
        Spread { p50_us: tenths(self.percentile(50)), p99_us: tenths(self.percentile(99)), repetitions: self.0.len() }
    }
}

/// The middle and the tail of a sample.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Spread {
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
    pub(crate) repetitions: usize,
}

/// The middle of a few values.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

pub(crate) fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

pub(crate) fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// No figure here is exact to more.
pub(crate) fn tenths(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

pub(crate) fn hundredths(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_the_time_that_so_many_stayed_within() {
        let mut sample = Sample::default();
        (1..=100).rev().for_each(|micros| sample.push(Duration::from_micros(micros)));
        let spread = sample.spread();
        assert!((spread.p50_us - 51.0).abs() < 0.01 && (spread.p99_us - 100.0).abs() < 0.01, "{spread:?}");
    }

    #[test]
    fn nothing_measured_is_zero() {
        assert!(Sample::default().percentile(99).abs() < f64::EPSILON);
        assert!(median(Vec::new()).abs() < f64::EPSILON);
    }
}

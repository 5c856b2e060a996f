//! Times and sizes for people.

use std::time::Duration;

use innkeeper::{Clock as _, SystemClock, Timestamp};

/// `in 59 min`, `3 h ago`, followed by the time of day in UTC.
pub(crate) fn relative(at: Timestamp) -> String {
    let now = SystemClock.now();
    let text = if at > now { format!("in {}", span(at.since(now))) } else { format!("{} ago", span(now.since(at))) };
    format!("{text} ({})", moment(at))
}

/// `2026-03-14 16:20:05 UTC`.
pub(crate) fn moment(at: Timestamp) -> String {
    let text = Timestamp::from_secs(at.as_secs()).to_string();
    match text.strip_suffix('Z') {
        Some(text) => format!("{} UTC", text.replace('T', " ")),
        None => text,
    }
}

/// `850 ms`, `2.4 s`, `12 min`, `3 h`, `5 days`.
pub(crate) fn span(time: Duration) -> String {
    let (secs, millis) = (time.as_secs(), time.as_millis());
    match secs {
        0 => format!("{millis} ms"),
        1..=9 => format!("{}.{} s", secs, time.subsec_millis() / 100),
        10..=119 => format!("{secs} s"),
        120..=7199 => format!("{} min", secs / 60),
        7200..=172_799 => format!("{} h", secs / 3600),
        _ => format!("{} days", secs / 86_400),
    }
}

/// `812 bytes`, `24.1 KiB`, `3.0 MiB`.
pub(crate) fn size(bytes: u64) -> String {
    let (unit, name) = match bytes {
        0..1024 => return format!("{bytes} bytes"),
        1024..1_048_576 => (1 << 10, "KiB"),
        1_048_576..1_073_741_824 => (1 << 20, "MiB"),
        _ => (1 << 30, "GiB"),
    };
    format!("{}.{} {name}", bytes / unit, bytes % unit * 10 / unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_sizes_are_short() {
        assert_eq!(span(Duration::from_millis(2_460)), "2.4 s");
        assert_eq!(span(Duration::from_hours(1)), "60 min");
        assert_eq!(size(1_536), "1.5 KiB");
        assert_eq!(moment(Timestamp::from_millis(1_700_000_000_123)), "2023-11-14 22:13:20 UTC");
    }
}

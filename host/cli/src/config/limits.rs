//! The bounds of calls, by name.

use std::collections::BTreeMap;
use std::time::Duration;

use innkeeper::Limits;

use super::compile_limits;
use crate::names::suggestion;

/// Every limit that can be set, with what its value is.
pub(crate) const LIMITS: &[(&str, Unit)] = &[
    ("memory", Unit::Bytes),
    ("table_elements", Unit::Count),
    ("wall", Unit::Time),
    ("cpu", Unit::Time),
    ("answer", Unit::Bytes),
    ("held", Unit::Bytes),
    ("handles", Unit::Count),
    ("output", Unit::Bytes),
    ("files", Unit::Count),
    ("download", Unit::Bytes),
    ("log_lines", Unit::Count),
    ("log_line", Unit::Bytes),
    ("state", Unit::Bytes),
    ("requests", Unit::Count),
    ("requests_at_once", Unit::Count),
    ("echoes", Unit::Count),
    ("echoing_calls_a_minute", Unit::Count),
];

/// What the value of a limit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// `65536`, `64KiB`, `10MiB`, `1GiB`.
    Bytes,
    /// `60`, `60s`, `500ms`, `2m`.
    Time,
    /// A number.
    Count,
}

/// The names alone.
pub(crate) fn names() -> Vec<&'static str> {
    known().map(|(name, _)| *name).collect()
}

fn known() -> impl Iterator<Item = &'static (&'static str, Unit)> {
    LIMITS.iter().chain(compile_limits::LIMITS)
}

/// Takes `name=value` apart.
pub(crate) fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) =
        text.split_once('=').ok_or_else(|| format!("{text:?} is not `name=value`, such as `wall=30s`"))?;
    check_name(name.trim())?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

/// Fails for a name that is no limit.
pub(crate) fn check_name(name: &str) -> Result<(), String> {
    if known().any(|(known, _)| *known == name) {
        return Ok(());
    }
    Err(format!("there is no limit `{name}`{}", suggestion(name, &names())))
}

/// The defaults with these changed.
pub(crate) fn changed(changes: &BTreeMap<String, String>) -> Result<Limits, String> {
    let mut limits = Limits::default();
    for (name, text) in changes {
        let number = number(name, text)?;
        let size = || usize::try_from(number).map_err(|_| format!("the limit `{name}` is too large"));
        match name.as_str() {
            "memory" => limits.memory = size()?,
            "table_elements" => limits.table_elements = size()?,
            "wall" => limits.wall = Duration::from_millis(number),
            "cpu" => limits.cpu = Duration::from_millis(number),
            "answer" => limits.answer = number,
            "held" => limits.held = size()?,
            "handles" => limits.handles = size()?,
            "output" => limits.output = size()?,
            "files" => limits.files = size()?,
            "download" => limits.download = number,
            "log_lines" => limits.log_lines = size()?,
            "log_line" => limits.log_line = size()?,
            "state" => limits.state = number,
            "requests" => {
                limits.requests = u32::try_from(number).map_err(|_| format!("the limit `{name}` is too large"))?;
            }
            "requests_at_once" => limits.requests_at_once = size()?,
            "echoes" => {
                limits.echoes.of_a_call =
                    u32::try_from(number).map_err(|_| format!("the limit `{name}` is too large"))?;
            }
            "echoing_calls_a_minute" => limits.echoes.calls_a_minute = size()?,
            _ => check_name(name)?,
        }
    }
    Ok(limits)
}

/// Every limit with its value, for people.
pub(crate) fn shown(limits: &Limits) -> Vec<(&'static str, String)> {
    vec![
        ("memory", bytes(limits.memory as u64)),
        ("table_elements", limits.table_elements.to_string()),
        ("wall", time(limits.wall)),
        ("cpu", time(limits.cpu)),
        ("answer", bytes(limits.answer)),
        ("held", bytes(limits.held as u64)),
        ("handles", limits.handles.to_string()),
        ("output", bytes(limits.output as u64)),
        ("files", limits.files.to_string()),
        ("download", bytes(limits.download)),
        ("log_lines", limits.log_lines.to_string()),
        ("log_line", bytes(limits.log_line as u64)),
        ("state", bytes(limits.state)),
        ("requests", limits.requests.to_string()),
        ("requests_at_once", limits.requests_at_once.to_string()),
        ("echoes", limits.echoes.of_a_call.to_string()),
        ("echoing_calls_a_minute", limits.echoes.calls_a_minute.to_string()),
    ]
}

/// A number of bytes in the largest unit that it is a multiple of.
pub(super) fn bytes(number: u64) -> String {
    let units = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
    let unit = units.into_iter().find(|(bits, _)| number > 0 && number.trailing_zeros() >= *bits);
    unit.map_or_else(|| number.to_string(), |(bits, unit)| format!("{}{unit}", number >> bits))
}

pub(super) fn time(time: Duration) -> String {
    match time.subsec_millis() {
        0 => format!("{}s", time.as_secs()),
        _ => format!("{}ms", time.as_millis()),
    }
}

/// Bytes, milliseconds or a count, above 0.
pub(super) fn number(name: &str, text: &str) -> Result<u64, String> {
    let unit = known().find(|(known, _)| *known == name).map(|(_, unit)| *unit);
    let Some(unit) = unit else { return check_name(name).map(|()| 0) };
    let (units, example): (&[(&str, u64)], _) = match unit {
        Unit::Bytes => (
            &[("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("", 1)],
            "a number of bytes, alone or with KiB, MiB or GiB, such as 65536 or 10MiB",
        ),
        Unit::Time => {
            (&[("ms", 1), ("s", 1000), ("m", 60_000), ("", 1000)], "a time with ms, s or m, such as 30s, 500ms or 2m")
        }
        Unit::Count => (&[("", 1)], "a number"),
    };
    let wrong = || format!("the limit `{name}` is {text:?}: give {example}, above 0");
    let (digits, factor) =
        units.iter().find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, factor))).ok_or_else(wrong)?;
    let digits = digits.trim();
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(wrong());
    }
    let number = digits.parse::<u64>().ok().and_then(|number| number.checked_mul(*factor));
    let number = number.ok_or_else(|| format!("the limit `{name}` is {text:?}, which is too large"))?;
    if number > 0 { Ok(number) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &str, value: &str) -> Result<Limits, String> {
        changed(&BTreeMap::from([(name.to_owned(), value.to_owned())]))
    }

    #[test]
    fn values_are_written_with_units_or_without() {
        assert_eq!(with("memory", "10MiB").expect("bytes").memory, 10 << 20);
        assert_eq!(with("answer", "65536").expect("bytes").answer, 65536);
        assert_eq!(with("wall", "500ms").expect("a time").wall, Duration::from_millis(500));
        assert_eq!(with("wall", "2m").expect("a time").wall, Duration::from_mins(2));
        assert_eq!(with("cpu", "7").expect("a time").cpu, Duration::from_secs(7));
        assert_eq!(with("requests", "3").expect("a count").requests, 3);
    }

    #[test]
    fn a_wrong_value_or_name_says_what_would_be_right() {
        for (name, value) in
            [("memory", "0"), ("memory", "-1"), ("wall", "1h"), ("requests", "3s"), ("state", "99999999999GiB")]
        {
            assert!(with(name, value).expect_err(value).contains(name), "{name}={value}");
        }
        assert_eq!(pair("wal=1").expect_err("no limit"), "there is no limit `wal`; did you mean `wall`?");
        assert!(pair("wall").expect_err("no pair").contains("name=value"));
    }

    #[test]
    fn what_is_shown_reads_back() {
        for (name, value) in shown(&Limits::default()) {
            assert_eq!(with(name, &value).expect(name), Limits::default());
        }
    }
}

//! The limits of calls and of compiling, by name.

use std::collections::BTreeMap;
use std::time::Duration;

use innkeeper::{CompileLimits, Limits};

use crate::names::suggestion;

/// Every limit of calls that can be set.
pub(super) const OF_CALLS: &[Limit<Limits>] = &[
    Limit { name: "memory", place: |limits| Place::Bytes(&mut limits.memory) },
    Limit { name: "table_elements", place: |limits| Place::Count(&mut limits.table_elements) },
    Limit { name: "wall", place: |limits| Place::Time(&mut limits.wall) },
    Limit { name: "cpu", place: |limits| Place::Time(&mut limits.cpu) },
    Limit { name: "answer", place: |limits| Place::LongBytes(&mut limits.answer) },
    Limit { name: "held", place: |limits| Place::Bytes(&mut limits.held) },
    Limit { name: "handles", place: |limits| Place::Count(&mut limits.handles) },
    Limit { name: "output", place: |limits| Place::Bytes(&mut limits.output) },
    Limit { name: "files", place: |limits| Place::Count(&mut limits.files) },
    Limit { name: "download", place: |limits| Place::LongBytes(&mut limits.download) },
    Limit { name: "log_lines", place: |limits| Place::Count(&mut limits.log_lines) },
    Limit { name: "log_line", place: |limits| Place::Bytes(&mut limits.log_line) },
    Limit { name: "state", place: |limits| Place::LongBytes(&mut limits.state) },
    Limit { name: "requests", place: |limits| Place::ShortCount(&mut limits.requests) },
    Limit { name: "requests_at_once", place: |limits| Place::Count(&mut limits.requests_at_once) },
    Limit { name: "echoes", place: |limits| Place::ShortCount(&mut limits.echoes.of_a_call) },
    Limit { name: "echoing_calls_a_minute", place: |limits| Place::Count(&mut limits.echoes.calls_a_minute) },
];

/// Every limit of compiling that can be set.
pub(super) const OF_COMPILING: &[Limit<CompileLimits>] = &[
    Limit { name: "compile_component", place: |limits| Place::Bytes(&mut limits.component) },
    Limit { name: "compile_modules", place: |limits| Place::LongCount(&mut limits.modules) },
    Limit { name: "compile_functions", place: |limits| Place::LongCount(&mut limits.functions) },
    Limit { name: "compile_function", place: |limits| Place::Bytes(&mut limits.function) },
    Limit { name: "compile_locals", place: |limits| Place::LongCount(&mut limits.locals) },
    Limit { name: "compile_elements", place: |limits| Place::LongCount(&mut limits.elements) },
    Limit { name: "compile_definitions", place: |limits| Place::LongCount(&mut limits.definitions) },
    Limit { name: "compile_name", place: |limits| Place::Bytes(&mut limits.name) },
    Limit { name: "compile_wall", place: |limits| Place::Time(&mut limits.wall) },
    Limit { name: "compile_cpu", place: |limits| Place::Time(&mut limits.cpu) },
    Limit { name: "compile_memory", place: |limits| Place::LongBytes(&mut limits.memory) },
    Limit { name: "compile_code", place: |limits| Place::Bytes(&mut limits.code) },
    Limit { name: "compile_at_once", place: |limits| Place::Count(&mut limits.at_once) },
    Limit { name: "compile_waiting", place: |limits| Place::Count(&mut limits.waiting) },
];

/// One limit of `L`: its name, and its field.
pub(super) struct Limit<L> {
    name: &'static str,
    place: fn(&mut L) -> Place<'_>,
}

/// The field of a limit, and how its value is written.
enum Place<'l> {
    /// `65536`, `64KiB`, `10MiB`, `1GiB`.
    Bytes(&'l mut usize),
    LongBytes(&'l mut u64),
    /// `60`, `60s`, `500ms`, `2m`.
    Time(&'l mut Duration),
    /// A number.
    Count(&'l mut usize),
    LongCount(&'l mut u64),
    ShortCount(&'l mut u32),
}

/// Splits `name=value`.
pub(crate) fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) =
        text.split_once('=').ok_or_else(|| format!("{text:?} is not `name=value`, such as `wall=30s`"))?;
    check_name(name.trim())?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

/// Fails if the name is not a limit.
pub(crate) fn check_name(name: &str) -> Result<(), String> {
    let names: Vec<_> = names(OF_CALLS).chain(names(OF_COMPILING)).collect();
    if names.contains(&name) { Ok(()) } else { Err(format!("there is no limit `{name}`{}", suggestion(name, &names))) }
}

fn names<L>(table: &[Limit<L>]) -> impl Iterator<Item = &'static str> {
    table.iter().map(|limit| limit.name)
}

/// The defaults with these changes, as far as the table has them.
pub(super) fn changed<L: Default>(table: &[Limit<L>], changes: &BTreeMap<String, String>) -> Result<L, String> {
    let mut limits = L::default();
    for (name, text) in changes {
        check_name(name)?;
        if let Some(limit) = table.iter().find(|limit| limit.name == name) {
            (limit.place)(&mut limits).set(name, text)?;
        }
    }
    Ok(limits)
}

/// Every limit of the table with its value, for people.
pub(super) fn shown<L: Clone>(table: &[Limit<L>], limits: &L) -> Vec<(&'static str, String)> {
    let mut limits = limits.clone();
    table.iter().map(|limit| (limit.name, (limit.place)(&mut limits).to_text())).collect()
}

impl Place<'_> {
    fn set(self, name: &str, text: &str) -> Result<(), String> {
        let number = self.number(name, text)?;
        let too_large = |_| format!("the limit `{name}` is too large");
        match self {
            Self::Bytes(place) | Self::Count(place) => *place = usize::try_from(number).map_err(too_large)?,
            Self::LongBytes(place) | Self::LongCount(place) => *place = number,
            Self::ShortCount(place) => *place = u32::try_from(number).map_err(too_large)?,
            Self::Time(place) => *place = Duration::from_millis(number),
        }
        Ok(())
    }

    /// In the form that [`Place::set`] reads.
    fn to_text(&self) -> String {
        match self {
            Self::Bytes(size) => bytes(**size as u64),
            Self::LongBytes(size) => bytes(**size),
            Self::Time(time) if time.subsec_millis() == 0 => format!("{}s", time.as_secs()),
            Self::Time(time) => format!("{}ms", time.as_millis()),
            Self::Count(count) => count.to_string(),
            Self::LongCount(count) => count.to_string(),
            Self::ShortCount(count) => count.to_string(),
        }
    }

    /// Bytes, milliseconds or a count, above 0.
    fn number(&self, name: &str, text: &str) -> Result<u64, String> {
        let (units, example): (&[(&str, u64)], _) = match self {
            Self::Bytes(_) | Self::LongBytes(_) => (
                &[("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("", 1)],
                "a number of bytes, optionally with KiB, MiB or GiB, such as 65536 or 10MiB",
            ),
            Self::Time(_) => (
                &[("ms", 1), ("s", 1000), ("m", 60_000), ("", 1000)],
                "a time with ms, s or m, such as 30s, 500ms or 2m",
            ),
            Self::Count(_) | Self::LongCount(_) | Self::ShortCount(_) => (&[("", 1)], "a number"),
        };
        let wrong = || format!("the limit `{name}` is {text:?}: set {example}, above 0");
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
}

/// A number of bytes in the largest unit that it is a multiple of.
fn bytes(number: u64) -> String {
    let units = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
    let unit = units.into_iter().find(|(bits, _)| number > 0 && number.trailing_zeros() >= *bits);
    unit.map_or_else(|| number.to_string(), |(bits, unit)| format!("{}{unit}", number >> bits))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(name: &str, value: &str) -> BTreeMap<String, String> {
        BTreeMap::from([(name.to_owned(), value.to_owned())])
    }

    fn with(name: &str, value: &str) -> Result<Limits, String> {
        changed(OF_CALLS, &one(name, value))
    }

    fn compiling_with(name: &str, value: &str) -> Result<CompileLimits, String> {
        changed(OF_COMPILING, &one(name, value))
    }

    #[test]
    fn values_are_written_with_units_or_without() {
        assert_eq!(with("memory", "10MiB").expect("bytes").memory, 10 << 20);
        assert_eq!(with("answer", "65536").expect("bytes").answer, 65536);
        assert_eq!(with("wall", "500ms").expect("a time").wall, Duration::from_millis(500));
        assert_eq!(with("wall", "2m").expect("a time").wall, Duration::from_mins(2));
        assert_eq!(with("cpu", "7").expect("a time").cpu, Duration::from_secs(7));
        assert_eq!(with("requests", "3").expect("a count").requests, 3);
        assert_eq!(compiling_with("compile_memory", "1GiB").expect("bytes").memory, 1 << 30);
    }

    #[test]
    fn a_wrong_value_or_name_says_what_would_be_right() {
        for (name, value) in
            [("memory", "0"), ("memory", "-1"), ("wall", "1h"), ("requests", "3s"), ("state", "99999999999GiB")]
        {
            assert!(with(name, value).expect_err(value).contains(name), "{name}={value}");
        }
        assert!(compiling_with("compile_wall", "soon").expect_err("no time").contains("compile_wall"));
        assert_eq!(pair("wal=1").expect_err("no limit"), "there is no limit `wal`; did you mean `wall`?");
        assert!(pair("wall").expect_err("no pair").contains("name=value"));
    }

    #[test]
    fn each_bound_can_be_set_by_its_name_and_changes_nothing_else() {
        for name in names(OF_CALLS) {
            assert_ne!(with(name, "3").expect(name), Limits::default(), "{name}");
            assert_eq!(compiling_with(name, "3").expect("a bound of calls"), CompileLimits::default());
        }
        for name in names(OF_COMPILING) {
            assert_ne!(compiling_with(name, "3").expect(name), CompileLimits::default(), "{name}");
            assert_eq!(with(name, "3").expect("a bound of compiling"), Limits::default());
        }
    }

    #[test]
    fn what_is_shown_reads_back() {
        for (name, value) in shown(OF_CALLS, &Limits::default()) {
            assert_eq!(with(name, &value).expect(name), Limits::default());
        }
        for (name, value) in shown(OF_COMPILING, &CompileLimits::default()) {
            assert_eq!(compiling_with(name, &value).expect(name), CompileLimits::default());
        }
    }
}

//! The bounds of compiling connectors, by name.

use std::collections::BTreeMap;
use std::time::Duration;

use innkeeper::CompileLimits;

use super::limits::{Unit, bytes, number, time};

/// Every limit that can be set, with what its value is.
pub(super) const LIMITS: &[(&str, Unit)] = &[
    ("compile_component", Unit::Bytes),
    ("compile_modules", Unit::Count),
    ("compile_functions", Unit::Count),
    ("compile_function", Unit::Bytes),
    ("compile_locals", Unit::Count),
    ("compile_elements", Unit::Count),
    ("compile_definitions", Unit::Count),
    ("compile_name", Unit::Bytes),
    ("compile_wall", Unit::Time),
    ("compile_cpu", Unit::Time),
    ("compile_memory", Unit::Bytes),
    ("compile_code", Unit::Bytes),
    ("compile_at_once", Unit::Count),
    ("compile_waiting", Unit::Count),
];

/// The defaults with these changed; the bounds of calls are not looked at.
pub(super) fn changed(changes: &BTreeMap<String, String>) -> Result<CompileLimits, String> {
    let mut limits = CompileLimits::default();
    for (name, text) in changes.iter().filter(|(name, _)| LIMITS.iter().any(|(known, _)| known == name)) {
        let number = number(name, text)?;
        let size = || usize::try_from(number).map_err(|_| format!("the limit `{name}` is too large"));
        match name.as_str() {
            "compile_component" => limits.component = size()?,
            "compile_modules" => limits.modules = number,
            "compile_functions" => limits.functions = number,
            "compile_function" => limits.function = size()?,
            "compile_locals" => limits.locals = number,
            "compile_elements" => limits.elements = number,
            "compile_definitions" => limits.definitions = number,
            "compile_name" => limits.name = size()?,
            "compile_wall" => limits.wall = Duration::from_millis(number),
            "compile_cpu" => limits.cpu = Duration::from_millis(number),
            "compile_memory" => limits.memory = number,
            "compile_code" => limits.code = size()?,
            "compile_at_once" => limits.at_once = size()?,
            _ => limits.waiting = size()?,
        }
    }
    Ok(limits)
}

/// Every limit with its value, for people.
pub(super) fn shown(limits: &CompileLimits) -> Vec<(&'static str, String)> {
    vec![
        ("compile_component", bytes(limits.component as u64)),
        ("compile_modules", limits.modules.to_string()),
        ("compile_functions", limits.functions.to_string()),
        ("compile_function", bytes(limits.function as u64)),
        ("compile_locals", limits.locals.to_string()),
        ("compile_elements", limits.elements.to_string()),
        ("compile_definitions", limits.definitions.to_string()),
        ("compile_name", bytes(limits.name as u64)),
        ("compile_wall", time(limits.wall)),
        ("compile_cpu", time(limits.cpu)),
        ("compile_memory", bytes(limits.memory)),
        ("compile_code", bytes(limits.code as u64)),
        ("compile_at_once", limits.at_once.to_string()),
        ("compile_waiting", limits.waiting.to_string()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &str, value: &str) -> Result<CompileLimits, String> {
        changed(&BTreeMap::from([(name.to_owned(), value.to_owned())]))
    }

    #[test]
    fn each_bound_of_compiling_can_be_set_by_its_name() {
        for (name, _) in LIMITS {
            assert_ne!(with(name, "3").expect(name), CompileLimits::default(), "{name}");
        }
        assert_eq!(with("compile_memory", "1GiB").expect("bytes").memory, 1 << 30);
        assert_eq!(with("memory", "1").expect("a bound of calls"), CompileLimits::default());
        assert!(with("compile_wall", "soon").expect_err("no time").contains("compile_wall"));
    }

    #[test]
    fn what_is_shown_of_compiling_reads_back() {
        let shown = shown(&CompileLimits::default());
        assert_eq!(shown.len(), LIMITS.len());
        for (name, value) in shown {
            assert_eq!(with(name, &value).expect(name), CompileLimits::default());
        }
    }
}

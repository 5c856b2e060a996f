//! The message of a violation for people: in our words, and never with a long value.

use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use serde_json::Value;

use super::{MOST_VIOLATIONS, Violation, Violations, cut};
use crate::mistake::quoted;

/// The library's errors in our words; the report has at most [`MOST_VIOLATIONS`].
pub(super) fn violations<'a>(errors: impl Iterator<Item = ValidationError<'a>>) -> Violations {
    let mut found: Vec<_> = errors.flat_map(|error| expanded(&error)).take(MOST_VIOLATIONS + 1).collect();
    if found.len() > MOST_VIOLATIONS {
        found.truncate(MOST_VIOLATIONS);
        found.push(Violation { pointer: String::new(), message: "and more".to_owned() });
    }
    Violations(found)
}

/// "a text", "a number" ... for messages.
pub(super) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// One violation, or those of the only alternative that the value can be meant for.
fn expanded(error: &ValidationError<'_>) -> Vec<Violation> {
    if let Kind::AnyOf { context } | Kind::OneOfNotValid { context } = error.kind() {
        let place = error.instance_path().as_str();
        let mut meant = context.iter().filter(|branch| !is_of_another_kind(branch, place));
        if let (Some(branch), None) = (meant.next(), meant.next()) {
            return branch.iter().flat_map(expanded).collect();
        }
    }
    vec![Violation { pointer: shortened(error.instance_path().as_str()), message: sentence(error) }]
}

/// Whether an alternative failed because of the type of the whole value, such as null for what may be absent.
fn is_of_another_kind(branch: &[ValidationError<'static>], place: &str) -> bool {
    branch.iter().any(|error| matches!(error.kind(), Kind::Type { .. }) && error.instance_path().as_str() == place)
}

fn sentence(error: &ValidationError<'_>) -> String {
    let given = error.instance();
    match error.kind() {
        Kind::Required { property } => {
            format!("the field {} is missing", quoted(property.as_str().unwrap_or_default()))
        }
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            let names: Vec<_> = unexpected.iter().take(10).map(|name| quoted(name)).collect();
            let field = if unexpected.len() == 1 { "field" } else { "fields" };
            format!("unknown {field} {}", names.join(", "))
        }
        Kind::Type { kind } => format!("must be {}, this is {}", expected(kind), kind_of(given)),
        Kind::Enum { options } => {
            let options = options.as_array().map(Vec::as_slice).unwrap_or_default();
            let mut names: Vec<_> = options.iter().take(20).map(shown).collect();
            if options.len() > names.len() {
                names.push("…".to_owned());
            }
            format!("{} is not one of {}", shown(given), names.join(", "))
        }
        Kind::Constant { expected_value } => format!("must be {}, this is {}", shown(expected_value), shown(given)),
        Kind::Pattern { pattern } => format!("{} does not match the pattern {}", shown(given), quoted(pattern)),
        Kind::Format { format } => format!("{} is not a valid {}", shown(given), quoted(format)),
        Kind::MinLength { limit } => format!("has fewer than {limit} characters"),
        Kind::MaxLength { limit } => format!("has more than {limit} characters"),
        Kind::MinItems { limit } => format!("has fewer than {limit} items"),
        Kind::MaxItems { limit } => format!("has more than {limit} items"),
        Kind::Minimum { limit } => format!("{} is less than {}", shown(given), shown(limit)),
        Kind::Maximum { limit } => format!("{} is more than {}", shown(given), shown(limit)),
        Kind::ExclusiveMinimum { limit } => format!("{} must be more than {}", shown(given), shown(limit)),
        Kind::ExclusiveMaximum { limit } => format!("{} must be less than {}", shown(given), shown(limit)),
        Kind::UniqueItems => "contains an item twice".to_owned(),
        Kind::Custom { message, .. } => message.clone(),
        Kind::FalseSchema => "nothing is allowed here".to_owned(),
        Kind::AnyOf { context } | Kind::OneOfNotValid { context } => alternatives(context, given),
        Kind::OneOfMultipleValid { .. } => "fits more than one of the alternatives: it must fit exactly one".to_owned(),
        Kind::PropertyNames { error } => {
            let name = error.instance().as_str().unwrap_or_default();
            format!("the field name {} is not allowed", quoted(name))
        }
        _ => cut(&error.masked().to_string()),
    }
}

/// Names all alternatives if they are constants, otherwise the closest one: the one that failed deepest in the value.
fn alternatives(context: &[Vec<ValidationError<'static>>], given: &Value) -> String {
    let constant = |branch: &Vec<ValidationError<'static>>| match branch.as_slice() {
        [only] => match only.kind() {
            Kind::Constant { expected_value } => Some(shown(expected_value)),
            _ => None,
        },
        _ => None,
    };
    if let Some(constants) = context.iter().map(constant).collect::<Option<Vec<_>>>().filter(|all| !all.is_empty()) {
        return format!("{} is not one of {}", shown(given), cut(&constants.join(", ")));
    }
    let depth = |branch: &&Vec<ValidationError<'static>>| {
        let deepest = branch.iter().map(|error| error.instance_path().as_str().matches('/').count()).max();
        (deepest.unwrap_or(0), usize::MAX - branch.len())
    };
    let closest = context.iter().filter(|branch| !branch.is_empty()).max_by_key(depth);
    match closest.and_then(|branch| expanded(branch.first()?).into_iter().next()) {
        Some(closest) => cut(&format!("fits none of the alternatives; the closest one says: {closest}")),
        None => "fits none of the alternatives".to_owned(),
    }
}

fn expected(kind: &TypeKind) -> String {
    match kind {
        TypeKind::Single(one) => one.to_string(),
        TypeKind::Multiple(several) => several.iter().map(|one| one.to_string()).collect::<Vec<_>>().join(" or "),
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        other => quoted(&beginning(other)),
    }
}

/// The first bytes of a value's JSON, more than are shown.
fn beginning(value: &Value) -> String {
    let mut start = Start(Vec::new());
    // It fails if there is more.
    let _ = serde_json::to_writer(&mut start, value);
    String::from_utf8_lossy(&start.0).into_owned()
}

struct Start(Vec<u8>);

impl std::io::Write for Start {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        const MOST: usize = 512;
        let room = MOST.saturating_sub(self.0.len());
        self.0.extend_from_slice(&bytes[..bytes.len().min(room)]);
        if bytes.len() > room { Err(std::io::ErrorKind::WriteZero.into()) } else { Ok(bytes.len()) }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A pointer through names of any length, short enough to print.
fn shortened(pointer: &str) -> String {
    const LONGEST: usize = 1024;
    match pointer.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &pointer[..end]),
        None => pointer.to_owned(),
    }
}

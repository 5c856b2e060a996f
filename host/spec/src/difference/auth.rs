//! Changes in how a connection authenticates.

use std::collections::BTreeSet;

use innkeeper_shown::{Quoted, address};
use serde_json::Value;
use url::Url;

use super::{Found, Impact};
use crate::mistake::{quoted, step};
use crate::{AuthDeclaration, Standing};

pub(super) fn compare(older: &[AuthDeclaration], newer: &[AuthDeclaration], found: &mut Found) {
    for (index, declaration) in newer.iter().enumerate() {
        let place = format!("/auth_types/{index}");
        match older.iter().find(|former| former.auth_type == declaration.auth_type) {
            Some(former) => one(&place, former, declaration, found),
            None => found.note(place, format!("also accepts `{}`", declaration.auth_type), Impact::Informative),
        }
    }
    for (index, former) in older.iter().enumerate() {
        if !newer.iter().any(|declaration| declaration.auth_type == former.auth_type) {
            let what = format!("no longer accepts `{}`: connections that use it stop working", former.auth_type);
            found.note(format!("/auth_types/{index}"), what, Impact::Breaking);
        }
    }
}

fn one(place: &str, older: &AuthDeclaration, newer: &AuthDeclaration, found: &mut Found) {
    let auth_type = &newer.auth_type;
    if older.standing != newer.standing && newer.standing == Standing::Legacy {
        let what = format!("no longer offers `{auth_type}` for new connections");
        found.note(format!("{place}/standing"), what, Impact::Informative);
    }
    let names: BTreeSet<_> = older.defaults.keys().chain(newer.defaults.keys()).collect();
    for name in names {
        let (before, after) = (older.defaults.get(name), newer.defaults.get(name));
        if before == after {
            continue;
        }
        let place = format!("{place}/defaults/{}", step(name));
        if name == "scope" || name == "scopes" {
            scope(&place, before, after, found);
        } else if is_address(before) || is_address(after) {
            let what =
                format!("changes where `{auth_type}` goes: `{name}` is {}, was {}", place_of(after), place_of(before));
            found.note(place, what, Impact::NeedsApproval);
        } else {
            let what =
                format!("changes the default `{name}` of `{auth_type}` to {} from {}", shown(after), shown(before));
            found.note(place, what, Impact::Informative);
        }
    }
}

fn scope(place: &str, before: Option<&Value>, after: Option<&Value>, found: &mut Found) {
    let (before, after) = (tokens(before), tokens(after));
    let added: Vec<_> = after.difference(&before).map(String::as_str).collect();
    let removed: Vec<_> = before.difference(&after).map(String::as_str).collect();
    if !added.is_empty() {
        let what = format!("asks users for the wider scope {}; existing grants keep working", added.join(" "));
        found.note(place, what, Impact::NeedsApproval);
    }
    if !removed.is_empty() {
        found.note(place, format!("no longer requests the scope {}", removed.join(" ")), Impact::Informative);
    }
}

/// Scope tokens (RFC 6749, section 3.3); some services separate them by commas, and a default may be a list.
fn tokens(value: Option<&Value>) -> BTreeSet<String> {
    let split = |text: &str| -> Vec<String> {
        text.split([' ', ',']).filter(|token| !token.is_empty()).map(str::to_owned).collect()
    };
    match value {
        Some(Value::String(text)) => split(text).into_iter().collect(),
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).flat_map(split).collect(),
        _ => BTreeSet::new(),
    }
}

fn is_address(value: Option<&Value>) -> bool {
    value.and_then(Value::as_str).is_some_and(|text| text.contains("://"))
}

/// A complete address as it is parsed, or the template of one.
fn place_of(value: Option<&Value>) -> String {
    match value.and_then(Value::as_str) {
        Some(text) if Url::parse(text).is_ok() && !text.contains('{') => format!("`{}`", address(text)),
        Some(text) => Quoted::name(text).at_most(LONGEST_ADDRESS).to_string(),
        None => shown(value),
    }
}

/// In characters.
const LONGEST_ADDRESS: usize = 4096;

fn shown(value: Option<&Value>) -> String {
    match value {
        None => "absent".to_owned(),
        Some(Value::String(text)) => quoted(text),
        Some(other) => quoted(&other.to_string()),
    }
}

//! Actions that are added, removed or changed.

use super::{Found, Impact, schemas};
use crate::{ActionSpec, Scope};

pub(super) fn compare(older: &[ActionSpec], newer: &[ActionSpec], found: &mut Found) {
    for (index, action) in newer.iter().enumerate() {
        let place = format!("/actions/{index}");
        match older.iter().find(|former| former.name == action.name) {
            Some(former) => one(&place, former, action, found),
            None if action.scope == Scope::Read => {
                found.note(place, format!("adds the action `{}`, which reads", action.name), Impact::Informative);
            }
            None => {
                let what = format!("adds the action `{}` of scope {}", action.name, action.scope);
                found.note(place, what, Impact::NeedsApproval);
            }
        }
    }
    for (index, former) in older.iter().enumerate() {
        if !newer.iter().any(|action| action.name == former.name) {
            found.note(format!("/actions/{index}"), format!("removes the action `{}`", former.name), Impact::Breaking);
        }
    }
}

fn one(place: &str, older: &ActionSpec, newer: &ActionSpec, found: &mut Found) {
    let name = &newer.name;
    if older.scope != newer.scope {
        let (verb, impact) =
            if newer.scope > older.scope { ("raises", Impact::NeedsApproval) } else { ("lowers", Impact::Informative) };
        let what = format!("{verb} the scope of `{name}` to {} from {}", newer.scope, older.scope);
        found.note(format!("{place}/scope"), what, impact);
    }
    if older.tool != newer.tool {
        let verb = if newer.tool { "offers" } else { "no longer offers" };
        found.note(format!("{place}/tool"), format!("{verb} `{name}` to language models"), Impact::Informative);
    }
    if older.streaming != newer.streaming {
        let what = if newer.streaming { "streams results" } else { "no longer streams results" };
        let impact = if newer.streaming { Impact::Informative } else { Impact::Breaking };
        found.note(format!("{place}/streaming"), format!("`{name}` {what}"), impact);
    }
    let input = format!("the input of `{name}`");
    schemas::compare_taken(&format!("{place}/input"), &input, &older.input, &newer.input, found);
    schemas::compare_given(&format!("{place}/output"), name, older.output.as_ref(), newer.output.as_ref(), found);
}

//! What changes for a connection when a newer version replaces its connector's older one.

use std::collections::BTreeSet;
use std::fmt;

use innkeeper_shown::OneLine;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ConnectorSpec;

mod actions;
mod auth;
mod hosts;
mod schemas;

/// One thing that a newer version changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Difference {
    /// JSON pointer into the newer spec, or into the older one if the newer one no longer has it.
    pub place: String,
    /// What changes, for the person who decides.
    pub what: String,
    /// The impact.
    pub impact: Impact,
}

/// The impact of a difference. Ordered: the most serious one is the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Impact {
    /// No action is required.
    Informative,
    /// Users of the older version have to change something.
    Breaking,
    /// The connection's owner has to approve it before the newer version may do it.
    NeedsApproval,
}

impl fmt::Display for Impact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Informative => "informative",
            Self::Breaking => "breaking",
            Self::NeedsApproval => "needs approval",
        })
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}] {}: {}", self.impact, OneLine::new(&self.place), OneLine::new(&self.what).at_most(LONGEST))
    }
}

pub(crate) fn between(older: &ConnectorSpec, newer: &ConnectorSpec) -> Vec<Difference> {
    let mut found = Found(Vec::new());
    if older.about.id != newer.about.id {
        let what = format!("is a different connector: `{}`, was `{}`", newer.about.id, older.about.id);
        found.note("/about/id", what, Impact::Breaking);
    }
    if newer.about.version < older.about.version {
        let what = format!("goes back to {} from {}", newer.about.version, older.about.version);
        found.note("/about/version", what, Impact::Informative);
    }
    hosts::compare(&older.hosts, &newer.hosts, &mut found);
    names("/claims", "permission to read the claim", &older.claims, &newer.claims, &mut found);
    let placeholders = "permission to put the secret field into requests:";
    names("/placeholders", placeholders, &older.placeholders, &newer.placeholders, &mut found);
    let former = older.placeholder_uses();
    for usage in newer.placeholder_uses().iter().filter(|usage| older.placeholders.contains(&usage.field)) {
        if !former.iter().any(|former| former.covers(usage)) {
            let what = format!("requests permission to fill in a secret at a new place: {usage}");
            found.note("/policies/placeholders", what, Impact::NeedsApproval);
        }
    }
    auth::compare(&older.auth_types, &newer.auth_types, &mut found);
    actions::compare(&older.actions, &newer.actions, &mut found);
    schemas::compare_taken("/config", "the config", &older.config, &newer.config, &mut found);
    if older.headers != newer.headers {
        found.note("/headers", "sends other default headers", Impact::Informative);
    }
    if older.policies != newer.policies {
        found.note("/policies", "has other policies", Impact::Informative);
    }
    let mut differences = found.0;
    differences.sort_by_key(|difference| std::cmp::Reverse(difference.impact));
    differences
}

/// The longest difference that is shown completely, in characters: two addresses fit.
const LONGEST: usize = 10_000;

struct Found(Vec<Difference>);

impl Found {
    fn note(&mut self, place: impl Into<String>, what: impl Into<String>, impact: Impact) {
        self.0.push(Difference { place: place.into(), what: what.into(), impact });
    }
}

/// Claims and placeholders: a new one is requested, a former one is dropped.
fn names(place: &str, asks: &str, older: &[String], newer: &[String], found: &mut Found) {
    let before: BTreeSet<_> = older.iter().collect();
    let after: BTreeSet<_> = newer.iter().collect();
    for (index, name) in newer.iter().enumerate().filter(|(_, name)| !before.contains(name)) {
        found.note(format!("{place}/{index}"), format!("requests {asks} `{name}`"), Impact::NeedsApproval);
    }
    for (index, name) in older.iter().enumerate().filter(|(_, name)| !after.contains(name)) {
        found.note(format!("{place}/{index}"), format!("no longer requests {asks} `{name}`"), Impact::Informative);
    }
}

#[cfg(test)]
mod tests;

//! One function per rule.

use super::Rule;

mod audit;
mod authorizations;
mod connections;
mod connectors;
mod data_keys;
mod grants;
mod leases;
mod sealed;
mod state;

pub(super) fn all() -> impl Iterator<Item = &'static Rule> {
    [
        audit::RULES,
        authorizations::RULES,
        connections::RULES,
        connectors::RULES,
        data_keys::RULES,
        grants::RULES,
        leases::RULES,
        sealed::RULES,
        state::RULES,
    ]
    .into_iter()
    .flatten()
}

//! Attacks on the host's memory, time and places.

mod components;
mod computing;
mod held;
mod outputs;
mod schemas;

use serde_json::Value;

use crate::attack::{Attack, Class, attack, loaded, scripted};
use crate::component::Core;
use crate::rig::Rig;

const CPU: &str = "computing time of a call";
const WALL: &str = "the wall clock of a call";
const MEMORY: &str = "memory and tables of an instance";
const ACCOUNT: &str = "the account of a call: what the host holds for a guest";
const REQUESTS: &str = "requests of a call";
const HANDLES: &str = "handles of a call";
const FILES: &str = "files of a result";
const LOGS: &str = "lines of a call";
const OUTPUT: &str = "bytes of an output";
const SCHEMA: &str = "the budget of schema checks";
const COMPILE: &str = "the limits of compiling";
const LOADING: &str = "vetting before anything is compiled";

pub(crate) fn attacks() -> Vec<Attack> {
    [
        computing::computing(),
        computing::memory(),
        held::attacks(),
        outputs::attacks(),
        schemas::attacks(),
        components::loading(),
        components::compiling(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn run(
    id: &'static str,
    what: &'static str,
    wall: &'static str,
    error: (&'static str, &'static str),
    steps: Value,
) -> Attack {
    scripted(Class::Resources, (id, what), wall, error, steps)
}

/// A core that does something where it should answer.
fn core(
    id: &'static str,
    what: &'static str,
    wall: &'static str,
    error: (&'static str, &'static str),
    change: impl Fn(Core) -> Core + Send + Sync + 'static,
) -> Attack {
    attack(Class::Resources, (id, what), wall, error, move |rig: Rig| {
        let name = format!("core_{}", id.replace('-', "_"));
        let component = change(Core::named(&name)).component();
        async move { rig.call_new(&name, component).await }
    })
}

fn load(
    id: &'static str,
    what: &'static str,
    wall: &'static str,
    error: (&'static str, &'static str),
    component: impl Fn() -> Vec<u8> + Send + Sync + 'static,
) -> Attack {
    loaded(Class::Resources, (id, what), wall, error, component)
}

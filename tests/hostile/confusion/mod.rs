//! Attacks on what people, programs and the host's own code are made to believe.

mod connections;
mod lies;
mod results;
mod specs;
mod texts;
mod worlds;

use crate::attack::{Attack, Class, loaded};

const SPEC: &str = "the rules of a spec";
const WORLD: &str = "the world of a connector, by name and type";
const ABI: &str = "the canonical ABI: what a guest hands over is checked as it is read";
const HANDLES: &str = "handles are the host's: a guest holds numbers";
const RESULT: &str = "the rules of a result";
const TEXTS: &str = "no text of a connector, a service or a person looks like the host's own";

pub(crate) fn attacks() -> Vec<Attack> {
    [
        worlds::attacks(),
        specs::attacks(),
        texts::attacks(),
        lies::lies(),
        lies::handles(),
        results::attacks(),
        connections::attacks(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn load(
    id: &'static str,
    what: &'static str,
    wall: &'static str,
    error: (&'static str, &'static str),
    component: impl Fn() -> Vec<u8> + Send + Sync + 'static,
) -> Attack {
    loaded(Class::Confusion, (id, what), wall, error, component)
}

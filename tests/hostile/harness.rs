//! Runs attacks, and says of all that went wrong what was expected and what came.

use std::fmt;
use std::time::Duration;

use futures::StreamExt as _;

use crate::attack::{Attack, Expected};
use crate::rig::Rig;
use crate::told::Told;
use crate::ways::Way;

/// Attacks under way at once.
const AT_ONCE: usize = 8;
/// The longest that one attack may take on one way.
const PATIENCE: Duration = Duration::from_mins(2);

/// An attack that was not refused as it must be.
#[derive(Debug)]
pub(crate) struct Failure {
    id: &'static str,
    way: Way,
    why: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({:?}): {}", self.id, self.way, self.why)
    }
}

/// The attacks that run now: all, or only those whose id holds a part that `HOSTILE_ONLY` names, separated by commas.
pub(crate) fn chosen(attacks: Vec<Attack>) -> Vec<Attack> {
    let only = std::env::var("HOSTILE_ONLY").unwrap_or_default();
    attacks.into_iter().filter(|attack| only.split(',').any(|part| attack.id.contains(part))).collect()
}

/// Runs them, a few at once, and gives those that went wrong.
pub(crate) async fn run(rig: &Rig, attacks: &'static [Attack]) -> Vec<Failure> {
    let each = attacks.iter().flat_map(|attack| attack.run.ways.iter().map(move |way| (attack, *way)));
    let tried = each.map(|(attack, way)| {
        let rig = rig.clone();
        async move {
            // A task of its own: a panic is a failure of this attack, and no end of the others.
            let work = tokio::spawn(async move { (attack.run.work)(rig, way).await });
            let why = match tokio::time::timeout(PATIENCE, work).await {
                Ok(Ok(told)) => judge(attack, way, &told),
                Ok(Err(panic)) => Some(format!("it panicked: {panic}")),
                Err(_) => Some(format!("it was not over after {} s", PATIENCE.as_secs())),
            };
            why.map(|why| Failure { id: attack.id, way, why })
        }
    });
    futures::stream::iter(tried).buffer_unordered(AT_ONCE).filter_map(std::future::ready).collect().await
}

/// Why this is not what had to be told.
fn judge(attack: &Attack, way: Way, told: &Told) -> Option<String> {
    let found = Rig::secrets().found_in(told.everything().as_bytes());
    if !found.is_empty() {
        return Some(format!("an escape, {found:?} were seen: {told}"));
    }
    let is_told = |Expected { kind, text }: Expected| {
        kind.map_or(told.kind != "answer", |kind| told.kind == kind) && told.text.contains(text)
    };
    if attack.expected(way).any(is_told) {
        return None;
    }
    let wanted =
        attack.expected(way).map(|Expected { kind, text }| format!("{}: {text:?}", kind.unwrap_or("an error")));
    Some(format!("wanted {}, got {told}", wanted.collect::<Vec<_>>().join(" or ")))
}

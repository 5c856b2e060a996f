//! What an attack is: data, with the wall that it hits and the error that it gets.

use std::fmt;

use futures::future::BoxFuture;
use serde_json::Value;

use crate::rig::Rig;
use crate::told::Told;
use crate::ways::Way;

/// What an attack is after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    /// Memory, time and places of the host.
    Resources,
    /// Where requests go, and what answers do to the host.
    Egress,
    /// Tokens, passwords and keys.
    Secrets,
    /// What people, programs and the host's own code are made to believe.
    Confusion,
    /// What others keep with the host.
    State,
    /// The host's pages and routes.
    Pages,
    /// Flows and answers of authorization.
    AuthFlows,
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Resources => "resources",
            Self::Egress => "egress",
            Self::Secrets => "secrets",
            Self::Confusion => "confusion",
            Self::State => "state",
            Self::Pages => "pages",
            Self::AuthFlows => "auth flows",
        })
    }
}

/// One attack.
pub(crate) struct Attack {
    /// Unique; begins with what it is after.
    pub(crate) id: &'static str,
    /// What it is after.
    pub(crate) class: Class,
    /// What the attacker does.
    pub(crate) what: &'static str,
    /// What stops it.
    pub(crate) wall: &'static str,
    /// What the attacker, or who called it, is told.
    pub(crate) error: Expected,
    /// The ways on which something else is told, and that.
    pub(crate) elsewhere: Vec<(&'static [Way], Expected)>,
    /// What may be told as well: two walls stand there, and a slow machine meets the other one first.
    pub(crate) or: Option<Expected>,
    /// How it is done.
    pub(crate) run: Run,
}

impl Attack {
    /// This may be told as well.
    pub(crate) fn or(mut self, (kind, text): (&'static str, &'static str)) -> Self {
        self.or = Some(Expected { kind: Some(kind), text });
        self
    }

    /// On these ways, this is told.
    pub(crate) fn but_on(mut self, ways: &'static [Way], (kind, text): (&'static str, &'static str)) -> Self {
        self.elsewhere.push((ways, Expected { kind: Some(kind), text }));
        self
    }

    /// On every other way, this is the kind.
    pub(crate) fn of_kind(mut self, kind: &'static str) -> Self {
        self.error.kind = Some(kind);
        self
    }

    /// What has to be told on this way: one of these.
    pub(crate) fn expected(&self, way: Way) -> impl Iterator<Item = Expected> {
        let other = self.elsewhere.iter().find(|(ways, _)| ways.contains(&way));
        std::iter::once(other.map_or(self.error, |(_, expected)| *expected)).chain(self.or)
    }
}

/// What has to be told: a kind, and a part of the sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Expected {
    /// The variant of the error; none where that depends on the way.
    pub(crate) kind: Option<&'static str>,
    /// A part of what is said.
    pub(crate) text: &'static str,
}

type Work = Box<dyn Fn(Rig, Way) -> BoxFuture<'static, Told> + Send + Sync>;

/// How often an attack is done, and how.
pub(crate) struct Run {
    /// On each of these ways out.
    pub(crate) ways: &'static [Way],
    /// The attack.
    pub(crate) work: Work,
}

/// An attack by a guest.
pub(crate) fn attack<F>(
    class: Class,
    (id, what): (&'static str, &'static str),
    wall: &'static str,
    (kind, text): (&'static str, &'static str),
    work: impl Fn(Rig) -> F + Send + Sync + 'static,
) -> Attack
where
    F: Future<Output = Told> + Send + 'static,
{
    let work: Work = Box::new(move |rig, _| Box::pin(work(rig)));
    let error = Expected { kind: Some(kind), text };
    Attack { id, class, what, wall, error, elsewhere: Vec::new(), or: None, run: Run { ways: &[Way::Send], work } }
}

/// An attack by the scripted guest, which does these steps in a connection with the token.
pub(crate) fn scripted(
    class: Class,
    names: (&'static str, &'static str),
    wall: &'static str,
    error: (&'static str, &'static str),
    steps: Value,
) -> Attack {
    attack(class, names, wall, error, move |rig: Rig| {
        let steps = steps.clone();
        async move { rig.run(steps).await }
    })
}

/// An attack by a component as it is loaded.
pub(crate) fn loaded(
    class: Class,
    names: (&'static str, &'static str),
    wall: &'static str,
    error: (&'static str, &'static str),
    component: impl Fn() -> Vec<u8> + Send + Sync + 'static,
) -> Attack {
    attack(class, names, wall, error, move |rig: Rig| {
        let component = component();
        async move { rig.load(component).await }
    })
}

/// An attack that is done on each of `ways`, on which the errors are of different kinds.
pub(crate) fn on_each<F>(
    class: Class,
    (id, what): (&'static str, &'static str),
    wall: &'static str,
    text: &'static str,
    ways: &'static [Way],
    work: impl Fn(Rig, Way) -> F + Send + Sync + 'static,
) -> Attack
where
    F: Future<Output = Told> + Send + 'static,
{
    let work: Work = Box::new(move |rig, way| Box::pin(work(rig, way)));
    let error = Expected { kind: None, text };
    Attack { id, class, what, wall, error, elsewhere: Vec::new(), or: None, run: Run { ways, work } }
}

//! The line compared with a simple model of it: every call in one list, every rule as it is written.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::{Arrival, Bounds, Crowded, Line, MOST_IDLE, Seat, Ticket};

type Name = (u8, u8);

#[derive(Clone, Copy, Debug)]
enum Step {
    Arrive(Name),
    Release(usize),
    Leave(usize),
}

#[derive(Debug)]
struct Model {
    bounds: Bounds,
    line: Line<u8, u8, u32>,
    running: Vec<(Name, Seat)>,
    /// In the order of their arrival.
    waiting: Vec<(Name, Ticket, u32)>,
    arrived: u32,
    /// For a space that could have had a place all the time: the spaces that had one since its own turn.
    passed: BTreeMap<u8, BTreeSet<u8>>,
    passed_connections: BTreeMap<Name, BTreeSet<Name>>,
}

impl Model {
    fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            line: Line::new(bounds),
            running: Vec::new(),
            waiting: Vec::new(),
            arrived: 0,
            passed: BTreeMap::new(),
            passed_connections: BTreeMap::new(),
        }
    }

    fn runs(&self, name: Name) -> usize {
        self.running.iter().filter(|(running, _)| *running == name).count()
    }

    fn runs_in_space(&self, space: u8) -> usize {
        self.running.iter().filter(|(running, _)| running.0 == space).count()
    }

    fn within_own_bounds(&self, name: Name) -> bool {
        self.runs(name) < self.bounds.running_per_connection
            && self.runs_in_space(name.0) < self.bounds.running_per_space
    }

    fn may_run(&self, name: Name) -> bool {
        let free = self.bounds.places - self.running.len();
        self.within_own_bounds(name) && (free > self.bounds.kept || free > 0 && self.runs(name) == 0)
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Arrive(name) => self.arrive(name),
            Step::Release(at) if !self.running.is_empty() => {
                let (_, seat) = self.running.remove(at % self.running.len());
                self.line.release(seat);
            }
            Step::Leave(at) if !self.waiting.is_empty() => {
                let (_, ticket, _) = self.waiting.remove(at % self.waiting.len());
                assert!(self.line.leave(ticket));
                assert!(!self.line.leave(ticket), "nobody leaves twice");
            }
            Step::Release(_) | Step::Leave(_) => {}
        }
        self.serve();
        self.check();
    }

    fn arrive(&mut self, name: Name) {
        let free_for_it = self.may_run(name);
        let number = self.arrived;
        self.arrived += 1;
        match self.line.arrive(name.0, name.1, || number) {
            Arrival::Seated(seat) => {
                assert!(free_for_it && !self.waiting.iter().any(|(waiting, ..)| *waiting == name));
                self.running.push((name, seat));
            }
            Arrival::Waits(ticket) => {
                assert!(!free_for_it, "a call that could run waits");
                self.waiting.push((name, ticket, number));
            }
            Arrival::Full(crowded) => {
                let of_connection = self.waiting.iter().filter(|(waiting, ..)| *waiting == name).count();
                let of_space = self.waiting.iter().filter(|(waiting, ..)| waiting.0 == name.0).count();
                match crowded {
                    Crowded::Connection => assert_eq!(of_connection, self.bounds.waiting_per_connection),
                    Crowded::Space => assert_eq!(of_space, self.bounds.waiting_per_space),
                    Crowded::Host => assert_eq!(self.waiting.len(), self.bounds.waiting),
                }
            }
        }
    }

    fn serve(&mut self) {
        loop {
            let could: Vec<Name> =
                self.waiting.iter().map(|(name, ..)| *name).filter(|name| self.may_run(*name)).collect();
            let Some((number, seat)) = self.line.next_seated() else {
                assert!(could.is_empty(), "a place stays free that {could:?} could have");
                return;
            };
            let at = self.waiting.iter().position(|(.., waiting)| *waiting == number).expect("it waited");
            let (name, ..) = self.waiting.remove(at);
            assert!(could.contains(&name), "{name:?} may not run");
            assert!(!self.waiting[..at].iter().any(|(earlier, ..)| *earlier == name), "an earlier call was passed");
            self.note_turn(name, &could);
            self.running.push((name, seat));
        }
    }

    /// A space or connection that could have had this place is never passed twice by the same one.
    fn note_turn(&mut self, name: Name, could: &[Name]) {
        let spaces: BTreeSet<u8> = could.iter().map(|name| name.0).collect();
        self.passed.retain(|space, _| spaces.contains(space));
        self.passed.remove(&name.0);
        for space in spaces.into_iter().filter(|space| *space != name.0) {
            assert!(self.passed.entry(space).or_default().insert(name.0), "space {space} was passed twice by {name:?}");
        }
        self.passed_connections.retain(|connection, _| could.contains(connection));
        self.passed_connections.remove(&name);
        let others: BTreeSet<Name> =
            could.iter().copied().filter(|other| other.0 == name.0 && *other != name).collect();
        for other in others {
            let passed = self.passed_connections.entry(other).or_default();
            assert!(passed.insert(name), "{other:?} was passed twice by {name:?}");
        }
    }

    fn check(&mut self) {
        assert!(self.running.len() <= self.bounds.places);
        assert_eq!(self.line.running, self.running.len());
        assert_eq!(self.line.waiting(), self.waiting.len());
        assert!(self.waiting.len() <= self.bounds.waiting);
        for (name, _) in &self.running {
            assert!(self.runs(*name) <= self.bounds.running_per_connection);
            assert!(self.runs_in_space(name.0) <= self.bounds.running_per_space);
        }
        let known: BTreeSet<Name> =
            self.running.iter().map(|(name, _)| *name).chain(self.waiting.iter().map(|(name, ..)| *name)).collect();
        assert!(self.line.idle <= MOST_IDLE);
        assert_eq!(self.line.connections.len(), known.len() + self.line.idle, "of what has no call little is kept");
        assert_eq!(self.line.connections_by_name.len(), self.line.connections.len());
        assert_eq!(self.line.spaces_by_name.len(), self.line.spaces.len());
        assert!(self.line.spaces.len() <= self.line.connections.len());
        // A space that could not run for a moment starts again at the end.
        let could: BTreeSet<Name> =
            self.waiting.iter().map(|(name, ..)| *name).filter(|name| self.within_own_bounds(*name)).collect();
        self.passed.retain(|space, _| could.iter().any(|name| name.0 == *space));
        self.passed_connections.retain(|name, _| could.contains(name));
    }
}

fn bounds() -> impl Strategy<Value = Bounds> {
    let running = (1_usize..9, 1_usize..9, 1_usize..9, 0_usize..4);
    let waiting = (0_usize..20, 0_usize..12, 0_usize..8);
    (running, waiting).prop_map(|((places, space, connection, kept), (waiting, waiting_space, waiting_connection))| {
        Bounds {
            places,
            running_per_space: space,
            running_per_connection: connection,
            kept: kept.min(places - 1),
            waiting,
            waiting_per_space: waiting_space,
            waiting_per_connection: waiting_connection,
        }
    })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0_u8..4, 0_u8..3).prop_map(Step::Arrive),
        2 => any::<usize>().prop_map(Step::Release),
        1 => any::<usize>().prop_map(Step::Leave),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn the_line_keeps_its_rules_whatever_comes(bounds in bounds(), steps in proptest::collection::vec(step(), 1..200)) {
        let mut model = Model::new(bounds);
        for step in steps {
            model.take(step);
        }
        while !model.running.is_empty() {
            model.take(Step::Release(0));
        }
        prop_assert!(model.waiting.is_empty(), "with all places free nobody waits");
    }
}

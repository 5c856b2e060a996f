//! Every interleaving of a small world: two hosts on one store, their callers, a provider that rotates refresh tokens, lost
//! answers, refusals, a store that fails, crashes, a user who authorizes again or disconnects, and time that passes.
//!
//! The hosts run the product's own [`RefreshPlan`]. Everything around them is modelled: compare and swap, leases, and a
//! provider that revokes a grant when a spent refresh token comes back after its grace period.

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use innkeeper_ambient::Timestamp;

use super::life::{self, Circumstances, GrantFacts, Lifetime, Margins, Purpose, State};
use super::refresh_plan::{Effect, End, Event, Left, RefreshPlan};
use super::token_error::Nature;
use crate::error::Reason;

const HOSTS: usize = 2;
/// An access token's lifetime in seconds; the margins follow from it: renewal in the background from 90, too old from 95.
const LIFE: u64 = 100;
const LEASE: u64 = 90;
/// How long a request may take. No step of time is longer.
const PATIENCE: u64 = 30;
const MARGINS: Margins = Margins { ahead: Duration::from_mins(5), skew: Duration::from_secs(30) };

/// The number of events in one run of the world.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    callers: u8,
    /// Lost answers, errors of the provider, failures of the store.
    faults: u8,
    crashes: u8,
    /// Steps of time.
    steps: u8,
    /// Actions of a user.
    acts: u8,
    /// Seconds for which a spent refresh token is still honoured.
    grace: u64,
}

/// A refresh token: the authorization it comes from, and its number within that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Token {
    family: u8,
    number: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Record {
    version: u64,
    token: Token,
    issued_at: u64,
    intent: bool,
    lost: Option<Reason>,
    fence: u8,
}

/// What the provider knows of the newest authorization.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Provider {
    family: u8,
    /// The number of the newest refresh token.
    newest: u8,
    /// Until when the previous one is honoured as well.
    grace_until: u64,
    dead: bool,
    /// The number that was last presented without a fault since.
    presented: Option<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Lease {
    holder: usize,
    fence: u8,
    until: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Host {
    turn: RefreshPlan,
    order: Effect,
    stored: Option<Record>,
    answered: Option<(Token, u64)>,
    /// A grant that the store did not accept, and the version that it replaces.
    unsaved: Option<(Token, u64, u64)>,
    fence: u8,
    backing_off: bool,
    /// A turn is running.
    busy: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct World {
    now: u64,
    record: Option<Record>,
    provider: Provider,
    lease: Option<Lease>,
    last_fence: u8,
    hosts: [Host; HOSTS],
    callers: u8,
    faults: u8,
    crashes: u8,
    steps: u8,
    acts: u8,
}

impl World {
    /// An authorized grant whose token has just become too old.
    fn new() -> Self {
        let token = Token { family: 0, number: 0 };
        Self {
            now: 96,
            record: Some(Record { version: 1, token, issued_at: 0, intent: false, lost: None, fence: 0 }),
            provider: Provider { family: 0, newest: 0, grace_until: 0, dead: false, presented: None },
            lease: None,
            last_fence: 0,
            hosts: [Host::new(), Host::new()],
            callers: 0,
            faults: 0,
            crashes: 0,
            steps: 0,
            acts: 0,
        }
    }

    /// All worlds that may follow this one.
    fn successors(&self, bounds: &Bounds) -> Vec<World> {
        let mut worlds = Vec::new();
        for host in 0..HOSTS {
            if self.hosts[host].busy {
                self.steps_of(host, bounds, &mut worlds);
            } else if self.callers < bounds.callers {
                for purpose in [Purpose::Serve, Purpose::RefreshAhead] {
                    let mut world = self.clone();
                    world.callers += 1;
                    world.hosts[host].begin(purpose);
                    worlds.push(world);
                }
            }
            if self.crashes < bounds.crashes {
                let mut world = self.clone();
                world.crashes += 1;
                world.crash(host);
                worlds.push(world);
            }
        }
        if self.steps < bounds.steps {
            for seconds in [PATIENCE, LIFE] {
                worlds.extend(self.later(seconds));
            }
        }
        if self.acts < bounds.acts {
            let mut world = self.clone();
            world.acts += 1;
            world.authorize();
            worlds.push(world);
            let mut world = self.clone();
            world.acts += 1;
            world.record = None;
            worlds.push(world);
        }
        worlds
    }

    /// Carries out the next effect of a host, with every possible outcome.
    fn steps_of(&self, host: usize, bounds: &Bounds, worlds: &mut Vec<World>) {
        let mut go = |change: &dyn Fn(&mut World) -> Event| {
            let mut world = self.clone();
            let event = change(&mut world);
            world.tell(host, event);
            worlds.push(world);
        };
        let may_fail = self.faults < bounds.faults;
        let order = self.hosts[host].order;
        match order {
            Effect::End(_) => unreachable!("an ended turn is not busy"),
            // Looking again changes nothing while the other continues, so the other continues.
            Effect::Pause if self.lease.is_some_and(|lease| lease.holder != host && self.now < lease.until) => {}
            Effect::Pause => go(&|_| Event::Paused),
            Effect::Lease => go(&|world| world.take_lease(host)),
            Effect::Read => go(&|world| world.read(host)),
            Effect::Ask => {
                go(&|world| world.ask(host, Fault::None));
                if may_fail {
                    for fault in [Fault::AnswerLost, Fault::NeverArrived, Fault::Busy] {
                        go(&|world| world.ask(host, fault));
                    }
                }
            }
            Effect::Intend(_) | Effect::Store(_) | Effect::Settle(..) => {
                go(&|world| world.write(host, order));
                if may_fail {
                    go(&|world| {
                        world.faults += 1;
                        world.hosts[host].hold_answer(order);
                        Event::StoreFailed
                    });
                    // It became durable nevertheless.
                    go(&|world| {
                        world.faults += 1;
                        world.hosts[host].hold_answer(order);
                        let unsaved = world.hosts[host].unsaved;
                        world.write(host, order);
                        world.hosts[host].unsaved = unsaved;
                        world.hosts[host].answered = None;
                        Event::StoreFailed
                    });
                }
            }
        }
    }

    fn tell(&mut self, host: usize, event: Event) {
        let circumstances = self.circumstances(host);
        let acting = &mut self.hosts[host];
        acting.order = acting.turn.on(event, &circumstances);
        if let Effect::End(end) = acting.order {
            self.check_end(host, end);
            let unsaved = self.hosts[host].unsaved;
            // A host that holds an answer that is not stored yet keeps others from sending requests.
            if unsaved.is_none() && self.lease.is_some_and(|lease| lease.holder == host) {
                self.lease = None;
            }
            let Host { backing_off, fence, .. } = self.hosts[host];
            self.hosts[host] = Host { unsaved, fence, backing_off, ..Host::new() };
        }
    }

    fn circumstances(&self, host: usize) -> Circumstances {
        Circumstances {
            now: Timestamp::from_secs(self.now),
            margins: MARGINS,
            self_sufficient: false,
            backing_off: self.hosts[host].backing_off,
        }
    }

    fn read(&mut self, host: usize) -> Event {
        let acting = &mut self.hosts[host];
        acting.answered = None;
        acting.stored = self.record;
        Event::Found(self.record.map(|record| record.facts()))
    }

    fn take_lease(&mut self, host: usize) -> Event {
        match self.lease {
            Some(lease) if lease.holder != host && self.now < lease.until => Event::Busy,
            _ => {
                self.last_fence += 1;
                self.lease = Some(Lease { holder: host, fence: self.last_fence, until: self.now + LEASE });
                self.hosts[host].fence = self.last_fence;
                Event::Leased
            }
        }
    }

    fn write(&mut self, host: usize, order: Effect) -> Event {
        let acting = &mut self.hosts[host];
        let fence = acting.fence;
        let (over, record) = match order {
            Effect::Intend(over) => {
                let Some(stored) = acting.stored else { return Event::Conflict };
                (over, Record { intent: true, ..stored })
            }
            Effect::Settle(over, left) => {
                let Some(stored) = acting.stored else { return Event::Conflict };
                let lost = match left {
                    Left::AsBefore => None,
                    Left::Lost(reason) => Some(reason),
                };
                (over, Record { lost, intent: stored.intent && lost.is_none(), ..stored })
            }
            Effect::Store(over) => {
                let held = acting.answered.map(|(token, at)| (token, at, over)).or(acting.unsaved);
                let Some((token, issued_at, _)) = held else { return Event::Conflict };
                acting.unsaved = None;
                (over, Record { version: 0, token, issued_at, intent: false, lost: None, fence: 0 })
            }
            _ => unreachable!("no write"),
        };
        if self.record.map_or(0, |there| there.version) != over || self.record.is_some_and(|there| there.fence > fence)
        {
            return Event::Conflict;
        }
        let version = over + 1;
        self.record = Some(Record { version, fence, ..record });
        Event::Written(version)
    }

    fn ask(&mut self, host: usize, fault: Fault) -> Event {
        if self.lease.is_none_or(|lease| lease.holder != host || lease.until < self.now + PATIENCE) {
            return Event::TooLate;
        }
        if fault != Fault::None {
            self.faults += 1;
        }
        let Some(stored) = self.hosts[host].stored else { return Event::Refused(Nature::Gone) };
        if fault == Fault::NeverArrived {
            self.hosts[host].backing_off = true;
            return Event::Refused(Nature::Passing { spent: true });
        }
        if fault == Fault::Busy {
            self.hosts[host].backing_off = true;
            return Event::Refused(Nature::Passing { spent: false });
        }
        let honoured = self.provider.honours(stored.token, self.now);
        if stored.token.family == self.provider.family {
            assert!(
                !honoured || self.provider.presented != Some(stored.token.number),
                "a refresh token is sent a second time although nothing went wrong: {self:?}"
            );
            if honoured {
                self.provider.presented = (fault == Fault::None).then_some(stored.token.number);
                // A second use within the grace period leads to the same next token.
                if stored.token.number == self.provider.newest {
                    self.provider.newest += 1;
                    self.provider.grace_until = 0;
                }
            } else {
                self.provider.dead = true;
            }
        }
        match (honoured, fault) {
            (false, Fault::None) => Event::Refused(Nature::Gone),
            (true, Fault::None) => {
                let token = Token { number: self.provider.newest, ..stored.token };
                self.hosts[host].answered = Some((token, self.now));
                Event::Answered
            }
            _ => {
                self.hosts[host].backing_off = true;
                Event::Refused(Nature::Passing { spent: true })
            }
        }
    }

    fn crash(&mut self, host: usize) {
        // The lease stays until it expires; an answer that is not stored is lost, so its token may be sent again.
        if self.hosts[host].answered.is_some() || self.hosts[host].unsaved.is_some() {
            self.provider.presented = None;
        }
        self.hosts[host] = Host::new();
    }

    /// No request outlives its timeout: a longer step only happens when none is running.
    fn later(&self, seconds: u64) -> Option<World> {
        let asking = self.hosts.iter().any(|host| host.busy && matches!(host.order, Effect::Ask | Effect::Store(_)));
        if asking && seconds > PATIENCE {
            return None;
        }
        let mut world = self.clone();
        world.steps += 1;
        world.now += seconds;
        for host in &mut world.hosts {
            host.backing_off = false;
        }
        Some(world)
    }

    /// A user's new authorization, written as `Grants::replace` does.
    fn authorize(&mut self) {
        let family = self.provider.family + 1;
        self.provider = Provider { family, newest: 0, grace_until: 0, dead: false, presented: None };
        let (version, fence) = self.record.map_or((0, 0), |there| (there.version, there.fence));
        let token = Token { family, number: 0 };
        let version = version + 1;
        self.record = Some(Record { version, token, issued_at: self.now, intent: false, lost: None, fence });
    }

    fn check_end(&self, host: usize, end: End) {
        let acting = &self.hosts[host];
        match end {
            End::Serve => {
                let read = acting.stored.map(|stored| stored.issued_at);
                let issued_at = acting.answered.map(|(_, at)| at).or(read).expect("a token is served");
                assert!(self.now < issued_at + LIFE, "a token that has ended is served: {self:?}");
            }
            End::Contended => panic!("so few rivals exhaust nobody: {self:?}"),
            End::UseRejected => panic!("no token was rejected: {self:?}"),
            End::Unavailable | End::Authorize(_) => {}
        }
    }

    /// What must hold whenever no fault has just happened.
    fn check(&self) {
        let Some(record) = self.record else { return };
        if record.lost.is_some() {
            assert!(!self.provider.honours(record.token, self.now), "a grant is lost that is honoured: {self:?}");
        }
        let spent = record.token.family == self.provider.family && record.token.number < self.provider.newest;
        let asking = self.hosts.iter().any(|host| host.busy || host.unsaved.is_some());
        assert!(!spent || record.intent || record.lost.is_some() || asking, "nobody knows of a spent token: {self:?}");
        // The next caller without a fault gets a token, if the provider issues any.
        let idle = self.hosts.iter().all(|host| !host.busy && host.unsaved.is_none());
        if idle && self.provider.honours(record.token, self.now) && record.lost.is_none() {
            let mut later = self.clone();
            later.lease = None;
            later.hosts[0].backing_off = false;
            later.hosts[0].begin(Purpose::Serve);
            for _ in 0..20 {
                if !later.hosts[0].busy {
                    break;
                }
                let quiet = Bounds { callers: 0, faults: 0, crashes: 0, steps: 0, acts: 0, grace: 0 };
                let mut next = Vec::new();
                later.steps_of(0, &quiet, &mut next);
                later = next.swap_remove(0);
            }
            let facts = later.record.map(|record| record.facts());
            let state = life::state(facts.as_ref(), &later.circumstances(0));
            assert!(
                matches!(state, State::Live | State::RefreshingAhead),
                "an honoured grant gives no token: {self:?} ends as {state:?}"
            );
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    /// The provider acted, and the answer was lost.
    AnswerLost,
    /// The provider did not act, but the host cannot know that.
    NeverArrived,
    /// The provider answers that it did not act.
    Busy,
}

impl Provider {
    fn honours(&self, token: Token, now: u64) -> bool {
        let spent = token.number + 1 == self.newest;
        let good = token.number == self.newest || spent && now < self.grace_until;
        token.family == self.family && !self.dead && good
    }
}

impl Record {
    fn facts(&self) -> GrantFacts {
        let at = Timestamp::from_secs;
        GrantFacts {
            version: self.version,
            lifetime: Lifetime {
                issued_at: at(self.issued_at),
                expires_at: Some(at(self.issued_at + LIFE)),
                jitter: 0,
            },
            refresh_token_expires_at: None,
            refreshable: true,
            in_doubt: self.intent,
            lost: self.lost,
            rejected: false,
            fresh: false,
            foreign: false,
        }
    }
}

impl Host {
    fn new() -> Self {
        let (turn, order) = RefreshPlan::begin(Purpose::Serve, None);
        let (stored, answered, unsaved) = (None, None, None);
        Self { turn, order, stored, answered, unsaved, fence: 0, backing_off: false, busy: false }
    }

    fn begin(&mut self, purpose: Purpose) {
        (self.turn, self.order) = RefreshPlan::begin(purpose, self.unsaved.map(|(_, _, over)| over));
        self.busy = true;
    }

    /// If the store fails, the host keeps the answer.
    fn hold_answer(&mut self, order: Effect) {
        if let (Effect::Store(over), Some((token, at))) = (order, self.answered.take()) {
            self.unsaved = Some((token, at, over));
        }
    }
}

/// Visits every reachable world and returns their number.
fn explore(bounds: &Bounds) -> usize {
    let mut seen = HashSet::new();
    let mut queue = VecDeque::from([World::new()]);
    while let Some(world) = queue.pop_front() {
        world.check();
        for mut next in world.successors(bounds) {
            next.grant_grace(&world, bounds.grace);
            if seen.insert(next.clone()) {
                queue.push_back(next);
            }
        }
    }
    seen.len()
}

impl World {
    /// The provider starts a token's grace period when it is spent.
    fn grant_grace(&mut self, before: &World, grace: u64) {
        if self.provider.newest > before.provider.newest && self.provider.family == before.provider.family {
            self.provider.grace_until = self.now + grace;
        }
    }
}

#[test]
fn two_hosts_and_a_strict_provider_lose_no_grant_and_refresh_once() {
    let bounds = Bounds { callers: 3, faults: 2, crashes: 1, steps: 1, acts: 0, grace: 0 };
    let worlds = explore(&bounds);
    assert!(worlds > 10_000, "{worlds} worlds are too few to say anything");
}

#[test]
fn a_lost_answer_is_repaired_within_the_grace_of_the_provider() {
    let bounds = Bounds { callers: 3, faults: 2, crashes: 1, steps: 1, acts: 0, grace: 60 };
    let worlds = explore(&bounds);
    assert!(worlds > 10_000, "{worlds} worlds are too few to say anything");
}

#[test]
fn a_person_who_authorizes_or_disconnects_meanwhile_is_obeyed() {
    let bounds = Bounds { callers: 2, faults: 1, crashes: 1, steps: 1, acts: 1, grace: 60 };
    let worlds = explore(&bounds);
    assert!(worlds > 10_000, "{worlds} worlds are too few to say anything");
}

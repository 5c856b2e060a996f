//! One turn at a grant, step by step and without a byte sent or stored: the driver ([`super::refresh_driver`]) carries out each effect
//! and says what came of it. So every order of steps, answers, crashes and rivals can be tried (see `model`).
//!
//! Invariants:
//! - Only the holder of the lease asks, and only after it has read the grant again.
//! - The intent is durable before a refresh token leaves, the new grant is durable before anyone uses it.
//! - Every write names the version it replaces. Who loses a race reads again; it overwrites and deletes nothing.
//! - Only a refusal of the grant itself marks it lost, and only if nobody has written it in between.

use super::life::{self, Circumstances, GrantFacts, Lifetime, Purpose, Step};
use super::token_error::Nature;
use crate::error::Reason;

/// How often a race is lost before it is called a fault.
const RACES: u8 = 8;
/// How often another's lease is waited for, before it is.
const PAUSES: u16 = 2_000;

/// What the driver is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Effect {
    /// Read the record.
    Read,
    /// Take the lease.
    Lease,
    /// Let the other holder of the lease go on for a moment.
    Pause,
    /// Write the intent over this version.
    Intend(u64),
    /// Send the request, if the lease lasts as long as that may take.
    Ask,
    /// Store the grant that was answered, over this version; 0: there was no record.
    Store(u64),
    /// Write what is left after a failure, over this version.
    Settle(u64, Left),
    /// The turn is over.
    End(End),
}

/// What is left of a grant that was not renewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Left {
    /// All, as it was before the intent.
    AsBefore,
    /// Nothing that anybody honours.
    Lost(Reason),
}

/// What came of an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Event {
    /// This was read.
    Found(Option<GrantFacts>),
    /// The lease is ours.
    Leased,
    /// It is another's.
    Busy,
    /// A moment has passed.
    Paused,
    /// It is durable, under this version.
    Written(u64),
    /// Somebody else wrote in between.
    Conflict,
    /// The store failed; nothing is known to be written.
    StoreFailed,
    /// The lease does not last: nothing was sent.
    TooLate,
    /// The server gave a token.
    Answered,
    /// It did not.
    Refused(Nature),
}

/// How a turn ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum End {
    /// With the token of the record that was read or kept last.
    Serve,
    /// With nothing better than the rejected token.
    UseRejected,
    /// With nothing: an attempt failed, now or a moment ago.
    Unavailable,
    /// A person must authorize.
    Authorize(Reason),
    /// Others were always faster.
    Contended,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Phase {
    /// A grant that an earlier turn could not store comes first: its predecessor is spent.
    Saving,
    Reading,
    /// The old token serves meanwhile, as long as it lives.
    Leasing {
        old: Option<Lifetime>,
    },
    Pausing,
    Intending {
        doubtful: bool,
    },
    Asking {
        over: u64,
        doubtful: bool,
    },
    Storing,
    /// The grant was refused: has somebody renewed it?
    Verifying {
        over: u64,
        doubtful: bool,
    },
    Settling {
        lost: Option<Reason>,
    },
    Ended,
}

/// One turn.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct RefreshPlan {
    purpose: Purpose,
    phase: Phase,
    leased: bool,
    /// An attempt of this turn failed: there is no other.
    gave_up: bool,
    races: u8,
    pauses: u16,
}

impl RefreshPlan {
    /// Begins one. `leftover`: an earlier turn holds a grant that belongs over this version and is not stored yet.
    pub(super) fn begin(purpose: Purpose, leftover: Option<u64>) -> (Self, Effect) {
        let (phase, effect) = match leftover {
            Some(over) => (Phase::Saving, Effect::Store(over)),
            None => (Phase::Reading, Effect::Read),
        };
        (Self { purpose, phase, leased: false, gave_up: false, races: 0, pauses: 0 }, effect)
    }

    /// What is to be done after `event`. An event that answers no effect of this turn ends it.
    #[expect(clippy::match_same_arms, reason = "a line is a transition; lines that end alike need not belong together")]
    pub(super) fn on(&mut self, event: Event, circumstances: &Circumstances) -> Effect {
        match (self.phase, event) {
            (Phase::Saving, Event::Written(_) | Event::Conflict) => self.read(),
            (Phase::Reading, Event::Found(facts)) => self.decide(facts, circumstances),
            (Phase::Reading, Event::StoreFailed) => self.end(End::Unavailable),
            (Phase::Leasing { .. }, Event::Leased) => {
                self.leased = true;
                self.read()
            }
            (Phase::Leasing { old: Some(old) }, Event::Busy) if old.is_alive(circumstances.now) => self.end(End::Serve),
            (Phase::Leasing { .. }, Event::Busy) if self.purpose != Purpose::Serve => self.end(End::Unavailable),
            (Phase::Leasing { .. }, Event::Busy) if self.pauses == PAUSES => self.end(End::Contended),
            (Phase::Leasing { .. }, Event::Busy) => {
                self.pauses += 1;
                self.go(Phase::Pausing, Effect::Pause)
            }
            (Phase::Pausing, Event::Paused) => self.read(),
            (Phase::Intending { doubtful }, Event::Written(version)) => {
                self.go(Phase::Asking { over: version, doubtful }, Effect::Ask)
            }
            (Phase::Asking { .. }, Event::TooLate) => self.again(),
            (Phase::Asking { over, .. }, Event::Answered) => self.go(Phase::Storing, Effect::Store(over)),
            (Phase::Asking { over, doubtful }, Event::Refused(nature)) => {
                self.refused(nature, over, doubtful, circumstances)
            }
            (Phase::Storing, Event::Written(_)) => self.end(End::Serve),
            (Phase::Verifying { over, doubtful }, Event::Found(Some(facts))) if facts.version == over => {
                let reason = if doubtful { Reason::RefreshFailed } else { Reason::Revoked };
                self.go(Phase::Settling { lost: Some(reason) }, Effect::Settle(over, Left::Lost(reason)))
            }
            (Phase::Verifying { .. }, Event::Found(_)) => self.again(),
            (Phase::Settling { lost: Some(reason) }, Event::Written(_)) => self.end(End::Authorize(reason)),
            (Phase::Settling { lost: None }, Event::Written(_)) => self.give_up(),
            (Phase::Intending { .. } | Phase::Storing | Phase::Settling { .. }, Event::Conflict) => self.again(),
            (_, Event::StoreFailed) => self.give_up(),
            _ => self.end(End::Contended),
        }
    }

    fn decide(&mut self, facts: Option<GrantFacts>, circumstances: &Circumstances) -> Effect {
        let circumstances = Circumstances { backing_off: circumstances.backing_off || self.gave_up, ..*circumstances };
        match (life::next(facts.as_ref(), self.purpose, &circumstances), facts) {
            (Step::Serve, _) => self.end(End::Serve),
            (Step::UseRejected, _) => self.end(End::UseRejected),
            (Step::Wait, _) => self.end(End::Unavailable),
            (Step::Authorize(reason), _) => self.end(End::Authorize(reason)),
            (Step::Renew, facts) if !self.leased => {
                let old = facts.filter(|facts| !facts.rejected && !facts.foreign).map(|facts| facts.lifetime);
                self.go(Phase::Leasing { old }, Effect::Lease)
            }
            // A token that the client gets by itself costs nobody anything: there is no intent.
            (Step::Renew, facts) if circumstances.self_sufficient => {
                let over = facts.map_or(0, |facts| facts.version);
                self.go(Phase::Asking { over, doubtful: false }, Effect::Ask)
            }
            (Step::Renew, Some(facts)) => {
                self.go(Phase::Intending { doubtful: facts.in_doubt }, Effect::Intend(facts.version))
            }
            (Step::Renew, None) => self.end(End::Authorize(Reason::NoGrant)),
        }
    }

    fn refused(&mut self, nature: Nature, over: u64, doubtful: bool, circumstances: &Circumstances) -> Effect {
        if circumstances.self_sufficient {
            return self.give_up();
        }
        match nature {
            // The server may have acted: the intent stays, and the next attempt settles it.
            Nature::Passing { spent: true } => self.give_up(),
            Nature::Passing { spent: false } | Nature::Settings => {
                self.go(Phase::Settling { lost: None }, Effect::Settle(over, Left::AsBefore))
            }
            Nature::Gone => self.go(Phase::Verifying { over, doubtful }, Effect::Read),
        }
    }

    /// No further attempt in this turn; the old token serves while it lives.
    fn give_up(&mut self) -> Effect {
        self.gave_up = true;
        self.read()
    }

    /// Somebody else wrote, so the lease may be somebody else's by now.
    fn again(&mut self) -> Effect {
        self.races += 1;
        self.leased = false;
        if self.races > RACES { self.end(End::Contended) } else { self.read() }
    }

    fn read(&mut self) -> Effect {
        self.go(Phase::Reading, Effect::Read)
    }

    fn end(&mut self, end: End) -> Effect {
        self.go(Phase::Ended, Effect::End(end))
    }

    fn go(&mut self, phase: Phase, effect: Effect) -> Effect {
        self.phase = phase;
        effect
    }
}

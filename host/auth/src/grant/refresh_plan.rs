//! One turn at a grant, step by step and without I/O: the driver ([`super::refresh_driver`]) carries out each effect and
//! reports its outcome. So every order of steps, answers, crashes and rivals can be tried (see `model`).
//!
//! Invariants:
//! - Only the holder of the lease sends a request, and only after it has read the grant again.
//! - The intent is durable before a refresh token is sent; the new grant is durable before it is used.
//! - Every write names the version it replaces. A host that loses a race reads again; it overwrites and deletes nothing.
//! - Only a refusal of the grant itself marks it lost, and only if it has not been written in between.

use super::life::{self, Circumstances, GrantFacts, Lifetime, Purpose, Step};
use super::token_error::Nature;
use crate::error::Reason;

/// How many races may be lost before that is an error.
const RACES: u8 = 8;
/// How often to wait for another's lease before that is an error.
const PAUSES: u16 = 2_000;

/// What the driver must do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Effect {
    /// Read the record.
    Read,
    /// Take the lease.
    Lease,
    /// Wait a moment for the other holder of the lease.
    Pause,
    /// Write the intent over this version.
    Intend(u64),
    /// Send the request, if the lease lasts for as long as that may take.
    Ask,
    /// Store the grant from the answer over this version; 0: there was no record.
    Store(u64),
    /// Write what remains after a failure, over this version.
    Settle(u64, Left),
    /// The turn is over.
    End(End),
}

/// What remains of a grant that was not renewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Left {
    /// Everything, as it was before the intent.
    AsBefore,
    /// Nothing that the provider honours.
    Lost(Reason),
}

/// The outcome of an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Event {
    /// The record that was read.
    Found(Option<GrantFacts>),
    /// The lease is this host's.
    Leased,
    /// The lease is another host's.
    Busy,
    /// A moment has passed.
    Paused,
    /// The write is durable, under this version.
    Written(u64),
    /// Another host wrote in between.
    Conflict,
    /// The store failed; the write may or may not have happened.
    StoreFailed,
    /// The lease does not last long enough: nothing was sent.
    TooLate,
    /// The server issued a token.
    Answered,
    /// The server did not issue a token.
    Refused(Nature),
}

/// How a turn ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum End {
    /// With the token of the record that was last read or stored.
    Serve,
    /// With nothing better than the rejected token.
    UseRejected,
    /// Without a token: an attempt failed, now or a moment ago.
    Unavailable,
    /// A user must authorize.
    Authorize(Reason),
    /// Every race was lost against others.
    Contended,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Phase {
    /// A grant that an earlier turn could not store comes first: its predecessor is spent.
    Saving,
    Reading,
    /// The old token is used meanwhile, while it is valid.
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
    /// The grant was refused: has another host renewed it?
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
    /// Begins a turn. `leftover`: an earlier turn holds a grant that replaces this version and is not stored yet.
    pub(super) fn begin(purpose: Purpose, leftover: Option<u64>) -> (Self, Effect) {
        let (phase, effect) = match leftover {
            Some(over) => (Phase::Saving, Effect::Store(over)),
            None => (Phase::Reading, Effect::Read),
        };
        (Self { purpose, phase, leased: false, gave_up: false, races: 0, pauses: 0 }, effect)
    }

    /// The effect that follows `event`. An event that does not answer an effect of this turn ends the turn.
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
            // A token that the client gets without a user costs nothing to lose: there is no intent.
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

    /// No further attempt in this turn; the old token is used while it is valid.
    fn give_up(&mut self) -> Effect {
        self.gave_up = true;
        self.read()
    }

    /// Another host wrote, so it may hold the lease by now.
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

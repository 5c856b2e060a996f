//! The life of a grant: its states, and what is to be done in each. Nothing outside this file decides whether a token is good.
//!
//! ```text
//! none ── authorize ──> live ── a tenth of its life before the end ──> refreshing ahead ── margin ──> expired
//!                        ^                                                    │                         │
//!                        └───────────────────── new token ────────────────────┴─────────────────────────┘
//!                                                                             │
//!                        intent stored, answer lost:  in doubt (refresh once more, at once)
//!                        refused for good, or ended:  needs authorization (with the reason)
//! ```

use std::time::Duration;

use innkeeper_ambient::Timestamp;
use serde::{Serialize, Serializer};

use crate::error::Reason;

/// Where in its life a grant is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum State {
    /// There is no grant. One that needs no person is made on first use.
    None,
    /// Its token serves.
    Live,
    /// Its token serves while a new one is got in the background.
    RefreshingAhead,
    /// Its token has ended, or ends too soon for a request; a new one is got before the next.
    Expired,
    /// A refresh left and its answer was never stored: it is tried again at once.
    InDoubt,
    /// A person must authorize.
    NeedsAuthorization(Reason),
}

impl State {
    /// The name for programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Live => "live",
            Self::RefreshingAhead => "refreshing-ahead",
            Self::Expired => "expired",
            Self::InDoubt => "in-doubt",
            Self::NeedsAuthorization(_) => "needs-authorization",
        }
    }
}

impl Serialize for State {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// What is known of a stored grant.
#[expect(clippy::struct_excessive_bools, reason = "facts that do not depend on each other")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct GrantFacts {
    /// Of the record.
    pub(super) version: u64,
    /// The access token's times.
    pub(super) lifetime: Lifetime,
    /// When the refresh token ends; none where the server did not say.
    pub(super) refresh_token_expires_at: Option<Timestamp>,
    /// Whether there is a refresh token.
    pub(super) refreshable: bool,
    /// A refresh request left and its answer was never stored.
    pub(super) in_doubt: bool,
    /// The server refused for good.
    pub(super) lost: Option<Reason>,
    /// The token is the one that a service has just answered 401 to.
    pub(super) rejected: bool,
    /// It is of a refresh so short a time ago that another one would not help against a 401.
    pub(super) fresh: bool,
    /// It was given by another server, to another client, or for a connection that was there before.
    pub(super) foreign: bool,
}

/// When an access token was given and when it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Lifetime {
    /// When it was given.
    pub(super) issued_at: Timestamp,
    /// When it ends; none where the server did not say: it lives until a 401.
    pub(super) expires_at: Option<Timestamp>,
    /// Spreads the refreshes of tokens that were given at the same time: 0 is the earliest, 255 the latest.
    pub(super) jitter: u8,
}

/// How long before its end a token is renewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Margins {
    /// In the background, at most, and at most a tenth of the life.
    pub(crate) ahead: Duration,
    /// Before the next request, at most: clocks differ and requests take time.
    pub(crate) skew: Duration,
}

/// What is known besides the grant.
#[derive(Clone, Copy, Debug)]
pub(super) struct Circumstances {
    /// Now.
    pub(super) now: Timestamp,
    /// When tokens are renewed.
    pub(super) margins: Margins,
    /// A new token can be had without a refresh token and a person (client credentials and their like).
    pub(super) self_sufficient: bool,
    /// An attempt has just failed, and the next is not due yet.
    pub(super) backing_off: bool,
}

/// Why a grant is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Purpose {
    /// A request wants a token.
    Serve,
    /// The token ages, or its grant is in doubt: nobody waits.
    RefreshAhead,
    /// The refresh token was idle for long: use it before it ends. Nobody waits.
    KeepAlive,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The token is good: hand it out.
    Serve,
    /// Get a new one.
    Renew,
    /// There is nothing to hand out until the next attempt is due.
    Wait,
    /// The rejected token is the best there is.
    UseRejected,
    /// A person must authorize.
    Authorize(Reason),
}

/// Where in its life a grant is.
pub(super) fn state(facts: Option<&GrantFacts>, circumstances: &Circumstances) -> State {
    let Circumstances { now, margins, self_sufficient, .. } = *circumstances;
    let Some(facts) = facts.filter(|facts| !facts.foreign) else { return State::None };
    if let Some(reason) = facts.lost
        && !self_sufficient
    {
        return State::NeedsAuthorization(reason);
    }
    let refreshable = facts.refreshable && facts.refresh_token_expires_at.is_none_or(|end| now < end);
    if !self_sufficient && !refreshable {
        return match (facts.lifetime.is_alive(now), facts.refreshable) {
            (true, _) => State::Live,
            (false, true) => State::NeedsAuthorization(Reason::RefreshTokenExpired),
            (false, false) => State::NeedsAuthorization(Reason::Expired),
        };
    }
    if facts.in_doubt && !self_sufficient {
        return State::InDoubt;
    }
    if facts.lifetime.refresh_at(margins).is_none_or(|at| now < at) {
        State::Live
    } else if facts.lifetime.unfit_at(margins).is_none_or(|at| now < at) {
        State::RefreshingAhead
    } else {
        State::Expired
    }
}

/// What is to be done with a grant.
pub(super) fn next(facts: Option<&GrantFacts>, purpose: Purpose, circumstances: &Circumstances) -> Step {
    let Circumstances { now, self_sufficient, backing_off, .. } = *circumstances;
    let try_now = |otherwise| if backing_off { otherwise } else { Step::Renew };
    let Some(facts) = facts.filter(|facts| !facts.foreign) else {
        return match (self_sufficient, purpose) {
            (false, _) => Step::Authorize(Reason::NoGrant),
            (true, Purpose::Serve) => try_now(Step::Wait),
            (true, _) => Step::Wait,
        };
    };
    let refreshable = facts.refreshable && facts.refresh_token_expires_at.is_none_or(|end| now < end);
    let old = if facts.lifetime.is_alive(now) { Step::Serve } else { Step::Wait };
    match state(Some(facts), circumstances) {
        State::NeedsAuthorization(reason) => Step::Authorize(reason),
        _ if facts.rejected => {
            if (self_sufficient || refreshable) && !facts.fresh {
                try_now(Step::UseRejected)
            } else {
                Step::UseRejected
            }
        }
        State::RefreshingAhead if purpose == Purpose::Serve => Step::Serve,
        State::RefreshingAhead | State::InDoubt | State::Expired | State::None => try_now(old),
        State::Live if purpose == Purpose::KeepAlive && refreshable => try_now(old),
        State::Live => Step::Serve,
    }
}

impl Lifetime {
    /// Whether the token may be used at all.
    pub(super) fn is_alive(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }

    /// From when on a new token is got in the background: up to a fifth of the window later, by the jitter.
    pub(super) fn refresh_at(&self, margins: Margins) -> Option<Timestamp> {
        let window = self.window(margins);
        let late = window / 5 * u32::from(self.jitter) / 255;
        self.expires_at.map(|end| end.minus(window.saturating_sub(late)))
    }

    /// From when on the token is too old for another request, if a new one can be had.
    pub(super) fn unfit_at(&self, margins: Margins) -> Option<Timestamp> {
        self.expires_at.map(|end| end.minus(margins.skew.min(self.window(margins) / 2)))
    }

    fn window(&self, margins: Margins) -> Duration {
        let life = self.expires_at.map_or(Duration::ZERO, |end| end.since(self.issued_at));
        margins.ahead.min(life / 10)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const START: u64 = 1_000_000;
    const MARGINS: Margins = Margins { ahead: Duration::from_mins(5), skew: Duration::from_secs(30) };

    fn facts() -> GrantFacts {
        GrantFacts {
            version: 1,
            lifetime: Lifetime {
                issued_at: Timestamp::from_secs(START),
                expires_at: Some(Timestamp::from_secs(START + 3600)),
                jitter: 0,
            },
            refresh_token_expires_at: None,
            refreshable: true,
            in_doubt: false,
            lost: None,
            rejected: false,
            fresh: false,
            foreign: false,
        }
    }

    fn lasting(seconds: Option<u64>) -> GrantFacts {
        let expires_at = seconds.map(|seconds| Timestamp::from_secs(START + seconds));
        GrantFacts { lifetime: Lifetime { expires_at, ..facts().lifetime }, ..facts() }
    }

    fn after(seconds: u64) -> Circumstances {
        Circumstances {
            now: Timestamp::from_secs(START + seconds),
            margins: MARGINS,
            self_sufficient: false,
            backing_off: false,
        }
    }

    fn serve(facts: &GrantFacts, circumstances: &Circumstances) -> Step {
        next(Some(facts), Purpose::Serve, circumstances)
    }

    #[test]
    fn a_token_serves_until_the_margin_before_its_end() {
        assert_eq!(serve(&facts(), &after(3569)), Step::Serve);
        assert_eq!(serve(&facts(), &after(3570)), Step::Renew);
        assert_eq!(serve(&facts(), &after(3600)), Step::Renew);
    }

    #[test]
    fn it_is_renewed_ahead_while_it_serves() {
        let ahead = |seconds| next(Some(&facts()), Purpose::RefreshAhead, &after(seconds));
        assert_eq!((ahead(3299), state(Some(&facts()), &after(3299))), (Step::Serve, State::Live));
        assert_eq!((ahead(3300), state(Some(&facts()), &after(3300))), (Step::Renew, State::RefreshingAhead));
        assert_eq!(serve(&facts(), &after(3300)), Step::Serve);
    }

    #[test]
    fn jitter_spreads_the_refreshes_over_a_fifth_of_the_window() {
        let at = |jitter| Lifetime { jitter, ..facts().lifetime }.refresh_at(MARGINS).expect("it ends");
        assert_eq!(at(0), Timestamp::from_secs(START + 3300));
        assert_eq!(at(255), Timestamp::from_secs(START + 3360));
        assert!(at(100) < at(101));
    }

    #[test]
    fn a_short_life_is_not_all_margin() {
        let short = lasting(Some(60));
        assert_eq!(state(Some(&short), &after(53)), State::Live);
        assert_eq!(state(Some(&short), &after(54)), State::RefreshingAhead);
        assert_eq!(state(Some(&short), &after(57)), State::Expired);
    }

    #[test]
    fn a_token_without_an_end_serves_until_it_is_rejected() {
        let endless = lasting(None);
        assert_eq!(serve(&endless, &after(1_000_000_000)), Step::Serve);
        assert_eq!(serve(&GrantFacts { rejected: true, ..endless }, &after(0)), Step::Renew);
        assert_eq!(serve(&GrantFacts { rejected: true, refreshable: false, ..endless }, &after(0)), Step::UseRejected);
    }

    #[test]
    fn a_token_that_is_rejected_again_right_after_its_refresh_is_not_refreshed_once_more() {
        let fresh = GrantFacts { rejected: true, fresh: true, ..facts() };
        assert_eq!(serve(&fresh, &after(10)), Step::UseRejected);
        assert_eq!(serve(&GrantFacts { fresh: false, ..fresh }, &after(10)), Step::Renew);
    }

    #[test]
    fn what_another_server_gave_is_no_grant_here() {
        let foreign = GrantFacts { foreign: true, ..facts() };
        assert_eq!(serve(&foreign, &after(10)), Step::Authorize(Reason::NoGrant));
        assert_eq!(state(Some(&foreign), &after(10)), State::None);
        let alone = Circumstances { self_sufficient: true, ..after(10) };
        assert_eq!(serve(&foreign, &alone), Step::Renew);
    }

    #[test]
    fn a_failed_attempt_is_waited_out_while_the_old_token_serves_as_long_as_it_lives() {
        let failing = |seconds| Circumstances { backing_off: true, ..after(seconds) };
        assert_eq!(serve(&facts(), &failing(3580)), Step::Serve);
        assert_eq!(serve(&facts(), &failing(3600)), Step::Wait);
        assert_eq!(serve(&GrantFacts { rejected: true, ..facts() }, &failing(0)), Step::UseRejected);
    }

    #[test]
    fn a_doubtful_grant_is_renewed_at_once_although_its_token_lives() {
        let doubtful = GrantFacts { in_doubt: true, ..facts() };
        assert_eq!(serve(&doubtful, &after(10)), Step::Renew);
        assert_eq!(next(Some(&doubtful), Purpose::RefreshAhead, &after(10)), Step::Renew);
        assert_eq!(serve(&doubtful, &Circumstances { backing_off: true, ..after(10) }), Step::Serve);
        assert_eq!(serve(&doubtful, &Circumstances { backing_off: true, ..after(4000) }), Step::Wait);
    }

    #[test]
    fn an_idle_grant_is_renewed_to_keep_it_alive_if_it_can_be() {
        let keep = |facts: &GrantFacts| next(Some(facts), Purpose::KeepAlive, &after(10));
        assert_eq!(keep(&facts()), Step::Renew);
        assert_eq!(keep(&GrantFacts { refreshable: false, ..facts() }), Step::Serve);
        assert_eq!(keep(&GrantFacts { lost: Some(Reason::Revoked), ..facts() }), Step::Authorize(Reason::Revoked));
        let alone = Circumstances { self_sufficient: true, ..after(10) };
        assert_eq!(next(Some(&GrantFacts { refreshable: false, ..facts() }), Purpose::KeepAlive, &alone), Step::Serve);
        assert_eq!(next(None, Purpose::KeepAlive, &alone), Step::Wait);
    }

    #[test]
    fn each_end_has_its_reason() {
        let authorize = |reason| (Step::Authorize(reason), State::NeedsAuthorization(reason));
        let both = |facts: &GrantFacts, seconds| (serve(facts, &after(seconds)), state(Some(facts), &after(seconds)));
        assert_eq!(next(None, Purpose::Serve, &after(0)), Step::Authorize(Reason::NoGrant));
        let bare = GrantFacts { refreshable: false, ..facts() };
        assert_eq!(both(&bare, 3599), (Step::Serve, State::Live));
        assert_eq!(both(&bare, 3600), authorize(Reason::Expired));
        let ended = GrantFacts { refresh_token_expires_at: Some(Timestamp::from_secs(START + 60)), ..facts() };
        assert_eq!(both(&ended, 3599), (Step::Serve, State::Live));
        assert_eq!(both(&ended, 3600), authorize(Reason::RefreshTokenExpired));
        assert_eq!(both(&GrantFacts { lost: Some(Reason::Revoked), ..facts() }, 0), authorize(Reason::Revoked));
    }

    #[test]
    fn a_client_of_its_own_never_needs_a_person() {
        let alone = |seconds| Circumstances { self_sufficient: true, ..after(seconds) };
        assert_eq!(next(None, Purpose::Serve, &alone(0)), Step::Renew);
        assert_eq!(serve(&GrantFacts { refreshable: false, ..facts() }, &alone(3600)), Step::Renew);
        assert_eq!(serve(&GrantFacts { lost: Some(Reason::Revoked), ..facts() }, &alone(3600)), Step::Renew);
        assert_eq!(next(None, Purpose::Serve, &Circumstances { backing_off: true, ..alone(0) }), Step::Wait);
    }

    proptest! {
        #[test]
        fn no_answer_at_any_time_hands_out_a_token_that_has_ended(
            life in proptest::option::of(0_u64..100_000),
            refresh_life in proptest::option::of(0_u64..100_000),
            jitter: u8, refreshable: bool, in_doubt: bool, rejected: bool, lost: bool,
            seconds in 0_u64..200_000, self_sufficient: bool, backing_off: bool, clock_went_back: bool,
        ) {
            let issued = if clock_went_back { START + 50_000 } else { START };
            let facts = GrantFacts {
                lifetime: Lifetime {
                    issued_at: Timestamp::from_secs(issued),
                    expires_at: life.map(|life| Timestamp::from_secs(START + life)),
                    jitter,
                },
                refresh_token_expires_at: refresh_life.map(|life| Timestamp::from_secs(START + life)),
                refreshable, in_doubt, rejected,
                lost: lost.then_some(Reason::Revoked),
                ..facts()
            };
            let circumstances = Circumstances { self_sufficient, backing_off, ..after(seconds) };
            for purpose in [Purpose::Serve, Purpose::RefreshAhead, Purpose::KeepAlive] {
                match next(Some(&facts), purpose, &circumstances) {
                    Step::Serve => prop_assert!(facts.lifetime.is_alive(circumstances.now) && !rejected),
                    Step::Renew => prop_assert!(!backing_off && (self_sufficient || refreshable)),
                    Step::UseRejected => prop_assert!(rejected),
                    Step::Wait => prop_assert!(backing_off && !facts.lifetime.is_alive(circumstances.now)),
                    Step::Authorize(_) => prop_assert!(!self_sufficient),
                }
            }
        }
    }
}

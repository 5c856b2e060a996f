//! The life of a grant: what is to be done with it at a time. Nothing outside this file decides whether a token is good.
//!
//! ```text
//! none ── authorize ──> live ── margin ──> ageing ── expiry ──> ended
//!                        ^                    │                   │
//!                        └──── new token ─────┴──── renew ────────┘
//!                                             │
//!                        intent stored, answer lost: in doubt (renew once more, at once)
//!                        refused for good: lost (authorize, with the reason)
//! ```

use std::time::Duration;

use innkeeper_ambient::Timestamp;

use crate::error::Reason;

/// What is known of a stored grant.
#[derive(Clone, Copy, Debug)]
pub(super) struct Held {
    /// When the access token was given.
    pub(super) issued_at: Timestamp,
    /// When it ends; none where the server did not say: it lives until a 401.
    pub(super) expires_at: Option<Timestamp>,
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
}

/// What is known besides the grant.
#[derive(Clone, Copy, Debug)]
pub(super) struct Circumstances {
    /// Now.
    pub(super) now: Timestamp,
    /// How long before its end a token counts as ageing, at most.
    pub(super) margin: Duration,
    /// A new token can be had without a refresh token (client credentials).
    pub(super) self_sufficient: bool,
    /// An attempt has just failed, and the next is not due yet.
    pub(super) backing_off: bool,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The token is good: hand it out.
    Serve,
    /// Get a new one; should that fail in passing, [`still_alive`] says whether the old one still serves.
    Renew,
    /// There is nothing to hand out until the next attempt is due.
    Wait,
    /// The rejected token is the best there is.
    Keep,
    /// A person must authorize.
    Authorize(Reason),
}

/// What is to be done with a grant.
pub(super) fn next(held: Option<&Held>, circumstances: &Circumstances) -> Step {
    let Circumstances { now, self_sufficient, backing_off, .. } = *circumstances;
    let try_now = |otherwise| if backing_off { otherwise } else { Step::Renew };
    let Some(held) = held else {
        return if self_sufficient { try_now(Step::Wait) } else { Step::Authorize(Reason::NoGrant) };
    };
    if let Some(reason) = held.lost
        && !self_sufficient
    {
        return Step::Authorize(reason);
    }
    let renewable = self_sufficient || (held.refreshable && held.refresh_token_expires_at.is_none_or(|end| now < end));
    let alive = still_alive(held, now);
    if held.rejected {
        return if renewable { try_now(Step::Keep) } else { Step::Keep };
    }
    if held.in_doubt && renewable && !self_sufficient {
        return try_now(if alive { Step::Serve } else { Step::Wait });
    }
    if alive && (!renewable || !is_ageing(held, circumstances)) {
        return Step::Serve;
    }
    match (renewable, alive) {
        (true, alive) => try_now(if alive { Step::Serve } else { Step::Wait }),
        (false, _) if held.refreshable => Step::Authorize(Reason::RefreshTokenExpired),
        (false, _) => Step::Authorize(Reason::Expired),
    }
}

/// Whether the access token may still be used.
pub(super) fn still_alive(held: &Held, now: Timestamp) -> bool {
    held.expires_at.is_none_or(|end| now < end)
}

/// From when on a token counts as ageing: the margin before its end, but never more than a quarter of its life.
pub(super) fn ages_at(issued_at: Timestamp, expires_at: Option<Timestamp>, margin: Duration) -> Option<Timestamp> {
    expires_at.map(|end| end.minus(margin.min(end.since(issued_at) / 4)))
}

fn is_ageing(held: &Held, circumstances: &Circumstances) -> bool {
    ages_at(held.issued_at, held.expires_at, circumstances.margin).is_some_and(|age| age <= circumstances.now)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: u64 = 1_000_000;

    fn held() -> Held {
        Held {
            issued_at: Timestamp::from_secs(START),
            expires_at: Some(Timestamp::from_secs(START + 3600)),
            refresh_token_expires_at: None,
            refreshable: true,
            in_doubt: false,
            lost: None,
            rejected: false,
        }
    }

    fn after(seconds: u64) -> Circumstances {
        Circumstances {
            now: Timestamp::from_secs(START + seconds),
            margin: Duration::from_secs(30),
            self_sufficient: false,
            backing_off: false,
        }
    }

    #[test]
    fn a_token_serves_until_the_margin_before_its_end() {
        assert_eq!(next(Some(&held()), &after(3569)), Step::Serve);
        assert_eq!(next(Some(&held()), &after(3570)), Step::Renew);
        assert_eq!(next(Some(&held()), &after(3600)), Step::Renew);
    }

    #[test]
    fn a_short_life_is_not_all_margin() {
        let short = Held { expires_at: Some(Timestamp::from_secs(START + 20)), ..held() };
        assert_eq!(next(Some(&short), &after(14)), Step::Serve);
        assert_eq!(next(Some(&short), &after(15)), Step::Renew);
    }

    #[test]
    fn a_token_without_an_end_serves_until_it_is_rejected() {
        let endless = Held { expires_at: None, ..held() };
        assert_eq!(next(Some(&endless), &after(1_000_000_000)), Step::Serve);
        assert_eq!(next(Some(&Held { rejected: true, ..endless }), &after(0)), Step::Renew);
        assert_eq!(next(Some(&Held { rejected: true, refreshable: false, ..endless }), &after(0)), Step::Keep);
    }

    #[test]
    fn a_failed_attempt_is_waited_out_while_the_old_token_serves_as_long_as_it_lives() {
        let failing = |seconds| Circumstances { backing_off: true, ..after(seconds) };
        assert_eq!(next(Some(&held()), &failing(3580)), Step::Serve);
        assert_eq!(next(Some(&held()), &failing(3600)), Step::Wait);
        assert_eq!(next(Some(&Held { rejected: true, ..held() }), &failing(0)), Step::Keep);
    }

    #[test]
    fn a_doubtful_grant_is_renewed_at_once_although_its_token_lives() {
        let doubtful = Held { in_doubt: true, ..held() };
        assert_eq!(next(Some(&doubtful), &after(10)), Step::Renew);
        assert_eq!(next(Some(&doubtful), &Circumstances { backing_off: true, ..after(10) }), Step::Serve);
        assert_eq!(next(Some(&doubtful), &Circumstances { backing_off: true, ..after(4000) }), Step::Wait);
    }

    #[test]
    fn each_end_has_its_reason() {
        assert_eq!(next(None, &after(0)), Step::Authorize(Reason::NoGrant));
        assert_eq!(next(Some(&Held { refreshable: false, ..held() }), &after(3599)), Step::Serve);
        assert_eq!(next(Some(&Held { refreshable: false, ..held() }), &after(3600)), Step::Authorize(Reason::Expired));
        let ended = Held { refresh_token_expires_at: Some(Timestamp::from_secs(START + 60)), ..held() };
        assert_eq!(next(Some(&ended), &after(3599)), Step::Serve);
        assert_eq!(next(Some(&ended), &after(3600)), Step::Authorize(Reason::RefreshTokenExpired));
        let revoked = Held { lost: Some(Reason::Revoked), ..held() };
        assert_eq!(next(Some(&revoked), &after(0)), Step::Authorize(Reason::Revoked));
    }

    #[test]
    fn a_client_of_its_own_never_needs_a_person() {
        let alone = |seconds| Circumstances { self_sufficient: true, ..after(seconds) };
        assert_eq!(next(None, &alone(0)), Step::Renew);
        assert_eq!(next(Some(&Held { refreshable: false, ..held() }), &alone(3600)), Step::Renew);
        assert_eq!(next(None, &Circumstances { backing_off: true, ..alone(0) }), Step::Wait);
    }
}

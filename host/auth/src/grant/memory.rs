//! The part of a grant that is in memory: the live token, whose turn it is to renew it, and the outcome of the last attempt.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use innkeeper_ambient::Timestamp;
use innkeeper_ambient::lock::{Mutex, RwLock};
use innkeeper_egress::{Attachment, RequestHead};
use innkeeper_store::{GrantKey, Lease};
use secrecy::SecretString;

use super::content::Grant;
use super::life::Margins;
use super::source::{Attach, BoundSource, GrantSource, Origin, PlaceOnRequest, Placement};
use super::token_error::{Nature, TokenError};
use crate::error::AuthError;

/// The first wait after a failed attempt; each further failure doubles it.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The longest wait, unless the server requires more.
const LONGEST_WAIT: Duration = Duration::from_mins(1);
/// The longest wait that a server may require.
const LONGEST_ASKED: Duration = Duration::from_hours(1);

/// The entry of one key in memory.
pub(crate) struct Entry {
    pub(crate) key: GrantKey,
    live: RwLock<Option<Arc<LiveToken>>>,
    trouble: Mutex<Option<Trouble>>,
    /// Its holder may read, renew and replace the grant; all others wait for the outcome.
    pub(super) turn: Arc<tokio::sync::Mutex<TurnState>>,
}

/// The state that one holder of the turn leaves for the next.
#[derive(Default)]
pub(super) struct TurnState {
    /// A grant that the provider issued and the store did not accept.
    pub(super) unsaved: Option<Unsaved>,
}

/// See [`TurnState::unsaved`].
pub(super) struct Unsaved {
    pub(super) grant: Grant,
    /// The version that it replaces; 0: there was no record.
    pub(super) over: u64,
    pub(super) fence: u64,
    /// Held until the lease expires: no other host may send the spent refresh token meanwhile.
    pub(super) lease: Option<HeldLease>,
}

/// A lease of this host.
pub(super) struct HeldLease {
    pub(super) lease: Lease,
    /// When it expires by this host's clock: counted from before it was requested, so not later than by the store's clock.
    pub(super) until: Timestamp,
}

/// A failed attempt that is being waited out.
#[derive(Clone, Debug)]
pub(super) struct Trouble {
    pub(super) problem: TokenError,
    pub(super) at: Timestamp,
    pub(super) until: Timestamp,
    failures: u32,
}

impl Entry {
    pub(super) fn new(key: GrantKey) -> Self {
        Self { key, live: RwLock::default(), trouble: Mutex::default(), turn: Arc::default() }
    }

    /// The token in memory if it was prepared for this source, is valid for a request at `now` and does not have the serial
    /// `rejected`.
    pub(crate) fn good(&self, source: &BoundSource, now: Timestamp, rejected: Option<u64>) -> Option<Arc<LiveToken>> {
        let live = self.live.read();
        live.as_ref()
            .filter(|token| token.is_of(source) && token.is_fit(now) && rejected != Some(token.serial))
            .cloned()
    }

    /// The token in memory, valid or not.
    pub(super) fn last(&self) -> Option<Arc<LiveToken>> {
        self.live.read().clone()
    }

    /// Makes `token` the current one; `None`: the store is read again.
    pub(super) fn set(&self, token: Option<Arc<LiveToken>>) {
        *self.live.write() = token;
    }

    /// Whether the token in memory has expired, or there is none.
    pub(super) fn is_idle(&self, now: Timestamp) -> bool {
        let live = self.live.read();
        live.as_ref().is_none_or(|token| !token.is_fit(now)) && !self.is_backing_off(now)
    }

    /// Whether a failure is being waited out. A failure in the future means that the clock was set back.
    pub(super) fn is_backing_off(&self, now: Timestamp) -> bool {
        self.trouble().is_some_and(|trouble| trouble.at <= now && now < trouble.until)
    }

    pub(super) fn trouble(&self) -> Option<Trouble> {
        self.trouble.lock().clone()
    }

    /// Records a failed attempt at `now`; returns when the next is due.
    pub(super) fn failed(&self, problem: &TokenError, now: Timestamp) {
        let mut trouble = self.trouble.lock();
        let failures = trouble.as_ref().map_or(0, |trouble| trouble.failures);
        let wait = FIRST_WAIT.saturating_mul(1 << failures.min(10)).min(LONGEST_WAIT);
        let wait = problem.retry_after().map_or(wait, |asked| asked.clamp(wait, LONGEST_ASKED));
        *trouble = Some(Trouble { problem: problem.clone(), at: now, until: now.plus(wait), failures: failures + 1 });
    }

    /// Why the last attempt failed, until one succeeds.
    pub(crate) fn last_failure(&self) -> Option<AuthError> {
        self.trouble().map(|trouble| self.unavailable(trouble.problem))
    }

    /// The error for a caller who gets no token.
    pub(super) fn unavailable(&self, problem: TokenError) -> AuthError {
        let (connection, owner) = (self.key.connection.clone(), self.key.owner.clone());
        match problem.nature() {
            Nature::Passing { .. } => AuthError::Unavailable { connection, owner, problem },
            // If a client needs no user, a refused grant is a problem of its registration.
            Nature::Settings | Nature::Gone => AuthError::Misconfigured { connection, owner, problem },
        }
    }

    pub(super) fn recovered(&self) {
        *self.trouble.lock() = None;
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry").field("key", &self.key).finish_non_exhaustive()
    }
}

/// An access token that is ready for a request.
pub(crate) struct LiveToken {
    /// The part that is the same on every request.
    fixed: Arc<Attachment>,
    /// The part that is computed from each request.
    per_request: Option<Box<dyn PlaceOnRequest>>,
    pub(crate) serial: u64,
    origin: Origin,
    /// The source that prepared it. A changed connection has another one, with other certificates and other secrets to scrub.
    source: Arc<dyn GrantSource>,
    refresh_at: Option<Timestamp>,
    unfit_at: Option<Timestamp>,
}

impl LiveToken {
    pub(super) fn new(grant: &Grant, margins: Margins, source: &BoundSource) -> Self {
        let lifetime = grant.lifetime();
        let (placement, per_request) = match source.source.attach(grant) {
            Attach::Same(placement) => (placement, None),
            Attach::PerRequest(place) => (Placement::default(), Some(place)),
        };
        let secrets = grant.secrets().into_iter().chain(source.secrets.iter().cloned());
        Self {
            fixed: Arc::new(placement.into_attachment(grant.serial, secrets)),
            per_request,
            serial: grant.serial,
            origin: grant.origin.clone(),
            source: source.source.clone(),
            refresh_at: lifetime.refresh_at(margins),
            unfit_at: lifetime.unfit_at(margins),
        }
    }

    /// The values to put onto a request. Costs nothing if they are the same on each.
    pub(crate) fn attachment(&self, head: &RequestHead) -> Arc<Attachment> {
        match &self.per_request {
            None => self.fixed.clone(),
            Some(place) => place.place(head).into_attachment(self.serial, self.fixed.secrets.iter().cloned()).into(),
        }
    }

    /// The texts that answers are scrubbed of.
    pub(super) fn secrets(&self) -> &[SecretString] {
        &self.fixed.secrets
    }

    /// Whether it is time to request the next one in the background.
    pub(super) fn is_ageing(&self, now: Timestamp) -> bool {
        self.refresh_at.is_some_and(|at| at <= now)
    }

    fn is_of(&self, source: &BoundSource) -> bool {
        self.origin == source.origin && std::ptr::addr_eq(Arc::as_ptr(&self.source), Arc::as_ptr(&source.source))
    }

    fn is_fit(&self, now: Timestamp) -> bool {
        self.unfit_at.is_none_or(|at| now < at)
    }
}

//! Carries out a turn: reads, leases, stores and sends requests as [`super::refresh_plan`] orders.

use std::sync::Arc;
use std::time::Duration;

use innkeeper_ambient::Timestamp;
use innkeeper_store::{Expected, GrantPhase, GrantRecord, Leasing, LossReason, Written};

use super::content::Grant;
use super::grants::Grants;
use super::life::{Circumstances, GrantFacts, Purpose};
use super::memory::{Entry, HeldLease, LiveToken, TurnState, Unsaved};
use super::refresh_plan::{Effect, End, Event, Left, RefreshPlan};
use super::source::{BoundSource, Origin, SOURCE_TIMEOUT};
use super::token_error::{Nature, TokenError};
use crate::error::{AuthError, Reason};
use crate::scope::Scope;

/// How long a lease lasts: one request, and as long again for slow writes before and after.
const LEASE: Duration = Duration::from_secs(3 * SOURCE_TIMEOUT.as_secs());
/// For how long after a refresh a 401 is not blamed on the token: otherwise a service that answers 401 for a missing permission
/// would make every request refresh. At most a tenth of the token's lifetime, because a short-lived token may have expired on
/// its way.
const FRESH: Duration = Duration::from_secs(30);
/// The same once the maximum number of replaced tokens is remembered: answers are scrubbed of them while they are valid, and a
/// service that answers 401 on purpose would evict one.
const FRESH_AFTER_MANY: Duration = Duration::from_hours(1);
/// How long to wait each time for another holder of the lease.
const PAUSE: Duration = Duration::from_millis(50);

/// Runs as a separate task: an answer must not be lost when the caller goes away.
pub(super) struct RefreshDriver {
    grants: Arc<Grants>,
    entry: Arc<Entry>,
    source: BoundSource,
    /// The serial of a token that a service answered 401 to.
    rejected: Option<u64>,
    purpose: Purpose,
    stored: Option<Stored>,
    answered: Option<Grant>,
    lease: Option<HeldLease>,
    /// The last error.
    failure: Option<AuthError>,
}

/// The record and its content.
struct Stored {
    record: GrantRecord,
    grant: Grant,
}

impl RefreshDriver {
    pub(super) fn new(
        grants: Arc<Grants>,
        entry: Arc<Entry>,
        source: BoundSource,
        purpose: Purpose,
        rejected: Option<u64>,
    ) -> Self {
        let (stored, answered, lease, failure) = (None, None, None, None);
        Self { grants, entry, source, rejected, purpose, stored, answered, lease, failure }
    }

    /// The token to use; `None`: there is nothing better than the rejected one.
    pub(super) async fn run(mut self, state: &mut TurnState) -> Result<Option<Arc<LiveToken>>, AuthError> {
        let (mut plan, mut effect) =
            RefreshPlan::begin(self.purpose, state.unsaved.as_ref().map(|unsaved| unsaved.over));
        self.lease = state.unsaved.as_mut().and_then(|unsaved| unsaved.lease.take());
        let end = loop {
            let event = match effect {
                Effect::Read => self.read().await,
                Effect::Lease => self.take_lease().await,
                Effect::Pause => {
                    // This waits for another process, so it is real time.
                    tokio::time::sleep(PAUSE).await;
                    Event::Paused
                }
                Effect::Intend(over) => self.intend(over).await,
                Effect::Ask => self.ask().await,
                Effect::Store(over) => self.keep(state, over).await,
                Effect::Settle(over, left) => self.settle(over, left).await,
                Effect::End(end) => break end,
            };
            effect = plan.on(event, &self.circumstances());
        };
        match &mut state.unsaved {
            Some(unsaved) => unsaved.lease = self.lease.take(),
            None => self.release_lease().await,
        }
        self.end(end)
    }

    async fn read(&mut self) -> Event {
        self.answered = None;
        self.stored = match self.grants.stored(&self.entry.key).await {
            Ok(found) => found.map(|(record, grant)| Stored { record, grant }),
            Err(error) => {
                self.failure.get_or_insert(error);
                return Event::StoreFailed;
            }
        };
        Event::Found(
            self.stored
                .as_ref()
                .map(|stored| facts_of(&stored.record, &stored.grant, self.rejected, &self.source.origin, self.now())),
        )
    }

    async fn take_lease(&mut self) -> Event {
        let until = self.now().plus(LEASE);
        match self.grants.leases.take_lease(&self.entry.key, self.grants.holder, LEASE).await {
            Ok(Leasing::Taken(lease)) => {
                self.lease = Some(HeldLease { lease, until });
                Event::Leased
            }
            Ok(Leasing::Held(_)) => Event::Busy,
            Err(error) => self.store_failed(error),
        }
    }

    async fn release_lease(&mut self) {
        if let Some(HeldLease { lease, .. }) = self.lease.take()
            && let Err(error) = self.grants.leases.release_lease(&lease).await
        {
            // The lease expires without being released.
            tracing::warn!(connection = %self.entry.key.connection, %error, "a lease was not released");
        }
    }

    async fn intend(&mut self, over: u64) -> Event {
        let now = self.now();
        // A doubt keeps its date: it began with the first lost answer.
        let since = match self.phase() {
            Some(GrantPhase::InDoubt { since }) => since,
            _ => now,
        };
        self.rewrite(over, |record| record.phase = GrantPhase::InDoubt { since }).await
    }

    async fn ask(&mut self) -> Event {
        if self.lease.as_ref().is_none_or(|lease| lease.until < self.now().plus(SOURCE_TIMEOUT)) {
            return Event::TooLate;
        }
        let origin = &self.source.origin;
        let before = self.stored.as_ref().map(|stored| &stored.grant);
        let own = before.filter(|grant| grant.origin == *origin);
        let left = self.lease.as_ref().map_or(Duration::ZERO, |lease| lease.until.since(self.now()));
        let answer = self.source.renew(own, left.min(LEASE)).await;
        let (now, serial) = (self.now(), self.grants.serial());
        match answer {
            Ok(renewed) => {
                let grant = if let Some(grant) = own {
                    grant.renewed(renewed, now, serial)
                } else {
                    let mut grant =
                        Grant::begin(renewed.answer, self.source.scope().map(Scope::as_str), origin, now, serial);
                    if let Some(before) = before {
                        grant.follow(before, now);
                    }
                    grant
                };
                self.answered = Some(grant);
                Event::Answered
            }
            Err(problem) => {
                let nature = problem.nature();
                // Whether a refused grant is lost is decided later; everything else is waited out.
                if nature != Nature::Gone || self.source.is_self_sufficient() {
                    tracing::warn!(connection = %self.entry.key.connection, %problem, "token not renewed");
                    self.entry.failed(&problem, now);
                    self.failure = Some(self.entry.unavailable(problem));
                }
                Event::Refused(nature)
            }
        }
    }

    /// Stores a new grant, which may be used only afterwards. A grant that cannot be stored is held for the next turn.
    async fn keep(&mut self, state: &mut TurnState, over: u64) -> Event {
        let fence = self.fence();
        if let Some(grant) = self.answered.take() {
            state.unsaved = Some(Unsaved { grant, over, fence, lease: None });
        }
        let Some(unsaved) = &state.unsaved else { return Event::Conflict };
        let written = self.put(&unsaved.grant, over, |record| record.fence = unsaved.fence).await;
        match written {
            Event::Written(_) => {
                self.entry.recovered();
                tracing::info!(connection = %self.entry.key.connection, "token renewed");
                self.answered = state.unsaved.take().map(|unsaved| unsaved.grant);
            }
            Event::Conflict => state.unsaved = None,
            _ => {
                if let Some(AuthError::Store(error)) = self.failure.take() {
                    tracing::error!(connection = %self.entry.key.connection, %error, "a renewed token could not be stored");
                    self.failure = Some(self.entry.unavailable(TokenError::NotStored(error.to_string())));
                }
            }
        }
        written
    }

    async fn settle(&mut self, over: u64, left: Left) -> Event {
        let phase = match left {
            Left::AsBefore => self.phase().unwrap_or(GrantPhase::Live),
            Left::Lost(Reason::RefreshFailed) => GrantPhase::Lost { reason: LossReason::RefreshFailed },
            // No other error is final.
            Left::Lost(_) => GrantPhase::Lost { reason: LossReason::Revoked },
        };
        let written = self.rewrite(over, |record| record.phase = phase).await;
        if let (Event::Written(_), Left::Lost(reason)) = (written, left) {
            self.entry.recovered();
            tracing::warn!(connection = %self.entry.key.connection, %reason, "grant lost");
        }
        written
    }

    /// Writes the grant that was read, under the next version.
    async fn rewrite(&mut self, over: u64, change: impl FnOnce(&mut GrantRecord)) -> Event {
        let Some(stored) = &self.stored else { return Event::Conflict };
        let (grant, written_at, fence) = (stored.grant.clone(), stored.record.updated_at, self.fence());
        self.put(&grant, over, |record| {
            // The tokens are as old as before: a failed attempt does not count as use of the grant.
            record.updated_at = written_at;
            record.fence = fence;
            change(record);
        })
        .await
    }

    async fn put(&mut self, grant: &Grant, over: u64, change: impl FnOnce(&mut GrantRecord)) -> Event {
        let version = over + 1;
        let expected = if over == 0 { Expected::Absent } else { Expected::Version(over) };
        let mut record = match grant.record(&self.entry.key, version, self.now(), &self.grants.vault) {
            Ok(record) => record,
            Err(error) => {
                self.failure = Some(error.into());
                return Event::StoreFailed;
            }
        };
        change(&mut record);
        match self.grants.store.put_grant(record, expected).await {
            Ok(Written::Version(version)) => Event::Written(version),
            Ok(Written::Conflict(_)) => Event::Conflict,
            Err(error) => self.store_failed(error),
        }
    }

    fn store_failed(&mut self, error: innkeeper_store::StoreError) -> Event {
        self.failure = Some(error.into());
        Event::StoreFailed
    }

    /// The fencing number of this turn's records: never another holder's, so a host that lost the lease without noticing is
    /// rejected.
    fn fence(&self) -> u64 {
        self.lease.as_ref().map_or(0, |held| held.lease.fence)
    }

    /// The version of the record that was read.
    fn phase(&self) -> Option<GrantPhase> {
        self.stored.as_ref().map(|stored| stored.record.phase)
    }

    fn now(&self) -> Timestamp {
        self.grants.clock.now()
    }

    fn circumstances(&self) -> Circumstances {
        let now = self.now();
        self.grants.circumstances(now, &self.source, self.entry.is_backing_off(now))
    }

    fn end(mut self, end: End) -> Result<Option<Arc<LiveToken>>, AuthError> {
        match end {
            End::Serve => Ok(self.serve()),
            End::UseRejected => Ok(None),
            End::Authorize(reason) => {
                self.entry.set(None);
                Err(self.needs_authorization(reason))
            }
            End::Unavailable => Err(self.failure.take().unwrap_or_else(|| self.waiting())),
            End::Contended => {
                Err(self.failure.take().unwrap_or_else(|| AuthError::Contended(self.entry.key.connection.clone())))
            }
        }
    }

    fn serve(&mut self) -> Option<Arc<LiveToken>> {
        let read = self.stored.take().map(|stored| stored.grant);
        let grant = self.answered.take().or(read)?;
        let token = Arc::new(LiveToken::new(&grant, self.grants.margins, &self.source));
        self.entry.set(Some(token.clone()));
        Some(token)
    }

    fn waiting(&self) -> AuthError {
        match self.entry.trouble() {
            Some(trouble) => {
                let wait = trouble.until.since(self.now());
                self.entry.unavailable(TokenError::BackingOff { problem: Box::new(trouble.problem), wait })
            }
            None => AuthError::Contended(self.entry.key.connection.clone()),
        }
    }

    fn needs_authorization(&self, reason: Reason) -> AuthError {
        let (connection, owner) = (self.entry.key.connection.clone(), self.entry.key.owner.clone());
        AuthError::NeedsAuthorization { connection, owner, reason }
    }
}

/// The facts about a record that [`super::life`] needs.
pub(super) fn facts_of(
    record: &GrantRecord,
    grant: &Grant,
    rejected: Option<u64>,
    origin: &Origin,
    now: Timestamp,
) -> GrantFacts {
    let life = grant.expires_at.map_or(Duration::MAX, |end| end.since(grant.issued_at));
    let fresh = if grant.remembers_no_more(now) { FRESH_AFTER_MANY } else { FRESH.min(life / 10) };
    GrantFacts {
        version: record.version,
        lifetime: grant.lifetime(),
        refresh_token_expires_at: grant.refresh_token_expires_at,
        refreshable: grant.refresh_token.is_some(),
        in_doubt: record.phase.is_in_doubt(),
        lost: match record.phase {
            GrantPhase::Lost { reason } => Some(reason.into()),
            GrantPhase::Live | GrantPhase::InDoubt { .. } => None,
        },
        rejected: rejected == Some(grant.serial),
        fresh: grant.refreshed_at.is_some_and(|at| at <= now && now.since(at) < fresh),
        foreign: grant.origin != *origin,
    }
}

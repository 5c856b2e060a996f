//! One turn at a grant: read it, decide, renew it if need be, keep the answer.
//!
//! Invariants:
//! - The intent is durable before a refresh token leaves, the new grant is durable before anyone uses it.
//! - Every write names the version it replaces. Who loses a race reads again; it overwrites and deletes nothing.
//! - Only a refusal of the grant itself marks it lost, and only if nobody has renewed it in between.

use std::sync::Arc;

use innkeeper_vault::{Expected, GrantRecord, Written};

use super::content::Grant;
use super::grants::Grants;
use super::life::{self, Circumstances, Held, Step};
use super::memory::{Entry, LiveToken, Turn, Unsaved};
use crate::error::{AuthError, Reason};
use crate::oauth::{Nature, TokenEndpoint, TokenError};

/// How often a race is lost before it is called a fault.
const RACES: usize = 8;

/// Runs as a task of its own: a caller who goes away must not take an answer with it.
pub(super) struct Round {
    pub(super) grants: Arc<Grants>,
    pub(super) entry: Arc<Entry>,
    pub(super) endpoint: TokenEndpoint,
    /// The serial of a token that a service answered 401 to.
    pub(super) rejected: Option<u64>,
}

/// The record and what is in it.
struct Stored {
    record: GrantRecord,
    grant: Grant,
}

enum Outcome {
    Token(Arc<LiveToken>),
    /// Somebody else wrote in between.
    Again,
}

impl Round {
    /// The token to use; none: there is nothing better than the rejected one.
    pub(super) async fn run(&self, turn: &mut Turn) -> Result<Option<Arc<LiveToken>>, AuthError> {
        for _ in 0..RACES {
            if let Err(error) = self.save_leftover(turn).await {
                return self.fall_back(error).await;
            }
            let stored = self.read().await?;
            let held = stored.as_ref().map(|stored| self.held(stored));
            let circumstances = self.circumstances();
            match (life::next(held.as_ref(), &circumstances), stored) {
                (Step::Serve, Some(stored)) => return Ok(Some(self.serve(&stored.grant))),
                (Step::Renew, stored) => match self.renew(turn, stored).await {
                    Ok(Outcome::Token(token)) => return Ok(Some(token)),
                    Ok(Outcome::Again) => {}
                    Err(error) => return self.fall_back(error).await,
                },
                (Step::Keep, _) => return Ok(None),
                (Step::Authorize(reason), _) => {
                    self.entry.set(None);
                    return Err(self.needs_authorization(reason));
                }
                (Step::Wait | Step::Serve, _) => return Err(self.waiting()),
            }
        }
        Err(AuthError::Contended(self.entry.key.connection.clone()))
    }

    async fn renew(&self, turn: &mut Turn, stored: Option<Stored>) -> Result<Outcome, AuthError> {
        if self.endpoint.is_self_sufficient() {
            return self.request(turn, stored).await;
        }
        let Some(stored) = stored else { return Ok(Outcome::Again) };
        let Some(refresh_token) = stored.grant.refresh_token.clone() else { return Ok(Outcome::Again) };
        let doubtful = stored.record.refresh_intent.is_some();
        let Some(version) = self.write_intent(&stored).await? else { return Ok(Outcome::Again) };
        match self.endpoint.refresh(&refresh_token).await {
            Ok(answer) => {
                let grant = stored.grant.renewed(answer, self.grants.clock.now(), self.grants.serial());
                self.keep(turn, grant, Expected::Version(version)).await
            }
            Err(problem) => self.refused(&stored, version, doubtful, problem).await,
        }
    }

    /// Client credentials: nothing can be spent, so there is no intent.
    async fn request(&self, turn: &mut Turn, stored: Option<Stored>) -> Result<Outcome, AuthError> {
        let expected = stored.as_ref().map_or(Expected::Absent, |stored| Expected::Version(stored.record.version));
        match self.endpoint.request().await {
            Ok(answer) => {
                let (now, serial) = (self.grants.clock.now(), self.grants.serial());
                let grant = match stored {
                    Some(stored) => stored.grant.renewed(answer, now, serial),
                    None => Grant::begin(answer, self.endpoint.client.scope.as_deref(), now, serial),
                };
                self.keep(turn, grant, expected).await
            }
            Err(problem) => Err(self.failed(problem)),
        }
    }

    async fn write_intent(&self, stored: &Stored) -> Result<Option<u64>, AuthError> {
        let now = self.grants.clock.now();
        let version = stored.record.version + 1;
        let mut record = stored.grant.record(&self.entry.key, version, now, &self.grants.vault)?;
        // A doubt keeps its date: it began with the first answer that was lost.
        record.refresh_intent = stored.record.refresh_intent.or(Some(now));
        match self.grants.store.put_grant(record, Expected::Version(stored.record.version)).await? {
            Written::Version(version) => Ok(Some(version)),
            Written::Conflict(_) => Ok(None),
        }
    }

    /// Stores a new grant, then lets it be used.
    async fn keep(&self, turn: &mut Turn, grant: Grant, expected: Expected) -> Result<Outcome, AuthError> {
        turn.unsaved = Some(Unsaved { grant: grant.clone(), expected });
        let version = match expected {
            Expected::Version(version) => version + 1,
            Expected::Absent | Expected::Any => 1,
        };
        let now = self.grants.clock.now();
        let record = grant.record(&self.entry.key, version, now, &self.grants.vault)?;
        match self.grants.store.put_grant(record, expected).await {
            Ok(Written::Version(_)) => {
                turn.unsaved = None;
                self.entry.recovered();
                tracing::info!(connection = %self.entry.key.connection, "token renewed");
                Ok(Outcome::Token(self.serve(&grant)))
            }
            Ok(Written::Conflict(_)) => {
                turn.unsaved = None;
                Ok(Outcome::Again)
            }
            Err(error) => {
                tracing::error!(connection = %self.entry.key.connection, %error, "a renewed token could not be stored");
                Err(self.unavailable(TokenError::NotStored(error.to_string())))
            }
        }
    }

    /// A grant that could not be stored in an earlier turn comes first: its predecessor is spent.
    async fn save_leftover(&self, turn: &mut Turn) -> Result<(), AuthError> {
        let Some(unsaved) = turn.unsaved.take() else { return Ok(()) };
        self.keep(turn, unsaved.grant, unsaved.expected).await.map(|_| ())
    }

    async fn refused(
        &self,
        stored: &Stored,
        version: u64,
        doubtful: bool,
        problem: TokenError,
    ) -> Result<Outcome, AuthError> {
        let mut left = match problem.nature() {
            // The server may have acted: the intent stays, and the next attempt settles it.
            Nature::Passing { spent: true } => return Err(self.failed(problem)),
            Nature::Passing { spent: false } | Nature::Settings => {
                let mut left = self.rewritten(stored, version)?;
                left.refresh_intent = stored.record.refresh_intent;
                left
            }
            Nature::Gone => {
                if self.grants.store.grant(&self.entry.key).await?.is_none_or(|found| found.version != version) {
                    return Ok(Outcome::Again);
                }
                self.rewritten(stored, version)?
            }
        };
        let reason = if doubtful { Reason::RefreshFailed } else { Reason::Revoked };
        let gone = problem.nature() == Nature::Gone;
        if gone {
            left.lost = Some(reason.as_str().to_owned());
        }
        match self.grants.store.put_grant(left, Expected::Version(version)).await? {
            Written::Conflict(_) => Ok(Outcome::Again),
            Written::Version(_) if gone => {
                self.entry.set(None);
                self.entry.recovered();
                tracing::warn!(connection = %self.entry.key.connection, %reason, "grant lost");
                Err(self.needs_authorization(reason))
            }
            Written::Version(_) => Err(self.failed(problem)),
        }
    }

    fn rewritten(&self, stored: &Stored, version: u64) -> Result<GrantRecord, AuthError> {
        Ok(stored.grant.record(&self.entry.key, version + 1, self.grants.clock.now(), &self.grants.vault)?)
    }

    /// After a failure in passing the old token serves while it lives, unless it is the one that was rejected.
    async fn fall_back(&self, error: AuthError) -> Result<Option<Arc<LiveToken>>, AuthError> {
        if matches!(error, AuthError::NeedsAuthorization { .. }) {
            return Err(error);
        }
        let Ok(Some(stored)) = self.read().await else { return Err(error) };
        let alive = life::still_alive(&self.held(&stored), self.grants.clock.now());
        match (alive, self.rejected == Some(stored.grant.serial)) {
            (true, false) => Ok(Some(Arc::new(LiveToken::new(&stored.grant, self.grants.margin)))),
            (true, true) => Ok(None),
            (false, _) => Err(error),
        }
    }

    async fn read(&self) -> Result<Option<Stored>, AuthError> {
        match self.grants.store.grant(&self.entry.key).await? {
            Some(record) => {
                let grant = Grant::open(&record, &self.grants.vault)?;
                Ok(Some(Stored { record, grant }))
            }
            None => Ok(None),
        }
    }

    fn held(&self, stored: &Stored) -> Held {
        held(&stored.record, &stored.grant, self.rejected)
    }

    fn circumstances(&self) -> Circumstances {
        let now = self.grants.clock.now();
        Circumstances {
            now,
            margin: self.grants.margin,
            self_sufficient: self.endpoint.is_self_sufficient(),
            backing_off: self.entry.trouble().is_some_and(|trouble| now < trouble.until),
        }
    }

    fn serve(&self, grant: &Grant) -> Arc<LiveToken> {
        let token = Arc::new(LiveToken::new(grant, self.grants.margin));
        self.entry.set(Some(token.clone()));
        token
    }

    fn failed(&self, problem: TokenError) -> AuthError {
        tracing::warn!(connection = %self.entry.key.connection, %problem, "token not renewed");
        self.entry.failed(&problem, self.grants.clock.now());
        self.unavailable(problem)
    }

    fn waiting(&self) -> AuthError {
        match self.entry.trouble() {
            Some(trouble) => {
                let wait = trouble.until.since(self.grants.clock.now());
                self.unavailable(TokenError::BackingOff { problem: Box::new(trouble.problem), wait })
            }
            None => AuthError::Contended(self.entry.key.connection.clone()),
        }
    }

    fn unavailable(&self, problem: TokenError) -> AuthError {
        self.entry.unavailable(problem)
    }

    fn needs_authorization(&self, reason: Reason) -> AuthError {
        let (connection, owner) = (self.entry.key.connection.clone(), self.entry.key.owner.clone());
        AuthError::NeedsAuthorization { connection, owner, reason }
    }
}

/// What [`life`] needs to know of a record.
pub(super) fn held(record: &GrantRecord, grant: &Grant, rejected: Option<u64>) -> Held {
    Held {
        issued_at: grant.issued_at,
        expires_at: grant.expires_at,
        refresh_token_expires_at: grant.refresh_token_expires_at,
        refreshable: grant.refresh_token.is_some(),
        in_doubt: record.refresh_intent.is_some(),
        lost: record.lost.as_ref().map(|reason| reason.parse().unwrap_or(Reason::Revoked)),
        rejected: rejected == Some(grant.serial),
    }
}

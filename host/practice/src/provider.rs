//! The state behind all handlers.

use std::sync::{Arc, MutexGuard};
use std::time::Duration;

use http::HeaderMap;
use http::header::AUTHORIZATION;
use innkeeper_ambient::lock::Mutex;
use innkeeper_ambient::{Clock, Random, Timestamp};

use crate::clients::{self, Client};
use crate::drive::Drive;
use crate::journal::{Counters, Entry, EventKind, Journal};
use crate::ledger::{Bearer, Ledger, Lives};
use crate::settings::Settings;
use crate::throttle::Throttle;

/// The state behind all handlers.
pub(crate) struct Provider {
    pub(crate) settings: Settings,
    /// `http://127.0.0.1:<port>`; also the issuer.
    pub(crate) base_url: String,
    pub(crate) clients: Vec<Client>,
    pub(crate) drive: Drive,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    ledger: Mutex<Ledger>,
    journal: Mutex<Journal>,
    throttle: Mutex<Throttle>,
}

impl Provider {
    /// A provider that has not issued anything yet.
    pub(crate) fn new(settings: Settings, base_url: String, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        Self {
            clients: clients::registered(&settings.redirect_uris),
            drive: Drive::new(&base_url),
            ledger: Mutex::new(Ledger::new(lives(&settings))),
            journal: Mutex::default(),
            throttle: Mutex::default(),
            settings,
            base_url,
            clock,
            random,
        }
    }

    /// The current time.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The source of randomness.
    pub(crate) fn random(&self) -> &dyn Random {
        &*self.random
    }

    /// The client registered under this id.
    pub(crate) fn client(&self, id: &str) -> Option<&Client> {
        self.clients.iter().find(|client| client.id == id)
    }

    /// What was issued.
    pub(crate) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock()
    }

    /// What happened.
    pub(crate) fn journal(&self) -> MutexGuard<'_, Journal> {
        self.journal.lock()
    }

    /// Records an event.
    pub(crate) fn record(&self, entry: &Entry<'_>) {
        tracing::debug!(event = ?entry.kind, client = entry.client, person = entry.person, detail = entry.detail);
        let now = self.now();
        self.journal().write(entry, now);
    }

    /// Changes the counters.
    pub(crate) fn count(&self, change: impl FnOnce(&mut Counters)) {
        change(&mut self.journal().counters);
    }

    /// The sender of a request: `Ok(None)` if it has no bearer token, `Err` if that token is not valid.
    pub(crate) fn bearer(&self, headers: &HeaderMap) -> Result<Option<Bearer>, DeadToken> {
        let Some(header) = headers.get(AUTHORIZATION) else { return Ok(None) };
        let token = header.to_str().ok().and_then(bearer_token).ok_or(DeadToken)?;
        let now = self.now();
        self.ledger().bearer(token, now).map(Some).ok_or(DeadToken)
    }

    /// Whether this API request is to be answered 429, and after how many seconds to try again.
    pub(crate) fn throttled(&self) -> Option<u64> {
        self.throttle.lock().refuse()
    }

    /// Expires all access tokens at once; returns how many were valid.
    pub(crate) fn expire_access_tokens(&self) -> usize {
        let now = self.now();
        let ended = self.ledger().expire_access_tokens(now);
        self.record(&Entry::of(EventKind::Expired).detail(&format!("{ended} live access tokens")));
        ended
    }

    /// Makes the API answer the next `requests` requests with 429.
    pub(crate) fn rate_limit(&self, requests: u64, retry_after: Duration) {
        self.throttle.lock().set(requests, retry_after);
        let detail = format!("the next {requests} requests, Retry-After {}", retry_after.as_secs());
        self.record(&Entry::of(EventKind::RateLimited).detail(&detail));
    }

    /// Deletes everything that was issued or recorded, and turns the switches off.
    pub(crate) fn reset(&self) {
        *self.ledger() = Ledger::new(lives(&self.settings));
        *self.journal() = Journal::default();
        *self.throttle.lock() = Throttle::default();
    }
}

/// A bearer token that is unknown, expired, revoked or malformed.
#[derive(Debug)]
pub(crate) struct DeadToken;

fn bearer_token(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

fn lives(settings: &Settings) -> Lives {
    Lives {
        code: settings.code_life,
        access: settings.access_token_life,
        refresh: settings.refresh_token_life,
        rotate: settings.rotate_refresh_tokens,
    }
}

//! What happened, for people to read and for tests to count.

use std::collections::VecDeque;

use innkeeper_ambient::Timestamp;
use serde::{Serialize, Serializer};

/// How many events are stored; older ones are dropped.
const KEPT: usize = 1000;
/// How many characters of a token are shown.
const SHOWN: usize = 6;

/// Something that happened at the provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Event {
    /// Counts from 1.
    pub number: u64,
    /// When.
    #[serde(serialize_with = "as_text")]
    pub at: Timestamp,
    /// What.
    pub kind: EventKind,
    /// The client, if known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// The person it was done for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// At most the first six characters of the token or code that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Details in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EventKind {
    /// The consent page was shown.
    ConsentShown,
    /// The user allowed it; a code was issued.
    ConsentGiven,
    /// The user denied it.
    ConsentDenied,
    /// An authorization request was refused.
    AuthorizationRefused,
    /// An access token was issued for a code or for client credentials.
    TokenIssued,
    /// An access token was issued for a refresh token.
    TokenRefreshed,
    /// A token request was refused.
    TokenRefused,
    /// A code or a refresh token was used a second time; the whole grant is revoked.
    ReuseDetected,
    /// A client revoked a token (RFC 7009).
    TokenRevoked,
    /// The API answered.
    ApiAnswered,
    /// The API refused: no valid token, not enough scope, or too many requests.
    ApiRefused,
    /// All access tokens were expired by hand.
    Expired,
    /// The next requests to the API will be answered 429.
    RateLimited,
}

/// How often things happened since the start or the last reset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counters {
    /// Requests to `/token`, including refused ones.
    pub token_requests: u64,
    /// Codes that were exchanged.
    pub code_exchanges: u64,
    /// Refreshes that succeeded.
    pub refreshes: u64,
    /// Tokens issued for client credentials.
    pub client_credentials: u64,
    /// Requests to `/token` that were refused.
    pub token_refusals: u64,
    /// Codes or refresh tokens that were used a second time.
    pub reuses: u64,
    /// Tokens that were revoked.
    pub revocations: u64,
    /// Requests to the API, including refused ones.
    pub api_requests: u64,
    /// Requests to the API answered 401.
    pub api_unauthorized: u64,
    /// Requests to the API answered 429.
    pub api_rate_limited: u64,
}

/// The newest events and the counters.
#[derive(Default)]
pub(crate) struct Journal {
    events: VecDeque<Event>,
    written: u64,
    pub(crate) counters: Counters,
}

/// An event that is being written to the journal.
pub(crate) struct Entry<'a> {
    pub(crate) kind: EventKind,
    pub(crate) client: Option<&'a str>,
    pub(crate) person: Option<&'a str>,
    pub(crate) token: Option<&'a str>,
    pub(crate) detail: Option<&'a str>,
}

impl<'a> Entry<'a> {
    /// An event without details.
    pub(crate) fn of(kind: EventKind) -> Self {
        Self { kind, client: None, person: None, token: None, detail: None }
    }

    /// Sets the client.
    pub(crate) fn client(self, client: &'a str) -> Self {
        Self { client: Some(client), ..self }
    }

    /// Sets the person.
    pub(crate) fn person(self, person: Option<&'a str>) -> Self {
        Self { person, ..self }
    }

    /// Sets the token, of which only the beginning is recorded.
    pub(crate) fn token(self, token: &'a str) -> Self {
        Self { token: Some(token), ..self }
    }

    /// Sets the details.
    pub(crate) fn detail(self, detail: &'a str) -> Self {
        Self { detail: Some(detail), ..self }
    }
}

impl Journal {
    /// Records an event.
    pub(crate) fn write(&mut self, entry: &Entry<'_>, now: Timestamp) {
        let cut = |text: &str, length| text.chars().take(length).collect::<String>();
        self.written += 1;
        if self.events.len() == KEPT {
            self.events.pop_front();
        }
        self.events.push_back(Event {
            number: self.written,
            at: now,
            kind: entry.kind,
            client: entry.client.map(|text| cut(text, 80)),
            person: entry.person.map(|text| cut(text, 80)),
            token: entry.token.map(|text| cut(text, SHOWN)),
            detail: entry.detail.map(|text| cut(text, 200)),
        });
    }

    /// The stored events, oldest first.
    pub(crate) fn events(&self) -> Vec<Event> {
        self.events.iter().cloned().collect()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature serde asks for")]
fn as_text<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_shows_six_characters_of_a_token_and_old_ones_are_forgotten() {
        let mut journal = Journal::default();
        for _ in 0..KEPT + 5 {
            journal.write(&Entry::of(EventKind::TokenIssued).token("abcdefghij"), Timestamp::from_secs(1));
        }
        let events = journal.events();
        assert_eq!((events.len(), events[0].number), (KEPT, 6));
        assert_eq!(events[0].token.as_deref(), Some("abcdef"));
    }
}

//! How a grant stands, for people and programs. Holds no token.

use innkeeper_ambient::Timestamp;
use innkeeper_store::GrantKey;
use serde::Serialize;

use super::content::words;
use super::grants::Grants;
use super::life::{self, State};
use super::refresh_driver::facts_of;
use super::source::BoundSource;
use crate::error::{AuthError, Reason};
use crate::scope::Scope;

/// How a connection's credential stands for one owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct GrantStatus {
    /// Whether a call can be made without a person.
    pub authorized: bool,
    /// Where in its life the grant is; none where the auth type keeps no grant.
    pub state: Option<State>,
    /// Why not.
    pub reason: Option<Reason>,
    /// When the access token ends; none: unknown, or there is none.
    pub expires_at: Option<Timestamp>,
    /// When the refresh token ends; none: unknown, or there is none.
    pub refresh_token_expires_at: Option<Timestamp>,
    /// What was granted, separated by spaces.
    pub scope: Option<String>,
    /// What the connection asks for.
    pub asked_scope: Option<String>,
    /// What it asks for and was not granted: a new authorization asks the user for it. Until then the grant serves what it
    /// covers.
    pub missing_scope: Vec<String>,
    /// What was granted and the connection asks for no more. A refresh asks for a token without it, where the server
    /// gives such a one (RFC 6749, section 6); a new authorization asks for less.
    pub surplus_scope: Vec<String>,
    /// Whether a new token can be had without a person.
    pub refreshable: bool,
    /// A refresh was sent and its answer never stored; the next attempt settles it.
    pub in_doubt: bool,
    /// When the token was last renewed.
    pub last_refresh: Option<Timestamp>,
    /// What failed last and has not succeeded since.
    pub last_failure: Option<String>,
    /// When that was.
    pub failed_at: Option<Timestamp>,
    /// When the next attempt is due.
    pub next_try: Option<Timestamp>,
}

impl GrantStatus {
    /// Of an auth type that keeps no grant.
    pub(crate) fn without_grant() -> Self {
        Self {
            authorized: true,
            state: None,
            reason: None,
            expires_at: None,
            refresh_token_expires_at: None,
            scope: None,
            asked_scope: None,
            missing_scope: Vec::new(),
            surplus_scope: Vec::new(),
            refreshable: false,
            in_doubt: false,
            last_refresh: None,
            last_failure: None,
            failed_at: None,
            next_try: None,
        }
    }
}

impl Grants {
    pub(crate) async fn status(&self, key: &GrantKey, source: &BoundSource) -> Result<GrantStatus, AuthError> {
        let mut status = GrantStatus::without_grant();
        status.asked_scope = source.scope().map(Scope::to_string);
        status.refreshable = source.is_self_sufficient();
        let stored = self.stored(key).await?;
        let facts =
            stored.as_ref().map(|(record, grant)| facts_of(record, grant, None, &source.origin, self.clock.now()));
        let circumstances = self.circumstances(self.clock.now(), source, false);
        let state = life::state(facts.as_ref(), &circumstances);
        status.state = Some(state);
        status.reason = match state {
            State::NeedsAuthorization(reason) => Some(reason),
            State::None if !circumstances.self_sufficient => Some(Reason::NoGrant),
            _ => None,
        };
        status.authorized = status.reason.is_none();
        if let Some((_, grant)) = stored.filter(|(_, grant)| grant.origin == source.origin) {
            status.expires_at = grant.expires_at;
            status.refresh_token_expires_at = grant.refresh_token_expires_at;
            status.refreshable |= grant.refresh_token.is_some() && status.authorized;
            status.in_doubt = state == State::InDoubt;
            status.last_refresh = grant.refreshed_at;
            status.missing_scope = missing(status.asked_scope.as_deref(), grant.scope.as_deref());
            status.surplus_scope = grant.surplus(status.asked_scope.as_deref());
            status.scope = grant.scope;
        }
        if let Some(trouble) = self.entry(key).trouble() {
            status.last_failure = Some(trouble.problem.to_string());
            status.failed_at = Some(trouble.at);
            status.next_try = Some(trouble.until);
        }
        Ok(status)
    }
}

/// Words of the scope that was asked for and not granted.
fn missing(asked: Option<&str>, granted: Option<&str>) -> Vec<String> {
    words(asked).filter(|word| !words(granted).any(|granted| granted == *word)).map(str::to_owned).collect()
}

//! The status of a grant, for people and programs. Contains no token.

use innkeeper_ambient::Timestamp;
use innkeeper_store::GrantKey;
use serde::Serialize;

use super::content::{Grant, words};
use super::grants::Grants;
use super::life::{self, State};
use super::refresh_driver::facts_of;
use super::source::BoundSource;
use crate::error::{AuthError, Reason};
use crate::scope::Scope;

/// The status of a connection's credential for one owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct GrantStatus {
    /// Whether a call can be made without a user.
    pub authorized: bool,
    /// The state of the grant; `None` if the auth type stores no grant.
    pub state: Option<State>,
    /// Why no call can be made.
    pub reason: Option<Reason>,
    /// When the access token expires; `None`: unknown, or there is none.
    pub expires_at: Option<Timestamp>,
    /// When the refresh token expires; `None`: unknown, or there is none.
    pub refresh_token_expires_at: Option<Timestamp>,
    /// The granted scope, separated by spaces.
    pub scope: Option<String>,
    /// The scope that the connection requests.
    pub asked_scope: Option<String>,
    /// The words that the connection requests and that were not granted: a new authorization asks the user for them. Until
    /// then, the grant is used with the scope it has.
    pub missing_scope: Vec<String>,
    /// The granted words that the connection no longer requests. A refresh requests a token without them, if the server issues
    /// one (RFC 6749, section 6); a new authorization requests less.
    pub surplus_scope: Vec<String>,
    /// Whether a new token is available without a user.
    pub refreshable: bool,
    /// A refresh was sent and its answer was never stored; the next attempt settles it.
    pub in_doubt: bool,
    /// When the token was last renewed.
    pub last_refresh: Option<Timestamp>,
    /// The last failure, if no attempt has succeeded since.
    pub last_failure: Option<String>,
    /// When it failed.
    pub failed_at: Option<Timestamp>,
    /// When the next attempt is due.
    pub next_try: Option<Timestamp>,
}

impl GrantStatus {
    /// The status for an auth type that stores no grant.
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
            status.missing_scope = missing(status.asked_scope.as_deref(), &grant);
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

/// Words of the requested scope that were not granted.
fn missing(asked: Option<&str>, grant: &Grant) -> Vec<String> {
    let Some(granted) = grant.scope.as_deref() else { return words(asked).map(str::to_owned).collect() };
    let refreshes = grant.refresh_token.is_some();
    words(asked).filter(|word| !is_granted(word, granted, refreshes)).map(str::to_owned).collect()
}

/// Whether a requested scope is among those that a server answers. Some servers separate them by commas, add or leave out the
/// address of the resource, or use another name.
fn is_granted(asked: &str, granted: &str, refreshes: bool) -> bool {
    let is_there = |asked: &str| {
        let pieces = |granted: &str| granted.split(',').any(|piece| is_same(asked, piece));
        words(Some(granted)).any(|granted| is_same(asked, granted) || pieces(granted))
    };
    match asked {
        // It asks for a refresh token, and many servers do not repeat it.
        "offline_access" | "offline" if refreshes => true,
        // All that was consented to before (Entra): the answer lists that.
        _ if asked.ends_with("/.default") => true,
        // The person may have separated several by commas.
        _ => is_there(asked) || (asked.contains(',') && asked.split(',').all(is_there)),
    }
}

/// Whether two names are those of one scope: the same, or one is the other at the address of its resource.
fn is_same(asked: &str, granted: &str) -> bool {
    asked == granted
        || without_resource(granted) == Some(asked)
        || without_resource(asked) == Some(granted)
        || ALIASES.contains(&(asked, granted))
}

/// `Mail.Read` of `https://graph.microsoft.com/Mail.Read`.
fn without_resource(scope: &str) -> Option<&str> {
    let (_, path) = scope.split_once("://")?;
    path.rsplit_once('/').map(|(_, name)| name)
}

/// Scopes that Google's server answers under other names (OpenID Connect scopes of Google APIs).
const ALIASES: [(&str, &str); 2] = [
    ("email", "https://www.googleapis.com/auth/userinfo.email"),
    ("profile", "https://www.googleapis.com/auth/userinfo.profile"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_1_scopes_may_be_separated_by_commas() {
        for (asked, granted) in [
            ("channels:read", "channels:read,chat:write"),
            ("chat:write", "channels:read, chat:write"),
            ("gist", "repo,gist"),
            ("repo,gist", "repo,gist"),
            ("gist,repo", "repo gist"),
            ("calendar:a,b", "files:read calendar:a,b"),
        ] {
            assert!(is_granted(asked, granted, false), "{asked} in {granted}");
        }
        for (asked, granted) in [("chat", "channels:read,chat:write"), ("repo,user", "repo,gist"), ("a,b", "a")] {
            assert!(!is_granted(asked, granted, false), "{asked} in {granted}");
        }
    }

    #[test]
    fn case_2_a_scope_may_be_answered_at_its_resource_or_not_at_all() {
        let graph = "https://graph.microsoft.com/Sites.Selected https://graph.microsoft.com/Mail.Read";
        for asked in ["Sites.Selected", "Mail.Read", "https://graph.microsoft.com/Mail.Read"] {
            assert!(is_granted(asked, graph, false), "{asked}");
        }
        assert!(is_granted("https://graph.microsoft.com/Sites.Selected", "Sites.Selected", false));
        assert!(!is_granted("Files.Read.All", graph, true));
        assert!(!is_granted("https://other.example/Mail.Read", graph, true), "another resource's");
        assert!(is_granted("offline_access", "Sites.Selected", true));
        assert!(!is_granted("offline_access", "Sites.Selected", false), "no refresh token came");
        assert!(is_granted("https://graph.microsoft.com/.default", "Mail.Read", false));
        assert!(is_granted("email", "openid https://www.googleapis.com/auth/userinfo.email", false));
    }
}

//! The sealed content of a grant record.

use std::collections::BTreeMap;
use std::fmt;

use innkeeper_ambient::Timestamp;
use innkeeper_store::{GrantKey, GrantPhase, GrantRecord, Identity};
use innkeeper_vault::{Vault, VaultError};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use zeroize::{Zeroize, Zeroizing};

use super::answer::TokenAnswer;
use super::life::Lifetime;
use super::source::{Origin, Renewed};

/// Fields of an answer that are credentials themselves and therefore not claims.
const NO_CLAIMS: [&str; 4] = ["access_token", "refresh_token", "id_token", "device_secret"];

/// The maximum number of replaced access tokens that are remembered.
const MOST_OLDER: usize = 6;
/// The same for refresh tokens, which are never sent to a service.
const MOST_OLDER_TO_REFRESH: usize = 1;

/// An opened grant: the tokens of one owner at one connection.
#[derive(Clone)]
pub struct Grant {
    pub(crate) access_token: SecretString,
    pub(crate) token_type: String,
    pub(crate) refresh_token: Option<SecretString>,
    pub(crate) scope: Option<String>,
    /// The scope that was requested when the grant began; `None`: none, or unknown.
    pub(super) asked: Option<String>,
    /// The scope that was granted then. A refresh without a scope means this one, whatever the last token covers (RFC 6749,
    /// section 6).
    granted: Option<String>,
    /// The server does not narrow a scope once it has granted it.
    pub(super) stays_wide: bool,
    /// Identifies this access token among all: random, so that it reveals nothing about the token.
    pub(crate) serial: u64,
    /// The identity of the source that issued it.
    pub(crate) origin: Origin,
    pub(crate) issued_at: Timestamp,
    pub(crate) refreshed_at: Option<Timestamp>,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) refresh_token_expires_at: Option<Timestamp>,
    extra: BTreeMap<String, Value>,
    /// Tokens that this grant replaced and that may still be valid, the oldest first: answers are scrubbed of them.
    older: Vec<Older>,
}

/// A replaced token.
#[derive(Clone)]
struct Older {
    token: SecretString,
    /// When it expires; `None`: unknown.
    until: Option<Timestamp>,
    refreshes: bool,
}

impl Grant {
    /// The token that is put onto requests.
    pub fn access_token(&self) -> &SecretString {
        &self.access_token
    }

    /// The scheme of the access token's header, usually `Bearer`.
    pub fn token_type(&self) -> &str {
        &self.token_type
    }

    /// The refresh token.
    pub fn refresh_token(&self) -> Option<&SecretString> {
        self.refresh_token.as_ref()
    }

    /// The first answer of an authorization. A server that names no scope granted the `asked` one (RFC 6749, section 5.1).
    pub(crate) fn begin(
        answer: TokenAnswer,
        asked: Option<&str>,
        origin: &Origin,
        now: Timestamp,
        serial: u64,
    ) -> Self {
        Self {
            expires_at: answer.expires_in.map(|life| now.plus(life)),
            refresh_token_expires_at: answer.refresh_token_expires_in.map(|life| now.plus(life)),
            access_token: answer.access_token,
            token_type: answer.token_type,
            refresh_token: answer.refresh_token,
            granted: answer.scope.clone().or_else(|| asked.map(str::to_owned)),
            scope: answer.scope.or_else(|| asked.map(str::to_owned)),
            asked: asked.map(str::to_owned),
            stays_wide: false,
            serial,
            origin: origin.clone(),
            issued_at: now,
            refreshed_at: None,
            extra: answer.extra,
            older: Vec::new(),
        }
    }

    /// Remembers the tokens of the grant that this one replaces.
    pub(crate) fn follow(&mut self, before: &Self, now: Timestamp) {
        let is_gone = |token: &SecretString| {
            let is = |mine: &SecretString| mine.expose_secret() == token.expose_secret();
            !is(&self.access_token) && !self.refresh_token.as_ref().is_some_and(is)
        };
        let (mut access, mut refresh) = (Vec::new(), Vec::new());
        let last = Older { token: before.access_token.clone(), until: before.expires_at, refreshes: false };
        let last_refresh = before.refresh_token.iter().map(|token| Older {
            token: token.clone(),
            until: before.refresh_token_expires_at,
            refreshes: true,
        });
        for older in before.older.iter().cloned().chain([last]).chain(last_refresh) {
            if older.until.is_none_or(|until| now < until) && is_gone(&older.token) {
                if older.refreshes { refresh.push(older) } else { access.push(older) }
            }
        }
        access.drain(..access.len().saturating_sub(MOST_OLDER));
        refresh.drain(..refresh.len().saturating_sub(MOST_OLDER_TO_REFRESH));
        access.append(&mut refresh);
        self.older = access;
    }

    /// Its tokens, and the replaced ones that may still be valid.
    pub(crate) fn secrets(&self) -> Vec<SecretString> {
        let own = std::iter::once(&self.access_token).chain(&self.refresh_token);
        own.chain(self.older.iter().map(|older| &older.token)).cloned().collect()
    }

    /// The tokens in the answers other than the access token and the refresh token.
    pub(crate) fn other_tokens(&self) -> impl Iterator<Item = SecretString> {
        NO_CLAIMS.iter().filter_map(|name| self.extra.get(*name)?.as_str().map(SecretString::from))
    }

    /// The grant after a renewal: values that were not sent again stay.
    pub(super) fn renewed(&self, renewed: Renewed, now: Timestamp, serial: u64) -> Self {
        let Renewed { answer, scope, stays_wide } = renewed;
        let rotated = answer.refresh_token.is_some();
        let said = answer.refresh_token_expires_in.map(|life| now.plus(life));
        let mut extra = self.extra.clone();
        extra.extend(answer.extra);
        let mut renewed = Self {
            expires_at: answer.expires_in.map(|life| now.plus(life)),
            // A new token does not inherit the old one's expiry.
            refresh_token_expires_at: said.or(if rotated { None } else { self.refresh_token_expires_at }),
            access_token: answer.access_token,
            token_type: answer.token_type,
            refresh_token: answer.refresh_token.or_else(|| self.refresh_token.clone()),
            scope: answer.scope.or(scope).or_else(|| self.scope.clone()),
            asked: self.asked.clone(),
            granted: self.granted.clone(),
            stays_wide: self.stays_wide || stays_wide,
            serial,
            origin: self.origin.clone(),
            issued_at: now,
            refreshed_at: Some(now),
            extra,
            older: Vec::new(),
        };
        renewed.follow(self, now);
        renewed
    }

    /// The scope to request instead of the granted one: the granted scope without the words that were requested then and no
    /// longer are. `None` if that is nothing or all of it, or if the server does not narrow a scope.
    pub(crate) fn narrowed(&self, asked_now: Option<&str>) -> Option<String> {
        if self.stays_wide {
            return None;
        }
        let surplus = self.no_longer_asked(self.granted.as_deref(), asked_now);
        let mut left: Vec<&str> =
            words(self.granted.as_deref()).filter(|word| !surplus.iter().any(|one| one == word)).collect();
        // Some servers do not list everything that they granted, such as the right to refresh.
        let asked_still = words(self.asked.as_deref()).filter(|then| words(asked_now).any(|now| now == *then));
        for word in asked_still {
            if !left.contains(&word) {
                left.push(word);
            }
        }
        (!surplus.is_empty() && !left.is_empty()).then(|| left.join(" "))
    }

    /// Words of the token's scope that were requested when the grant began and no longer are.
    pub(super) fn surplus(&self, asked_now: Option<&str>) -> Vec<String> {
        self.no_longer_asked(self.scope.as_deref(), asked_now)
    }

    /// Words that a server adds itself are not among them.
    fn no_longer_asked(&self, scope: Option<&str>, asked_now: Option<&str>) -> Vec<String> {
        let asked = |word: &&str| {
            words(self.asked.as_deref()).any(|then| then == *word) && !words(asked_now).any(|now| now == *word)
        };
        words(scope).filter(asked).map(str::to_owned).collect()
    }

    /// Whether another token would evict a replaced one that is still valid.
    pub(super) fn remembers_no_more(&self, now: Timestamp) -> bool {
        let lives = |older: &&Older| !older.refreshes && older.until.is_some_and(|until| now < until);
        self.older.iter().filter(lives).count() >= MOST_OLDER
    }

    /// When the access token was issued and when it expires.
    pub(super) fn lifetime(&self) -> Lifetime {
        // The serial is random and never changes, so every host computes the same times.
        let [jitter, ..] = self.serial.to_le_bytes();
        Lifetime { issued_at: self.issued_at, expires_at: self.expires_at, jitter }
    }

    /// A claim of the answers as text. Credentials are not claims.
    pub(crate) fn claim(&self, name: &str) -> Option<String> {
        if NO_CLAIMS.contains(&name) {
            return None;
        }
        match self.extra.get(name)? {
            Value::String(text) => Some(text.clone()),
            value @ (Value::Number(_) | Value::Bool(_)) => Some(value.to_string()),
            _ => None,
        }
    }

    /// The record of this grant under `version`, live and without a fencing number.
    pub(crate) fn record(
        &self,
        key: &GrantKey,
        version: u64,
        now: Timestamp,
        vault: &Vault,
    ) -> Result<GrantRecord, VaultError> {
        let stored = Stored {
            access_token: self.access_token.expose_secret().to_owned(),
            token_type: self.token_type.clone(),
            refresh_token: self.refresh_token.as_ref().map(|token| token.expose_secret().to_owned()),
            scope: self.scope.clone(),
            asked: self.asked.clone(),
            granted: self.granted.clone(),
            stays_wide: self.stays_wide,
            serial: self.serial,
            origin: self.origin.as_str().to_owned(),
            issued_at: self.issued_at,
            refreshed_at: self.refreshed_at,
            extra: self.extra.clone(),
            older: self.older.iter().map(StoredOlder::of).collect(),
        };
        let plain = Zeroizing::new(serde_json::to_vec(&stored).unwrap_or_default());
        Ok(GrantRecord {
            key: key.clone(),
            sealed: vault.seal(&Identity::Grant { key, version }, &plain)?,
            expires_at: self.expires_at,
            refresh_token_expires_at: self.refresh_token_expires_at,
            updated_at: now,
            phase: GrantPhase::Live,
            fence: 0,
            version,
        })
    }

    /// Opens a record.
    pub(crate) fn open(record: &GrantRecord, vault: &Vault) -> Result<Self, VaultError> {
        let identity = Identity::Grant { key: &record.key, version: record.version };
        let plain = vault.open_sealed(&identity, &record.sealed)?;
        let mut stored: Stored =
            serde_json::from_slice(plain.expose_secret()).map_err(|_| VaultError::DoesNotOpen(identity.to_string()))?;
        Ok(Self {
            access_token: SecretString::from(std::mem::take(&mut stored.access_token)),
            token_type: std::mem::take(&mut stored.token_type),
            refresh_token: stored.refresh_token.take().map(SecretString::from),
            scope: stored.scope.take(),
            asked: stored.asked.take(),
            granted: stored.granted.take(),
            stays_wide: stored.stays_wide,
            serial: stored.serial,
            origin: std::mem::take(&mut stored.origin).into(),
            issued_at: stored.issued_at,
            refreshed_at: stored.refreshed_at,
            expires_at: record.expires_at,
            refresh_token_expires_at: record.refresh_token_expires_at,
            extra: std::mem::take(&mut stored.extra),
            older: std::mem::take(&mut stored.older).into_iter().map(StoredOlder::open).collect(),
        })
    }
}

/// The words of a scope (RFC 6749, section 3.3).
pub(super) fn words(scope: Option<&str>) -> impl Iterator<Item = &str> {
    scope.unwrap_or_default().split_whitespace()
}

impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Grant([redacted])")
    }
}

#[derive(Serialize, Deserialize)]
struct Stored {
    access_token: String,
    token_type: String,
    refresh_token: Option<String>,
    scope: Option<String>,
    #[serde(default)]
    asked: Option<String>,
    #[serde(default)]
    granted: Option<String>,
    #[serde(default)]
    stays_wide: bool,
    serial: u64,
    #[serde(default)]
    origin: String,
    issued_at: Timestamp,
    refreshed_at: Option<Timestamp>,
    extra: BTreeMap<String, Value>,
    #[serde(default)]
    older: Vec<StoredOlder>,
}

#[derive(Serialize, Deserialize)]
struct StoredOlder {
    token: String,
    until: Option<Timestamp>,
    refreshes: bool,
}

impl StoredOlder {
    fn of(older: &Older) -> Self {
        let token = older.token.expose_secret().to_owned();
        Self { token, until: older.until, refreshes: older.refreshes }
    }

    fn open(self) -> Older {
        Older { token: SecretString::from(self.token), until: self.until, refreshes: self.refreshes }
    }
}

impl Drop for Stored {
    fn drop(&mut self) {
        self.access_token.zeroize();
        self.refresh_token.zeroize();
        self.older.iter_mut().for_each(|older| older.token.zeroize());
    }
}

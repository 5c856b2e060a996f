//! What the authorization server has issued. Only the SHA-256 of tokens and codes is stored.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use innkeeper_ambient::{Random, Timestamp};
use sha2::{Digest as _, Sha256};

use crate::bounded::Bounded;
use crate::pkce::Challenge;
use crate::scopes::Scopes;

/// How long a consent page may stay open.
const CONSENT_LIFE: Duration = Duration::from_mins(10);

/// A fresh 256-bit secret: a token, a code, a form's token.
pub(crate) struct Secret(String);

impl Secret {
    /// From 32 random bytes.
    pub(crate) fn fresh(random: &dyn Random) -> Self {
        Self(URL_SAFE_NO_PAD.encode(random.bytes::<32>()))
    }

    /// The text to send.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }

    /// Its digest, which is stored.
    pub(crate) fn mark(&self) -> Mark {
        Mark::of(&self.0)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// The SHA-256 of a secret: enough to recognize it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Mark([u8; 32]);

impl Mark {
    /// The digest of a received text.
    pub(crate) fn of(text: &str) -> Self {
        Self(Sha256::digest(text.as_bytes()).into())
    }
}

/// An authorization request whose page is open in a browser.
#[derive(Clone)]
pub(crate) struct OpenRequest {
    pub(crate) client: &'static str,
    pub(crate) redirect_uri: String,
    pub(crate) state: Option<String>,
    pub(crate) challenge: Challenge,
    pub(crate) scopes: Scopes,
    /// The cookie of the browser that got the page.
    pub(crate) browser: Mark,
    /// The token in the page's form.
    pub(crate) form: Mark,
}

/// The holder of a token, and its scopes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bearer {
    pub(crate) client: &'static str,
    /// `None`: the client itself.
    pub(crate) person: Option<&'static str>,
    pub(crate) scopes: Scopes,
    pub(crate) issued: Timestamp,
    pub(crate) expires: Timestamp,
}

/// A new pair of tokens.
#[derive(Debug)]
pub(crate) struct Issued {
    pub(crate) access: Secret,
    pub(crate) refresh: Option<Secret>,
    pub(crate) scopes: Scopes,
    pub(crate) person: Option<&'static str>,
}

/// Why a code or a refresh token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Unknown,
    Expired,
    /// It was used a second time; what it had issued is revoked now.
    Reused,
    /// Its grant is revoked.
    Revoked,
    WrongRedirect,
    WrongVerifier,
    WiderScope,
}

/// Lifetimes.
#[derive(Clone, Copy)]
pub(crate) struct Lives {
    pub(crate) code: Duration,
    pub(crate) access: Duration,
    pub(crate) refresh: Duration,
    pub(crate) rotate: bool,
}

/// Open consent pages, codes, tokens, and the grants (families of tokens) that they belong to.
pub(crate) struct Ledger {
    lives: Lives,
    open: Bounded<Mark, (OpenRequest, Timestamp)>,
    codes: Bounded<Mark, Code>,
    access: Bounded<Mark, Access>,
    refresh: Bounded<Mark, Refresh>,
    grants: Bounded<u64, Grant>,
    next_grant: u64,
}

struct Code {
    request: OpenRequest,
    person: &'static str,
    expires: Timestamp,
    used: bool,
    /// The grant that it issued.
    grant: Option<u64>,
}

struct Access {
    grant: u64,
    scopes: Scopes,
    issued: Timestamp,
    expires: Timestamp,
}

struct Refresh {
    grant: u64,
    expires: Timestamp,
    used: bool,
}

struct Grant {
    client: &'static str,
    person: Option<&'static str>,
    scopes: Scopes,
    live: bool,
}

impl Ledger {
    /// An empty ledger.
    pub(crate) fn new(lives: Lives) -> Self {
        Self {
            lives,
            open: Bounded::new(500),
            codes: Bounded::new(2_000),
            access: Bounded::new(20_000),
            refresh: Bounded::new(20_000),
            grants: Bounded::new(10_000),
            next_grant: 0,
        }
    }

    /// Stores a request while its page is open.
    pub(crate) fn open(&mut self, id: &Secret, request: OpenRequest, now: Timestamp) {
        self.open.insert(id.mark(), (request, now.plus(CONSENT_LIFE)));
    }

    /// The request of an open page.
    pub(crate) fn opened(&self, id: &str, now: Timestamp) -> Option<&OpenRequest> {
        self.open.get(&Mark::of(id)).filter(|(_, expires)| now < *expires).map(|(request, _)| request)
    }

    /// Removes and returns the request of an open page: each page decides once.
    pub(crate) fn close(&mut self, id: &str) -> Option<OpenRequest> {
        self.open.remove(&Mark::of(id)).map(|(request, _)| request)
    }

    /// A code for what `person` allowed.
    pub(crate) fn issue_code(
        &mut self,
        request: OpenRequest,
        person: &'static str,
        now: Timestamp,
        random: &dyn Random,
    ) -> Secret {
        let code = Secret::fresh(random);
        let expires = now.plus(self.lives.code);
        self.codes.insert(code.mark(), Code { request, person, expires, used: false, grant: None });
        code
    }

    /// Exchanges a code. It works for one attempt: a wrong verifier uses it up, too, and its second use revokes what
    /// the first one issued (RFC 6749, section 4.1.2).
    pub(crate) fn exchange(
        &mut self,
        code: &str,
        client: &'static str,
        redirect_uri: &str,
        verifier: &str,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<Issued, Refusal> {
        let mark = Mark::of(code);
        let kept = self.codes.get_mut(&mark).filter(|kept| kept.request.client == client).ok_or(Refusal::Unknown)?;
        if kept.used {
            let given = kept.grant;
            self.kill(given);
            return Err(Refusal::Reused);
        }
        kept.used = true;
        if now >= kept.expires {
            return Err(Refusal::Expired);
        }
        if kept.request.redirect_uri != redirect_uri {
            return Err(Refusal::WrongRedirect);
        }
        if !kept.request.challenge.is_met_by(verifier) {
            return Err(Refusal::WrongVerifier);
        }
        let (person, scopes) = (kept.person, kept.request.scopes.clone());
        let grant = self.begin_grant(client, Some(person), scopes.clone());
        if let Some(kept) = self.codes.get_mut(&mark) {
            kept.grant = Some(grant);
        }
        let access = self.issue_access(grant, scopes.clone(), now, random);
        let refresh = Some(self.issue_refresh(grant, now, random));
        Ok(Issued { access, refresh, scopes, person: Some(person) })
    }

    /// Refreshes. With rotation, the old refresh token is used up, and its second use revokes the grant (RFC 9700,
    /// section 4.14.2).
    pub(crate) fn refresh(
        &mut self,
        token: &str,
        client: &'static str,
        narrower: Option<Scopes>,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<Issued, Refusal> {
        let mark = Mark::of(token);
        let (id, used, expires) =
            self.refresh.get(&mark).map(|kept| (kept.grant, kept.used, kept.expires)).ok_or(Refusal::Unknown)?;
        let grant = self.grants.get(&id).filter(|grant| grant.client == client).ok_or(Refusal::Unknown)?;
        if !grant.live {
            return Err(Refusal::Revoked);
        }
        let person = grant.person;
        if used {
            self.kill(Some(id));
            return Err(Refusal::Reused);
        }
        if now >= expires {
            return Err(Refusal::Expired);
        }
        let scopes = match narrower {
            Some(narrower) if !narrower.within(&grant.scopes) => return Err(Refusal::WiderScope),
            Some(narrower) => narrower,
            None => grant.scopes.clone(),
        };
        let refresh = self.lives.rotate.then(|| {
            if let Some(kept) = self.refresh.get_mut(&mark) {
                kept.used = true;
            }
            self.issue_refresh(id, now, random)
        });
        let access = self.issue_access(id, scopes.clone(), now, random);
        Ok(Issued { access, refresh, scopes, person })
    }

    /// A token for the client itself; without a refresh token (RFC 6749, section 4.4.3).
    pub(crate) fn issue_to_client(
        &mut self,
        client: &'static str,
        scopes: Scopes,
        now: Timestamp,
        random: &dyn Random,
    ) -> Issued {
        let grant = self.begin_grant(client, None, scopes.clone());
        let access = self.issue_access(grant, scopes.clone(), now, random);
        Issued { access, refresh: None, scopes, person: None }
    }

    /// The holder of this access token, while it is valid.
    pub(crate) fn bearer(&self, token: &str, now: Timestamp) -> Option<Bearer> {
        let access = self.access.get(&Mark::of(token)).filter(|access| now < access.expires)?;
        let grant = self.grants.get(&access.grant).filter(|grant| grant.live)?;
        let Access { scopes, issued, expires, .. } = access;
        Some(Bearer {
            client: grant.client,
            person: grant.person,
            scopes: scopes.clone(),
            issued: *issued,
            expires: *expires,
        })
    }

    /// The holder of this refresh token, while it is valid.
    pub(crate) fn refresh_bearer(&self, token: &str, now: Timestamp) -> Option<Bearer> {
        let refresh = self.refresh.get(&Mark::of(token)).filter(|kept| !kept.used && now < kept.expires)?;
        let grant = self.grants.get(&refresh.grant).filter(|grant| grant.live)?;
        Some(Bearer {
            client: grant.client,
            person: grant.person,
            scopes: grant.scopes.clone(),
            issued: refresh.expires.minus(self.lives.refresh),
            expires: refresh.expires,
        })
    }

    /// Revokes (RFC 7009) only an access token, or with a refresh token the whole grant. `Ok(false)`: the token is
    /// unknown, which is not an error there. `Err`: it belongs to another client.
    pub(crate) fn revoke(&mut self, token: &str, client: &'static str) -> Result<bool, Refusal> {
        let mark = Mark::of(token);
        let id = self.refresh.get(&mark).map(|kept| kept.grant).or(self.access.get(&mark).map(|kept| kept.grant));
        let Some(id) = id else { return Ok(false) };
        if self.grants.get(&id).is_some_and(|grant| grant.client != client) {
            return Err(Refusal::Unknown);
        }
        if self.refresh.get(&mark).is_some() {
            self.kill(Some(id));
        } else {
            self.access.remove(&mark);
        }
        Ok(true)
    }

    /// Expires every access token at once; refresh tokens stay valid. Returns how many were valid.
    pub(crate) fn expire_access_tokens(&mut self, now: Timestamp) -> usize {
        let live = self.access.values_mut().filter(|access| now < access.expires);
        live.map(|access| access.expires = now).count()
    }

    fn begin_grant(&mut self, client: &'static str, person: Option<&'static str>, scopes: Scopes) -> u64 {
        self.next_grant += 1;
        self.grants.insert(self.next_grant, Grant { client, person, scopes, live: true });
        self.next_grant
    }

    fn issue_access(&mut self, grant: u64, scopes: Scopes, now: Timestamp, random: &dyn Random) -> Secret {
        let token = Secret::fresh(random);
        let expires = now.plus(self.lives.access);
        self.access.insert(token.mark(), Access { grant, scopes, issued: now, expires });
        token
    }

    fn issue_refresh(&mut self, grant: u64, now: Timestamp, random: &dyn Random) -> Secret {
        let token = Secret::fresh(random);
        self.refresh.insert(token.mark(), Refresh { grant, expires: now.plus(self.lives.refresh), used: false });
        token
    }

    fn kill(&mut self, grant: Option<u64>) {
        if let Some(grant) = grant.and_then(|grant| self.grants.get_mut(&grant)) {
            grant.live = false;
        }
    }
}

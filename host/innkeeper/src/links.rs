//! Links that a user opens to authorize a connection.

use std::time::Duration;

use innkeeper_address::RedirectUri;
use innkeeper_ambient::Timestamp;
use innkeeper_auth::{AuthError, AuthorizationWay, Begun, LINK_LIFE, LINK_PURPOSE, SessionSecret, Signer, StartLink};
use innkeeper_store::{ConnectionId, ConnectionRecord, PrincipalId, SpaceId};
use secrecy::ExposeSecret;
use url::Url;

use crate::authorization::Permitted;
use crate::error::Error;
use crate::host::Innkeeper;
use crate::policy::Verb;

/// The input of [`Innkeeper::start_link`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NewLink {
    /// The tenant.
    pub space: SpaceId,
    /// The id of the connection.
    pub connection: ConnectionId,
    /// The user who is to open it; required if each principal has their own grant.
    pub principal: Option<PrincipalId>,
    /// Where the browser goes after the flow; the pages refuse origins that are not allowed in their settings.
    pub return_url: Option<Url>,
    /// How long it is valid: 10 minutes by default, at most a day.
    pub life: Duration,
}

impl NewLink {
    /// A link that is valid for 10 minutes and leads to a page of the host in the end.
    pub fn new(space: SpaceId, connection: ConnectionId, principal: Option<PrincipalId>) -> Self {
        Self { space, connection, principal, return_url: None, life: LINK_LIFE }
    }
}

/// A link to a page of this host; it works once.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Link {
    /// The address. It may be worth as much as a password of its user: show it only to that user, and do not log it.
    pub url: Url,
    /// When the link expires.
    pub expires_at: Timestamp,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

impl Innkeeper {
    /// The public address of the pages.
    pub fn pages(&self) -> Option<&Url> {
        self.parts.pages.as_ref()
    }

    /// A link that a user opens to authorize a connection, once. Stores nothing and counts nothing; fails for what
    /// could not begin: an unknown connection, one that nobody has to authorize, a user who may not or has begun too
    /// often.
    pub async fn start_link(&self, new: NewLink) -> Result<Link, Error> {
        let pages = self.parts.pages.as_ref().ok_or(Error::NoPages)?;
        let permitted =
            self.permitted_owner(Verb::Authorize, &new.space, &new.connection, new.principal.clone()).await?;
        let Permitted { record, owner } = &permitted;
        self.needs_browser(record)?;
        let user = new.principal.as_ref().map(|principal| (&record.space, principal));
        self.parts.auth.may_begin(record, owner, user)?;
        let NewLink { space, connection, principal, return_url, life } = new;
        let link = StartLink::new(space, connection, principal, return_url, life, self.clock(), self.random());
        Ok(Link { url: start_address(pages, &link, &self.signer(LINK_PURPOSE)), expires_at: link.expires_at })
    }

    /// The link with which the user can fix the error of a call or status; `None` if the error is not
    /// [`AuthError::NeedsAuthorization`], or if the host has no pages.
    pub async fn link_for(&self, space: &SpaceId, error: &Error) -> Option<Link> {
        let Error::Auth(AuthError::NeedsAuthorization { connection, owner, .. }) = error else { return None };
        let principal = owner.principal().cloned();
        self.start_link(NewLink::new(space.clone(), connection.clone(), principal)).await.ok()
    }

    /// What a link is for, by its token. Does not use up the link.
    pub fn read_link(&self, token: &str) -> Result<StartLink, Error> {
        Ok(self.parts.auth.read_link(token)?)
    }

    /// Uses up a link and begins what it is for; if several users open it, it works for one of them. A refusal for
    /// another reason than the link itself does not use it up, unless the host fails.
    ///
    /// `user` is the user who opens it, if the service knows; the caller must check whether the link is for that
    /// user.
    pub async fn begin_by_link(
        &self,
        link: &StartLink,
        user: Option<&PrincipalId>,
        redirect_uri: RedirectUri,
        session: &SessionSecret,
    ) -> Result<Begun, Error> {
        let principal = link.principal.as_ref().or(user);
        let permitted =
            self.permitted_owner(Verb::Authorize, &link.space, &link.connection, principal.cloned()).await?;
        let Permitted { record, owner } = &permitted;
        self.needs_browser(record)?;
        self.parts.auth.may_begin(record, owner, principal.map(|principal| (&record.space, principal)))?;
        self.parts.auth.use_link(link).await??;
        self.begin_permitted(&permitted, &redirect_uri, session, link.return_url.as_ref()).await
    }

    fn needs_browser(&self, record: &ConnectionRecord) -> Result<(), Error> {
        if self.parts.auth.authorization_way(record)? == AuthorizationWay::Browser {
            return Ok(());
        }
        let (connection, auth_type) = (record.id.clone(), record.auth_type.clone());
        Err(AuthError::NotInteractive { connection, auth_type }.into())
    }

    /// Signs texts for a purpose of the caller under the keyring.
    pub fn signer(&self, purpose: &str) -> Signer {
        self.parts.auth.signer(purpose)
    }
}

/// The address of a signed link at the pages.
pub fn start_address(pages: &Url, link: &StartLink, signer: &Signer) -> Url {
    let mut url = pages.clone();
    let path = format!("{}start/{}", pages.path(), link.sign(signer).expose_secret());
    url.set_path(&path);
    url
}

//! Authorizing a connection, in a browser or on another device, and the status of its grant.

use std::sync::Arc;

use innkeeper_address::RedirectUri;
use innkeeper_auth::{
    Auth, AuthorizationWay, Begun, Callback, Completed, DeviceAuthorization, DeviceProgress, Disconnected, GrantStatus,
    SessionSecret,
};
use innkeeper_spec::{AuthMode, Scope};
use innkeeper_store::{ConnectionId, ConnectionRecord, GrantOwner, PrincipalId, SpaceId};
use url::Url;

use crate::audit::Event;
use crate::connections::ConnectionView;
use crate::error::Error;
use crate::host::Innkeeper;
use crate::policy::Verb;

/// The input of [`Innkeeper::begin_authorization`].
#[derive(Debug)]
pub struct BeginAuthorization<'a> {
    /// The tenant.
    pub space: &'a SpaceId,
    /// The id of the connection.
    pub connection: &'a ConnectionId,
    /// The user who authorizes; required if each principal has their own grant.
    pub principal: Option<PrincipalId>,
    /// Where the provider sends the browser back: an address of the embedding service, registered at the provider.
    pub redirect_uri: RedirectUri,
    /// Binds the flow to the browser that begins it.
    pub session: &'a SessionSecret,
    /// Where the browser goes after the flow.
    pub return_url: Option<Url>,
}

/// The status of a connection for one owner of its grants. Holds no token.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConnectionStatus {
    /// The connection.
    pub connection: ConnectionView,
    /// The principal; `None` if the grant is shared.
    pub principal: Option<PrincipalId>,
    /// Its grant.
    pub grant: GrantStatus,
}

impl Innkeeper {
    /// Begins an authorization (RFC 6749, section 4.1, with PKCE): returns the address to send the browser to. It can
    /// be completed once, within 10 minutes. Fails for a user who begins too often, or whom the access policy does
    /// not allow.
    pub async fn begin_authorization(&self, begin: BeginAuthorization<'_>) -> Result<Begun, Error> {
        let BeginAuthorization { space, connection, principal, redirect_uri, session, return_url } = begin;
        let permitted = self.permitted_owner(Verb::Authorize, space, connection, principal).await?;
        self.begin_permitted(&permitted, &redirect_uri, session, return_url.as_ref()).await
    }

    /// The same, after the policy has allowed it.
    pub(crate) async fn begin_permitted(
        &self,
        permitted: &Permitted,
        redirect_uri: &RedirectUri,
        session: &SessionSecret,
        return_url: Option<&Url>,
    ) -> Result<Begun, Error> {
        let Permitted { record, owner } = permitted;
        Ok(self.parts.auth.begin(record, owner, redirect_uri, session, return_url).await?)
    }

    /// Completes an authorization with the parameters that the browser came back with, in the session that began it.
    pub async fn complete_authorization(
        &self,
        callback: &Callback,
        session: &SessionSecret,
    ) -> Result<Completed, Error> {
        let (callback, session) = (callback.clone(), session.clone());
        let completed = self.to_the_end(async move |host| {
            let completed = host.parts.auth.complete(&callback, &session).await?;
            host.note_authorization(&completed).await?;
            Ok(completed)
        });
        completed.await
    }

    /// How a person authorizes a connection, if one has to.
    pub async fn authorization_way(
        &self,
        space: &SpaceId,
        connection: &ConnectionId,
    ) -> Result<AuthorizationWay, Error> {
        let record = self.permitted(space, connection, &Event::new(Verb::ReadConnection, None)).await?;
        Ok(self.parts.auth.authorization_way(&record)?)
    }

    /// The address that the browser is sent to for authorizing a connection, without its query: to be shown
    /// beforehand. `None` if the browser is not sent anywhere.
    pub async fn consent_address(&self, space: &SpaceId, connection: &ConnectionId) -> Result<Option<Url>, Error> {
        let record = self.permitted(space, connection, &Event::new(Verb::ReadConnection, None)).await?;
        Ok(self.parts.auth.consent_address(&record)?)
    }

    /// Begins an authorization on another device (RFC 8628): returns a code, and the address where the user enters
    /// it. Continue with [`Innkeeper::poll_device_authorization`], or with [`Innkeeper::wait_device_authorization`]
    /// once.
    pub async fn begin_device_authorization(
        &self,
        space: &SpaceId,
        connection: &ConnectionId,
        principal: Option<PrincipalId>,
    ) -> Result<DeviceAuthorization, Error> {
        let Permitted { record, owner } = self.permitted_owner(Verb::Authorize, space, connection, principal).await?;
        Ok(self.parts.auth.begin_device(&record, &owner).await?)
    }

    /// Asks the authorization server once whether the user has decided.
    pub async fn poll_device_authorization(&self, pending: &mut DeviceAuthorization) -> Result<DeviceProgress, Error> {
        let progress = self.parts.auth.poll_device(pending).await?;
        if let DeviceProgress::Authorized(completed) = &progress {
            let completed = completed.clone();
            self.to_the_end(async move |host| host.note_authorization(&completed).await).await?;
        }
        Ok(progress)
    }

    /// Polls until the user has decided or the time is over. Dropping the future abandons the authorization.
    pub async fn wait_device_authorization(&self, pending: DeviceAuthorization) -> Result<Completed, Error> {
        let completed = self.parts.auth.wait_device(pending).await?;
        self.to_the_end(async move |host| {
            host.note_authorization(&completed).await?;
            Ok(completed)
        })
        .await
    }

    async fn note_authorization(&self, completed: &Completed) -> Result<(), Error> {
        let Completed { space, connection, owner, .. } = completed;
        // It may have been deleted just now, with its grants.
        let Some(record) = self.parts.auth.connections().get(space, connection).await? else { return Ok(()) };
        self.note(&record, Verb::Authorize, owner.principal().cloned()).await
    }

    /// The status of a connection.
    pub async fn status(
        &self,
        space: &SpaceId,
        connection: &ConnectionId,
        principal: Option<PrincipalId>,
    ) -> Result<ConnectionStatus, Error> {
        let event = Event::new(Verb::ReadStatus, principal.clone());
        let record = self.permitted(space, connection, &event).await?;
        let owner = Auth::owner_of(&record, principal.as_ref())?;
        let grant = self.parts.auth.status(&record, &owner).await?;
        let principal = principal.filter(|_| record.auth_mode == AuthMode::PerUser);
        Ok(ConnectionStatus { connection: self.view(&record), principal, grant })
    }

    /// Disconnects a grant: deletes it here at once, and revokes it at the provider if it answers (RFC 7009). Waits for
    /// the first attempt there, at most 10 s per token, and returns the outcome.
    pub async fn disconnect(
        &self,
        space: &SpaceId,
        connection: &ConnectionId,
        principal: Option<PrincipalId>,
    ) -> Result<Disconnected, Error> {
        let permitted = self.permitted_owner(Verb::Disconnect, space, connection, principal).await?;
        self.disconnect_permitted(permitted).await
    }

    pub(crate) async fn disconnect_permitted(&self, permitted: Permitted) -> Result<Disconnected, Error> {
        let disconnected = self.to_the_end(async move |host| {
            let Permitted { record, owner } = permitted;
            let disconnected = host.parts.auth.disconnect(&record, &owner).await?;
            host.note(&record, Verb::Disconnect, owner.principal().cloned()).await?;
            Ok(disconnected)
        });
        disconnected.await
    }

    /// The connection and the owner of the grant, if the policy allows changing that grant.
    pub(crate) async fn permitted_owner(
        &self,
        verb: Verb,
        space: &SpaceId,
        connection: &ConnectionId,
        principal: Option<PrincipalId>,
    ) -> Result<Permitted, Error> {
        let record = self.parts.auth.connections().get(space, connection).await?;
        let scope = match record.as_ref().map(|record| record.auth_mode) {
            Some(AuthMode::Shared) => Scope::Write,
            _ => Scope::Read,
        };
        let event = Event::new(verb, principal);
        self.allow_event(space, connection, record.as_deref(), &event, scope).await?;
        let record = record.ok_or_else(|| Error::unknown_connection(space, connection))?;
        let owner = Auth::owner_of(&record, event.principal.as_ref())?;
        Ok(Permitted { record, owner })
    }
}

/// A grant that the policy lets the caller change.
pub(crate) struct Permitted {
    pub(crate) record: Arc<ConnectionRecord>,
    pub(crate) owner: GrantOwner,
}

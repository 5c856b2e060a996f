//! `connection`: what the guest may know about its connection.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use innkeeper_store::ConnectionRecord;
use wasmtime::component::{HasData, Linker};

use super::in_call;
use crate::contract::innkeeper::connector::connection as wit;

/// The connection that a guest works for, and what the guest may know about it.
#[derive(Clone)]
pub struct ConnectionAccess {
    /// The record of the connection.
    pub record: Arc<ConnectionRecord>,
    /// Its config, a JSON object.
    pub config: Arc<str>,
    /// The user that the action runs for.
    pub user: Option<User>,
    /// The claims of its grant.
    pub claims: Arc<dyn Claims>,
}

/// The user that an action runs for, as the guest sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The principal.
    pub id: String,
    /// For people.
    pub name: Option<String>,
}

/// The claims of a grant, by name.
#[async_trait]
pub trait Claims: Send + Sync + fmt::Debug {
    /// A field of the token response that is not secret. The host requests only claims that the spec declares.
    async fn claim(&self, name: &str) -> Option<String>;
}

/// What one call knows about its connection.
pub(crate) struct PerCall {
    access: ConnectionAccess,
}

impl PerCall {
    pub(crate) fn new(access: ConnectionAccess) -> Self {
        Self { access }
    }

    pub(crate) fn record(&self) -> &ConnectionRecord {
        &self.access.record
    }
}

pub(crate) fn link<T: Send + 'static>(
    linker: &mut Linker<T>,
    view: fn(&mut T) -> ConnectionView<'_>,
) -> wasmtime::Result<()> {
    wit::add_to_linker::<T, PerCall>(linker, view)
}

/// The import for one guest.
pub(crate) struct ConnectionView<'a> {
    /// `None` while the spec is read.
    pub(crate) call: Option<&'a PerCall>,
    /// The claims that the guest declares.
    pub(crate) claims: &'a [String],
}

impl HasData for PerCall {
    type Data<'a> = ConnectionView<'a>;
}

impl ConnectionView<'_> {
    fn access(&self, import: &'static str) -> wasmtime::Result<&ConnectionAccess> {
        Ok(&in_call(self.call, import)?.access)
    }
}

impl wit::Host for ConnectionView<'_> {
    fn config(&mut self) -> wasmtime::Result<String> {
        Ok(self.access("connection.config")?.config.to_string())
    }

    fn auth_type(&mut self) -> wasmtime::Result<String> {
        Ok(self.access("connection.auth-type")?.record.auth_type.to_string())
    }

    async fn claim(&mut self, name: String) -> wasmtime::Result<Option<String>> {
        let access = self.access("connection.claim")?;
        if self.claims.contains(&name) { Ok(access.claims.claim(&name).await) } else { Ok(None) }
    }

    fn space(&mut self) -> wasmtime::Result<String> {
        Ok(self.access("connection.space")?.record.space.to_string())
    }

    fn on_behalf_of(&mut self) -> wasmtime::Result<Option<wit::User>> {
        let user = self.access("connection.on-behalf-of")?.user.clone();
        Ok(user.map(|User { id, name }| wit::User { id, name }))
    }
}

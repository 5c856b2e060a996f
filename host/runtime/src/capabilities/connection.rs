//! `connection`: what the guest may know of the connection it works for.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use wasmtime::component::{HasSelf, Linker};

use crate::contract::innkeeper::connector::connection as wit;
use crate::guest::Guest;

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
    /// A field of the token answer that is no secret. The host asks only for claims that the spec declares.
    async fn claim(&self, name: &str) -> Option<String>;
}

pub(crate) struct PerCall {
    pub(crate) config: Arc<str>,
    pub(crate) user: Option<User>,
    pub(crate) claims: Arc<dyn Claims>,
}

pub(crate) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    wit::add_to_linker::<Guest, HasSelf<Guest>>(linker, |guest| guest)
}

impl wit::Host for Guest {
    fn config(&mut self) -> wasmtime::Result<String> {
        Ok(self.working("connection.config")?.connection.config.to_string())
    }

    fn auth_type(&mut self) -> wasmtime::Result<String> {
        Ok(self.working("connection.auth-type")?.record.auth_type.to_string())
    }

    async fn claim(&mut self, name: String) -> wasmtime::Result<Option<String>> {
        let working = self.working("connection.claim")?;
        if !working.spec.claims.contains(&name) {
            return Ok(None);
        }
        Ok(working.connection.claims.claim(&name).await)
    }

    fn space(&mut self) -> wasmtime::Result<String> {
        Ok(self.working("connection.space")?.record.space.to_string())
    }

    fn on_behalf_of(&mut self) -> wasmtime::Result<Option<wit::User>> {
        let user = self.working("connection.on-behalf-of")?.connection.user.clone();
        Ok(user.map(|User { id, name }| wit::User { id, name }))
    }
}

//! The user of the browser.

use std::fmt;

use async_trait::async_trait;
use axum::http::request::Parts;
use innkeeper::{PrincipalId, SpaceId};

/// A signed-in user of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Their tenant.
    pub space: SpaceId,
    /// Their id in it.
    pub principal: PrincipalId,
}

/// What a service knows about the senders of requests.
#[async_trait]
pub trait Visitors: Send + Sync + fmt::Debug {
    /// The sender of this request, according to the service's own session; `None`: no one is signed in. It is called
    /// for every request, and a flow that one user began is refused to another.
    async fn user(&self, request: &Parts) -> Option<User>;

    /// Whether a link is proof of who opens it if [`Visitors::user`] returns `None`. Return true only if links reach
    /// their users in a safe way: a page asks before it continues, but any holder of the link can answer it.
    fn links_are_proof(&self) -> bool {
        false
    }
}

/// For services that do not know users by their browsers: the holder of a signed link is taken for the user it was
/// made for. Only the routes that a link leads to work; the others require a user.
#[derive(Clone, Copy, Debug, Default)]
pub struct LinkHolders;

#[async_trait]
impl Visitors for LinkHolders {
    async fn user(&self, _: &Parts) -> Option<User> {
        None
    }

    fn links_are_proof(&self) -> bool {
        true
    }
}

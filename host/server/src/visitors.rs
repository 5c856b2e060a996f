//! Who is at the browser.

use std::fmt;

use async_trait::async_trait;
use axum::http::request::Parts;
use innkeeper::{PrincipalId, SpaceId};

/// A signed-in user of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Their tenant.
    pub space: SpaceId,
    /// Who they are in it.
    pub principal: PrincipalId,
}

/// What a service knows of those who send requests.
#[async_trait]
pub trait Visitors: Send + Sync + fmt::Debug {
    /// Who sends this request, as the service's own session says; none: nobody is signed in. It is asked for every request, and
    /// a flow that one user began is refused to another.
    async fn user(&self, request: &Parts) -> Option<User>;

    /// Whether a link is proof of who opens it, where [`Visitors::user`] knows nobody. Say so only where links reach their users
    /// by a safe way: a page asks before it goes on, but whoever holds the link can answer it.
    fn links_are_proof(&self) -> bool {
        false
    }
}

/// For services that know no users by their browsers: whoever holds a signed link is who it was made for. Only the routes that
/// a link leads to work; the others want a user.
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

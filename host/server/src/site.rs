//! What all routes share.

use axum::http::request::Parts;
use innkeeper::Innkeeper;
use innkeeper_web::SessionCookies;
use url::Url;

use crate::origins::Origins;
use crate::problem::Problem;
use crate::visitors::{User, Visitors};

/// Settings of the pages.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct PagesSettings {
    /// Origins that a browser may be sent to at the end, in addition to that of the pages. Only the scheme, host and
    /// port of an address count.
    pub return_origins: Vec<Url>,
}

impl PagesSettings {
    /// Browsers may be sent to these origins at the end.
    pub fn returning_to(origins: impl IntoIterator<Item = Url>) -> Self {
        Self { return_origins: origins.into_iter().collect() }
    }
}

pub(crate) struct Site {
    pub(crate) host: Innkeeper,
    /// Ends with a slash.
    pub(crate) pages: Url,
    pub(crate) visitors: Box<dyn Visitors>,
    pub(crate) origins: Origins,
    pub(crate) cookies: SessionCookies,
}

impl Site {
    /// An address below the pages.
    pub(crate) fn address(&self, path: &str) -> Url {
        let mut address = self.pages.clone();
        let path = format!("{}{path}", self.pages.path());
        address.set_path(&path);
        address
    }

    /// The host on behalf of a user.
    pub(crate) fn host_for(&self, user: &User) -> Innkeeper {
        self.host.for_caller(user.principal.clone())
    }

    /// The user, if the request requires one.
    pub(crate) async fn user(&self, request: &Parts) -> Result<User, Problem> {
        self.visitors.user(request).await.ok_or(Problem::SignIn)
    }

    /// The user, or `None` if a link, or the session that it began, is proof enough.
    pub(crate) async fn user_or_holder(&self, request: &Parts) -> Result<Option<User>, Problem> {
        match self.visitors.user(request).await {
            None if !self.visitors.links_are_proof() => Err(Problem::SignIn),
            user => Ok(user),
        }
    }
}

//! All routes.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::middleware::{Next, from_fn_with_state, map_response};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, get, post};
use innkeeper::{Error, Innkeeper};
use innkeeper_web::{SessionCookies, is_addressed, seal};

use crate::origins::Origins;
use crate::problem::Problem;
use crate::site::{PagesSettings, Site};
use crate::visitors::Visitors;
use crate::{begin, callback, disconnect, result, start, status};

/// The largest request body, in bytes.
const BODY_LIMIT: usize = 16 * 1024;

/// Pages and routes, to be mounted at the address of [`innkeeper::Builder::pages`]: with `Router::nest` if that
/// address has a path, otherwise as they are. Fails if the host has no such address.
///
/// Register `callback` below that address at each provider.
pub fn authorization_router(
    host: Innkeeper,
    visitors: impl Visitors + 'static,
    settings: &PagesSettings,
) -> Result<Router, Error> {
    let pages = host.pages().ok_or(Error::NoPages)?.clone();
    let site = Arc::new(Site {
        origins: Origins::new(&pages, &settings.return_origins),
        cookies: SessionCookies::new(pages.scheme() == "https"),
        visitors: Box::new(visitors),
        host,
        pages,
    });
    Ok(Router::new()
        .route("/begin", post(begin::answer).fallback(only_post))
        .route("/start/{token}", page(get(start::open)).post(start::go_on))
        .route("/callback", page(get(callback::take)))
        .route("/result/{token}", page(get(result::show)))
        .route("/status/{connection}", get(status::answer).fallback(only_get))
        .route("/disconnect", post(disconnect::answer).fallback(only_post))
        .fallback(nothing_here)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(from_fn_with_state(site.clone(), check_host))
        .layer(map_response(seal))
        .with_state(site))
}

/// Refuses requests that name another host, if the pages are on loopback.
async fn check_host(State(site): State<Arc<Site>>, request: Request, next: Next) -> Response {
    if is_addressed(&site.pages, request.headers()) {
        next.run(request).await
    } else {
        Problem::OtherHost.into_response()
    }
}

/// A HEAD request would use up a link or a state and show nothing: it is refused like every other method.
fn page(route: MethodRouter<Arc<Site>>) -> MethodRouter<Arc<Site>> {
    route.head(only_get).fallback(only_get)
}

async fn only_get() -> Problem {
    Problem::Method("GET")
}

async fn only_post() -> Problem {
    Problem::Method("POST")
}

async fn nothing_here() -> Problem {
    Problem::NothingHere
}

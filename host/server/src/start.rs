//! `start/{token}`: the link that a user opens.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use innkeeper::{Error, PrincipalId, SessionSecret, StartLink};
use secrecy::ExposeSecret as _;

use crate::pages::{self, Page};
use crate::problem::Problem;
use crate::site::Site;
use crate::visitors::User;

/// Of a path that may be no text.
type Token = Result<Path<String>, PathRejection>;

/// `GET`: sends the user on to the provider. Where nobody but the link itself says who opens it, a page asks first, so that no
/// mail scanner uses the link up, and nobody signs in for somebody else without being told.
pub(crate) async fn open(State(site): State<Arc<Site>>, token: Token, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let outcome = async {
        let prefetch = ["sec-purpose", "purpose"].iter().any(|name| parts.headers.contains_key(*name));
        if prefetch {
            return Err(Problem::Prefetch);
        }
        let (link, user) = check(&site, token, &parts).await?;
        match user {
            Some(user) => begin(&site, &link, Some(user)).await,
            None => ask(&site, &link).await,
        }
    };
    outcome.await.unwrap_or_else(Problem::into_response)
}

/// `POST`: whoever holds the link has pressed the button of that page.
pub(crate) async fn go_on(State(site): State<Arc<Site>>, token: Token, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let outcome = async {
        site.origins.check_own_form(&parts.headers)?;
        let (link, user) = check(&site, token, &parts).await?;
        begin(&site, &link, user).await
    };
    outcome.await.unwrap_or_else(Problem::into_response)
}

/// What the link is for, and that who opens it is who it was made for. Nothing is used up or kept.
async fn check(site: &Site, token: Token, parts: &Parts) -> Result<(StartLink, Option<User>), Problem> {
    let Path(token) = token.map_err(|_| Problem::LinkInvalid)?;
    let link = site.host.read_link(&token).map_err(|error| Problem::from(&error))?;
    let user = site.user_or_holder(parts).await?;
    if let Some(user) = &user {
        let theirs = link.principal.as_ref().is_none_or(|principal| *principal == user.principal);
        if !theirs || user.space != link.space {
            return Err(Problem::OtherUser);
        }
    }
    if let Some(return_url) = &link.return_url {
        site.origins.check(return_url)?;
    }
    Ok((link, user))
}

async fn ask(site: &Site, link: &StartLink) -> Result<Response, Problem> {
    let connection = site.host.connection(&link.space, &link.connection).await;
    let connection = connection.map_err(|error| Problem::from(&error))?;
    let principal = link.principal.as_ref().map(PrincipalId::as_str);
    let address = site.host.consent_address(&link.space, &link.connection).await;
    let address = address.map_err(|error| Problem::from(&error))?.ok_or(Problem::NotInteractive)?;
    Ok(pages::respond(StatusCode::OK, &Page::ask(&connection.title, principal, &address)))
}

async fn begin(site: &Site, link: &StartLink, user: Option<User>) -> Result<Response, Problem> {
    let session = SessionSecret::random(site.host.random());
    let host = user.as_ref().map_or_else(|| site.host.clone(), |user| site.host_for(user));
    let principal = user.as_ref().map(|user| user.principal.clone());
    let session = match user {
        Some(User { space, principal }) => session.of_user(space, principal),
        None => session,
    };
    let begun = host.begin_by_link(link, principal.as_ref(), site.address("callback"), &session).await;
    let begun = begun.map_err(|error: Error| Problem::from(&error))?;
    let cookie = site.cookies.set(begun.state.expose_secret(), &session).ok_or(Problem::Host)?;
    let mut location = HeaderValue::try_from(begun.authorization_url.as_str()).map_err(|_| Problem::Host)?;
    location.set_sensitive(true);
    let headers = [(header::LOCATION, location), (header::SET_COOKIE, cookie)];
    Ok((StatusCode::SEE_OTHER, headers).into_response())
}

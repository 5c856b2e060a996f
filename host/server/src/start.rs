//! `start/{token}`: the link that a user opens.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use innkeeper::{Error, PrincipalId, RedirectUri, SessionSecret, StartLink};
use innkeeper_web::redirect;

use crate::pages;
use crate::problem::Problem;
use crate::site::Site;
use crate::visitors::User;

/// From a path that may not be text.
type Token = Result<Path<String>, PathRejection>;

/// `GET`: sends the user on to the provider. If only the link itself says who opens it, a page asks first, so that no
/// mail scanner uses up the link, and no one signs in for another person without notice.
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

/// `POST`: the holder of the link has pressed the button of that page.
pub(crate) async fn go_on(State(site): State<Arc<Site>>, token: Token, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let outcome = async {
        site.origins.check_own_form(&parts.headers)?;
        let (link, user) = check(&site, token, &parts).await?;
        begin(&site, &link, user).await
    };
    outcome.await.unwrap_or_else(Problem::into_response)
}

/// What the link is for, after checking that it is opened by the user it was made for. Nothing is used up or stored.
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
    Ok(pages::ask(&connection.title, principal, &address).respond(StatusCode::OK))
}

async fn begin(site: &Site, link: &StartLink, user: Option<User>) -> Result<Response, Problem> {
    let session = SessionSecret::random(site.host.random());
    let host = user.as_ref().map_or_else(|| site.host.clone(), |user| site.host_for(user));
    let principal = user.as_ref().map(|user| user.principal.clone());
    let session = match user {
        Some(User { space, principal }) => session.of_user(space, principal),
        None => session,
    };
    let redirect_uri = RedirectUri::try_from(site.address("callback")).map_err(|_| Problem::Host)?;
    let begun = host.begin_by_link(link, principal.as_ref(), redirect_uri, &session).await;
    let begun = begun.map_err(|error: Error| Problem::from(&error))?;
    let cookie = site.cookies.set(begun.state.expose(), session.expose()).ok_or(Problem::Host)?;
    let mut response = redirect(StatusCode::SEE_OTHER, &begun.authorization_url);
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(response)
}

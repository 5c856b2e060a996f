//! `POST begin`: a link for the signed-in user.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use innkeeper::{ConnectionId, NewLink};
use innkeeper_web::ShownJson;
use serde::Deserialize;
use serde_json::json;

use crate::body::read;
use crate::problem::Problem;
use crate::site::Site;
use crate::visitors::User;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Begin {
    connection: ConnectionId,
    return_url: Option<String>,
}

pub(crate) async fn answer(State(site): State<Arc<Site>>, request: Request) -> Response {
    match link(&site, request).await {
        Ok(response) => response,
        Err(problem) => problem.json(),
    }
}

async fn link(site: &Site, request: Request) -> Result<Response, Problem> {
    let (user, begin): (User, Begin) = read(site, request).await?;
    let return_url = begin.return_url.map(|text| site.origins.return_url(&text)).transpose()?;
    let host = site.host_for(&user);
    let mut new = NewLink::new(user.space, begin.connection, Some(user.principal));
    new.return_url = return_url;
    let link = host.start_link(new).await.map_err(|error| Problem::from(&error))?;
    Ok(ShownJson(json!({ "start_url": link.url, "expires_at": link.expires_at.to_string() })).into_response())
}

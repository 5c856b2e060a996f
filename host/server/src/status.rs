//! `GET status/{connection}`: the status of a connection for the signed-in user.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse as _, Response};
use innkeeper::{ConnectionId, NewLink, StatusView};
use innkeeper_web::ShownJson;
use serde::Serialize;
use serde_json::json;
use url::Url;

use crate::problem::Problem;
use crate::site::Site;

/// From a path that may not name a connection.
type Connection = Result<Path<ConnectionId>, PathRejection>;

/// The status, and a link to authorize if that helps.
#[derive(Serialize)]
struct Body {
    #[serde(flatten)]
    status: StatusView,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_url: Option<Url>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_url_expires_at: Option<String>,
}

pub(crate) async fn answer(State(site): State<Arc<Site>>, connection: Connection, request: Request) -> Response {
    match status(&site, connection, request).await {
        Ok(body) => ShownJson(json!(body)).into_response(),
        Err(problem) => problem.json(),
    }
}

async fn status(site: &Site, connection: Connection, request: Request) -> Result<Body, Problem> {
    let (parts, _) = request.into_parts();
    let user = site.user(&parts).await?;
    let Path(id) = connection.map_err(|_| Problem::NoConnection)?;
    let host = site.host_for(&user);
    let status = host.status(&user.space, &id, Some(user.principal.clone())).await;
    let status = status.map_err(|error| Problem::from(&error))?;
    let mut body = Body { status: status.view(), start_url: None, start_url_expires_at: None };
    if !status.grant.authorized {
        // A link that lets the user fix it, if the policy allows that.
        if let Ok(link) = host.start_link(NewLink::new(user.space, id, Some(user.principal))).await {
            body.start_url_expires_at = Some(link.expires_at.to_string());
            body.start_url = Some(link.url);
        }
    }
    Ok(body)
}

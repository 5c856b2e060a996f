//! `GET status/{connection}`: how a connection stands for the signed-in user.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse as _, Response};
use innkeeper::{ConnectionId, ConnectionStatus, NewLink, Reason, Timestamp};
use innkeeper_web::ShownJson;
use serde_json::{Value, json};

use crate::problem::Problem;
use crate::site::Site;

/// Of a path that may name none.
type Connection = Result<Path<ConnectionId>, PathRejection>;

pub(crate) async fn answer(State(site): State<Arc<Site>>, connection: Connection, request: Request) -> Response {
    match status(&site, connection, request).await {
        Ok(body) => ShownJson(body).into_response(),
        Err(problem) => problem.json(),
    }
}

async fn status(site: &Site, connection: Connection, request: Request) -> Result<Value, Problem> {
    let (parts, _) = request.into_parts();
    let user = site.user(&parts).await?;
    let Path(id) = connection.map_err(|_| Problem::NoConnection)?;
    let status = site.host.status(&user.space, &id, Some(user.principal.clone())).await;
    let status = status.map_err(|error| Problem::from(&error))?;
    let mut body = to_json(&status);
    if !status.grant.authorized {
        // The way out of it, where this user may go it.
        let link = site.host.start_link(NewLink::new(user.space, id, Some(user.principal))).await;
        if let Ok(link) = link {
            body["start_url"] = json!(link.url);
            body["start_url_expires_at"] = json!(link.expires_at.to_string());
        }
    }
    Ok(body)
}

fn to_json(status: &ConnectionStatus) -> Value {
    let ConnectionStatus { connection, principal, grant } = status;
    let time = |at: Option<Timestamp>| at.map(|at| at.to_string());
    json!({
        "connection_id": connection.id,
        "title": connection.title,
        "principal": principal,
        "auth_type": connection.auth_type,
        "auth_mode": connection.auth_mode,
        "authorized": grant.authorized,
        "state": grant.state,
        "reason": grant.reason.map(Reason::as_str),
        "message": grant.reason.map(Reason::sentence),
        "expires_at": time(grant.expires_at),
        "refresh_token_expires_at": time(grant.refresh_token_expires_at),
        "scope": grant.scope,
        "asked_scope": grant.asked_scope,
        "missing_scope": grant.missing_scope,
        "surplus_scope": grant.surplus_scope,
        "refreshable": grant.refreshable,
        "in_doubt": grant.in_doubt,
        "last_refresh": time(grant.last_refresh),
        "last_failure": grant.last_failure,
        "failed_at": time(grant.failed_at),
        "next_try": time(grant.next_try),
    })
}

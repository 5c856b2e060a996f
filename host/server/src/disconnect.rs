//! `POST disconnect`: revokes the user's grant.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use innkeeper::ConnectionId;
use serde::Deserialize;

use crate::body::read;
use crate::problem::Problem;
use crate::site::Site;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Disconnect {
    connection: ConnectionId,
}

/// 204 even if there was nothing to revoke.
pub(crate) async fn answer(State(site): State<Arc<Site>>, request: Request) -> Response {
    let outcome = async {
        let (user, Disconnect { connection }) = read(&site, request).await?;
        let ended = site.host_for(&user).disconnect(&user.space, &connection, Some(user.principal)).await;
        ended.map_err(|error| Problem::from(&error))
    };
    match outcome.await {
        Ok(_) => StatusCode::NO_CONTENT.into_response(),
        Err(problem) => problem.json(),
    }
}

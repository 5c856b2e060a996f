//! `GET result/{token}`: the outcome of a flow.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use innkeeper::{Completed, ConnectionId, SpaceId, Timestamp};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::pages::authorized;
use crate::problem::Problem;
use crate::site::Site;

/// How long the page can be opened again.
const LIFE: Duration = Duration::from_mins(10);
/// What the key of results is derived for.
const PURPOSE: &str = "authorization-result";

/// The result of a flow. It is signed into the page's address, so that no one else can make the page say something.
#[derive(Serialize, Deserialize)]
pub(crate) struct Outcome {
    #[serde(rename = "s")]
    space: SpaceId,
    #[serde(rename = "c")]
    connection: ConnectionId,
    /// The code of the problem, if any.
    #[serde(rename = "x", default, skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    #[serde(rename = "e")]
    expires_at: Timestamp,
}

impl Outcome {
    pub(crate) fn new(site: &Site, flow: &Completed, problem: Option<Problem>) -> Self {
        Self {
            space: flow.space.clone(),
            connection: flow.connection.clone(),
            problem: problem.map(|problem| problem.code().to_owned()),
            expires_at: site.host.clock().now().plus(LIFE),
        }
    }

    /// The address of the page.
    pub(crate) fn address(&self, site: &Site) -> Url {
        site.address(&format!("result/{}", site.host.signer(PURPOSE).sign(self)))
    }
}

pub(crate) async fn show(State(site): State<Arc<Site>>, token: Result<Path<String>, PathRejection>) -> Response {
    let outcome = token.ok().and_then(|Path(token)| site.host.signer(PURPOSE).open::<Outcome>(&token));
    let Some(outcome) = outcome.filter(|outcome| site.host.clock().now() < outcome.expires_at) else {
        return Problem::NothingHere.into_response();
    };
    match outcome.problem {
        Some(code) => Problem::of_result(&code).unwrap_or(Problem::Host).into_response(),
        None => authorized(&title(&site, &outcome).await).respond(StatusCode::OK),
    }
}

/// The connection's title for people.
async fn title(site: &Site, outcome: &Outcome) -> String {
    let connection = site.host.connection(&outcome.space, &outcome.connection).await;
    connection.map_or_else(|_| outcome.connection.to_string(), |connection| connection.title)
}

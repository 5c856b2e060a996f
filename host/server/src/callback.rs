//! `GET callback`: the provider sends the browser back to it.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use innkeeper::{Callback, Completed, Error, FlowFailure, Refused, SessionSecret};
use innkeeper_web::redirect;
use url::Url;

use crate::origins::with_result;
use crate::problem::Problem;
use crate::result::Outcome;
use crate::site::Site;

pub(crate) async fn take(State(site): State<Arc<Site>>, request: Request) -> Response {
    complete(&site, request).await.unwrap_or_else(Problem::into_response)
}

/// A request that is refused before its state is known to belong to this browser changes nothing and ends on a page.
/// Any later result goes back to where the flow wants it.
async fn complete(site: &Site, request: Request) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let query = parts.uri.query().unwrap_or_default();
    let callback = Callback::parse(query).map_err(|failure| Problem::from(&failure))?;
    let user = site.user_or_holder(&parts).await?;
    let state = callback.state().expose();
    let kept = site.cookies.read(&parts.headers, state);
    let (began_here, known) = (kept.is_some(), user.is_some());
    // A browser without the cookie is treated like one with a wrong cookie.
    let session = kept.map_or_else(|| SessionSecret::random(site.host.random()), SessionSecret::from);
    let session = match user {
        Some(user) => session.of_user(user.space, user.principal),
        None => session,
    };
    let (flow, problem) = match site.host.complete_authorization(&callback, &session).await {
        Ok(completed) => (completed, None),
        Err(Error::Refused(Refused { failure, flow: Some(flow) })) => {
            tracing::info!(%failure, connection = %flow.connection, "an authorization was refused");
            (*flow, Some(Problem::from(&failure)))
        }
        Err(Error::Refused(Refused { failure: FlowFailure::OtherSession, .. })) if began_here && known => {
            return Err(Problem::OtherUser);
        }
        Err(error) => return Err(Problem::from(&error)),
    };
    let mut response = send_back(site, &flow, problem);
    if let Some(cookie) = site.cookies.clear(state) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// To the return URL, or to a page of ours: either way, the code is removed from the browser's address.
fn send_back(site: &Site, flow: &Completed, problem: Option<Problem>) -> Response {
    let wanted = flow.return_url.as_deref().and_then(|text| Url::parse(text).ok());
    let address = match wanted.filter(|url| site.origins.check(url).is_ok()) {
        Some(url) => {
            let status = problem.map_or(StatusCode::OK, Problem::status);
            let outcome = if problem.is_none() { "success" } else { "error" };
            let mut parameters = vec![
                ("oauth_authorization", outcome),
                ("connection_id", flow.connection.as_str()),
                ("status_code", status.as_str()),
            ];
            parameters.extend(problem.map(|problem| ("error", problem.code())));
            with_result(url, &parameters)
        }
        None => Outcome::new(site, flow, problem).address(site),
    };
    redirect(StatusCode::SEE_OTHER, &address)
}

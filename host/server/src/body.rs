//! Request bodies from programs of a signed-in user.

use axum::Json;
use axum::extract::{FromRequest, Request};
use serde::de::DeserializeOwned;

use crate::problem::Problem;
use crate::site::Site;
use crate::visitors::User;

/// The user and their request body. Only JSON is accepted, which no form of another site can send, and nothing that
/// another site made the browser send.
pub(crate) async fn read<T: DeserializeOwned>(site: &Site, request: Request) -> Result<(User, T), Problem> {
    site.origins.check_sender(request.headers())?;
    let (parts, body) = request.into_parts();
    let user = site.user(&parts).await?;
    let Json(sent) =
        Json::from_request(Request::from_parts(parts, body), &()).await.map_err(|_| Problem::Unreadable)?;
    Ok((user, sent))
}

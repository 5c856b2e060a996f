//! JSON as an answer, safe to look at in a terminal or a browser.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

/// A JSON body in which hidden characters are escaped; its value is the same.
#[derive(Clone, Debug)]
pub struct ShownJson(pub Value);

impl IntoResponse for ShownJson {
    fn into_response(self) -> Response {
        let content_type = (header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        ([content_type], innkeeper_shown::json(&self.0.to_string())).into_response()
    }
}

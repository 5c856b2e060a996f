//! `/echo`: answers with the request that reached it.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CACHE_CONTROL, HeaderName};
use http::{HeaderMap, HeaderValue, Method, Uri};
use serde_json::{Value, json};

use crate::parameters::Parameters;
use crate::provider::Provider;

/// Repeats an `Authorization` header in the answer, in addition to the body.
const ECHOED: HeaderName = HeaderName::from_static("x-echo-authorization");

/// Any method, with or without a token, valid or not. The body contains what arrived, including the credential: this
/// shows that the host between this service and a guest removes it.
pub(crate) async fn answer(
    State(provider): State<Arc<Provider>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let query = uri.query().unwrap_or_default();
    let mut answer = json!({
        "method": method.as_str(),
        "path": uri.path(),
        "query": query,
        "parameters": Parameters::parse(query.as_bytes()).pairs(),
        "headers": shown(&headers),
        "authenticated": false,
    });
    if let Ok(Some(bearer)) = provider.bearer(&headers) {
        answer["authenticated"] = json!(true);
        answer["client"] = json!(bearer.client);
        answer["person"] = json!(bearer.person);
    }
    match std::str::from_utf8(&body) {
        Ok(text) => answer["body"] = json!(text),
        Err(_) => answer["bodyBase64"] = json!(STANDARD.encode(&body)),
    }
    let mut response = Json(answer).into_response();
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(authorization) = headers.get(AUTHORIZATION) {
        response.headers_mut().insert(ECHOED, authorization.clone());
    }
    response
}

/// Each header once; several values are joined with a comma.
fn shown(headers: &HeaderMap) -> Value {
    let mut shown: BTreeMap<&str, String> = BTreeMap::new();
    for (name, value) in headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        shown
            .entry(name.as_str())
            .and_modify(|all| {
                all.push_str(", ");
                all.push_str(&value);
            })
            .or_insert_with(|| value.into_owned());
    }
    json!(shown)
}

//! Signals in the body of an answer that its status does not show: a rate limit, or a rejected token.

use http::HeaderMap;
use http::header::CONTENT_TYPE;
use innkeeper_spec::{Policies, RateLimitStrategy};
use serde_json::Value;

use crate::EgressError;
use crate::answer::incoming::Answer;

/// The maximum size of a body that is examined.
const LONGEST: usize = 64 * 1024;

/// The body of an answer, if the policies require a look into it: it must be short JSON. It is still returned to the reader
/// afterwards.
pub(crate) async fn look(policies: &Policies, answer: &mut Answer) -> Result<Option<Value>, EgressError> {
    let limited = policies.rate_limit.as_ref().is_some_and(|limit| limit.strategy == RateLimitStrategy::ResponseBody);
    if !(limited || policies.unauthorized.is_some()) || !is_json(answer.headers()) {
        return Ok(None);
    }
    if answer.length().is_some_and(|length| length > LONGEST as u64) {
        return Ok(None);
    }
    Ok(answer.peek(LONGEST).await?.and_then(|body| serde_json::from_slice(&body).ok()))
}

/// Whether one of `values` is at `path` in the body; without values, whether anything but null and false is.
/// The path is a JSON pointer, or names separated by dots.
pub(crate) fn says(body: &Value, path: &str, values: &[String]) -> bool {
    let said = if path.is_empty() || path.starts_with('/') {
        body.pointer(path)
    } else {
        path.split('.').try_fold(body, |value, name| value.get(name))
    };
    match said {
        None | Some(Value::Null | Value::Bool(false)) => false,
        Some(_) if values.is_empty() => true,
        Some(Value::String(text)) => values.contains(text),
        Some(other) => values.contains(&other.to_string()),
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    kind.is_some_and(|kind| kind.to_ascii_lowercase().contains("json"))
}

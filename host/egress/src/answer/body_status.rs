//! What a service says in the body of an answer that its status does not: enough for now, or a token that is no good.

use http::HeaderMap;
use http::header::CONTENT_TYPE;
use innkeeper_spec::{Policies, RateLimitStrategy};
use serde_json::Value;

use crate::EgressError;
use crate::answer::incoming::Answer;

/// A body that is looked into is at most so large.
const LONGEST: usize = 64 * 1024;

/// The body of an answer, where the policies want it looked into: it is JSON, and short. It is handed out all the same
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

/// Whether one of `values` is at `path` of the body; without any, whether anything is but null and false.
/// The path is a JSON pointer, or names between dots.
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

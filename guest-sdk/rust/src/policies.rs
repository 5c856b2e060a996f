//! What the host does about a connector's failed requests and rate limits.

use serde::Serialize;
use serde_json::{Map, Value, json};

/// Policies for a connector's requests. The host applies retry, rate limit, rejected tokens and placeholders.
/// Pagination, error classes and streaming only inform readers of the spec.
#[derive(Clone, Debug, Default)]
pub struct Policies(Map<String, Value>);

impl Policies {
    /// Without policies, the host's defaults apply.
    pub fn new() -> Self {
        Self::default()
    }

    /// When and how often a request is sent again.
    pub fn retry(self, retry: Retry) -> Self {
        self.set("retry", Value::Object(retry.0))
    }

    /// How the service reports too many requests.
    pub fn rate_limit(self, rate_limit: RateLimit) -> Self {
        self.set("rate_limit", Value::Object(rate_limit.0))
    }

    /// How the service reports that it rejects the token, other than by a 401.
    pub fn unauthorized(self, unauthorized: Unauthorized) -> Self {
        self.set("unauthorized", Value::Object(unauthorized.0))
    }

    /// Sets any policy by its name, as `wit/schemas/policies.json` describes it.
    pub fn set(mut self, name: impl Into<String>, policy: impl Into<Value>) -> Self {
        self.0.insert(name.into(), policy.into());
        self
    }

    pub(crate) fn to_value(&self) -> Value {
        Value::Object(self.0.clone())
    }
}

impl From<Value> for Policies {
    /// Policies written as a JSON object. Any other value is kept under the name `policies`, where the host's check
    /// reports it.
    fn from(value: Value) -> Self {
        match value {
            Value::Object(policies) => Self(policies),
            other => Self::new().set("policies", other),
        }
    }
}

/// When and how often a request is sent again.
#[derive(Clone, Debug, Default)]
pub struct Retry(Map<String, Value>);

/// How the pause between two attempts grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Backoff {
    /// The pause doubles.
    Exponential,
    /// The pause grows by the same step.
    Linear,
    /// The pause stays the same.
    Fixed,
}

impl Retry {
    /// The host's defaults: up to three times after 429, 502, 503 and 504.
    pub fn new() -> Self {
        Self::default()
    }

    /// Retries after these statuses.
    pub fn statuses(self, statuses: impl IntoIterator<Item = u16>) -> Self {
        self.set("statuses", statuses.into_iter().collect::<Vec<u16>>().into())
    }

    /// Retries at most this many times, up to 10.
    pub fn max_retries(self, count: u32) -> Self {
        self.set("max_retries", count.into())
    }

    /// How the pause grows.
    pub fn backoff(self, backoff: Backoff) -> Self {
        self.set("backoff", json!(backoff))
    }

    /// The first pause in milliseconds.
    pub fn initial_delay(self, milliseconds: u64) -> Self {
        self.set("initial_delay_ms", milliseconds.into())
    }

    /// The longest pause in milliseconds.
    pub fn max_delay(self, milliseconds: u64) -> Self {
        self.set("max_delay_ms", milliseconds.into())
    }

    /// Retries only requests with these methods.
    pub fn methods<M: Into<String>>(self, methods: impl IntoIterator<Item = M>) -> Self {
        self.set("methods", methods.into_iter().map(Into::into).collect::<Vec<String>>().into())
    }

    fn set(mut self, name: &str, value: Value) -> Self {
        self.0.insert(name.to_owned(), value);
        self
    }
}

/// How the service reports too many requests.
#[derive(Clone, Debug)]
pub struct RateLimit(Map<String, Value>);

impl RateLimit {
    /// With these statuses.
    pub fn statuses(statuses: impl IntoIterator<Item = u16>) -> Self {
        Self::strategy("status_code").codes(statuses)
    }

    /// With headers: the number of requests left, and when it is reset.
    pub fn headers(remaining: &str, reset: &str) -> Self {
        Self::strategy("header").set("remaining_header", remaining.into()).set("reset_header", reset.into())
    }

    /// With one of `values` at the JSON pointer `path` of the body, whatever the status.
    pub fn body<V: Into<String>>(path: &str, values: impl IntoIterator<Item = V>) -> Self {
        let values = values.into_iter().map(Into::into).collect::<Vec<String>>();
        Self::strategy("response_body").set("body_path", path.into()).set("body_values", values.into())
    }

    /// Adds these statuses.
    pub fn codes(self, statuses: impl IntoIterator<Item = u16>) -> Self {
        self.set("codes", statuses.into_iter().collect::<Vec<u16>>().into())
    }

    fn strategy(name: &str) -> Self {
        Self(Map::new()).set("strategy", name.into())
    }

    fn set(mut self, name: &str, value: Value) -> Self {
        self.0.insert(name.to_owned(), value);
        self
    }
}

/// How the service reports that it rejects the token, if it does not use the status 401. The host then refreshes
/// the token and sends the request again, once; the connector sees the second response.
#[derive(Clone, Debug)]
pub struct Unauthorized(Map<String, Value>);

impl Unauthorized {
    /// With one of `values` at the JSON pointer `path` of the body, whatever the status.
    pub fn body<V: Into<String>>(path: &str, values: impl IntoIterator<Item = V>) -> Self {
        let values = values.into_iter().map(Into::into).collect::<Vec<String>>();
        Self(Map::from_iter([
            ("body_path".to_owned(), Value::from(path)),
            ("body_values".to_owned(), Value::from(values)),
        ]))
    }
}

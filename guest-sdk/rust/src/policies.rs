//! What the host does for a connector when a request fails or is too much.

use serde::Serialize;
use serde_json::{Map, Value, json};

/// Policies that the host applies to a connector's requests: retry, rate limit, refused tokens; pagination, error
/// classes and streaming inform who reads them.
#[derive(Clone, Debug, Default)]
pub struct Policies(Map<String, Value>);

impl Policies {
    /// None yet: the host's defaults hold.
    pub fn new() -> Self {
        Self::default()
    }

    /// When and how often a request is sent again.
    pub fn retry(self, retry: Retry) -> Self {
        self.set("retry", Value::Object(retry.0))
    }

    /// How the service says that there were too many requests.
    pub fn rate_limit(self, rate_limit: RateLimit) -> Self {
        self.set("rate_limit", Value::Object(rate_limit.0))
    }

    /// How the service says that it does not take the token, besides by a 401.
    pub fn unauthorized(self, unauthorized: Unauthorized) -> Self {
        self.set("unauthorized", Value::Object(unauthorized.0))
    }

    /// Any policy by its name, as `wit/schemas/policies.json` describes it.
    pub fn set(mut self, name: impl Into<String>, policy: impl Into<Value>) -> Self {
        self.0.insert(name.into(), policy.into());
        self
    }

    pub(crate) fn to_value(&self) -> Value {
        Value::Object(self.0.clone())
    }
}

impl From<Value> for Policies {
    /// Policies written as a JSON object; what is no object is left to the host's check under the name `policies`.
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
    /// Doubles.
    Exponential,
    /// Grows by the same step.
    Linear,
    /// Stays the same.
    Fixed,
}

impl Retry {
    /// The host's defaults: after 429, 502, 503 and 504, three times.
    pub fn new() -> Self {
        Self::default()
    }

    /// After these statuses.
    pub fn statuses(self, statuses: impl IntoIterator<Item = u16>) -> Self {
        self.set("statuses", statuses.into_iter().collect::<Vec<u16>>().into())
    }

    /// At most this many times more, up to 10.
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

    /// Only requests of these methods.
    pub fn methods<M: Into<String>>(self, methods: impl IntoIterator<Item = M>) -> Self {
        self.set("methods", methods.into_iter().map(Into::into).collect::<Vec<String>>().into())
    }

    fn set(mut self, name: &str, value: Value) -> Self {
        self.0.insert(name.to_owned(), value);
        self
    }
}

/// How the service says that there were too many requests.
#[derive(Clone, Debug)]
pub struct RateLimit(Map<String, Value>);

impl RateLimit {
    /// By these statuses.
    pub fn statuses(statuses: impl IntoIterator<Item = u16>) -> Self {
        Self::strategy("status_code").codes(statuses)
    }

    /// By headers: how many requests are left, and when the count starts anew.
    pub fn headers(remaining: &str, reset: &str) -> Self {
        Self::strategy("header").set("remaining_header", remaining.into()).set("reset_header", reset.into())
    }

    /// By one of `values` at the JSON pointer `path` of the body, whatever the status.
    pub fn body<V: Into<String>>(path: &str, values: impl IntoIterator<Item = V>) -> Self {
        let values = values.into_iter().map(Into::into).collect::<Vec<String>>();
        Self::strategy("response_body").set("body_path", path.into()).set("body_values", values.into())
    }

    /// These statuses besides.
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

/// How the service says that it does not take the token, where it answers another status than 401. The host then refreshes
/// the token and sends the request again, once; the connector sees the second answer.
#[derive(Clone, Debug)]
pub struct Unauthorized(Map<String, Value>);

impl Unauthorized {
    /// By one of `values` at the JSON pointer `path` of the body, whatever the status.
    pub fn body<V: Into<String>>(path: &str, values: impl IntoIterator<Item = V>) -> Self {
        let values = values.into_iter().map(Into::into).collect::<Vec<String>>();
        Self(Map::from_iter([
            ("body_path".to_owned(), Value::from(path)),
            ("body_values".to_owned(), Value::from(values)),
        ]))
    }
}

//! A connector's declarations about its service: the host applies some of them, and others only inform.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Schema;
use crate::mistake::Mistakes;
use crate::parse::{check_method, json};

mod placeholder_use;

pub use placeholder_use::{Place, PlaceholderUse, Placement, agreed_uses};

/// The host applies the rate limit, retries, the signs of a rejected token and the places of placeholders to every
/// request. Pagination, error classes and streaming only inform the readers of the spec, tools and people. What is
/// absent does not apply.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Policies {
    /// How the service reports its rate limit. Applied by the host.
    pub rate_limit: Option<RateLimit>,
    /// When a request is sent again. Applied by the host.
    pub retry: Option<Retry>,
    /// How the service reports, other than with a 401, that it does not accept the token. Applied by the host.
    pub unauthorized: Option<Unauthorized>,
    /// Where secrets may be filled in, for the fields that it names. Applied by the host.
    #[schemars(length(max = 64))]
    pub placeholders: Vec<PlaceholderUse>,
    /// How the service returns long lists. For information only.
    pub pagination: Option<Pagination>,
    /// Who caused an error status. For information only: actions map statuses themselves.
    pub errors: Option<ErrorClasses>,
    /// How the service streams responses. For information only.
    pub streaming: Option<Streaming>,
}

/// How the service reports its rate limit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RateLimit {
    /// Where it reports it.
    pub strategy: RateLimitStrategy,
    /// Statuses that mean it.
    #[schemars(length(max = 64), inner(range(min = 100, max = 599)))]
    pub codes: Vec<u16>,
    /// Header with the number of requests left; 0 means that the limit is reached (strategy `header`).
    #[schemars(length(min = 1, max = 128))]
    pub remaining_header: Option<String>,
    /// Header with the time at which requests are allowed again: in seconds from now, or since 1970.
    #[schemars(length(min = 1, max = 128))]
    pub reset_header: Option<String>,
    /// JSON pointer into the response (strategy `response_body`).
    #[schemars(length(max = 256))]
    pub body_path: Option<String>,
    /// Values there that mean that the limit is reached; empty: any value except null and false.
    #[schemars(length(max = 64), inner(length(max = 256)))]
    pub body_values: Vec<String>,
}

/// Where a service reports its rate limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RateLimitStrategy {
    /// In the status.
    #[default]
    StatusCode,
    /// In a header.
    Header,
    /// In the body.
    ResponseBody,
}

impl Default for RateLimit {
    fn default() -> Self {
        Self {
            strategy: RateLimitStrategy::StatusCode,
            codes: vec![429],
            remaining_header: None,
            reset_header: None,
            body_path: None,
            body_values: Vec::new(),
        }
    }
}

/// How a service that answers with a status other than 401 reports that it does not accept the token. The host then
/// does the same as after a 401: it refreshes the token and sends the request again, once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Unauthorized {
    /// JSON pointer into the response.
    #[schemars(length(min = 1, max = 256))]
    pub body_path: String,
    /// Texts there that mean it.
    #[schemars(length(min = 1, max = 64), inner(length(min = 1, max = 256)))]
    pub body_values: Vec<String>,
}

/// When a request is sent again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Retry {
    /// Statuses after which it is sent again.
    #[schemars(length(max = 64), inner(range(min = 400, max = 599)))]
    pub statuses: Vec<u16>,
    /// The maximum number of retries.
    #[schemars(range(max = 10))]
    pub max_retries: u32,
    /// How the delay grows.
    pub backoff: Backoff,
    /// Milliseconds before the first retry.
    #[schemars(range(min = 1, max = 600_000))]
    pub initial_delay_ms: u64,
    /// The maximum delay, in milliseconds.
    #[schemars(range(min = 1, max = 3_600_000))]
    pub max_delay_ms: u64,
    /// Methods that may be sent again; empty: `GET`, `HEAD`, `OPTIONS`, `PUT`, `DELETE`. A 429, and a 503 with
    /// `Retry-After`, was not carried out and is sent again whatever its method.
    #[schemars(length(max = 32))]
    pub methods: Vec<String>,
}

/// How the delay grows with each retry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Backoff {
    /// Doubles.
    #[default]
    Exponential,
    /// Grows by the initial delay.
    Linear,
    /// Stays the same.
    Fixed,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            statuses: vec![429, 502, 503, 504],
            max_retries: 3,
            backoff: Backoff::Exponential,
            initial_delay_ms: 500,
            max_delay_ms: 30_000,
            methods: Vec::new(),
        }
    }
}

/// How the service returns long lists.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Pagination {
    /// What leads to the next page.
    pub strategy: PaginationStrategy,
    /// Where a request contains the page that it asks for.
    pub parameter_location: ParameterLocation,
    /// JSON pointer to the items in a response.
    #[schemars(length(max = 256))]
    pub result_path: Option<String>,
    /// Parameter for the cursor.
    #[schemars(length(min = 1, max = 128))]
    pub cursor_param: Option<String>,
    /// JSON pointer to the next cursor in a response.
    #[schemars(length(max = 256))]
    pub cursor_path: Option<String>,
    /// Parameter for the offset.
    #[schemars(length(min = 1, max = 128))]
    pub offset_param: Option<String>,
    /// Parameter for the number of items, in addition to an offset.
    #[schemars(length(min = 1, max = 128))]
    pub limit_param: Option<String>,
    /// Header with the links (RFC 8288); absent: `link`.
    #[schemars(length(min = 1, max = 128))]
    pub link_header_name: Option<String>,
    /// Parameter for the size of a page.
    #[schemars(length(min = 1, max = 128))]
    pub page_size_param: Option<String>,
    /// Number of items in a page, if the caller does not set it.
    #[schemars(range(min = 1, max = 100_000))]
    pub default_page_size: Option<u32>,
}

/// What leads to the next page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PaginationStrategy {
    /// A cursor in the response.
    Cursor,
    /// A count of items.
    Offset,
    /// A header with an address.
    LinkHeader,
    /// There are no pages.
    #[default]
    None,
}

/// Where a request contains the page that it asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ParameterLocation {
    /// In the query.
    #[default]
    QueryParams,
    /// In headers.
    Headers,
    /// In the body.
    Body,
}

/// Who caused an error status.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ErrorClasses {
    /// Statuses that the caller caused.
    #[schemars(length(max = 200), inner(range(min = 400, max = 599)))]
    pub user_error_codes: Vec<u16>,
    /// Statuses that the service caused.
    #[schemars(length(max = 200), inner(range(min = 400, max = 599)))]
    pub system_error_codes: Vec<u16>,
}

/// Who caused an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorClass {
    /// The caller.
    User,
    /// The service.
    System,
    /// Unknown.
    Unknown,
}

impl ErrorClasses {
    /// Who caused an error status.
    pub fn classify(&self, status: u16) -> ErrorClass {
        if self.user_error_codes.contains(&status) {
            ErrorClass::User
        } else if self.system_error_codes.contains(&status) {
            ErrorClass::System
        } else {
            ErrorClass::Unknown
        }
    }
}

/// How the service streams responses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Streaming {
    /// Whether it streams.
    pub enabled: bool,
    /// How the parts are transported.
    pub mechanism: Option<StreamMechanism>,
    /// The format of a part.
    pub parser: Option<StreamParser>,
}

/// How the parts of a streamed response are transported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StreamMechanism {
    /// Server-sent events.
    Sse,
    /// One long body.
    Chunked,
    /// A WebSocket.
    Websocket,
}

/// The format of the parts of a streamed response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StreamParser {
    /// JSON, one line each.
    Ndjson,
    /// JSON.
    Json,
    /// Text.
    Text,
    /// Known only to the connector.
    Custom,
}

impl Policies {
    pub(crate) fn parse(text: &str, mistakes: &mut Mistakes) -> Option<Self> {
        if text.trim().is_empty() {
            return Some(Self::default());
        }
        let value = mistakes.take("/policies", json(text))?;
        if let Err(violations) = Schema::of::<Self>().validate(&value) {
            for violation in violations.0 {
                mistakes.note(format!("/policies{}", violation.pointer), violation.message);
            }
            return None;
        }
        let policies: Self = mistakes.take("/policies", serde_json::from_value(value))?;
        policies.check(mistakes);
        Some(policies)
    }

    /// What a schema cannot express.
    fn check(&self, mistakes: &mut Mistakes) {
        if let Some(limit) = &self.rate_limit {
            limit.check(mistakes);
        }
        if let Some(unauthorized) = &self.unauthorized {
            check_pointer(Some(&unauthorized.body_path), "/policies/unauthorized/body_path", mistakes);
        }
        if let Some(retry) = &self.retry {
            if retry.initial_delay_ms > retry.max_delay_ms {
                mistakes.note("/policies/retry/initial_delay_ms", "is longer than `max_delay_ms`");
            }
            for (index, method) in retry.methods.iter().enumerate() {
                mistakes.take(&format!("/policies/retry/methods/{index}"), check_method(method));
            }
        }
        for (index, usage) in self.placeholders.iter().enumerate() {
            usage.check(&format!("/policies/placeholders/{index}"), mistakes);
        }
        if let Some(pagination) = &self.pagination {
            pagination.check(mistakes);
        }
        if let Some(errors) = &self.errors {
            for (index, code) in errors.system_error_codes.iter().enumerate() {
                if errors.user_error_codes.contains(code) {
                    let place = format!("/policies/errors/system_error_codes/{index}");
                    mistakes.note(place, format!("{code} is also in `user_error_codes`: keep it in one of them"));
                }
            }
        }
        if self.streaming.as_ref().is_some_and(|streaming| streaming.enabled && streaming.mechanism.is_none()) {
            mistakes.note("/policies/streaming", "is enabled without a `mechanism`: set one");
        }
    }
}

impl RateLimit {
    fn check(&self, mistakes: &mut Mistakes) {
        let place = "/policies/rate_limit";
        match self.strategy {
            RateLimitStrategy::StatusCode if self.codes.is_empty() => {
                mistakes.note(format!("{place}/codes"), "is empty: list a status, such as 429");
            }
            RateLimitStrategy::Header if self.remaining_header.is_none() => {
                mistakes.note(place, "has the strategy `header` without a `remaining_header`: set it");
            }
            RateLimitStrategy::ResponseBody if self.body_path.is_none() => {
                mistakes.note(place, "has the strategy `response_body` without a `body_path`: set it");
            }
            _ => {}
        }
        check_pointer(self.body_path.as_deref(), &format!("{place}/body_path"), mistakes);
    }
}

impl Pagination {
    fn check(&self, mistakes: &mut Mistakes) {
        let place = "/policies/pagination";
        match self.strategy {
            PaginationStrategy::Cursor if self.cursor_param.is_none() || self.cursor_path.is_none() => {
                mistakes.note(place, "has the strategy `cursor`: set `cursor_param` and `cursor_path`");
            }
            PaginationStrategy::Offset if self.offset_param.is_none() => {
                mistakes.note(place, "has the strategy `offset`: set `offset_param`");
            }
            _ => {}
        }
        check_pointer(self.result_path.as_deref(), &format!("{place}/result_path"), mistakes);
        check_pointer(self.cursor_path.as_deref(), &format!("{place}/cursor_path"), mistakes);
    }
}

fn check_pointer(pointer: Option<&str>, place: &str, mistakes: &mut Mistakes) {
    if pointer.is_some_and(|pointer| !pointer.is_empty() && !pointer.starts_with('/')) {
        mistakes.note(place, "is not a JSON pointer: start it with `/`, such as `/meta/next`");
    }
}

#[cfg(test)]
mod tests;

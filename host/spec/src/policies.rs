//! A connector's declarations about its service: the host applies some of them, and others only inform.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Schema;
use crate::action::json;
use crate::host_rule::check_method;
use crate::mistake::Mistakes;

mod placeholder_use;

pub use placeholder_use::{Place, PlaceholderUse, Placement, agreed_uses};

/// Rate limit, retry, the signs of a refused token and the places of placeholders, which the host applies to every request, and pagination, error classes
/// and streaming, which only inform who reads the spec, tools and people. What is absent does not apply.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Policies {
    /// How the service says that it has had enough. Applied by the host.
    pub rate_limit: Option<RateLimit>,
    /// When a request is sent again. Applied by the host.
    pub retry: Option<Retry>,
    /// How the service says that it does not take the token, besides by a 401. Applied by the host.
    pub unauthorized: Option<Unauthorized>,
    /// Where secrets may be filled in, for those fields that it names. Applied by the host.
    #[schemars(length(max = 64))]
    pub placeholders: Vec<PlaceholderUse>,
    /// How the service hands out long lists. Informs only.
    pub pagination: Option<Pagination>,
    /// Whose fault a status is. Informs only: actions map statuses themselves.
    pub errors: Option<ErrorClasses>,
    /// How the service sends answers piece by piece. Informs only.
    pub streaming: Option<Streaming>,
}

/// How the service says that it has had enough.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RateLimit {
    /// Where it says so.
    pub strategy: RateLimitStrategy,
    /// Statuses that say so.
    #[schemars(length(max = 64), inner(range(min = 100, max = 599)))]
    pub codes: Vec<u16>,
    /// Header with the number of requests left; 0 says so (strategy `header`).
    #[schemars(length(min = 1, max = 128))]
    pub remaining_header: Option<String>,
    /// Header with the time when requests are welcome again: seconds from now, or since 1970.
    #[schemars(length(min = 1, max = 128))]
    pub reset_header: Option<String>,
    /// JSON pointer into the answer (strategy `response_body`).
    #[schemars(length(max = 256))]
    pub body_path: Option<String>,
    /// Values there that say so; empty: any value but null and false.
    #[schemars(length(max = 64), inner(length(max = 256)))]
    pub body_values: Vec<String>,
}

/// Where a service says that it has had enough.
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

/// How a service that answers another status than 401 says that it does not take the token. The host then does what it does
/// after a 401: it has the token refreshed and sends the request again, once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Unauthorized {
    /// JSON pointer into the answer.
    #[schemars(length(min = 1, max = 256))]
    pub body_path: String,
    /// Texts there that say so.
    #[schemars(length(min = 1, max = 64), inner(length(min = 1, max = 256)))]
    pub body_values: Vec<String>,
}

/// When a request is sent again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Retry {
    /// Statuses after which it is.
    #[schemars(length(max = 64), inner(range(min = 400, max = 599)))]
    pub statuses: Vec<u16>,
    /// At most so often after the first time.
    #[schemars(range(max = 10))]
    pub max_retries: u32,
    /// How the waiting time grows.
    pub backoff: Backoff,
    /// Milliseconds before the first retry.
    #[schemars(range(min = 1, max = 600_000))]
    pub initial_delay_ms: u64,
    /// Milliseconds that no wait exceeds.
    #[schemars(range(min = 1, max = 3_600_000))]
    pub max_delay_ms: u64,
    /// Methods that may be sent again; empty: `GET`, `HEAD`, `OPTIONS`, `PUT`, `DELETE`. A 429, and a 503 with
    /// `Retry-After`, was not carried out and is sent again whatever its method.
    #[schemars(length(max = 32))]
    pub methods: Vec<String>,
}

/// How the waiting time grows with each retry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Backoff {
    /// Doubles.
    #[default]
    Exponential,
    /// Grows by the initial delay.
    Linear,
    /// Stays.
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

/// How the service hands out long lists.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Pagination {
    /// What leads to the next page.
    pub strategy: PaginationStrategy,
    /// Where a request says which page it wants.
    pub parameter_location: ParameterLocation,
    /// JSON pointer to the items in an answer.
    #[schemars(length(max = 256))]
    pub result_path: Option<String>,
    /// Parameter that takes the cursor.
    #[schemars(length(min = 1, max = 128))]
    pub cursor_param: Option<String>,
    /// JSON pointer to the next cursor in an answer.
    #[schemars(length(max = 256))]
    pub cursor_path: Option<String>,
    /// Parameter that takes the offset.
    #[schemars(length(min = 1, max = 128))]
    pub offset_param: Option<String>,
    /// Parameter that takes the number of items, beside an offset.
    #[schemars(length(min = 1, max = 128))]
    pub limit_param: Option<String>,
    /// Header with the links (RFC 8288); absent: `link`.
    #[schemars(length(min = 1, max = 128))]
    pub link_header_name: Option<String>,
    /// Parameter that takes the size of a page.
    #[schemars(length(min = 1, max = 128))]
    pub page_size_param: Option<String>,
    /// Items of a page, where the caller does not say.
    #[schemars(range(min = 1, max = 100_000))]
    pub default_page_size: Option<u32>,
}

/// What leads to the next page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PaginationStrategy {
    /// A cursor in the answer.
    Cursor,
    /// A count of items.
    Offset,
    /// A header with an address.
    LinkHeader,
    /// There are no pages.
    #[default]
    None,
}

/// Where a request says which page it wants.
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

/// Whose fault a status is.
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

/// Whose fault an error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorClass {
    /// The caller's.
    User,
    /// The service's.
    System,
    /// Nobody knows.
    Unknown,
}

impl ErrorClasses {
    /// Whose fault a status is.
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

/// How the service sends answers piece by piece.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Streaming {
    /// Whether it does.
    pub enabled: bool,
    /// What carries the pieces.
    pub mechanism: Option<StreamMechanism>,
    /// What a piece is.
    pub parser: Option<StreamParser>,
}

/// What carries the pieces of a streamed answer.
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

/// What a piece of a streamed answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StreamParser {
    /// JSON, a line each.
    Ndjson,
    /// JSON.
    Json,
    /// Text.
    Text,
    /// The connector knows.
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

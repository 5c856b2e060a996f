//! Requests to Slack's methods, and responses in which `ok` is checked first.

use innkeeper_guest::prelude::*;
use innkeeper_guest::serde_json::{self, Map};
use serde::de::DeserializeOwned;

use crate::given;
use crate::refusal::Refusal;

/// The maximum size of a response in bytes: a thousand channels stay well below it.
pub(crate) const ANSWER_LIMIT: u64 = 4 << 20;

/// Slack warns if JSON has no character set.
const JSON: &str = "application/json; charset=utf-8";

/// One call of a Slack method on behalf of an action, which errors name.
#[derive(Clone, Copy)]
pub(crate) struct Method<'a> {
    ctx: &'a Ctx,
    action: &'static str,
    name: &'static str,
}

impl<'a> Method<'a> {
    pub(crate) fn new(ctx: &'a Ctx, action: &'static str, name: &'static str) -> Self {
        Self { ctx, action, name }
    }

    /// Sends these parameters; those without a value are left out.
    pub(crate) fn get<T: DeserializeOwned>(self, query: Query) -> Result<T, Error> {
        let request = self.ctx.get(url!("https://slack.com/api/{}", self.name));
        let request = query.0.into_iter().fold(request, |request, (name, value)| request.query(name, value));
        self.read(request.send()?)
    }

    /// Sends this JSON.
    pub(crate) fn post<T: DeserializeOwned>(self, body: &Value) -> Result<T, Error> {
        let request = self.ctx.post(url!("https://slack.com/api/{}", self.name)).header("content-type", JSON);
        self.read(request.json(body).send()?)
    }

    /// Slack's response, unless Slack refuses by its status or with `"ok": false` in the body.
    fn read<T: DeserializeOwned>(self, answer: Response) -> Result<T, Error> {
        #[derive(Deserialize)]
        struct Verdict {
            ok: bool,
        }
        let (status, wait) = (answer.status(), answer.retry_after());
        let answer = answer.error_for_status_with(|_, body| Some(Refusal::of(body.json()?)?.text(self.action)))?;
        let bytes = answer.bytes(ANSWER_LIMIT)?;
        let unexpected = |error: serde_json::Error| Error::Upstream {
            status,
            message: format!("Slack {}: {} did not answer the expected JSON: {error}", self.action, self.name),
            retryable: false,
        };
        let Verdict { ok } = serde_json::from_slice(&bytes).map_err(unexpected)?;
        if ok {
            return serde_json::from_slice(&bytes).map_err(unexpected);
        }
        let body: Value = serde_json::from_slice(&bytes).map_err(unexpected)?;
        let refusal = Refusal::of(&body).unwrap_or_default();
        let error = refusal.error(self.action, status, wait);
        if error == Error::NeedsAuthorization {
            // That error has no room for Slack's reason.
            self.ctx.log().warn(refusal.text(self.action));
        }
        Err(error)
    }
}

/// The parameters of a GET.
#[derive(Default)]
pub(crate) struct Query(Vec<(&'static str, String)>);

impl Query {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn set<T: ToString + ?Sized>(mut self, name: &'static str, value: &T) -> Self {
        self.0.push((name, value.to_string()));
        self
    }

    /// Leaves out a text that is absent or blank.
    pub(crate) fn text(self, name: &'static str, value: Option<String>) -> Self {
        match given(value) {
            Some(value) => self.set(name, value.trim()),
            None => self,
        }
    }

    /// Leaves out a number that is absent.
    pub(crate) fn number(self, name: &'static str, value: Option<u64>) -> Self {
        match value {
            Some(value) => self.set(name, &value),
            None => self,
        }
    }

    /// Leaves out a switch that is off by default and not turned on.
    pub(crate) fn flag(self, name: &'static str, value: bool) -> Self {
        if value { self.set(name, &true) } else { self }
    }
}

/// The output of an action: the important parts of Slack's response, or all of it if the caller asks for `raw`.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Answer<T> {
    /// The important parts.
    Compact(T),
    /// Slack's own response, unchanged.
    Raw(Map<String, Value>),
}

//! Whether and when to send a request again: the retry and rate-limit policies of a spec.

use std::time::Duration;

use http::header::RETRY_AFTER;
use http::{HeaderMap, HeaderName, Method, StatusCode};
use innkeeper_ambient::{Random, Timestamp};
use innkeeper_spec::{Backoff, Policies, RateLimit, RateLimitStrategy, Retry};
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use crate::answer::body_status::says;

/// The number of retries of one request so far, and whether another is allowed.
pub(crate) struct Retries<'a> {
    rate_limit: Option<&'a RateLimit>,
    retry: Option<Retry>,
    used: u32,
}

impl<'a> Retries<'a> {
    /// Without a retry policy nothing is retried, except that a rate-limit policy by itself applies the default retry policy to
    /// answers that it recognises.
    pub(crate) fn new(policies: &'a Policies) -> Self {
        let rate_limit = policies.rate_limit.as_ref();
        let alone = || rate_limit.map(|_| Retry { statuses: Vec::new(), ..Retry::default() });
        Self { rate_limit, retry: policies.retry.clone().or_else(alone), used: 0 }
    }

    /// How long to wait before the request is sent again; `None` if this answer is final.
    pub(crate) fn after_answer(
        &mut self,
        method: &Method,
        status: StatusCode,
        headers: &HeaderMap,
        body: Option<&Value>,
        now: Timestamp,
        random: &dyn Random,
    ) -> Option<Duration> {
        let retry = self.retry.as_ref().filter(|retry| self.used < retry.max_retries)?;
        let asked = retry_after(headers, now);
        let limited = self.rate_limit.is_some_and(|limit| is_limited(limit, status, headers, body));
        let not_carried_out = limited || status == 429 || (status == 503 && asked.is_some());
        let listed = retry.statuses.contains(&status.as_u16());
        if !limited && !(listed && (not_carried_out || may_repeat(retry, method))) {
            return None;
        }
        let reset = || self.rate_limit.filter(|_| limited).and_then(|limit| reset(limit, headers, now));
        let wait = asked.or_else(reset).unwrap_or_else(|| backoff(retry, self.used, random));
        if wait > Duration::from_millis(retry.max_delay_ms) {
            return None;
        }
        self.used += 1;
        Some(wait)
    }

    /// How long to wait after a failed connection; `unsent` if the service cannot have seen the request.
    pub(crate) fn after_failure(&mut self, method: &Method, unsent: bool, random: &dyn Random) -> Option<Duration> {
        let retry = self.retry.as_ref().filter(|retry| self.used < retry.max_retries)?;
        if !unsent && !may_repeat(retry, method) {
            return None;
        }
        let wait = backoff(retry, self.used, random);
        self.used += 1;
        Some(wait)
    }
}

fn may_repeat(retry: &Retry, method: &Method) -> bool {
    if retry.methods.is_empty() {
        matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::PUT | Method::DELETE)
    } else {
        retry.methods.iter().any(|allowed| allowed == method.as_str())
    }
}

fn is_limited(limit: &RateLimit, status: StatusCode, headers: &HeaderMap, body: Option<&Value>) -> bool {
    let by_code = limit.codes.contains(&status.as_u16());
    match limit.strategy {
        RateLimitStrategy::StatusCode => by_code,
        // Services with a countdown answer 403 or 429 to a request above the limit; a success that used up the last request is
        // still a success.
        RateLimitStrategy::Header => {
            by_code || (status.is_client_error() && number(headers, limit.remaining_header.as_deref()) == Some(0.0))
        }
        RateLimitStrategy::ResponseBody => {
            by_code
                || body.zip(limit.body_path.as_deref()).is_some_and(|(body, path)| says(body, path, &limit.body_values))
        }
    }
}

/// The wait that a service requires by `Retry-After` (RFC 9110, section 10.2.3): seconds, or the time until a date. Some
/// services send a fraction, which is rounded up.
pub fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        && let Ok(seconds) = text.parse::<f64>()
    {
        return Duration::try_from_secs_f64(seconds.ceil()).ok();
    }
    let date = OffsetDateTime::parse(text, &Rfc2822).ok()?;
    Some(Timestamp::from_secs(u64::try_from(date.unix_timestamp()).ok()?).since(now))
}

/// Seconds from now, or since 1970, or milliseconds since 1970.
fn reset(limit: &RateLimit, headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let number = number(headers, limit.reset_header.as_deref())?;
    // A wait of thirty years is implausible, and so is a time in 1970.
    let wait = |duration: Duration| Timestamp::from_millis(0).plus(duration).since(now);
    match number {
        1e12.. => Duration::try_from_secs_f64(number / 1000.0).ok().map(wait),
        1e9.. => Duration::try_from_secs_f64(number).ok().map(wait),
        _ => Duration::try_from_secs_f64(number).ok(),
    }
}

fn number(headers: &HeaderMap, name: Option<&str>) -> Option<f64> {
    let name = HeaderName::from_bytes(name?.as_bytes()).ok()?;
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

/// Half of the delay is fixed, the other half random, so that callers that failed together do not retry together.
fn backoff(retry: &Retry, used: u32, random: &dyn Random) -> Duration {
    let initial = retry.initial_delay_ms;
    let delay = match retry.backoff {
        Backoff::Exponential => initial.saturating_mul(1_u64.checked_shl(used).unwrap_or(u64::MAX)),
        Backoff::Linear => initial.saturating_mul(u64::from(used) + 1),
        Backoff::Fixed => initial,
    };
    let half = delay.min(retry.max_delay_ms) / 2;
    Duration::from_millis(half + u64::from_le_bytes(random.bytes()) % (half + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use innkeeper_ambient::SeededRandom;
    use serde_json::json;

    const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

    fn verdict(
        policies: &Policies,
        method: &Method,
        status: u16,
        headers: &[(&'static str, &'static str)],
        body: Option<&Value>,
    ) -> Option<Duration> {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        let status = StatusCode::from_u16(status).expect("a status");
        Retries::new(policies).after_answer(method, status, &headers, body, NOW, &SeededRandom::new(1))
    }

    fn retrying() -> Policies {
        Policies { retry: Some(Retry::default()), ..Policies::default() }
    }

    fn limited(rate_limit: RateLimit) -> Policies {
        Policies { rate_limit: Some(rate_limit), ..Policies::default() }
    }

    #[test]
    fn without_policies_nothing_is_sent_again() {
        assert_eq!(verdict(&Policies::default(), &Method::GET, 429, &[("retry-after", "1")], None), None);
    }

    #[test]
    fn a_service_may_ask_for_patience_in_seconds_or_by_date() {
        let now = Timestamp::from_secs(1_700_000_000);
        let wait = |text: &'static str| {
            retry_after(&HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static(text))]), now)
        };
        assert_eq!(wait(" 120 "), Some(Duration::from_mins(2)));
        assert_eq!(wait("Tue, 14 Nov 2023 22:13:50 GMT"), Some(Duration::from_secs(30)));
        assert_eq!(wait("Mon, 14 Nov 2022 22:13:50 GMT"), Some(Duration::ZERO));
        assert_eq!(wait("later"), None);
    }

    #[test]
    fn case_24_a_wait_with_a_fraction_is_rounded_up() {
        let wait = |text: &'static str| {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static(text))]);
            retry_after(&headers, Timestamp::from_secs(0))
        };
        for (fraction, seconds) in [("299.997", 300), ("0.5", 1), ("5.0", 5), (".5", 1), ("0", 0)] {
            assert_eq!(wait(fraction), Some(Duration::from_secs(seconds)), "{fraction}");
        }
        for odd in ["-1", "1e3", "inf", "NaN", "1.2.3", ".", "99999999999999999999999999999999999"] {
            assert_eq!(wait(odd), None, "{odd}");
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        for value in ["7", "Tue, 14 Nov 2023 22:13:27 GMT"] {
            assert_eq!(
                verdict(&retrying(), &Method::GET, 429, &[("retry-after", value)], None),
                Some(Duration::from_secs(7))
            );
        }
        let past = [("retry-after", "Tue, 14 Nov 2022 22:13:27 GMT")];
        assert_eq!(verdict(&retrying(), &Method::GET, 429, &past, None), Some(Duration::ZERO));
    }

    #[test]
    fn a_wait_beyond_the_longest_is_no_wait_at_all() {
        assert_eq!(verdict(&retrying(), &Method::GET, 429, &[("retry-after", "31")], None), None);
    }

    #[test]
    fn only_what_was_not_carried_out_is_repeated_with_any_method() {
        for (method, status, headers, again) in [
            (Method::POST, 429, [("x-a", "1")], true),
            (Method::POST, 503, [("retry-after", "1")], true),
            (Method::POST, 503, [("x-a", "1")], false),
            (Method::POST, 502, [("retry-after", "1")], false),
            (Method::PUT, 502, [("x-a", "1")], true),
            (Method::GET, 500, [("x-a", "1")], false),
        ] {
            assert_eq!(verdict(&retrying(), &method, status, &headers, None).is_some(), again, "{method} {status}");
        }
    }

    #[test]
    fn a_policy_may_name_other_methods() {
        let policies =
            Policies { retry: Some(Retry { methods: vec!["POST".into()], ..Retry::default() }), ..Policies::default() };
        assert!(verdict(&policies, &Method::POST, 502, &[], None).is_some());
        assert!(verdict(&policies, &Method::GET, 502, &[], None).is_none());
    }

    #[test]
    fn a_header_that_counts_down_to_zero_and_its_reset_are_understood() {
        let policies = limited(RateLimit {
            strategy: RateLimitStrategy::Header,
            remaining_header: Some("X-Remaining".into()),
            reset_header: Some("X-Reset".into()),
            ..RateLimit::default()
        });
        for reset in ["9", "9.0", "1700000009", "1700000009000"] {
            let headers = [("x-remaining", "0"), ("x-reset", reset)];
            assert_eq!(verdict(&policies, &Method::POST, 403, &headers, None), Some(Duration::from_secs(9)), "{reset}");
        }
        assert_eq!(verdict(&policies, &Method::GET, 200, &[("x-remaining", "0")], None), None);
        assert_eq!(verdict(&policies, &Method::GET, 403, &[("x-remaining", "1")], None), None);
        let overflowing = [("x-remaining", "0"), ("x-reset", "1e400")];
        assert!(verdict(&policies, &Method::GET, 403, &overflowing, None).is_some());
    }

    #[test]
    fn a_body_that_says_so_is_understood_by_pointer_and_by_name() {
        for path in ["/error/code", "error.code"] {
            let policies = limited(RateLimit {
                strategy: RateLimitStrategy::ResponseBody,
                body_path: Some(path.into()),
                body_values: vec!["ratelimited".into()],
                ..RateLimit::default()
            });
            let said = json!({"error": {"code": "ratelimited"}});
            assert!(verdict(&policies, &Method::POST, 200, &[], Some(&said)).is_some());
            let other = json!({"error": {"code": "not_found"}});
            assert!(verdict(&policies, &Method::POST, 200, &[], Some(&other)).is_none());
        }
    }

    #[test]
    fn the_backoff_grows_with_jitter_up_to_the_longest() {
        let random = SeededRandom::new(3);
        for (backoff, delays) in [
            (Backoff::Exponential, [500, 1000, 2000, 4000, 8000]),
            (Backoff::Linear, [500, 1000, 1500, 2000, 2500]),
            (Backoff::Fixed, [500; 5]),
        ] {
            let retry = Retry { backoff, max_delay_ms: 3000, ..Retry::default() };
            for (used, delay) in (0..).zip(delays) {
                let delay = Duration::from_millis(delay.min(3000));
                let wait = super::backoff(&retry, used, &random);
                assert!(wait >= delay / 2 && wait <= delay, "{backoff:?} {used}: {wait:?}");
            }
        }
    }

    #[test]
    fn the_number_of_retries_is_bounded() {
        let policies = retrying();
        let mut retries = Retries::new(&policies);
        let waits = std::iter::from_fn(|| retries.after_failure(&Method::GET, false, &SeededRandom::new(1))).count();
        assert_eq!(waits, 3);
    }
}

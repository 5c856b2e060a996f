//! A user's authorization on another device (RFC 8628): the requests to the server.

use std::time::Duration;

use innkeeper_address::SecureUrl;
use innkeeper_shown::hidden;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

use super::answer::{self, Stage, fields, seconds};
use super::endpoint::TokenEndpoint;
use super::form::{BodyFormat, Form};
use crate::flow::DeviceCode;
use crate::grant::{SOURCE_TIMEOUT, TokenAnswer, TokenError};
use crate::scope::Scope;

/// Section 3.2: the interval if the server does not name one.
const INTERVAL: Duration = Duration::from_secs(5);
/// The longest interval that a server may require.
const LONGEST_INTERVAL: Duration = Duration::from_mins(1);
/// The maximum lifetime of a code.
const LONGEST_LIFE: Duration = Duration::from_hours(1);
/// The maximum length of a code, which users enter by hand, in characters.
const LONGEST_USER_CODE: usize = 64;

impl TokenEndpoint<'_> {
    /// Section 3.1.
    pub(super) async fn authorize_device(self, url: &Url) -> Result<DeviceCode, TokenError> {
        let form = Form::default().with_some("scope", self.client.scope.as_ref().map(Scope::as_str));
        let (status, headers, body) = self.post(url, form, BodyFormat::Form, SOURCE_TIMEOUT).await?;
        if !status.is_success() {
            return Err(self.transport().failure(status, &headers, &body));
        }
        read(&body)
    }

    /// Section 3.4.
    pub(super) async fn poll_device(self, device_code: &SecretString) -> Result<TokenAnswer, TokenError> {
        let form = Form::grant("urn:ietf:params:oauth:grant-type:device_code");
        self.token(form.with("device_code", device_code.expose_secret()), BodyFormat::Form, Stage::First).await
    }
}

pub(super) fn read(body: &[u8]) -> Result<DeviceCode, TokenError> {
    let fields = fields(body).ok_or(TokenError::Malformed("it is neither a JSON object nor a form"))?;
    let Some(device_code) = fields.get("device_code") else {
        return Err(match answer::refusal(body) {
            Some(code) => TokenError::Refused(code),
            None => TokenError::Malformed("it contains no device code"),
        });
    };
    let user_code = fields.get("user_code").and_then(Value::as_str).unwrap_or_default().trim();
    if user_code.is_empty()
        || user_code.chars().count() > LONGEST_USER_CODE
        || user_code.chars().any(|c| c.is_whitespace() && c != ' ')
        || hidden(user_code).next().is_some()
    {
        return Err(TokenError::Malformed("it contains no user code that can be typed"));
    }
    let address = |name: &str| fields.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    // Users are sent there, so it must be an address that the connection's own fields could contain.
    let usable = |text: &str| {
        text.parse::<SecureUrl>().map_err(|_| TokenError::Malformed("it does not send the user to an https address"))
    };
    // Drafts of the RFC, and servers from that time, use `verification_url`.
    let verification_uri = address("verification_uri").or_else(|| address("verification_url"));
    let verification_uri =
        usable(verification_uri.ok_or(TokenError::Malformed("it does not say where to send the user"))?)?;
    let life = fields.get("expires_in").and_then(seconds);
    let life = life.ok_or(TokenError::Malformed("it does not say how long the user has"))?;
    Ok(DeviceCode {
        device_code: answer::token(device_code)?.into(),
        user_code: user_code.to_owned(),
        verification_uri,
        verification_uri_complete: address("verification_uri_complete").map(usable).transpose()?,
        expires_in: life.min(LONGEST_LIFE),
        interval: fields.get("interval").and_then(seconds).unwrap_or(INTERVAL).min(LONGEST_INTERVAL),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = r#"{"device_code":"d-1","user_code":"WDJB-MJHT","verification_uri":"https://as.example.com/device",
        "verification_uri_complete":"https://as.example.com/device?user_code=WDJB-MJHT","expires_in":1800,"interval":7}"#;

    fn with(name: &str, value: Value) -> Result<DeviceCode, TokenError> {
        let mut fields: Value = serde_json::from_str(WHOLE).expect("JSON");
        fields[name] = value;
        read(fields.to_string().as_bytes())
    }

    #[test]
    fn an_answer_is_read_and_shows_no_code() {
        let answer = read(WHOLE.as_bytes()).expect("an answer");
        assert_eq!(answer.user_code, "WDJB-MJHT");
        assert_eq!((answer.expires_in, answer.interval), (Duration::from_mins(30), Duration::from_secs(7)));
        assert!(answer.verification_uri_complete.is_some());
        assert!(!format!("{answer:?}").contains("d-1"));
        assert_eq!(with("interval", Value::Null).expect("an answer").interval, INTERVAL);
        assert_eq!(with("interval", "9".into()).expect("an answer").interval, Duration::from_secs(9));
        assert_eq!(with("expires_in", 1e12.into()).expect("an answer").expires_in, LONGEST_LIFE);
    }

    #[test]
    fn an_answer_that_would_lead_a_user_astray_is_refused() {
        for (name, value) in [
            ("device_code", Value::from(1)),
            ("device_code", "".into()),
            ("user_code", "".into()),
            ("user_code", "A\u{1b}[2J".into()),
            ("user_code", "A\u{202e}B".into()),
            ("user_code", "A\u{200b}B".into()),
            ("user_code", "A\u{2028}B".into()),
            ("user_code", "A".repeat(65).into()),
            ("verification_uri", "javascript:alert(1)".into()),
            ("verification_uri", "http://as.example.com/device".into()),
            ("verification_uri", Value::Null),
            ("verification_uri_complete", "ftp://as.example.com".into()),
            ("expires_in", 0.into()),
        ] {
            assert!(matches!(with(name, value.clone()), Err(TokenError::Malformed(_))), "{name} {value}");
        }
        let refused = read(br#"{"error":"invalid_scope"}"#).expect_err("refused");
        assert!(matches!(refused, TokenError::Refused(_)), "{refused}");
    }
}

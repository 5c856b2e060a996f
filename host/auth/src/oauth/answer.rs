//! The answer of a token endpoint, converted from any supported shape into that of RFC 6749, section 5.1.

use std::collections::BTreeMap;
use std::time::Duration;

use secrecy::SecretString;
use serde_json::{Map, Value};
use url::form_urlencoded;

use crate::grant::{ErrorCode, TokenAnswer, TokenError, check_token};

/// Where an answer holds its values, if not where the RFC puts them.
#[derive(Clone, Debug, Default)]
pub(crate) struct AnswerShape {
    /// Path of names joined by dots.
    pub(crate) access_token_path: Option<String>,
    /// Path of names joined by dots.
    pub(crate) token_type_path: Option<String>,
    /// Used whatever the answer says.
    pub(crate) token_type: Option<String>,
}

/// What a token was requested with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// A code or its equivalent.
    First,
    /// A refresh token. Some servers then return only the refreshed token, and put it where the RFC has it although they nest
    /// the first one.
    Refresh,
}

/// The values of an answer, or why it contains no token. `body` may be JSON or a form.
pub(crate) fn read(body: &[u8], shape: &AnswerShape, stage: Stage) -> Result<TokenAnswer, TokenError> {
    let fields = fields(body).ok_or(TokenError::Malformed("it is neither a JSON object nor a form"))?;
    let (mut holder, mut last) = holder(&fields, shape.access_token_path.as_deref().unwrap_or("access_token"));
    let is_there = holder.and_then(|holder| holder.get(last)).is_some_and(|token| !token.is_null());
    if stage == Stage::Refresh && !is_there {
        (holder, last) = (Some(&fields), "access_token");
    }
    let Some(access_token) = holder.and_then(|holder| holder.get(last)).filter(|token| !token.is_null()) else {
        return Err(match error_code(&fields) {
            Some(code) => TokenError::Refused(code),
            None => TokenError::Malformed("it contains no access token"),
        });
    };
    let access_token = token(access_token)?;
    // A server that nests a token sometimes sends a second, outer one. Values beside a token belong to that token.
    let own = holder.unwrap_or(&fields);
    let outer = (!fields.contains_key("access_token")).then_some(&fields);
    let find = |name: &str| {
        let found = own.get(name).or_else(|| outer.and_then(|outer| outer.get(name)));
        found.filter(|value| !value.is_null())
    };
    let refresh_token = match find("refresh_token") {
        Some(Value::String(text)) if text.is_empty() => None,
        Some(value) => Some(token(value)?),
        None => None,
    };
    let refresh_life =
        ["refresh_token_expires_in", "refresh_expires_in", "x_refresh_token_expires_in"].into_iter().find_map(find);
    let mut answer = TokenAnswer::new(access_token);
    answer.token_type = token_type(&fields, shape, find("token_type"))?;
    answer.expires_in = find("expires_in").and_then(seconds);
    answer.refresh_token = refresh_token.map(SecretString::from);
    answer.refresh_token_expires_in = refresh_life.and_then(seconds);
    answer.scope = find("scope").and_then(scope);
    answer.extra = extra(&fields, own);
    Ok(answer)
}

/// The error code of an answer, RFC 6749, section 5.2, in JSON or a form.
pub(crate) fn refusal(body: &[u8]) -> Option<ErrorCode> {
    error_code(&fields(body)?)
}

/// The fields of a JSON object or a form.
pub(super) fn fields(body: &[u8]) -> Option<Map<String, Value>> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii();
    match serde_json::from_slice(body) {
        Ok(Value::Object(fields)) => return Some(fields),
        Ok(_) => return None,
        Err(_) => {}
    }
    // A lenient reader accepts any text as a form; a page or a broken object is not meant as one.
    let plain = body.iter().all(u8::is_ascii_graphic) && !body.iter().any(|b| b"<>{}\"".contains(b));
    if !plain || !body.contains(&b'=') {
        return None;
    }
    let pairs = form_urlencoded::parse(body);
    Some(pairs.map(|(name, value)| (name.into_owned(), Value::String(value.into_owned()))).collect())
}

fn error_code(fields: &Map<String, Value>) -> Option<ErrorCode> {
    match fields.get("error")? {
        Value::String(code) => Some(ErrorCode::parse(code)),
        // Some servers wrap it: {"error": {"code": ...}}.
        Value::Object(inner) => {
            let code = ["error", "code", "type"].into_iter().find_map(|name| inner.get(name).and_then(Value::as_str));
            Some(code.map_or(ErrorCode::Other, ErrorCode::parse))
        }
        _ => Some(ErrorCode::Other),
    }
}

/// The object that contains the last name of `path`, and that name.
fn holder<'f, 'p>(fields: &'f Map<String, Value>, path: &'p str) -> (Option<&'f Map<String, Value>>, &'p str) {
    match path.rsplit_once('.') {
        None => (Some(fields), path),
        Some((parents, last)) => {
            let mut names = parents.split('.');
            let first = names.next().and_then(|name| fields.get(name)).and_then(Value::as_object);
            let holder =
                names.fold(first, |inner, name| inner.and_then(|inner| inner.get(name)).and_then(Value::as_object));
            (holder, last)
        }
    }
}

/// A token in an answer.
pub(super) fn token(value: &Value) -> Result<&str, TokenError> {
    let text = value.as_str().ok_or(TokenError::Malformed("a token in it is not text"))?;
    check_token(text)?;
    Ok(text)
}

fn token_type(fields: &Map<String, Value>, shape: &AnswerShape, beside: Option<&Value>) -> Result<String, TokenError> {
    let text = match (&shape.token_type, &shape.token_type_path) {
        (Some(fixed), _) => Some(fixed.as_str()),
        (None, Some(path)) => {
            let (holder, last) = holder(fields, path);
            holder.and_then(|holder| holder.get(last)).and_then(Value::as_str)
        }
        (None, None) => beside.and_then(Value::as_str),
    };
    let text = text.map(str::trim).unwrap_or_default();
    if text.eq_ignore_ascii_case("bearer") {
        return Ok("Bearer".to_owned());
    }
    if shape.token_type.is_some() || SCHEMES.iter().any(|scheme| text.eq_ignore_ascii_case(scheme)) {
        return Ok(text.to_owned());
    }
    let is_of_name = |letter: char| letter.is_alphanumeric() || " !#$%&'*+-.^_`|~:/".contains(letter);
    if text.chars().all(is_of_name) {
        return Ok("Bearer".to_owned());
    }
    Err(TokenError::Malformed("its token type is not a name"))
}

/// Token types that are the scheme to send a token with, besides Bearer. Servers call theirs by many other names, such as
/// `BearerToken`, `user` or `Application Access Token`, and mean Bearer.
const SCHEMES: [&str; 4] = ["token", "mac", "dpop", "pop"];

/// A number of seconds, as number or text. A missing, zero or negative one counts as unknown.
pub(super) fn seconds(value: &Value) -> Option<Duration> {
    let seconds = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse::<f64>().ok(),
        _ => None,
    }?;
    // More than a century counts as forever.
    (seconds >= 1.0).then(|| Duration::from_secs(Duration::from_secs_f64(seconds.min(3_155_760_000.0)).as_secs()))
}

/// A text with spaces; some servers send a list, some use commas.
fn scope(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "),
        _ => return None,
    };
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    (!text.is_empty()).then_some(text)
}

fn extra(fields: &Map<String, Value>, own: &Map<String, Value>) -> BTreeMap<String, Value> {
    let standard = ["access_token", "token_type", "refresh_token", "expires_in", "scope"];
    let mut extra: BTreeMap<String, Value> = fields.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    extra.extend(own.iter().map(|(name, value)| (name.clone(), value.clone())));
    extra.retain(|name, value| {
        !standard.contains(&name.as_str()) && !value.is_object() && !value.is_array() && !value.is_null()
    });
    extra
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(body: &str) -> Result<TokenAnswer, TokenError> {
        read(body.as_bytes(), &AnswerShape::default(), Stage::First)
    }

    fn secret(text: &SecretString) -> &str {
        secrecy::ExposeSecret::expose_secret(text)
    }

    #[test]
    fn a_bearer_type_is_written_as_the_header_wants_it() {
        for kind in ["bearer", "BEARER", "Bearer", ""] {
            let answer = plain(&format!(r#"{{"access_token":"a","token_type":"{kind}"}}"#)).expect("an answer");
            assert_eq!(answer.token_type, "Bearer");
        }
        assert_eq!(plain(r#"{"access_token":"a"}"#).expect("an answer").token_type, "Bearer");
        assert_eq!(plain(r#"{"access_token":"a","token_type":"token"}"#).expect("an answer").token_type, "token");
    }

    #[test]
    fn case_3_a_type_of_the_servers_own_means_bearer() {
        for kind in ["Application Access Token", "BearerToken", "user", "bot", "access_token", "N_A", "caf\u{e9}"] {
            let answer = plain(&format!(r#"{{"access_token":"a","token_type":"{kind}"}}"#)).expect("an answer");
            assert_eq!(answer.token_type, "Bearer", "{kind}");
        }
        let shape = AnswerShape { token_type: Some("Key".to_owned()), ..AnswerShape::default() };
        let answer = read(br#"{"access_token":"a","token_type":"user"}"#, &shape, Stage::First).expect("an answer");
        assert_eq!(answer.token_type, "Key", "the connection's settings decide");
    }

    #[test]
    fn a_type_that_is_not_a_name_or_would_add_a_header_is_refused() {
        assert!(matches!(plain(r#"{"access_token":"a","token_type":"<b>"}"#), Err(TokenError::Malformed(_))));
        assert!(matches!(
            plain(r#"{"access_token":"a","token_type":"Bearer x\r\nEvil: 1"}"#),
            Err(TokenError::Malformed(_))
        ));
        assert!(matches!(plain(r#"{"access_token":"a\r\nEvil: 1"}"#), Err(TokenError::Malformed(_))));
    }

    #[test]
    fn a_life_may_be_number_text_or_absent() {
        for (life, seconds) in [
            ("3600", Some(3600)),
            ("\"3600\"", Some(3600)),
            ("3599.9", Some(3599)),
            ("0", None),
            ("-1", None),
            ("null", None),
            ("\"soon\"", None),
            ("1e300", Some(3_155_760_000)),
        ] {
            let answer = plain(&format!(r#"{{"access_token":"a","expires_in":{life}}}"#)).expect("an answer");
            assert_eq!(answer.expires_in, seconds.map(Duration::from_secs), "{life}");
        }
    }

    #[test]
    fn a_nested_token_keeps_its_own_company() {
        let slack = r#"{"ok":true,"access_token":"bot","refresh_token":"bot-refresh","token_type":"bot","team_id":"T1",
            "authed_user":{"id":"U1","scope":"search:read","access_token":"user","token_type":"user","expires_in":43200}}"#;
        let shape = AnswerShape {
            access_token_path: Some("authed_user.access_token".to_owned()),
            token_type: Some("Bearer".to_owned()),
            ..AnswerShape::default()
        };
        let answer = read(slack.as_bytes(), &shape, Stage::First).expect("an answer");
        assert_eq!(secret(&answer.access_token), "user");
        assert!(answer.refresh_token.is_none(), "the outer refresh token belongs to the outer token");
        assert_eq!((answer.token_type.as_str(), answer.scope.as_deref()), ("Bearer", Some("search:read")));
        assert_eq!(answer.expires_in, Some(Duration::from_hours(12)));
        assert_eq!(answer.extra.get("team_id"), Some(&Value::from("T1")));
    }

    #[test]
    fn the_answer_to_a_refresh_may_hold_the_token_where_the_rfc_has_it() {
        let shape =
            AnswerShape { access_token_path: Some("authed_user.access_token".to_owned()), ..AnswerShape::default() };
        let flat =
            br#"{"ok":true,"access_token":"user-2","refresh_token":"r2","expires_in":43200,"token_type":"user"}"#;
        let answer = read(flat, &shape, Stage::Refresh).expect("an answer");
        assert_eq!((secret(&answer.access_token), answer.token_type.as_str()), ("user-2", "Bearer"));
        assert!(answer.refresh_token.is_some());
        assert!(matches!(read(flat, &shape, Stage::First), Err(TokenError::Malformed(_))), "it is the bot's");
        let beside = br#"{"ok":true,"access_token":"user-2","authed_user":{"id":"U1"}}"#;
        assert_eq!(secret(&read(beside, &shape, Stage::Refresh).expect("an answer").access_token), "user-2");
        let nested = br#"{"access_token":"bot","authed_user":{"access_token":"user-2"}}"#;
        assert_eq!(secret(&read(nested, &shape, Stage::Refresh).expect("an answer").access_token), "user-2");
    }

    #[test]
    fn a_type_is_found_at_its_path() {
        let shape = AnswerShape { token_type_path: Some("data.kind".to_owned()), ..AnswerShape::default() };
        let answer =
            read(br#"{"access_token":"a","data":{"kind":"bearer"}}"#, &shape, Stage::First).expect("an answer");
        assert_eq!(answer.token_type, "Bearer");
    }

    #[test]
    fn an_answer_that_repeats_its_token_shows_it_nowhere() {
        let answer = plain(r#"{"access_token":"gho_16C7e42F","scope":"gho_16C7e42F","token_type":"gho_16C7e42F"}"#);
        assert!(!format!("{:?}", answer.expect("an answer")).contains("gho_16C7e42F"));
    }

    #[test]
    fn a_form_is_read_like_json() {
        let answer = plain("access_token=gho_1&scope=repo%20user&token_type=bearer&expires_in=60").expect("an answer");
        assert_eq!(secret(&answer.access_token), "gho_1");
        assert_eq!(answer.scope.as_deref(), Some("repo user"));
        assert_eq!(answer.expires_in, Some(Duration::from_mins(1)));
    }

    #[test]
    fn an_error_in_an_answer_of_success_is_still_an_error() {
        let refused = |body| plain(body).expect_err("no token");
        assert_eq!(refused(r#"{"error":"invalid_grant"}"#), TokenError::Refused(ErrorCode::InvalidGrant));
        assert_eq!(refused("error=bad_refresh_token"), TokenError::Refused(ErrorCode::InvalidGrant));
        assert_eq!(refused(r#"{"ok":false,"error":"<b>odd</b>"}"#), TokenError::Refused(ErrorCode::Other));
        assert!(matches!(refused("<html>a=b</html>"), TokenError::Malformed(_)));
        assert!(matches!(refused("[1]"), TokenError::Malformed(_)));
        assert!(matches!(refused(""), TokenError::Malformed(_)));
        assert!(matches!(refused(r#"{"access_token":5}"#), TokenError::Malformed(_)));
    }

    #[test]
    fn another_shape_of_grant_is_refused_or_read_without_what_makes_no_sense() {
        for body in [
            r#"{"access_token":["a"]}"#,
            r#"{"access_token":{"value":"a"}}"#,
            r#"{"access_token":true}"#,
            r#"{"access_token":""}"#,
            r#"{"access_token":"a","refresh_token":["r"]}"#,
            r#"{"access_token":"a","refresh_token":7}"#,
            r#"[{"access_token":"a"}]"#,
            r#"{"users":[{"access_token":"a"}]}"#,
            r#"{"data":{"access_token":"a"}}"#,
        ] {
            assert!(matches!(plain(body), Err(TokenError::Malformed(_))), "{body}");
        }
        let odd = r#"{"access_token":"a","token_type":["x"],"expires_in":{"s":1},"scope":{"a":1},"refresh_token":null,"user":{"id":1},"n":5}"#;
        let answer = plain(odd).expect("an answer");
        assert_eq!((answer.token_type.as_str(), answer.expires_in, answer.scope), ("Bearer", None, None));
        assert!(answer.refresh_token.is_none());
        assert_eq!(answer.extra.into_iter().collect::<Vec<_>>(), [("n".to_owned(), Value::from(5))]);
        let listed = plain(r#"{"access_token":"a","scope":["x","y"]}"#).expect("an answer");
        assert_eq!(listed.scope.as_deref(), Some("x y"));
    }

    #[test]
    fn a_path_through_a_list_or_a_text_leads_nowhere() {
        for path in ["users.access_token", "name.access_token", "gone.access_token"] {
            let shape = AnswerShape { access_token_path: Some(path.to_owned()), ..AnswerShape::default() };
            let body = br#"{"users":[{"access_token":"a"}],"name":"ada","access_token":"outer"}"#;
            assert!(matches!(read(body, &shape, Stage::First), Err(TokenError::Malformed(_))), "{path}");
        }
    }

    #[test]
    fn the_life_of_a_refresh_token_goes_by_several_names() {
        for name in ["refresh_token_expires_in", "refresh_expires_in", "x_refresh_token_expires_in"] {
            let answer =
                plain(&format!(r#"{{"access_token":"a","refresh_token":"r","{name}":10}}"#)).expect("an answer");
            assert_eq!(answer.refresh_token_expires_in, Some(Duration::from_secs(10)));
        }
    }

    #[test]
    fn an_answer_shows_no_token() {
        let answer = plain(r#"{"access_token":"secret-a","refresh_token":"secret-r","id_token":"secret-i"}"#)
            .expect("an answer");
        assert!(!format!("{answer:?}").contains("secret-"));
    }
}

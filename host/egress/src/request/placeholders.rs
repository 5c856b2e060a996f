//! `${secret.field}`: if a service requires a secret in another place than its auth type uses, the host fills it in there.

use std::cell::{Cell, RefCell};

use http::{HeaderValue, Method};
use innkeeper_spec::{Place, Placement};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::{EgressError, SecretFields};

/// All but the unreserved characters of RFC 3986 section 2.3.
pub(crate) const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

const OPEN: &str = "${secret.";
/// The maximum number of bytes filled in for all placeholders of one request.
const MOST_FILLED: usize = 1 << 20;
/// The maximum length of an incomplete escape without its mark, in bytes.
const LONGEST_BEGINNING: usize = 12;
/// The maximum number of bytes of a field's name that an error shows.
const LONGEST_SHOWN: usize = 80;

/// How a secret is encoded in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spelling {
    /// Unchanged.
    Plain,
    /// Percent-encoded, all but the unreserved characters.
    Percent,
    /// Inside a JSON string.
    Json,
}

impl Spelling {
    /// The encoding for a body of this media type.
    pub(crate) fn of_media_type(content_type: Option<&HeaderValue>) -> Self {
        let text = content_type.and_then(|value| value.to_str().ok()).unwrap_or_default().to_ascii_lowercase();
        let essence = text.split(';').next().unwrap_or_default().trim();
        if essence.ends_with("/json") || essence.ends_with("+json") || essence.ends_with("-ndjson") {
            Self::Json
        } else if essence == "application/x-www-form-urlencoded" {
            Self::Percent
        } else {
            Self::Plain
        }
    }

    fn write(self, secret: &str, text: &mut String) {
        match self {
            Self::Plain => text.push_str(secret),
            Self::Percent => text.extend(utf8_percent_encode(secret, RESERVED)),
            Self::Json => {
                let quoted = serde_json::Value::from(secret).to_string();
                text.push_str(&quoted[1..quoted.len() - 1]);
            }
        }
    }
}

/// Fills in placeholders for one request.
pub(crate) struct Filler<'a> {
    fields: Option<&'a dyn SecretFields>,
    /// Whether this request may carry secrets.
    permitted: bool,
    method: &'a Method,
    /// The address as it was requested.
    asked: &'a Url,
    filled: RefCell<Vec<Filled>>,
    /// The number of bytes that may still be filled in: a placeholder is short, and its value may be long.
    room: Cell<usize>,
}

/// A secret that a request contains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Filled {
    pub(crate) field: String,
    pub(crate) place: Place,
}

impl Filled {
    /// Whether the secret may also be sent to another address.
    pub(crate) fn may_go_to(&self, fields: Option<&dyn SecretFields>, method: &Method, url: &Url) -> bool {
        fields.is_some_and(|fields| fields.may_fill(&self.field, &placement(self.place, method, url)))
    }
}

fn placement<'a>(place: Place, method: &'a Method, url: &'a Url) -> Placement<'a> {
    Placement { place, host: url.host_str().unwrap_or_default(), method: method.as_str(), path: url.path() }
}

impl<'a> Filler<'a> {
    pub(crate) const fn new(
        fields: Option<&'a dyn SecretFields>,
        permitted: bool,
        method: &'a Method,
        asked: &'a Url,
    ) -> Self {
        Self { fields, permitted, method, asked, filled: RefCell::new(Vec::new()), room: Cell::new(MOST_FILLED) }
    }

    /// The secrets that were filled in.
    pub(crate) fn into_filled(self) -> Vec<Filled> {
        self.filled.into_inner()
    }

    /// `text` with its placeholders filled in; `None` if it has none.
    pub(crate) fn fill(&self, text: &str, spelling: Spelling, place: Place) -> Result<Option<String>, EgressError> {
        self.replace(text, spelling, place, find_plain)
    }

    /// The same for the path or query of an address, where the braces may be percent-encoded.
    pub(crate) fn fill_encoded(&self, text: &str, place: Place) -> Result<Option<String>, EgressError> {
        self.replace(text, Spelling::Percent, place, find_encoded)
    }

    fn replace(
        &self,
        text: &str,
        spelling: Spelling,
        place: Place,
        find: fn(&str) -> Option<Placeholder<'_>>,
    ) -> Result<Option<String>, EgressError> {
        let Some(mut next) = find(text) else { return Ok(None) };
        let mut filled = String::with_capacity(text.len() + 64);
        let mut rest = text;
        loop {
            let secret = self.secret(next.field, place)?;
            if begins_an_escape(&rest.as_bytes()[..next.start]) {
                return Err(EgressError::InvalidRequest(format!(
                    "`${{secret.{}}}` directly follows the beginning of an escape (such as `%`, `\\` or `&#`), which \
                     would absorb the first characters of the secret: put something between them",
                    next.field
                )));
            }
            filled.push_str(&rest[..next.start]);
            let before = filled.len();
            spelling.write(secret.expose_secret(), &mut filled);
            self.take(filled.len() - before)?;
            rest = &rest[next.end..];
            match find(rest) {
                Some(found) => next = found,
                None => break,
            }
        }
        filled.push_str(rest);
        Ok(Some(filled))
    }

    fn take(&self, size: usize) -> Result<(), EgressError> {
        let left = self.room.get().checked_sub(size).ok_or_else(|| {
            EgressError::InvalidRequest(format!(
                "the placeholders of this request are replaced by more than {MOST_FILLED} bytes: use fewer"
            ))
        })?;
        self.room.set(left);
        Ok(())
    }

    fn secret(&self, field: &str, place: Place) -> Result<SecretString, EgressError> {
        let shown = || &field[..field.floor_char_boundary(LONGEST_SHOWN)];
        if !self.permitted {
            return Err(EgressError::InvalidRequest(format!(
                "`${{secret.{}}}` is filled in only on requests that carry the connection's credential: attach it, or leave the placeholder out",
                shown()
            )));
        }
        let fields = self.fields;
        let secret = fields.and_then(|fields| fields.secret(field)).ok_or_else(|| {
            EgressError::InvalidRequest(format!(
                "`${{secret.{}}}` does not name a secret that can be filled in: declare the field under `placeholders` \
                 in the spec and set it in the connection",
                shown()
            ))
        })?;
        if fields.is_none_or(|fields| !fields.may_fill(field, &placement(place, self.method, self.asked))) {
            return Err(EgressError::InvalidRequest(format!(
                "`${{secret.{field}}}` must not be filled in in the {} of {} requests to this address: the spec's policy `placeholders` binds it to other places",
                place.as_str(),
                self.method
            )));
        }
        let mut filled = self.filled.borrow_mut();
        if !filled.iter().any(|known| known.field == field && known.place == place) {
            filled.push(Filled { field: field.to_owned(), place });
        }
        Ok(secret)
    }
}

/// Whether a text ends in an incomplete escape. In an echo, it would hide the secret's first characters.
fn begins_an_escape(text: &[u8]) -> bool {
    let is_inside = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'#' | b'{');
    let inside = text.iter().rev().take(LONGEST_BEGINNING).take_while(is_inside).count();
    let (before, inside) = text.split_at(text.len() - inside);
    let digits = |digits: &[u8], most: usize| digits.len() <= most && digits.iter().all(u8::is_ascii_hexdigit);
    match (before.last(), inside) {
        (Some(b'%'), [b'u' | b'U', rest @ ..]) => digits(rest, 3),
        (Some(b'%'), rest) => digits(rest, 1),
        (Some(b'\\'), inside) => {
            let odd = before.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1;
            odd && match inside {
                [] => true,
                [b'x', rest @ ..] => digits(rest, 1),
                [b'u', b'{', rest @ ..] => digits(rest, 6),
                [b'u', rest @ ..] => digits(rest, 3),
                _ => false,
            }
        }
        (Some(b'&'), [b'#', ..]) => true,
        _ => false,
    }
}

struct Placeholder<'t> {
    start: usize,
    end: usize,
    field: &'t str,
}

fn find_plain(text: &str) -> Option<Placeholder<'_>> {
    let mut from = 0;
    while let Some(offset) = text[from..].find(OPEN) {
        let start = from + offset;
        let inner = start + OPEN.len();
        let length = field_length(&text[inner..]);
        if length > 0 && text[inner + length..].starts_with('}') {
            return Some(Placeholder { start, end: inner + length + 1, field: &text[inner..inner + length] });
        }
        from = inner;
    }
    None
}

/// In an address, `$`, `{` and `}` may each be encoded or not.
fn find_encoded(text: &str) -> Option<Placeholder<'_>> {
    let mut from = 0;
    while let Some(offset) = text[from..].find("secret.") {
        let name = from + offset;
        let inner = name + "secret.".len();
        let length = field_length(&text[inner..]);
        let open = before(&text[..name], "{", "%7b").and_then(|brace| before(&text[..brace], "$", "%24"));
        let close = after(&text[inner + length..], "}", "%7d");
        if let (Some(start), Some(close), 1..) = (open, close, length) {
            return Some(Placeholder { start, end: inner + length + close, field: &text[inner..inner + length] });
        }
        from = inner;
    }
    None
}

/// Field names consist of letters, digits, `_`, `-` and `.`.
fn field_length(text: &str) -> usize {
    text.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')).count()
}

fn before(text: &str, plain: &str, encoded: &str) -> Option<usize> {
    if text.ends_with(plain) {
        return Some(text.len() - plain.len());
    }
    let start = text.len().checked_sub(encoded.len())?;
    text.get(start..).filter(|end| end.eq_ignore_ascii_case(encoded)).map(|_| start)
}

fn after(text: &str, plain: &str, encoded: &str) -> Option<usize> {
    if text.starts_with(plain) {
        return Some(plain.len());
    }
    text.get(..encoded.len()).filter(|start| start.eq_ignore_ascii_case(encoded)).map(str::len)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct One;

    impl SecretFields for One {
        fn secret(&self, field: &str) -> Option<SecretString> {
            (field == "api_key").then(|| SecretString::from("k/\"y"))
        }

        fn all(&self) -> Vec<SecretString> {
            self.secret("api_key").into_iter().collect()
        }
    }

    fn with(
        fields: Option<&dyn SecretFields>,
        permitted: bool,
        fill: impl FnOnce(&Filler<'_>) -> Result<Option<String>, EgressError>,
    ) -> Result<Option<String>, EgressError> {
        let address = "https://a.example.com/".parse().expect("an address");
        fill(&Filler::new(fields, permitted, &Method::POST, &address))
    }

    fn fill(text: &str, spelling: Spelling) -> Result<Option<String>, EgressError> {
        with(Some(&One), true, |filler| filler.fill(text, spelling, Place::Body))
    }

    fn fill_encoded(text: &str) -> Result<Option<String>, EgressError> {
        with(Some(&One), true, |filler| filler.fill_encoded(text, Place::Path))
    }

    /// A service echoed the address; `%` absorbed the first two characters of the secret, and the rest was not recognised as an
    /// echo.
    #[test]
    fn no_placeholder_stands_behind_the_beginning_of_an_escape() {
        for before in ["%", "q=%4", "%u00e", r"\", r"a\\\", r"\u00", r"\x4", r"\u{1f", "&#", "&#x4", "&#10"] {
            let error = fill(&format!("{before}${{secret.api_key}}"), Spelling::Plain).expect_err(before).to_string();
            assert!(error.contains("beginning of an escape"), "{error}");
        }
        for before in ["", "%41", "100% ", r"\\", r"\n", r"\u00e9", "&amp;", "a=1&b=", "&#10;", "key="] {
            assert!(fill(&format!("{before}${{secret.api_key}}"), Spelling::Plain).is_ok(), "{before}");
        }
        assert!(fill_encoded("/x%$%7Bsecret.api_key%7D").is_err());
    }

    #[test]
    fn a_secret_is_written_as_its_place_wants_it() {
        let text = "a ${secret.api_key} b ${secret.api_key}";
        assert_eq!(fill(text, Spelling::Plain), Ok(Some("a k/\"y b k/\"y".into())));
        assert_eq!(fill(text, Spelling::Percent), Ok(Some("a k%2F%22y b k%2F%22y".into())));
        assert_eq!(fill(text, Spelling::Json), Ok(Some("a k/\\\"y b k/\\\"y".into())));
    }

    #[test]
    fn every_spelling_in_an_address_is_recognised() {
        for text in
            ["/${secret.api_key}/x", "/$%7Bsecret.api_key%7D/x", "/%24%7bsecret.api_key%7d/x", "/%24{secret.api_key}/x"]
        {
            assert_eq!(fill_encoded(text), Ok(Some("/k%2F%22y/x".into())), "{text}");
        }
    }

    #[test]
    fn what_is_no_placeholder_stays() {
        for text in ["", "${secret.}", "${secret.api_key", "${secret.api key}", "$secret.api_key", "{secret.api_key}"] {
            assert_eq!(fill(text, Spelling::Plain), Ok(None), "{text}");
            assert_eq!(fill_encoded(text), Ok(None), "{text}");
        }
        assert_eq!(fill("${secret.${secret.api_key}", Spelling::Plain), Ok(Some("${secret.k/\"y".into())));
    }

    #[test]
    fn an_unknown_field_and_a_request_without_credential_are_refused() {
        let unknown = fill("${secret.other}", Spelling::Plain).expect_err("unknown").to_string();
        assert!(unknown.contains("${secret.other}") && unknown.contains("placeholders"), "{unknown}");
        let text = "${secret.api_key}";
        assert!(with(None, true, |filler| filler.fill(text, Spelling::Plain, Place::Body)).is_err());
        assert!(with(Some(&One), false, |filler| filler.fill(text, Spelling::Plain, Place::Body)).is_err());
    }

    #[test]
    fn placeholders_stand_for_no_more_than_a_request_may_be_filled_with() {
        let address = "https://a.example.com/".parse().expect("an address");
        let filler = Filler::new(Some(&One), true, &Method::POST, &address);
        let (secret, placeholder) = ("k/\"y".len(), "${secret.api_key}");
        let fits = placeholder.repeat(MOST_FILLED / secret);
        assert!(filler.fill(&fits, Spelling::Plain, Place::Body).is_ok());
        let refused = filler.fill(placeholder, Spelling::Plain, Place::Body);
        let error = refused.expect_err("all fields of a request share it").to_string();
        assert!(error.contains("more than 1048576 bytes") && !error.contains("k/"), "{error}");
    }

    #[test]
    fn a_long_name_is_shown_in_part() {
        let error = fill(&format!("${{secret.{}}}", "n".repeat(1 << 20)), Spelling::Plain).expect_err("unknown");
        assert!(error.to_string().len() < 400);
    }

    #[test]
    fn the_media_type_decides_how_a_body_is_filled() {
        for (text, spelling) in [
            ("application/json; charset=utf-8", Spelling::Json),
            ("application/vnd.api+json", Spelling::Json),
            ("application/x-www-form-urlencoded", Spelling::Percent),
            ("text/plain", Spelling::Plain),
        ] {
            assert_eq!(Spelling::of_media_type(Some(&HeaderValue::from_static(text))), spelling, "{text}");
        }
    }
}

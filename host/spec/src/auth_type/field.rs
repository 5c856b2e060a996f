//! Whether a value fits a field.

use regex::{Regex, RegexBuilder};
use serde_json::Value;
use url::Url;

use super::{FieldKind, FieldSpec};
use crate::mistake::quoted;

/// Longest text, in bytes: a certificate chain or a key file fits.
const MAX_LENGTH: usize = 64 * 1024;

impl FieldSpec {
    /// Checks a value that a person fills in. The error says what is wrong, without the value if that is a secret.
    pub fn check(&self, value: &Value) -> Result<(), String> {
        let text = match (self.kind, value) {
            (FieldKind::Number, Value::Number(_)) | (FieldKind::Flag, Value::Bool(_)) => return Ok(()),
            (FieldKind::Number, _) => return Err(format!("`{}` must be a number", self.name)),
            (FieldKind::Flag, _) => return Err(format!("`{}` must be true or false", self.name)),
            (_, Value::String(text)) => text,
            _ => return Err(format!("`{}` must be a text", self.name)),
        };
        if text.is_empty() {
            return if self.required { Err(format!("`{}` is empty: it is required", self.name)) } else { Ok(()) };
        }
        if text.len() > MAX_LENGTH {
            return Err(format!("`{}` has {} bytes: at most {MAX_LENGTH} are allowed", self.name, text.len()));
        }
        if text.contains('\0') {
            return Err(format!("`{}` contains a zero byte", self.name));
        }
        let one_line = !matches!(self.kind, FieldKind::Multiline | FieldKind::File);
        if one_line && text.chars().any(char::is_control) {
            let name = &self.name;
            return Err(format!("`{name}` contains a line break or another control character: perhaps at its end"));
        }
        match self.kind {
            FieldKind::Url => self.check_url(text)?,
            FieldKind::Choice if !self.choices.contains(text) => {
                return Err(format!("`{}` is {}: choose one of {}", self.name, quoted(text), self.choices.join(", ")));
            }
            _ => {}
        }
        self.check_pattern(text)
    }

    fn check_url(&self, text: &str) -> Result<(), String> {
        let name = &self.name;
        let url = Url::parse(text)
            .map_err(|error| format!("`{name}` is {}, which is not an address ({error})", quoted(text)))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(format!("`{name}` contains a user name or password: leave them out of the address"));
        }
        if !matches!(url.scheme(), "https" | "http") || url.host().is_none() {
            return Err(format!("`{name}` is {}: write an https address", quoted(text)));
        }
        Ok(())
    }

    fn check_pattern(&self, text: &str) -> Result<(), String> {
        let Some(pattern) = &self.pattern else { return Ok(()) };
        if expression(pattern)?.is_match(text) {
            return Ok(());
        }
        let help = self.help.as_deref().map(|help| format!(". {help}")).unwrap_or_default();
        if self.kind.is_secret() {
            return Err(format!("`{}` does not have the required form{help}", self.name));
        }
        Err(format!("`{}` is {}, which does not match the pattern {}{help}", self.name, quoted(text), quoted(pattern)))
    }
}

/// The expression for a whole text.
pub(super) fn expression(pattern: &str) -> Result<Regex, String> {
    RegexBuilder::new(&format!("^(?:{pattern})$"))
        .size_limit(1 << 20)
        .build()
        .map_err(|_| format!("{} is not a regular expression that can be used here", quoted(pattern)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn field(kind: FieldKind) -> FieldSpec {
        FieldSpec { name: "f".to_owned(), label: "F".to_owned(), kind, ..FieldSpec::default() }
    }

    #[test]
    fn each_kind_takes_its_values_alone() {
        let choice = FieldSpec { choices: vec!["a".to_owned(), "b".to_owned()], ..field(FieldKind::Choice) };
        let good = [
            (field(FieldKind::Text), json!("x")),
            (field(FieldKind::Secret), json!("x")),
            (field(FieldKind::Url), json!("https://example.com/x")),
            (field(FieldKind::Multiline), json!("a\nb")),
            (field(FieldKind::File), json!("a\r\nb")),
            (field(FieldKind::Number), json!(1.5)),
            (field(FieldKind::Flag), json!(true)),
            (choice.clone(), json!("b")),
        ];
        for (field, value) in good {
            assert_eq!(field.check(&value), Ok(()), "{value}");
        }
        let bad = [
            (field(FieldKind::Text), json!(1), "must be a text"),
            (field(FieldKind::Text), json!("a\nb"), "line break"),
            (field(FieldKind::Url), json!("ftp://example.com"), "https address"),
            (field(FieldKind::Url), json!("example.com"), "not an address"),
            (field(FieldKind::Multiline), json!("a\u{0}"), "zero byte"),
            (field(FieldKind::Number), json!("1"), "must be a number"),
            (field(FieldKind::Flag), json!("true"), "true or false"),
            (choice, json!("c"), "choose one of a, b"),
        ];
        for (field, value, word) in bad {
            let error = field.check(&value).expect_err(word);
            assert!(error.contains(word), "{error}");
        }
    }

    #[test]
    fn a_required_field_is_not_empty() {
        let required = FieldSpec { required: true, ..field(FieldKind::Text) };
        assert!(required.check(&json!("")).expect_err("empty").contains("required"));
        assert_eq!(field(FieldKind::Text).check(&json!("")), Ok(()));
    }

    #[test]
    fn a_pattern_must_match_the_whole_text() {
        let field = FieldSpec { pattern: Some("a|b".to_owned()), ..field(FieldKind::Text) };
        assert_eq!(field.check(&json!("a")), Ok(()));
        assert!(field.check(&json!("ab")).is_err());
    }

    #[test]
    fn a_wrong_secret_is_not_shown() {
        for (kind, value) in
            [(FieldKind::Secret, "hunter2"), (FieldKind::File, "hunter2"), (FieldKind::Secret, "hunter2\n")]
        {
            let field = FieldSpec { pattern: Some("x".to_owned()), ..field(kind) };
            let error = field.check(&json!(value)).expect_err("does not match");
            assert!(!error.contains("hunter2"), "{error}");
        }
        let url = field(FieldKind::Url).check(&json!("https://me:hunter2@example.com")).expect_err("user name");
        assert!(!url.contains("hunter2"), "{url}");
    }

    #[test]
    fn what_may_hold_a_key_is_secret() {
        for kind in [FieldKind::Secret, FieldKind::Multiline, FieldKind::File] {
            assert!(kind.is_secret());
        }
        for kind in [FieldKind::Text, FieldKind::Url, FieldKind::Number, FieldKind::Flag, FieldKind::Choice] {
            assert!(!kind.is_secret());
        }
    }
}

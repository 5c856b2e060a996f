//! The scope of a token.

use std::fmt;
use std::str::FromStr;

/// A scope (RFC 6749, section 3.3): words separated by spaces, of visible characters without quotes and backslashes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope(String);

/// The text is not a valid scope. The message follows the name of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be words separated by spaces, without quotes or backslashes")]
pub struct InvalidScope;

impl Scope {
    /// The words with the spaces between them, as they are sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Each word.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.0.split_whitespace()
    }
}

impl FromStr for Scope {
    type Err = InvalidScope;

    fn from_str(text: &str) -> Result<Self, InvalidScope> {
        let fits = |byte: u8| (byte.is_ascii_graphic() && byte != b'"' && byte != b'\\') || byte == b' ';
        if text.bytes().all(fits) { Ok(Self(text.to_owned())) } else { Err(InvalidScope) }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_words_that_need_no_quoting() {
        let scope: Scope = "files.read  https://a.example/auth".parse().expect("a scope");
        assert_eq!(scope.words().collect::<Vec<_>>(), ["files.read", "https://a.example/auth"]);
        for bad in ["a\"b", "a\\b", "a\nb", "a\tb", "caf\u{e9}", "a\u{7f}"] {
            assert_eq!(bad.parse::<Scope>(), Err(InvalidScope), "{bad:?}");
        }
    }
}

//! Names that never change and are compared byte by byte.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::mistake::quoted;

/// A text that is not a valid id. Says what was given and what an id may contain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{given} is not a valid {what}: {rule}")]
pub struct IdError {
    what: &'static str,
    given: String,
    rule: &'static str,
}

/// Longest id, in bytes.
pub(crate) const MAX_LENGTH: usize = 64;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $what:literal, $rule:literal, $pattern:literal, $valid:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(try_from = "String")]
        #[schemars(with = "String", extend("pattern" = $pattern))]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks the text against the rule above.
            pub fn parse(text: impl Into<String>) -> Result<Self, IdError> {
                let text = text.into();
                if $valid(&text) {
                    Ok(Self(text.into()))
                } else {
                    Err(IdError { what: $what, given: quoted(&text), rule: $rule })
                }
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::parse(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                Self::parse(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0.as_ref().to_owned()
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    };
}

id!(
    /// A connector's id: at most 64 lower-case letters, digits and `_`, starting with a letter (`google_drive`).
    ConnectorId,
    "connector id",
    "use at most 64 lower-case letters, digits and `_`, starting with a letter, such as `google_drive`",
    "^[a-z][a-z0-9_]{0,63}$",
    is_snake_case
);
id!(
    /// An auth type's id: at most 64 lower-case letters, digits and `_`, starting with a letter (`api_key_header`).
    AuthTypeId,
    "auth type",
    "use at most 64 lower-case letters, digits and `_`, starting with a letter, such as `api_key_header`",
    "^[a-z][a-z0-9_]{0,63}$",
    is_snake_case
);
id!(
    /// An action's name: at most 64 letters, digits and `_`, starting with a letter (`listFiles`).
    ActionName,
    "action name",
    "use at most 64 letters, digits and `_`, starting with a letter, such as `listFiles`",
    "^[A-Za-z][A-Za-z0-9_]{0,63}$",
    is_identifier
);

/// Letters, digits and `_`, the first a letter, at most [`MAX_LENGTH`]: applies to the names of fields, too.
pub(crate) fn is_identifier(text: &str) -> bool {
    text.len() <= MAX_LENGTH
        && text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn is_snake_case(text: &str) -> bool {
    is_identifier(text) && !text.bytes().any(|byte| byte.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_keeps_its_text_through_json() {
        let id = ConnectorId::parse("google_drive").expect("valid");
        let json = serde_json::to_string(&id).expect("serializes");
        assert_eq!(json, "\"google_drive\"");
        assert_eq!(serde_json::from_str::<ConnectorId>(&json).expect("valid"), id);
    }

    #[test]
    fn bad_ids_are_refused_with_the_rule() {
        for bad in ["", "Google", "1st", "_x", "a-b", "a.b", "ä", "a b", &"a".repeat(65)] {
            let error = ConnectorId::parse(bad).expect_err(bad).to_string();
            assert!(error.contains("at most 64 lower-case letters, digits and `_`"), "{error}");
        }
        assert!(serde_json::from_str::<AuthTypeId>("\"No\"").is_err());
    }

    #[test]
    fn action_names_may_hold_upper_case_and_connector_ids_may_not() {
        assert!(ActionName::parse("listFiles").is_ok());
        assert!(ActionName::parse("list-files").is_err());
        assert!(ConnectorId::parse("listFiles").is_err());
    }

    #[test]
    fn a_long_bad_id_is_cut_in_the_message() {
        let error = ActionName::parse("-".repeat(5000)).expect_err("bad").to_string();
        assert!(error.len() < 300, "{error}");
    }
}

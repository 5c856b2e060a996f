//! The body of a request to an authorization server.

use std::fmt;

use http::HeaderValue;
use serde_json::{Map, Value};
use url::form_urlencoded;
use zeroize::Zeroizing;

/// The encoding of the fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum BodyFormat {
    /// `application/x-www-form-urlencoded`, as in the RFC.
    #[default]
    Form,
    /// A JSON object, which some servers require.
    Json,
}

/// The fields of a request, in order.
#[derive(Default)]
pub(crate) struct Form(Vec<(String, Zeroizing<String>)>);

impl Form {
    /// A token request.
    pub(crate) fn grant(grant_type: &str) -> Self {
        Self::default().with("grant_type", grant_type)
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.set(name, value);
        self
    }

    /// Adds nothing for a missing value.
    pub(crate) fn with_some(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// RFC 6749, section 3.2: no field is repeated.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.0.retain(|(known, _)| known != name);
        self.0.push((name.to_owned(), Zeroizing::new(value.to_owned())));
    }

    /// The media type and the body.
    pub(crate) fn encode(&self, format: BodyFormat) -> (HeaderValue, Vec<u8>) {
        match format {
            BodyFormat::Form => {
                let mut form = form_urlencoded::Serializer::new(String::new());
                form.extend_pairs(self.0.iter().map(|(name, value)| (name, value.as_str())));
                (HeaderValue::from_static("application/x-www-form-urlencoded"), form.finish().into_bytes())
            }
            BodyFormat::Json => {
                let fields: Map<String, Value> =
                    self.0.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect();
                (HeaderValue::from_static("application/json"), Value::Object(fields).to_string().into_bytes())
            }
        }
    }
}

impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_a_form_or_json_and_holds_each_field_once() {
        let form = Form::grant("password").with("scope", "a").with("scope", "b c").with_some("nothing", None);
        assert_eq!(form.encode(BodyFormat::Form).1, b"grant_type=password&scope=b+c");
        assert_eq!(form.encode(BodyFormat::Json).1, br#"{"grant_type":"password","scope":"b c"}"#);
        assert!(!format!("{form:?}").contains("b c"));
    }
}

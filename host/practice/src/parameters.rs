//! Parameters of a query or a form.

/// The parameters of a query or of a form body, in order.
#[derive(Clone)]
pub(crate) struct Parameters(Vec<(String, String)>);

/// A parameter that is present twice, which RFC 6749 (section 3.1) forbids.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Repeated(pub(crate) &'static str);

impl Parameters {
    /// Reads `a=b&c=d`; bytes that are not UTF-8 become replacement characters.
    pub(crate) fn parse(text: &[u8]) -> Self {
        Self(url::form_urlencoded::parse(text).into_owned().collect())
    }

    /// The value of `name`; one without a value counts as omitted (RFC 6749, section 3.1).
    pub(crate) fn one(&self, name: &'static str) -> Result<Option<&str>, Repeated> {
        let mut found = self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let first = found.next().filter(|value| !value.is_empty());
        if found.next().is_some() { Err(Repeated(name)) } else { Ok(first) }
    }

    /// The first value of `name`, empty or not.
    pub(crate) fn first(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// All of them.
    pub(crate) fn pairs(&self) -> &[(String, String)] {
        &self.0
    }
}

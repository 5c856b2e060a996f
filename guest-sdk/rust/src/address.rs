//! Addresses whose parameters can never change the path.

use std::fmt::Display;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// All characters except the unreserved ones of RFC 3986, section 2.3.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Makes an [`Address`] from a template. Each `{}` is filled with one percent-encoded path segment, each `{*}` with a
/// relative path whose segments are encoded one by one.
///
/// A parameter that is empty, `.` or `..` would name a different resource. Such a request is not sent: `send` returns
/// [`Error::InvalidInput`]. After a `?`, parameters may be empty.
///
/// ```
/// use innkeeper_guest::url;
/// let id = "a/b c";
/// assert_eq!(url!("https://api.example.com/v1/pages/{}", id).as_str(), Some("https://api.example.com/v1/pages/a%2Fb%20c"));
/// // An address from the config comes first, unchanged:
/// let base = "https://acme.example.com/";
/// assert_eq!(url!(base; "/items/{}/{*}", 7, "x/y z").as_str(), Some("https://acme.example.com/items/7/x/y%20z"));
/// assert_eq!(url!("https://api.example.com/v1/pages/{}", "..").as_str(), None);
/// ```
///
/// [`Error::InvalidInput`]: crate::Error::InvalidInput
#[macro_export]
macro_rules! url {
    ($template:literal $(, $parameter:expr)* $(,)?) => {
        $crate::Address::template("", $template, &[$(&$parameter as &dyn ::std::fmt::Display),*])
    };
    ($base:expr; $template:literal $(, $parameter:expr)* $(,)?) => {
        $crate::Address::template(::std::convert::AsRef::<str>::as_ref(&$base), $template, &[$(&$parameter as &dyn ::std::fmt::Display),*])
    };
}

/// Percent-encodes a text into one path segment: `a/b` becomes `a%2Fb`.
///
/// `.` and `..` are encoded twice, because an address parser would still treat `%2E%2E` as `..`. [`url!`](crate::url)
/// refuses them.
pub fn segment(text: &str) -> String {
    if is_dots(text) { text.replace('.', "%252E") } else { encode(text) }
}

/// The address of a request, made from a text or by [`url!`](crate::url).
#[derive(Clone, Debug)]
pub struct Address(pub(crate) Result<String, String>);

impl Address {
    /// The address, if all its parameters are valid.
    pub fn as_str(&self) -> Option<&str> {
        self.0.as_deref().ok()
    }

    #[doc(hidden)]
    pub fn template(base: &str, template: &str, parameters: &[&dyn Display]) -> Self {
        Self(fill(base, template, parameters))
    }
}

impl From<&str> for Address {
    fn from(address: &str) -> Self {
        Self(Ok(address.to_owned()))
    }
}

impl From<String> for Address {
    fn from(address: String) -> Self {
        Self(Ok(address))
    }
}

impl From<&String> for Address {
    fn from(address: &String) -> Self {
        Self(Ok(address.clone()))
    }
}

impl From<&Address> for Address {
    fn from(address: &Address) -> Self {
        address.clone()
    }
}

fn fill(base: &str, template: &str, parameters: &[&dyn Display]) -> Result<String, String> {
    let mut address = if template.starts_with('/') { base.trim_end_matches('/').to_owned() } else { base.to_owned() };
    let mut rest = template;
    let mut parameters = parameters.iter();
    while let Some((before, after)) = rest.split_once('{') {
        let (kind, after) = after.split_once('}').ok_or_else(|| format!("`{template}` has an unclosed brace"))?;
        let parameter =
            parameters.next().ok_or_else(|| format!("`{template}` has more placeholders than parameters"))?.to_string();
        address.push_str(before);
        let in_query = address.contains('?');
        match kind {
            "" if in_query || is_one_segment(&parameter) => address.push_str(&encode(&parameter)),
            "*" if parameter.split('/').all(is_one_segment) => {
                let segments: Vec<String> = parameter.split('/').map(encode).collect();
                address.push_str(&segments.join("/"));
            }
            "" | "*" => return Err(format!("`{parameter}` cannot be part of the path `{template}`")),
            _ => return Err(format!("`{template}` has the unknown placeholder `{{{kind}}}`; use {{}} or {{*}}")),
        }
        rest = after;
    }
    if parameters.next().is_some() {
        return Err(format!("`{template}` has fewer placeholders than parameters"));
    }
    address.push_str(rest);
    Ok(address)
}

fn is_one_segment(text: &str) -> bool {
    !text.is_empty() && !is_dots(text)
}

fn is_dots(text: &str) -> bool {
    matches!(text, "." | "..")
}

fn encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_stays_one_segment() {
        assert_eq!(url!("https://x.test/a/{}/b", "../c?d#e").as_str(), Some("https://x.test/a/..%2Fc%3Fd%23e/b"));
        assert_eq!(segment("é ~"), "%C3%A9%20~");
        assert_eq!(segment(".."), "%252E%252E");
    }

    #[test]
    fn a_parameter_that_would_name_another_resource_is_refused() {
        for bad in ["", ".", ".."] {
            assert!(url!("https://x.test/a/{}", bad).as_str().is_none(), "{bad:?}");
        }
        for bad in ["a/../b", "/a", "a//b", ""] {
            assert!(url!("https://x.test/a/{*}", bad).as_str().is_none(), "{bad:?}");
        }
    }

    #[test]
    fn a_query_may_have_an_empty_parameter() {
        assert_eq!(url!("https://x.test/a?q={}", "").as_str(), Some("https://x.test/a?q="));
    }

    #[test]
    fn places_and_parameters_must_agree() {
        assert!(url!("https://x.test/{}/{}", "a").as_str().is_none());
        assert!(url!("https://x.test/", "a").as_str().is_none());
        assert!(url!("https://x.test/{id}", "a").as_str().is_none());
    }
}

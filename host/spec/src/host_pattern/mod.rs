//! Patterns of hosts.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Host;

use crate::mistake::quoted;

mod breadth;

use breadth::Breadth;
pub use breadth::registrable_domain;

/// Which hosts a rule applies to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HostPattern {
    /// A fixed name, or all hosts below one.
    Name(NamePattern),
    /// The host of the address in a config field.
    Config {
        /// JSON pointer into the config.
        pointer: String,
    },
    /// The host of the address in a claim of the token response.
    Claim {
        /// Field of the token response.
        claim: String,
        /// What its host must match.
        pattern: NamePattern,
    },
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(pattern) => pattern.fmt(f),
            Self::Config { pointer } => write!(f, "the host in the config field {pointer}"),
            Self::Claim { claim, pattern } => write!(f, "the host in the claim `{claim}` if it matches {pattern}"),
        }
    }
}

/// One host (`api.example.com`), all hosts below a name (`*.example.com`, not the name itself), or one IP address.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct NamePattern(Form);

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Form {
    Exact(String),
    /// Every name that ends in a dot and this.
    Below(String),
    Address(IpAddr),
}

impl NamePattern {
    /// Reads a pattern. Names are lower case and ASCII (punycode for others); a wildcard is a whole label before at
    /// least two labels, below which all hosts belong to one owner: never before a public suffix such as `co.uk` or
    /// `github.io`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let pattern = Self::read(text)?;
        pattern.many_owners().map_or(Ok(pattern), Err)
    }

    /// Reads a pattern from which one host will be chosen: it may be wide below the suffix of one service, whose
    /// customers each have their own name there.
    pub(crate) fn parse_for_choice(text: &str) -> Result<Self, String> {
        let pattern = Self::read(text)?;
        match (&pattern.0, pattern.many_owners()) {
            (Form::Below(parent), Some(reason)) if breadth::below(parent) == Breadth::Registry => Err(reason),
            _ => Ok(pattern),
        }
    }

    /// Why the pattern covers hosts of more than one owner, if it does. Patterns that were stored before they were
    /// refused can do so.
    pub fn many_owners(&self) -> Option<String> {
        let Form::Below(parent) = &self.0 else { return None };
        let whose = match breadth::below(parent) {
            Breadth::OneOwner => return None,
            Breadth::Registry => "anybody can register a name there",
            Breadth::Tenants => "every customer of that service has a host there",
        };
        let example = "write the host itself, or take it from the config";
        Some(format!("`{self}` would match hosts of many owners, as {whose}: {example}"))
    }

    /// Reads any pattern, however wide.
    fn read(text: &str) -> Result<Self, String> {
        if let Some(address) = address(text) {
            return Ok(Self(Form::Address(address)));
        }
        let Some(name) = text.strip_prefix("*.") else {
            check_name(text, text)?;
            return Ok(Self(Form::Exact(text.to_owned())));
        };
        if address(name).is_some() {
            return Err(format!("{} is not a host: an IP address has no subdomains", quoted(text)));
        }
        check_name(name, text)?;
        if !name.contains('.') {
            let text = quoted(text);
            return Err(format!("{text} would match half the internet: write at least two labels after `*.`"));
        }
        Ok(Self(Form::Below(name.to_owned())))
    }

    /// Whether the pattern matches a host (without port, IPv6 with or without brackets). Names are compared
    /// case-insensitively.
    pub fn matches(&self, host: &str) -> bool {
        match &self.0 {
            Form::Exact(name) => host.eq_ignore_ascii_case(name),
            Form::Below(parent) => host
                .len()
                .checked_sub(parent.len() + 1)
                .filter(|&label| label > 0 && host.is_char_boundary(label))
                .map(|label| host.split_at(label))
                .is_some_and(|(label, rest)| {
                    rest.strip_prefix('.').is_some_and(|rest| rest.eq_ignore_ascii_case(parent))
                        && label.split('.').all(|label| !label.is_empty())
                }),
            Form::Address(wanted) => address(host).is_some_and(|given| given == *wanted),
        }
    }

    /// Whether it stands for more than one host.
    pub fn is_wildcard(&self) -> bool {
        matches!(self.0, Form::Below(_))
    }

    /// The IP address, if it is one.
    pub fn address(&self) -> Option<IpAddr> {
        match self.0 {
            Form::Address(address) => Some(address),
            Form::Exact(_) | Form::Below(_) => None,
        }
    }

    /// Whether this pattern matches every host of the other one.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Form::Below(_), Form::Exact(name)) => self.matches(name),
            (Form::Below(mine), Form::Below(theirs)) => mine == theirs || self.matches(theirs),
            (mine, theirs) => mine == theirs,
        }
    }
}

impl fmt::Display for NamePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Form::Exact(name) => f.write_str(name),
            Form::Below(parent) => write!(f, "*.{parent}"),
            Form::Address(IpAddr::V4(address)) => address.fmt(f),
            // As the address of a request is printed: `[::ffff:7f00:1]`, where Rust would write `::ffff:127.0.0.1`.
            Form::Address(IpAddr::V6(address)) => Host::<&str>::Ipv6(*address).fmt(f),
        }
    }
}

impl fmt::Debug for NamePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}

impl FromStr for NamePattern {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::parse(text)
    }
}

impl TryFrom<String> for NamePattern {
    type Error = String;
    /// Stored patterns stay readable, however wide: see [`NamePattern::many_owners`].
    fn try_from(text: String) -> Result<Self, String> {
        Self::read(&text)
    }
}

impl From<NamePattern> for String {
    fn from(pattern: NamePattern) -> Self {
        pattern.to_string()
    }
}

fn address(text: &str) -> Option<IpAddr> {
    if let Some(inner) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return inner.parse::<Ipv6Addr>().ok().map(IpAddr::V6);
    }
    text.parse().ok()
}

fn check_name(name: &str, given: &str) -> Result<(), String> {
    let given = quoted(given);
    if name.is_empty() {
        return Err("the host is empty: write a name such as `api.example.com`".to_owned());
    }
    if name.contains("://") {
        return Err(format!("{given} is an address: write only its host, such as `api.example.com`"));
    }
    if name.contains(['/', ':', '@', '?', '#']) {
        return Err(format!("{given} is not a host: leave out port, path and user name, which have separate fields"));
    }
    if name.contains('*') {
        return Err(format!("{given} has a wildcard in the wrong place: only a leading `*.` is allowed"));
    }
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(format!("{given} has upper-case letters: write the host in lower case"));
    }
    if let Some(letter) = name.chars().find(|letter| !letter.is_ascii()) {
        let code = u32::from(letter);
        let written = match url::Host::parse(name) {
            Ok(url::Host::Domain(ascii)) => format!("write the host as `{ascii}`, if that is the one that you mean"),
            _ => "write the host in its `xn--` form".to_owned(),
        };
        return Err(format!(
            "{given} has a letter that is not ASCII (U+{code:04X}), which may look like another: {written}"
        ));
    }
    let label_is_valid = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if name.len() > 253 || !name.split('.').all(label_is_valid) {
        return Err(format!("{given} is not a host name: write labels of letters, digits and `-`, joined by dots"));
    }
    // `1.2.3` and `0x7f.1` are IPv4 addresses to a URL parser (WHATWG URL, section 3.5), not names.
    if name.rsplit('.').next().is_some_and(|last| last.starts_with(|first: char| first.is_ascii_digit())) {
        return Err(format!("{given} ends in a number: write an IPv4 address with its four numbers"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> NamePattern {
        NamePattern::parse(text).expect(text)
    }

    #[test]
    fn a_wildcard_means_every_host_below_but_not_the_name_itself() {
        let any = pattern("*.example.com");
        assert!(any.matches("a.example.com") && any.matches("a.b.example.com") && any.matches("A.EXAMPLE.com"));
        for other in [
            "example.com",
            ".example.com",
            "aexample.com",
            "example.com.evil.net",
            "a.example.com.",
            "..example.com",
            ".a.example.com",
            "a..b.example.com",
            "äexample.com",
        ] {
            assert!(!any.matches(other), "{other}");
        }
    }

    #[test]
    fn an_exact_name_means_itself_in_any_case() {
        assert!(pattern("api.example.com").matches("API.example.com"));
        assert!(!pattern("api.example.com").matches("x.api.example.com"));
        assert!(!pattern("api.example.com").matches("api.example.com."));
    }

    #[test]
    fn addresses_compare_as_addresses() {
        assert!(pattern("[::1]").matches("0:0:0:0:0:0:0:1"));
        assert!(pattern("::1").matches("[::1]"));
        assert!(pattern("127.0.0.1").matches("127.0.0.1"));
        assert_eq!(pattern("::1").to_string(), "[::1]");
        assert_eq!(pattern("::ffff:127.0.0.1").to_string(), "[::ffff:7f00:1]");
    }

    #[test]
    fn patterns_that_mean_too_much_or_nothing_are_refused() {
        let cases = [
            ("*.com", "half the internet"),
            ("*.co.uk", "many owners"),
            ("*.github.io", "many owners"),
            ("*.s3.amazonaws.com", "every customer"),
            ("*.kawasaki.jp", "anybody can register"),
            ("*", "wildcard in the wrong place"),
            ("a.*.com", "wildcard in the wrong place"),
            ("*.*.example.com", "wildcard in the wrong place"),
            ("*.1.2.3.4", "no subdomains"),
            ("", "empty"),
            ("API.example.com", "upper-case"),
            ("https://a.example.com", "is an address"),
            ("a.example.com:443", "leave out port"),
            ("user@a.example.com", "leave out port"),
            ("münchen.de", "xn--"),
            ("a..b", "not a host name"),
            ("a.example.com.", "not a host name"),
            ("-a.example.com", "not a host name"),
            ("a b", "not a host name"),
            ("127.1", "ends in a number"),
            ("0x7f000001", "ends in a number"),
        ];
        for (bad, word) in cases {
            let error = NamePattern::parse(bad).expect_err(bad);
            assert!(error.contains(word), "{bad}: {error}");
        }
    }

    #[test]
    fn a_pattern_that_one_host_is_chosen_from_may_span_the_customers_of_one_service() {
        assert!(NamePattern::parse_for_choice("*.github.io").is_ok());
        assert!(NamePattern::parse_for_choice("*.co.uk").expect_err("a registry").contains("many owners"));
    }

    #[test]
    fn a_kept_pattern_that_is_too_wide_can_still_be_read_and_says_so() {
        let kept: NamePattern = serde_json::from_str(r#""*.github.io""#).expect("reads");
        assert!(kept.many_owners().is_some_and(|reason| reason.contains("`*.github.io`")));
        assert_eq!(pattern("*.example.com").many_owners(), None);
    }

    #[test]
    fn a_wildcard_covers_what_lies_below_it() {
        assert!(pattern("*.example.com").covers(&pattern("a.example.com")));
        assert!(pattern("*.example.com").covers(&pattern("*.a.example.com")));
        assert!(!pattern("a.example.com").covers(&pattern("*.example.com")));
        assert!(!pattern("*.a.example.com").covers(&pattern("*.example.com")));
    }
}

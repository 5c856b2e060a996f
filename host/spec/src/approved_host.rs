//! What the owner of a connection approved.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::mistake::quoted;
use crate::parse::{check_method, check_prefix};
use crate::{CredentialUse, NamePattern, Scheme, path};

/// Where a connection's requests may go. It is concrete, and belongs to the connection.
///
/// As text `https://api.example.com:443/v1 (GET, POST)`, followed by `, no credential` if the credential never goes
/// there.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct ApprovedHost {
    /// The scheme.
    #[serde(default)]
    pub scheme: Scheme,
    /// One host, all hosts below a name, or an IP address.
    pub host: NamePattern,
    /// Never 0.
    pub port: u16,
    /// Methods in upper case. Empty: any.
    #[serde(default)]
    pub methods: Vec<String>,
    /// Paths equal to it or below it are allowed; if absent, any path.
    #[serde(default)]
    pub path_prefix: Option<String>,
    /// Whether the connection's credential may go there.
    #[serde(default)]
    pub credential: CredentialUse,
    /// The claim that contains the exact host within the pattern; without one, the pattern applies as it is. Not in the
    /// text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<String>,
}

impl ApprovedHost {
    /// Whether the rule applies to this origin at all.
    pub fn is_for(&self, scheme: &str, host: &str, port: u16) -> bool {
        scheme == self.scheme.as_str() && port == self.port && self.host.matches(host)
    }

    /// Whether a request may be sent. `path` is percent-encoded, without query. It must be within the prefix as
    /// written, and in every way in which a server could read its escapes, dot segments, backslashes and doubled
    /// slashes.
    pub fn permits(&self, scheme: &str, host: &str, port: u16, method: &str, path: &str) -> bool {
        self.is_for(scheme, host, port)
            && (self.methods.is_empty() || self.methods.iter().any(|allowed| allowed == method))
            && self.path_prefix.as_deref().is_none_or(|prefix| path::lies_within(path, prefix))
    }

    /// Whether this permits everything that the other one permits, the credential included.
    pub fn covers(&self, other: &Self) -> bool {
        self.scheme == other.scheme
            && self.port == other.port
            && self.host.covers(&other.host)
            && covers_methods(&self.methods, &other.methods)
            && covers_prefix(self.path_prefix.as_deref(), other.path_prefix.as_deref())
            && (self.credential == CredentialUse::Allowed || other.credential == CredentialUse::Never)
    }
}

/// Whether the second list requests nothing beyond the first; an empty one means any.
pub(crate) fn covers_methods(wide: &[String], narrow: &[String]) -> bool {
    wide.is_empty() || (!narrow.is_empty() && narrow.iter().all(|method| wide.contains(method)))
}

/// Whether the second prefix is within the first; `None` means any.
pub(crate) fn covers_prefix(wide: Option<&str>, narrow: Option<&str>) -> bool {
    match (wide, narrow) {
        (None, _) => true,
        (Some(wide), None) => wide == "/",
        (Some(wide), Some(narrow)) => path::lies_within(narrow, wide),
    }
}

impl fmt::Display for ApprovedHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}:{}", self.scheme, self.host, self.port)?;
        f.write_str(self.path_prefix.as_deref().unwrap_or_default())?;
        if !self.methods.is_empty() {
            write!(f, " ({})", self.methods.join(", "))?;
        }
        if self.credential == CredentialUse::Never {
            f.write_str(", no credential")?;
        }
        Ok(())
    }
}

impl FromStr for ApprovedHost {
    type Err = String;

    /// Reads what [`Display`](fmt::Display) prints. Port (by scheme), prefix, methods and the ending may be omitted.
    fn from_str(text: &str) -> Result<Self, String> {
        let given = quoted(text);
        let rest = text.trim();
        let (rest, credential) = match rest.strip_suffix(", no credential") {
            Some(rest) => (rest, CredentialUse::Never),
            None => (rest, CredentialUse::Allowed),
        };
        let (address, methods) = match rest.split_once(" (") {
            Some((address, methods)) => {
                let methods =
                    methods.strip_suffix(')').ok_or_else(|| format!("{given}: close the list of methods with `)`"))?;
                (address, methods.split(',').map(|method| method.trim().to_owned()).collect())
            }
            None => (rest, Vec::new()),
        };
        for method in &methods {
            check_method(method)?;
        }
        let (scheme, rest) = if let Some(rest) = address.strip_prefix("https://") {
            (Scheme::Https, rest)
        } else if let Some(rest) = address.strip_prefix("http://") {
            (Scheme::Http, rest)
        } else {
            return Err(format!(
                "{given} does not start with `https://` or `http://`: write `https://host[:port][/prefix]`"
            ));
        };
        let (authority, prefix) = match rest.find('/') {
            Some(slash) => (&rest[..slash], Some(&rest[slash..])),
            None => (rest, None),
        };
        // The colons in `[::1]` belong to the address.
        let after_address = authority.rfind(']').map_or(0, |bracket| bracket + 1);
        let (host, port) = match authority[after_address..].find(':') {
            Some(colon) => {
                let (host, port) = authority.split_at(after_address + colon);
                let port = port[1..].parse().ok().filter(|&port: &u16| port != 0);
                (host, port.ok_or_else(|| format!("{given}: the port must be a number from 1 to 65535"))?)
            }
            None => (authority, scheme.default_port()),
        };
        let host = NamePattern::parse(&host.to_ascii_lowercase())?;
        let path_prefix = prefix.filter(|prefix| *prefix != "/").map(str::to_owned);
        if let Some(prefix) = &path_prefix {
            check_prefix(prefix)?;
        }
        Ok(Self { scheme, host, port, methods, path_prefix, credential, claim: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn approved(text: &str) -> ApprovedHost {
        text.parse().expect(text)
    }

    #[test]
    fn what_is_printed_can_be_read_again() {
        for text in [
            "https://api.example.com:443/v1 (GET, POST)",
            "https://*.example.com:8443",
            "http://[::1]:8080/a/b, no credential",
            "http://127.0.0.1:80 (GET), no credential",
        ] {
            assert_eq!(approved(text).to_string(), text);
        }
        assert_eq!(approved("https://api.example.com/").to_string(), "https://api.example.com:443");
        assert_eq!(approved("http://localhost").to_string(), "http://localhost:80");
        assert_eq!(approved("https://API.Example.com").host.to_string(), "api.example.com");
    }

    #[test]
    fn it_goes_through_json_with_defaults_for_what_is_absent() {
        let host = approved("https://api.example.com:443/v1 (GET)");
        let json = serde_json::to_string(&host).expect("serializes");
        assert_eq!(serde_json::from_str::<ApprovedHost>(&json).expect("reads"), host);
        let short: ApprovedHost = serde_json::from_str(r#"{"host":"a.example.com","port":443}"#).expect("reads");
        assert_eq!(short, approved("https://a.example.com"));
    }

    #[test]
    fn bad_texts_say_what_to_write() {
        let cases = [
            ("api.example.com", "https://host[:port][/prefix]"),
            ("ftp://api.example.com", "https://host[:port][/prefix]"),
            ("https://api.example.com:0", "1 to 65535"),
            ("https://api.example.com:99999", "1 to 65535"),
            ("https://user@api.example.com", "not a host"),
            ("https://*.com", "half the internet"),
            ("https://*.co.uk", "many owners"),
            ("https://*.azurewebsites.net (GET)", "many owners"),
            ("https://a.example.com (TRACE)", "never sent"),
            ("https://a.example.com/x?y", "plain path"),
            ("https://a.example.com/../x", "dot segments"),
            ("https://a.example.com/..;a=b/x", "dot segments"),
            ("https://a.example.com/x/...", "dot segments"),
            ("https://a.example.com/..+/x", "dot segments"),
            ("https://a.example.com (GET", "close the list"),
            ("https://a.example.com (get)", "upper case"),
            ("https://", "empty"),
        ];
        for (bad, word) in cases {
            let error = bad.parse::<ApprovedHost>().expect_err(bad);
            assert!(error.contains(word), "{bad}: {error}");
        }
    }

    #[test]
    fn every_part_of_a_request_must_fit() {
        let host = approved("https://api.example.com/v1 (GET)");
        assert!(host.permits("https", "api.example.com", 443, "GET", "/v1/files"));
        assert!(!host.permits("http", "api.example.com", 443, "GET", "/v1/files"));
        assert!(!host.permits("https", "evil.example.com", 443, "GET", "/v1/files"));
        assert!(!host.permits("https", "api.example.com", 8443, "GET", "/v1/files"));
        assert!(!host.permits("https", "api.example.com", 443, "POST", "/v1/files"));
        assert!(!host.permits("https", "api.example.com", 443, "GET", "/v2/files"));
    }

    #[test]
    fn without_methods_and_prefix_anything_goes_to_the_host() {
        assert!(approved("https://a.example.com").permits("https", "a.example.com", 443, "DELETE", "/%2e%2e/x"));
    }

    #[test]
    fn a_wider_approval_covers_a_narrower_one() {
        let wide = approved("https://*.example.com/v1");
        assert!(wide.covers(&approved("https://a.example.com/v1/files (GET)")));
        assert!(wide.covers(&approved("https://a.example.com/v1, no credential")));
        for beyond in [
            "https://a.example.com",
            "https://a.example.com/v10",
            "http://a.example.com/v1",
            "https://a.example.com:1/v1",
        ] {
            assert!(!wide.covers(&approved(beyond)), "{beyond}");
        }
        assert!(!approved("https://a.example.com (GET)").covers(&approved("https://a.example.com")));
        assert!(!approved("https://a.example.com, no credential").covers(&approved("https://a.example.com")));
    }
}

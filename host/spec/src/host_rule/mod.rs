//! The hosts that a connector requests access to.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::{Host, Url};

use crate::mistake::{Mistake, Mistakes, quoted};
use crate::parse::{check_method, check_prefix};
use crate::{ApprovedHost, CredentialUse, HostPattern, NamePattern, Schema, draft};

/// Hosts that a connector requests access to. The connection's owner decides, see [`ApprovedHost`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct HostRule {
    /// Which hosts.
    pub host: HostPattern,
    /// The port; if absent, the one in the config field's address, otherwise 443.
    pub port: Option<u16>,
    /// Methods in upper case. Empty: any.
    pub methods: Vec<String>,
    /// Paths equal to it or below it are allowed; if absent, any path.
    pub path_prefix: Option<String>,
    /// Whether the connection's credential may go there.
    pub credential: CredentialUse,
    /// Why the connector needs it.
    pub reason: Option<String>,
}

/// Such as `api.example.com:443/v1 (GET), no credential`.
impl fmt::Display for HostRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = self.host.to_string();
        if let Some(port) = self.port {
            text = format!("{text}:{port}");
        }
        if let Some(prefix) = &self.path_prefix {
            let gap = if text.contains(' ') { ", path " } else { "" };
            text = format!("{text}{gap}{prefix}");
        }
        f.write_str(&text)?;
        if !self.methods.is_empty() {
            write!(f, " ({})", self.methods.join(", "))?;
        }
        if self.credential == CredentialUse::Never {
            f.write_str(", no credential")?;
        }
        Ok(())
    }
}

/// The scheme of requests to a host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Scheme {
    /// HTTP over TLS.
    #[default]
    Https,
    /// Plain HTTP: only if the operator allows it.
    Http,
}

impl Scheme {
    /// `https` or `http`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::Http => "http",
        }
    }

    /// 443 or 80.
    pub fn default_port(self) -> u16 {
        match self {
            Self::Https => 443,
            Self::Http => 80,
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl HostRule {
    /// What a connection with this config and these claims has to approve. `None`: the config field or the claim does
    /// not exist yet. A config field holds a host name or an `https` or `http` address, whose port counts and whose
    /// path does not; a claim holds an `https` address that matches the rule's pattern and port.
    pub fn resolve(
        &self,
        config: &Value,
        claim: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Option<ApprovedHost>, Mistake> {
        match &self.host {
            HostPattern::Name(pattern) => Ok(Some(self.approved(Scheme::Https, pattern.clone(), None))),
            HostPattern::Config { pointer } => {
                let place = format!("/config{pointer}");
                let text = match config.pointer(pointer) {
                    None | Some(Value::Null) => return Ok(None),
                    Some(Value::String(text)) if text.trim().is_empty() => return Ok(None),
                    Some(Value::String(text)) => text.trim(),
                    Some(_) => return Err(Mistake::new(place, "must be a text that contains an address")),
                };
                let (scheme, host, port) = origin(text).map_err(|reason| Mistake::new(place, reason))?;
                Ok(Some(self.approved(scheme, host, port)))
            }
            HostPattern::Claim { claim: name, pattern } => {
                let Some(text) = claim(name).filter(|text| !text.trim().is_empty()) else { return Ok(None) };
                let refuse = |reason: String| Mistake::new(format!("/claims/{name}"), reason);
                let (scheme, host, port) = origin(text.trim()).map_err(refuse)?;
                if scheme != Scheme::Https {
                    let text = quoted(&text);
                    return Err(refuse(format!(
                        "the token response contains {text}: only an https address is accepted from it"
                    )));
                }
                if !pattern.matches(&host.to_string()) {
                    return Err(refuse(format!(
                        "the token response contains the host {host}, which does not match {pattern}"
                    )));
                }
                let expected = self.port.unwrap_or(443);
                if port.is_some_and(|port| port != expected) {
                    return Err(refuse(format!("the token response contains a port other than {expected}")));
                }
                Ok(Some(self.approved(Scheme::Https, host, Some(expected))))
            }
        }
    }

    /// Reads one rule. `config` and `claims` are what it may refer to; `None` if that could not be parsed.
    pub(crate) fn parse(
        draft: &draft::HostRule,
        place: &str,
        config: Option<&Schema>,
        claims: &[String],
        mistakes: &mut Mistakes,
    ) -> Option<Self> {
        if draft.port == Some(0) {
            mistakes.note(format!("{place}/port"), "port 0 cannot be reached: leave it out for 443");
        }
        mistakes.check_count(&format!("{place}/methods"), draft.methods.len(), 32);
        for (index, method) in draft.methods.iter().enumerate().take(32) {
            let place = format!("{place}/methods/{index}");
            if let Err(reason) = check_method(method) {
                mistakes.note(place, reason);
            } else if draft.methods[..index].contains(method) {
                mistakes.note(place, format!("{} is listed twice", quoted(method)));
            }
        }
        if let Some(Err(reason)) = draft.path_prefix.as_deref().map(check_prefix) {
            mistakes.note(format!("{place}/path_prefix"), reason);
        }
        mistakes.check_optional_line(&format!("{place}/reason"), draft.reason.as_deref(), 1024);
        let host = pattern(&draft.host, &format!("{place}/host"), config, claims, mistakes)?;
        Some(Self {
            host,
            port: draft.port,
            methods: draft.methods.clone(),
            path_prefix: draft.path_prefix.clone(),
            credential: draft.credential,
            reason: draft.reason.clone(),
        })
    }

    fn approved(&self, scheme: Scheme, host: NamePattern, port: Option<u16>) -> ApprovedHost {
        ApprovedHost {
            scheme,
            host,
            port: port.or(self.port).unwrap_or(scheme.default_port()),
            methods: self.methods.clone(),
            path_prefix: self.path_prefix.clone(),
            credential: self.credential,
            claim: None,
        }
    }
}

fn pattern(
    draft: &draft::HostPattern,
    place: &str,
    config: Option<&Schema>,
    claims: &[String],
    mistakes: &mut Mistakes,
) -> Option<HostPattern> {
    match draft {
        draft::HostPattern::Name(name) => mistakes.take(place, NamePattern::parse(name)).map(HostPattern::Name),
        draft::HostPattern::Config(pointer) => {
            mistakes.take(place, check_pointer(pointer, config))?;
            Some(HostPattern::Config { pointer: pointer.clone() })
        }
        draft::HostPattern::Claim(draft::ClaimHost { claim, pattern }) => {
            if !claims.contains(claim) {
                mistakes.note(place, format!("the claim {} is not declared: add it to `claims`", quoted(claim)));
            }
            let pattern = mistakes.take(place, NamePattern::parse_for_choice(pattern))?;
            Some(HostPattern::Claim { claim: claim.clone(), pattern })
        }
    }
}

fn check_pointer(pointer: &str, config: Option<&Schema>) -> Result<(), String> {
    if !pointer.starts_with('/') {
        return Err(format!("{} is not a JSON pointer: write `/` and the field's name", quoted(pointer)));
    }
    let Some(config) = config else { return Ok(()) };
    let Some(field) = config.property_at(pointer) else {
        let pointer = quoted(pointer);
        return Err(format!("the config schema has no field at {pointer}: add it, or point to an existing field"));
    };
    match field.get("type") {
        Some(Value::String(kind)) if kind != "string" => {
            Err(format!("the config field at {} has the type `{kind}`: an address is a string", quoted(pointer)))
        }
        _ => Ok(()),
    }
}

/// Scheme, host and port of an address, or of a bare host with or without port.
pub(crate) fn origin(text: &str) -> Result<(Scheme, NamePattern, Option<u16>), String> {
    let given = quoted(text);
    let example = "write an address such as `https://api.example.com`";
    let address = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
    let url = Url::parse(&address).map_err(|error| format!("{given} is not an address ({error}): {example}"))?;
    let scheme = match url.scheme() {
        "https" => Scheme::Https,
        "http" => Scheme::Http,
        _ => return Err(format!("{given} is neither https nor http: {example}")),
    };
    if !url.username().is_empty() || url.password().is_some() {
        // Not quoted: it may contain a password.
        return Err(format!("an address with a user name or password is not accepted: {example}"));
    }
    let host = match url.host() {
        Some(Host::Domain(name)) => NamePattern::parse(name)?,
        Some(Host::Ipv4(address)) => NamePattern::parse(&address.to_string())?,
        Some(Host::Ipv6(address)) => NamePattern::parse(&address.to_string())?,
        None => return Err(format!("{given} has no host: {example}")),
    };
    if host.is_wildcard() {
        return Err(format!("{given} does not name a single host: {example}"));
    }
    if url.port() == Some(0) {
        return Err(format!("{given} has port 0, which cannot be reached"));
    }
    Ok((scheme, host, url.port()))
}

#[cfg(test)]
mod tests;

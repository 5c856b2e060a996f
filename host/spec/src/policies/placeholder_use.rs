//! Where a secret of the connection may be filled in.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::NamePattern;
use crate::approved_host::{covers_methods, covers_prefix};
use crate::ids::is_identifier;
use crate::mistake::Mistakes;
use crate::parse::{check_method, check_prefix};

/// Where one secret field may be filled in; what is absent is not restricted. A field that no entry names may be filled in
/// wherever the connection's requests may go.
///
/// As text `api_key to api.example.com below /v1 with GET,POST in header`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlaceholderUse {
    /// The field, as the spec's `placeholders` name it.
    #[schemars(length(min = 1, max = 64))]
    pub field: String,
    /// The host, or all hosts below a name.
    #[serde(default)]
    pub host: Option<NamePattern>,
    /// Paths equal to it or below it, before anything is filled in.
    #[serde(default)]
    #[schemars(length(min = 1, max = 1024))]
    pub path_prefix: Option<String>,
    /// Methods in upper case. Empty: any.
    #[serde(default)]
    #[schemars(length(max = 32))]
    pub methods: Vec<String>,
    /// Parts of the request. Empty: any.
    #[serde(default)]
    #[schemars(length(max = 4))]
    pub places: Vec<Place>,
}

/// A part of a request that a secret can be filled into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// The path of the address.
    Path,
    /// Its query.
    Query,
    /// The value of a header.
    Header,
    /// The body. The service may store it, and it may be read later.
    Body,
}

/// One place of one request.
#[derive(Clone, Copy, Debug)]
pub struct Placement<'a> {
    /// The part.
    pub place: Place,
    /// The host of the request's address.
    pub host: &'a str,
    /// Its method.
    pub method: &'a str,
    /// Its path, percent-encoded, before anything is filled in.
    pub path: &'a str,
}

impl Place {
    /// Its text form.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Query => "query",
            Self::Header => "header",
            Self::Body => "body",
        }
    }
}

impl PlaceholderUse {
    /// Unrestricted use of the field.
    pub fn anywhere(field: &str) -> Self {
        Self { field: field.to_owned(), host: None, path_prefix: None, methods: Vec::new(), places: Vec::new() }
    }

    /// Whether the field may be filled in there.
    pub fn permits(&self, at: &Placement<'_>) -> bool {
        self.permits_place(at.place)
            && self.host.as_ref().is_none_or(|host| host.matches(at.host))
            && (self.methods.is_empty() || self.methods.iter().any(|method| method == at.method))
            && covers_prefix(self.path_prefix.as_deref(), Some(at.path))
    }

    /// Whether it may be filled in in such a part of any request.
    pub fn permits_place(&self, place: Place) -> bool {
        self.places.is_empty() || self.places.contains(&place)
    }

    /// Whether this permits everything that the other one permits.
    pub fn covers(&self, other: &Self) -> bool {
        let covers_host = match (&self.host, &other.host) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(wide), Some(narrow)) => wide.covers(narrow),
        };
        let covers_places = self.places.is_empty()
            || (!other.places.is_empty() && other.places.iter().all(|place| self.places.contains(place)));
        self.field == other.field
            && covers_host
            && covers_places
            && covers_methods(&self.methods, &other.methods)
            && covers_prefix(self.path_prefix.as_deref(), other.path_prefix.as_deref())
    }

    pub(super) fn check(&self, place: &str, mistakes: &mut Mistakes) {
        if let Some(reason) = self.host.as_ref().and_then(NamePattern::many_owners) {
            mistakes.note(format!("{place}/host"), reason);
        }
        if let Some(Err(reason)) = self.path_prefix.as_deref().map(check_prefix) {
            mistakes.note(format!("{place}/path_prefix"), reason);
        }
        for (index, method) in self.methods.iter().enumerate() {
            mistakes.take(&format!("{place}/methods/{index}"), check_method(method));
        }
    }
}

/// The declared uses of the fields, as far as they were agreed to: of two entries for a field, the narrower one
/// applies.
pub fn agreed_uses(declared: &[PlaceholderUse], agreed: &[PlaceholderUse]) -> Vec<PlaceholderUse> {
    let mut uses: Vec<PlaceholderUse> = Vec::new();
    for declared in declared {
        for agreed in agreed {
            let narrower = if agreed.covers(declared) {
                declared
            } else if declared.covers(agreed) {
                agreed
            } else {
                continue;
            };
            if !uses.contains(narrower) {
                uses.push(narrower.clone());
            }
        }
    }
    uses
}

impl fmt::Display for PlaceholderUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.field)?;
        if let Some(host) = &self.host {
            write!(f, " to {host}")?;
        }
        if let Some(prefix) = &self.path_prefix {
            write!(f, " below {prefix}")?;
        }
        if !self.methods.is_empty() {
            write!(f, " with {}", self.methods.join(","))?;
        }
        if !self.places.is_empty() {
            let places: Vec<&str> = self.places.iter().map(|place| place.as_str()).collect();
            write!(f, " in {}", places.join(","))?;
        }
        Ok(())
    }
}

impl FromStr for PlaceholderUse {
    type Err = String;

    /// Reads what [`Display`](fmt::Display) prints.
    fn from_str(text: &str) -> Result<Self, String> {
        let unreadable = || format!("`{}` does not say where a placeholder may be filled in", text.escape_default());
        let mut words = text.split(' ');
        let mut read = Self::anywhere(words.next().filter(|field| is_identifier(field)).ok_or_else(unreadable)?);
        while let Some(word) = words.next() {
            let value = words.next().ok_or_else(unreadable)?;
            match word {
                "to" => read.host = Some(value.to_owned().try_into()?),
                "below" => read.path_prefix = Some(value.to_owned()),
                "with" => read.methods = value.split(',').map(str::to_owned).collect(),
                "in" => {
                    let all = [Place::Path, Place::Query, Place::Header, Place::Body];
                    let place =
                        |name: &str| all.into_iter().find(|place| place.as_str() == name).ok_or_else(unreadable);
                    read.places = value.split(',').map(place).collect::<Result<_, _>>()?;
                }
                _ => return Err(unreadable()),
            }
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> PlaceholderUse {
        text.parse().expect(text)
    }

    #[test]
    fn what_is_printed_can_be_read_again() {
        for text in
            ["api_key", "api_key to *.example.com", "api_key to a.example.com below /v1 with GET,POST in path,body"]
        {
            assert_eq!(read(text).to_string(), text);
        }
        for bad in ["", "a b", "api_key to", "api_key in cellar", "api_key at home"] {
            assert!(bad.parse::<PlaceholderUse>().is_err(), "{bad}");
        }
    }

    #[test]
    fn each_part_of_an_entry_restricts() {
        let bound = read("api_key to api.example.com below /v1 with POST in header");
        let at = Placement { place: Place::Header, host: "api.example.com", method: "POST", path: "/v1/x" };
        assert!(bound.permits(&at));
        for other in [
            Placement { place: Place::Body, ..at },
            Placement { host: "cdn.example.com", ..at },
            Placement { method: "GET", ..at },
            Placement { path: "/v2", ..at },
            Placement { path: "/v1/..%2fv2", ..at },
        ] {
            assert!(!bound.permits(&other), "{other:?}");
            assert!(read("api_key").permits(&other), "{other:?}");
        }
    }

    #[test]
    fn a_newer_version_may_narrow_what_was_agreed_to_and_never_widen_it() {
        let uses = |texts: &[&str]| texts.iter().map(|text| read(text)).collect::<Vec<_>>();
        let after = |declared: &[&str], agreed: &[&str]| {
            agreed_uses(&uses(declared), &uses(agreed)).iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(after(&["a in header"], &["a"]), ["a in header"]);
        assert_eq!(after(&["a"], &["a in header"]), ["a in header"]);
        assert_eq!(after(&["a in body"], &["a in header"]), [""; 0]);
        assert_eq!(after(&["a", "b"], &["a"]), ["a"]);
    }
}

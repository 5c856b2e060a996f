//! The request that a scripted response is for.

use std::fmt::{self, Display, Write as _};

use serde_json::Value;

use super::recorded::{Sent, SentBody, split};
use crate::address::Address;

/// Expects a GET request to this address.
pub fn get(address: impl Into<Address>) -> Expected {
    request("GET", address)
}

/// Expects a POST request to this address.
pub fn post(address: impl Into<Address>) -> Expected {
    request("POST", address)
}

/// Expects a PUT request to this address.
pub fn put(address: impl Into<Address>) -> Expected {
    request("PUT", address)
}

/// Expects a PATCH request to this address.
pub fn patch(address: impl Into<Address>) -> Expected {
    request("PATCH", address)
}

/// Expects a DELETE request to this address.
pub fn delete(address: impl Into<Address>) -> Expected {
    request("DELETE", address)
}

/// Expects a request with any method to this address.
pub fn request(method: &str, address: impl Into<Address>) -> Expected {
    let address = address.into();
    let url = address.as_str().unwrap_or_else(|| panic!("the script expects a request to a bad address: {address:?}"));
    let (url, query) = split(url);
    Expected { method: method.to_ascii_uppercase(), url, query, rules: Vec::new(), only_query: false }
}

/// An expected request. Method and address must be equal, and everything else that is stated here must hold. Query
/// parameters and headers that are not mentioned may be present.
#[derive(Clone, Debug)]
pub struct Expected {
    method: String,
    url: String,
    query: Vec<(String, String)>,
    rules: Vec<Rule>,
    only_query: bool,
}

#[derive(Clone, Debug)]
enum Rule {
    NoQuery(String),
    Header(String, String),
    NoHeader(String),
    Json(Value),
    JsonPart(Value),
    Form(Vec<(String, String)>),
    Text(String),
    Bare,
}

impl Expected {
    /// The query must have this name and value, decoded.
    pub fn query(mut self, name: &str, value: impl Display) -> Self {
        self.query.push((name.to_owned(), value.to_string()));
        self
    }

    /// The query must not have this name.
    pub fn without_query(self, name: &str) -> Self {
        self.rule(Rule::NoQuery(name.to_owned()))
    }

    /// The query must have only what is mentioned.
    pub fn only_query(mut self) -> Self {
        self.only_query = true;
        self
    }

    /// The request must have this header.
    pub fn header(self, name: &str, value: impl Into<String>) -> Self {
        self.rule(Rule::Header(name.to_ascii_lowercase(), value.into()))
    }

    /// The request must not have this header.
    pub fn without_header(self, name: &str) -> Self {
        self.rule(Rule::NoHeader(name.to_ascii_lowercase()))
    }

    /// The body must be this JSON.
    pub fn json(self, body: Value) -> Self {
        self.rule(Rule::Json(body))
    }

    /// The body must be JSON with at least these fields and values.
    pub fn json_part(self, body: Value) -> Self {
        self.rule(Rule::JsonPart(body))
    }

    /// The body must be this form.
    pub fn form(self, pairs: &[(&str, &str)]) -> Self {
        let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self.rule(Rule::Form(pairs))
    }

    /// The body must be this text.
    pub fn text(self, body: impl Into<String>) -> Self {
        self.rule(Rule::Text(body.into()))
    }

    /// The request must be sent without the credential.
    pub fn without_credential(self) -> Self {
        self.rule(Rule::Bare)
    }

    /// What is wrong with this request, one line for each mistake; empty if it is the expected one.
    pub(crate) fn differences(&self, sent: &Sent) -> Vec<String> {
        let mut found = Vec::new();
        let mut expect = |what: &str, expected: &str, got: &str| {
            if expected != got {
                found.push(format!("{what}: expected `{expected}`, got `{got}`"));
            }
        };
        expect("method", &self.method, &sent.method);
        expect("address", &self.url, &sent.url);
        let mut left = sent.query.clone();
        for (name, value) in &self.query {
            match left.iter().position(|(known, got)| known == name && got == value) {
                Some(index) => drop(left.remove(index)),
                None => expect(&format!("query `{name}`"), value, sent.query(name).unwrap_or("(absent)")),
            }
        }
        if self.only_query {
            for (name, value) in &left {
                expect(&format!("query `{name}`"), "(absent)", value);
            }
        }
        for rule in &self.rules {
            match rule {
                Rule::NoQuery(name) => {
                    expect(&format!("query `{name}`"), "(absent)", sent.query(name).unwrap_or("(absent)"));
                }
                Rule::Header(name, value) => {
                    expect(&format!("header `{name}`"), value, sent.header(name).unwrap_or("(absent)"));
                }
                Rule::NoHeader(name) => {
                    expect(&format!("header `{name}`"), "(absent)", sent.header(name).unwrap_or("(absent)"));
                }
                Rule::Json(body) => expect("JSON body", &body.to_string(), &json_of(sent)),
                Rule::JsonPart(part) => {
                    if !sent.json().is_some_and(|body| contains(&body, part)) {
                        expect("JSON body with", &part.to_string(), &json_of(sent));
                    }
                }
                Rule::Form(pairs) => match &sent.body {
                    SentBody::Form(got) => expect("form", &format!("{pairs:?}"), &format!("{got:?}")),
                    other => expect("form", &format!("{pairs:?}"), &format!("{other:?}")),
                },
                Rule::Text(text) => expect("text body", text, sent.text().unwrap_or("(no text)")),
                Rule::Bare => {
                    expect("credential", "omitted", if sent.with_credential { "attached" } else { "omitted" });
                }
            }
        }
        found
    }

    fn rule(mut self, rule: Rule) -> Self {
        self.rules.push(rule);
        self
    }
}

impl Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.url)?;
        for (index, (name, value)) in self.query.iter().enumerate() {
            f.write_char(if index == 0 { '?' } else { '&' })?;
            write!(f, "{name}={value}")?;
        }
        Ok(())
    }
}

fn json_of(sent: &Sent) -> String {
    sent.json().map_or_else(|| "(no JSON)".to_owned(), |body| body.to_string())
}

fn contains(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => {
            part.iter().all(|(name, part)| whole.get(name).is_some_and(|whole| contains(whole, part)))
        }
        _ => whole == part,
    }
}

//! Templates that are filled in from a connection's config.

use serde_json::Value;

use crate::ids::is_identifier;
use crate::mistake::quoted;

/// A text in which `{name}` stands for a top-level config field; `{{` and `}}` stand for braces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Field(String),
}

impl Template {
    /// Reads a template. The error names the brace that is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            literal.push_str(&rest[..at]);
            let brace = &rest[at..];
            if let Some(after) = brace.strip_prefix("{{") {
                literal.push('{');
                rest = after;
            } else if let Some(after) = brace.strip_prefix("}}") {
                literal.push('}');
                rest = after;
            } else if let Some(inside) = brace.strip_prefix('{') {
                let Some(end) = inside.find('}') else {
                    return Err(format!(
                        "{} opens a brace that nothing closes: write `{{{{` for a brace",
                        quoted(text)
                    ));
                };
                let name = &inside[..end];
                if !is_identifier(name) {
                    let name = quoted(name);
                    return Err(format!(
                        "{name} in braces is not the name of a config field: write `{{{{` for a brace"
                    ));
                }
                if !literal.is_empty() {
                    pieces.push(Piece::Text(std::mem::take(&mut literal)));
                }
                pieces.push(Piece::Field(name.to_owned()));
                rest = &inside[end + 1..];
            } else {
                return Err(format!("{} closes a brace that nothing opened: write `}}}}` for a brace", quoted(text)));
            }
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            pieces.push(Piece::Text(literal));
        }
        Ok(Self(pieces))
    }

    /// The config fields that it names, in order; a field named twice is returned twice.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Field(name) => Some(name.as_str()),
            Piece::Text(_) => None,
        })
    }

    /// The text with its fields filled in. A value may contain only letters, digits and `._~-`, and not only dots, so
    /// that it can neither change the host of an address nor climb in its path; the error names the field.
    pub fn render(&self, config: &Value) -> Result<String, String> {
        let mut text = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(literal) => text.push_str(literal),
                Piece::Field(name) => text.push_str(&filling(name, config.get(name))?),
            }
        }
        Ok(text)
    }
}

fn filling(name: &str, value: Option<&Value>) -> Result<String, String> {
    let text = match value {
        Some(Value::String(text)) => text.trim().to_owned(),
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::Bool(flag)) => flag.to_string(),
        None | Some(Value::Null) => String::new(),
        Some(_) => {
            return Err(format!("the config field `{name}` must be a text or a number to be used in an address"));
        }
    };
    if text.is_empty() {
        return Err(format!("the config field `{name}` is not set: fill it in"));
    }
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._~-".contains(&byte);
    if !text.bytes().all(allowed) || text.bytes().all(|byte| byte == b'.') {
        let text = quoted(&text);
        return Err(format!(
            "the config field `{name}` is {text}: only letters, digits and `.`, `_`, `~`, `-` are allowed in an address"
        ));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_tenant_goes_into_an_address() {
        let template = Template::parse("https://{tenant}.example.com/{api}/token").expect("valid");
        assert_eq!(template.fields().collect::<Vec<_>>(), ["tenant", "api"]);
        let config = json!({"tenant": "acme-1", "api": 2});
        assert_eq!(template.render(&config).expect("fills"), "https://acme-1.example.com/2/token");
    }

    #[test]
    fn doubled_braces_stand_for_themselves() {
        let template = Template::parse("{{a}} {b}").expect("valid");
        assert_eq!(template.render(&json!({"b": "c"})).expect("fills"), "{a} c");
    }

    #[test]
    fn stray_braces_and_odd_names_are_refused() {
        for (bad, word) in [
            ("a{b", "nothing closes"),
            ("a}b", "nothing opened"),
            ("{}", "not the name"),
            ("{a b}", "not the name"),
            ("{a/b}", "not the name"),
        ] {
            let error = Template::parse(bad).expect_err(bad);
            assert!(error.contains(word), "{bad}: {error}");
        }
    }

    #[test]
    fn a_value_can_move_neither_host_nor_path() {
        let template = Template::parse("https://{t}.example.com/{t}").expect("valid");
        for bad in ["evil.com/", "a#", "a?b", "a@b", "a:1", "a%2f", "..", ".", "a b", "ä", "a\nb", ""] {
            assert!(template.render(&json!({ "t": bad })).is_err(), "{bad}");
        }
        assert!(template.render(&json!({"t": ["a"]})).is_err());
        assert!(template.render(&json!({})).expect_err("missing").contains("`t` is not set"));
    }
}
